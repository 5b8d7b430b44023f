# R's parallel::mclapply. chunk=1: a process for each item (mc.preschedule = FALSE); else a share for each worker.
#
# Usage: r_peer.R map [NAME=VALUE...]
#
# SPDX-License-Identifier: Apache-2.0

library(parallel)

job <- list(items = 2000, workers = 2, chunk = 0)
for (word in commandArgs(trailingOnly = TRUE)[-1]) {
    parts <- strsplit(word, "=", fixed = TRUE)[[1]]
    job[[parts[1]]] <- suppressWarnings(as.numeric(parts[2]))
}
inputs <- seq_len(job$items)
lines <- file("stdin", "r")
cat("ready\n")
while (length(readLines(lines, n = 1)) > 0) {
    start <- proc.time()[["elapsed"]]
    outputs <- mclapply(inputs, function(x) x, mc.cores = job$workers, mc.preschedule = job$chunk != 1)
    took <- proc.time()[["elapsed"]] - start
    if (!identical(unlist(outputs), inputs)) stop("wrong answers")
    cat(sprintf("ns=%.0f\n", took * 1e9))
}
