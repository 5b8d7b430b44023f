# What heavy_sum promises; see expect.cmake for how to call it.
# SPDX-License-Identifier: Apache-2.0
include("${CMAKE_CURRENT_LIST_DIR}/expect.cmake")
set(here "${CMAKE_CURRENT_LIST_DIR}")

# The sums themselves: of i*i below 0, 1, 10 and 1,000,000, and of one that overflows 64 bits.
run("${here}" 0 --workers=3 0 1 10 1000000 5000000)
expect(out "\n +0 +0 +0  [0-2]\n +1 +0 +0  [0-2]\n +10 +285 +285  [0-2]\n")
expect(out "\n +1000000 +333332833333500000 +333332833333500000  [0-2]\n")
expect(out "\n +5000000 +4773166019248396768 +4773166019248396768  [0-2]\n")
expect(out "\nthe results agree\n$")
expect(out "\nspeed-up +[0-9]+[.][0-9][0-9]\n")
expect_silence(err)
if(START STREQUAL "inline")
    expect(out " 0 workers by inline\n")
    expect(out "\nprocesses +1 .this one.\n")
else()
    expect(out " 3 workers by ${START}\n")
    expect(out "\nprocesses +[1-3]\n")
endif()

# The environment overrides -w; more workers than items do no harm.
set(ENV{SPORK_WORKERS} 5)
run("${here}" 0 -w 2 100 200)
if(NOT START STREQUAL "inline")
    expect(out " 5 workers by ${START}\n")
endif()
expect(out "\nthe results agree\n$")
unset(ENV{SPORK_WORKERS})

# Without sizes: four of them, chosen.
run("${here}" 0)
expect(out "one process +pool +worker\n( +[0-9]+000000 +[0-9]+ +[0-9]+  [0-9]+\n)( .*\n)( .*\n)( .*\n)one process ")
expect(out "\nthe results agree\n$")

# Help and version go to stdout; wrong usage is words on stderr and 2.
run("${here}" 0 --help)
expect(out "^Usage: heavy_sum.* Ctrl-C ends it")
expect_silence(err)
run("${here}" 0 --version)
expect(out "^heavy_sum .spork. [0-9]+[.][0-9]+[.][0-9]+\n$")
foreach(bad IN ITEMS "10x" "-w;0" "-w;1001" "-w;two" "--workers" "--no-such-option" "99999999999999999999")
    run("${here}" 2 ${bad})
    expect_silence(out)
    expect(err "heavy_sum.*\nTry 'heavy_sum --help'[.]\n$")
endforeach()
expect_no_dash("${here}" 2 100 -)
expect_no_room("${here}" 1 100)

# What spork itself refuses is 1, with its words.
set(ENV{SPORK_WORKERS} -3)
run("${here}" 1 100)
expect(err "^heavy_sum: .*SPORK_WORKERS")
unset(ENV{SPORK_WORKERS})
set(ENV{SPORK_START} banana)
run("${here}" 1 100)
expect(err "^heavy_sum: .*banana")
