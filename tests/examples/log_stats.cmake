# What log_stats promises; see expect.cmake for how to call it. Besides: -DSCRATCH=a folder to write in.
# SPDX-License-Identifier: Apache-2.0
include("${CMAKE_CURRENT_LIST_DIR}/expect.cmake")
set(scratch "${SCRATCH}/log stats ünï ${START}")
file(REMOVE_RECURSE "${scratch}")
string(ASCII 13 cr)
string(ASCII 27 escape)

# Wine takes its time to start a process.
set(hows "-w 1" "-w 2 --piece=1" "-w 3 --piece=50" "-w 5 --piece=301")
if(DEFINED EMULATOR)
    set(hows "-w 3 --piece=50")
endif()

function(expect_is where wanted)
    if(NOT "${${where}}" STREQUAL "${wanted}")
        fail("expected in ${where}:\n${wanted}")
    endif()
endfunction()

# same(CODE OUT ERR ARGUMENT…): so it is in one piece and in many, for any number of workers
function(same wanted_code wanted_out wanted_err)
    foreach(how IN LISTS hows)
        separate_arguments(how UNIX_COMMAND "${how}")
        run("${scratch}" ${wanted_code} ${ARGN} ${how})
        expect_is(out "${wanted_out}")
        expect_is(err "${wanted_err}")
    endforeach()
endfunction()

