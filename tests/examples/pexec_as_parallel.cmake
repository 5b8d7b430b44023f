# pexec beside GNU parallel, with the same words: the same output, the same exit status, the same log.
#   cmake -DPROGRAM=pexec -DPARALLEL=parallel -DSTART=fork -DSCRATCH=a folder to write in -P pexec_as_parallel.cmake
# Its documentation says: replacement strings ("{}" and the following), QUOTING, --keep-order, --tag, --dry-run, --halt,
# --joblog, --resume, --retries, --timeout, EXIT STATUS. Standard error is each one's own.
# SPDX-License-Identifier: Apache-2.0
include("${CMAKE_CURRENT_LIST_DIR}/expect.cmake")

set(folder "${SCRATCH}/pexec as parallel")
file(REMOVE_RECURSE "${folder}")
file(MAKE_DIRECTORY "${folder}/home")
set(ENV{HOME} "${folder}/home")
set(ENV{PARALLEL_SHELL} /bin/sh)
set(ENV{WORD} "two words")

# Not the version that Debian's moreutils has under this name.
execute_process(COMMAND "${PARALLEL}" --will-cite --version OUTPUT_VARIABLE version ERROR_QUIET)
if(NOT version MATCHES "GNU parallel")
    message(FATAL_ERROR "this is no GNU parallel: ${PARALLEL}")
endif()

# both(ARGUMENT…): run both; out is what both said
function(both)
    foreach(who IN ITEMS theirs ours)
        if(who STREQUAL ours)
            set(run "${PROGRAM}")
        else()
            set(run "${PARALLEL}" --will-cite)
        endif()
        execute_process(COMMAND ${run} ${ARGN} INPUT_FILE "${folder}/input" WORKING_DIRECTORY "${folder}" TIMEOUT 60
            RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE err)
        set(out_${who} "${out}")
        set(code_${who} "${code}")
    endforeach()
    if(NOT out_ours STREQUAL out_theirs OR NOT code_ours STREQUAL code_theirs)
        fail("GNU parallel ends with ${code_theirs} and says\n${out_theirs}\nof: ${ARGN}")
    endif()
    set(out "${out}" PARENT_SCOPE)
endfunction()

# logs(ARGUMENT…): both with a log of their own, sorted and without times the same
function(logs)
    foreach(who IN ITEMS theirs ours)
        if(who STREQUAL ours)
            set(run "${PROGRAM}")
        else()
            set(run "${PARALLEL}" --will-cite)
        endif()
        execute_process(COMMAND ${run} --joblog "${who}" ${ARGN} INPUT_FILE "${folder}/input"
            WORKING_DIRECTORY "${folder}" TIMEOUT 60 RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE err)
        set(code_${who} "${code}")
        execute_process(COMMAND sort -n "${who}" COMMAND sed -E "s/\t[0-9]+[.][0-9]{3}\t +[0-9]+[.][0-9]{3}\t/\tTIME\tTIME\t/"
            COMMAND tr "\\0" "@" WORKING_DIRECTORY "${folder}" OUTPUT_VARIABLE log_${who})
    endforeach()
    if(NOT log_ours STREQUAL log_theirs OR NOT code_ours STREQUAL code_theirs)
        fail("GNU parallel ends with ${code_theirs}, logs\n${log_theirs}\nand we ended with ${code_ours} and log\n${log_ours}\nof: ${ARGN}")
    endif()
    if(NOT log_ours MATCHES "TIME\tTIME")
        fail("no times in the log:\n${log_ours}")
    endif()
endfunction()

file(WRITE "${folder}/input" "")
set(paths a/b.c/d.tar.gz x.y "a b/c.d" noext ./.hid / /top a//b a/.b.c ../x b/a. . .. a/.. dir/ .e f. "g h. i")
both(-k "echo [{}] [{.}] [{/}] [{//}] [{/.}] [{#}]" ::: ${paths})
both(-k echo {} {.} {/} {//} {/.} "{#}" ::: ${paths})
both(-k echo a{}b {}{} "{#}x{/.}" {}{ }{ {x} {.{} ::: 1 "2 3")
both(-k echo ::: a "b  c")
both(-k echo "{#}" ::: a b)

# What the shell sees of the words, and of the arguments.
set(odd "a`b" [[x"y]] "~" "a=b" "#c" "é" "-x" "a&b|c" "{}" "it's" [[$HOME]] [[$(id)]] "*" "tab\tx" "a,b:c@d%e+f_g^h!" [[m\]])
both(-k "printf '<%s>'" ::: ${odd})
both(-k printf "'<%s>'" {} "\"$WORD\"" $WORD ::: ${odd})
both(-k -q printf [[<%s>]] {} "$WORD" "a  b" "x{}y" ::: ${odd})
both(-k "echo {} | tr a-z A-Z && echo $WORD" ::: ${odd})
both(-k --dry-run echo {} "*" "'x y'" ::: ${odd})
both(-k --dry-run -q printf "%s %s" {} "x{.}y" ::: ${odd})
both(-k ::: "echo 1" "echo 2 | cat" "exit 3")

# Arguments that are read.
file(WRITE "${folder}/input" "one\n two \n\nlast")
both(-k "echo [{}]")
both(-k "printf '<%s>'")
both(-k printf "'<%s>'" a{}b {} {}{} {.} {/} {//} {/.})
both(-k -q printf "<%s>" a{}b {} {}{} {.} {/} {//} {/.})
both(-k -r "echo [{}] {#}")
both(-k -a input echo)
file(WRITE "${folder}/input" "")
both(echo)

# Output.
both(-k --tag "echo {} && echo {#}" ::: a "b c")
both(-k --tag printf x ::: a b)
both(-k -j 4 "sleep 0.{} && echo {}" ::: 3 0 2 1)
both(-k --tag --dry-run echo {} ::: a)

# Exit statuses.
both("exit {}" ::: 0 1 2 0 3)
both(no_such_command ::: a b)
both("kill -9 $$ #" ::: a)
set(many "")
foreach(i RANGE 1 103)
    list(APPEND many ${i})
endforeach()
both(-j 2 "exit 1 #" ::: ${many})
list(SUBLIST many 0 100 many)
both(-j 2 "exit 1 #" ::: ${many})
foreach(when IN ITEMS soon now)
    both(-j 1 --halt ${when},fail=1 "echo {} && exit {}" ::: 0 3 4 5)
    both(-j 1 --halt ${when},fail=2 "echo {} && exit {}" ::: 0 3 0 4 5)
    both(-j 1 --halt ${when},fail=2 "echo {} && exit {}" ::: 0 3 0)
    both(-j 1 --halt ${when},success=1 "echo {} && exit {}" ::: 3 0 5)
    both(-j 1 --halt ${when},success=2 "echo {} && exit {}" ::: 0 3 0 5)
    both(-j 1 --halt ${when},success=2 "echo {} && exit {}" ::: 0 3 4)
    both(-j 1 --halt ${when},done=1 "echo {} && exit {}" ::: 4 0)
    both(-j 1 --halt ${when},done=2 "echo {} && exit {}" ::: 3 0 5)
    both(-j 1 --halt ${when},fail=1 "kill -9 $$ #" ::: 3 4)
    both(-j 1 --halt ${when},fail=1 --timeout 1 sleep ::: 100)
endforeach()
both(-j 2 --halt now,fail=1 "echo {} && sleep {} && exit {}" ::: 1 100)
both(-j 2 --halt soon,fail=1 "echo {} && sleep {} && exit {}" ::: 2 1 3)
both(--halt never "exit {}" ::: 1 0)
both(-a "no such file" echo)

# Retries and deadlines.
both(--retries 3 "echo {} && echo x >>tries && wc -l <tries && rm -f other && test $(wc -l <tries) -eq 3 && rm tries" ::: a)
both(--timeout 1 -k "echo {} && sleep {}" ::: 0 100)

# The log.
logs(-j 1 "exit {}" ::: 0 1 3)
logs(-j 2 "echo {} && echo out >&2" ::: a "b c" [[$x]])
logs("kill -9 $$ && echo {}" ::: "a b")
logs("echo 'a\nb' {}" ::: "x y")
logs(--timeout 1 "echo hi && sleep {}" ::: 0 100)
logs(--retries 2 "exit {}" ::: 3)
logs(-q printf "%s\n" ::: "a  b")
logs(-j 2 --halt now,fail=1 "echo {} && sleep {} && exit {}" ::: 1 100)
logs(-j 1 "exit {}" ::: 0 1)
logs(-j 1 --resume "echo" ::: a b c d)
logs(-j 1 --resume "echo" ::: a b c d e f)
file(REMOVE_RECURSE "${folder}")