# Common and combined, nginx' and Apache's times, a virtual host, quotes in quotes, what bots send, CR LF, no newline at
# the end, and what is no access log's.
set(day "- - [12/Mar/2024:10:11:12 +0100]")
file(WRITE "${scratch}/zugriff ü.log" "\
10.0.0.1 ${day} \"GET /a?q=1 HTTP/1.1\" 200 100\n\
10.0.0.1 ${day} \"GET /a HTTP/1.1\" 200 50 \"-\" \"Mozilla/5.0 (X; \\\"y\\\") 7\"\n\
example.org:443 ::1 - Jo Doe [12/Mar/2024:10:11:12 +0100] \"POST /b\\\"c HTTP/2.0\" 404 - \"http://x/\" \"-\" 0.250${cr}\n\
no log at all\n\
\n\
10.0.0.2 ${day} \"\\x16\\x03\" 400 0 \"-\" \"-\" 0.000\n\
10.0.0.2 ${day} \"\" 400 0 \"-\" \"-\" -\n\
10.0.0.2 ${day} \"GET /a HTTP/1.1\" 99 0\n\
10.0.0.2 ${day} \"GET /a HTTP/1.1\" 20 0\n\
10.0.0.2 ${day} \"GET /a HTTP/1.1 200 0\n\
10.0.0.2 ${day} \"GET /a HTTP/1.1\" 200\n\
10.0.0.2 ${day} \"GET /a HTTP/1.1\" 200 7x\n\
10.0.0.2 ${day} \"GET /a${escape}b HTTP/1.1\" 500 1 \"-\" \"-\" 1000\n\
10.0.0.2 ${day} \"GET /b\\\"c\" 304 0 0.002")
set(table "           7  requests
         151  bytes sent
           6  lines that are not an access log's

    requests   share  status
           2   28.6%  200
           1   14.3%  304
           2   28.6%  400
           1   14.3%  404
           1   14.3%  500

    requests   share            bytes  path (of 4)
           2   28.6%                0  -
           2   28.6%              150  /a
           2   28.6%                0  /b\\\"c
           1   14.3%                1  /a b

  ms at most  of 4 requests
       1.003  50%
     250.000  90%
     250.000  95%
     250.000  99%
     250.000  99.9%
     250.000  all
")
set(words "log_stats: zugriff ü.log: 6 lines are not an access log's, the first is line 4\n")
same(0 "${table}" "${words}" "zugriff ü.log")

# Other units, fewer paths.
run("${scratch}" 0 "zugriff ü.log" --time=s -n 1)
expect(out "path .of 4.\n +2 +28.6% +0  -\n\n")
expect(out "\n  250000.000|\n 1000000.000  all\n$")
run("${scratch}" 0 "zugriff ü.log" -t ms --top=0)
expect(out "path .of 4.\n\n")
expect(out "\n    1000.000  all\n$")

# Times with more decimals than anybody needs, as programs print them that do not round.
file(WRITE "${scratch}/fine.log" "\
10.0.0.1 ${day} \"GET / HTTP/1.1\" 200 1 0.1234567890123456\n\
10.0.0.1 ${day} \"GET / HTTP/1.1\" 200 1 0.000099999999999999999999999999\n\
10.0.0.1 ${day} \"GET / HTTP/1.1\" 200 1 1099511627776.5\n")
run("${scratch}" 0 fine.log)
expect(out "\n  ms at most  of 2 requests\n +0.099  50%\n")
expect(out "\n     123.456  all\n$")

# Several files, in pieces or not, each counted once; those that fail are told and the others stand.
set(lines)
foreach(i RANGE 1 1000)
    math(EXPR path "${i} % 7")
    string(APPEND lines "10.0.0.1 ${day} \"GET /${path} HTTP/1.1\" 200 10 \"-\" \"-\" ${i}\n")
endforeach()
file(WRITE "${scratch}/many.log" "${lines}")
file(WRITE "${scratch}/text.log" "one\ntwo\n")
file(WRITE "${scratch}/empty.log" "")
run("${scratch}" 1 many.log empty.log nowhere.log text.log many.log . -n 2 -w 3 --piece=2000)
expect(out "^        2000  requests\n       20000  bytes sent\n           2  lines that are not")
expect(out "\n         286   14.3%             2860  /1\n         286   14.3%             2860  /2\n\n")
expect(out "\n       0.[45][0-9][0-9]  50%\n       0.[89][0-9][0-9]  90%\n.*\n       1.000  all\n$")
expect(err "^log_stats: nowhere.log: [^\n]+\nlog_stats: text.log: is not an access log\nlog_stats: .: is a folder\n$")
run("${scratch}" 0 empty.log)
expect_is(out "           0  requests\n           0  bytes sent\n")
expect_silence(err)
run("${scratch}" 1 "${PROGRAM}")
expect(err "is not an access log\n$")

# A line of 17 MiB is none of a log, and no reason to hold it.
string(REPEAT "0123456789abcdef" 1114112 long)
file(WRITE "${scratch}/long.log" "${long}")
run("${scratch}" 1 long.log many.log -w 2)
expect(out "^        1000  requests\n")
expect(err "^log_stats: long.log: a line of more than 16 MiB: not an access log\n$")

find_program(mkfifo mkfifo)
if(mkfifo AND NOT DEFINED EMULATOR)
    execute_process(COMMAND ${mkfifo} "${scratch}/fifo" COMMAND_ERROR_IS_FATAL ANY)
    run("${scratch}" 1 fifo)
    expect(err "^log_stats: fifo: is no regular file: it cannot be read in pieces\n$")
endif()

run("${scratch}" 0 --help)
expect(out "^Usage: log_stats")
run("${scratch}" 0 --version)
expect(out "^log_stats .spork. [0-9]+[.][0-9]+[.][0-9]+\n$")
foreach(bad IN ITEMS "" "-w;0;a.log" "-n;x;a.log" "-t;h;a.log" "--piece=0;a.log" "--no-such-option;a.log" "-n")
    run("${scratch}" 2 ${bad})
    expect_silence(out)
    expect(err "log_stats")
endforeach()
expect_no_dash("${scratch}" 2 -)
expect_no_room("${scratch}" 1 many.log)
set(ENV{SPORK_START} banana)
run("${scratch}" 1 many.log)
expect(err "^log_stats: .*banana")
file(REMOVE_RECURSE "${scratch}")
