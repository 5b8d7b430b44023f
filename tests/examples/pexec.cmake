# What pexec promises; see expect.cmake for how to call it. Besides: -DSCRATCH=a folder to write in, where pexec_helper is;
# -DBRIEF=1: only how words and output travel.
# SPDX-License-Identifier: Apache-2.0
include("${CMAKE_CURRENT_LIST_DIR}/expect.cmake")

set(folder "${SCRATCH}/pexec ünï ${START}${BRIEF}")
file(REMOVE_RECURSE "${folder}")
file(MAKE_DIRECTORY "${folder}/temporary")
foreach(name IN ITEMS TMPDIR TEMP TMP)
    set(ENV{${name}} "${folder}/temporary")
endforeach()
set(helper "${SCRATCH}/pexec_helper")
if(EXISTS "${helper}.exe")
    string(APPEND helper .exe)
endif()
# Under Wine a process takes a hundred times as long to start.
set(count 300)
set(patience 60)
if(DEFINED EMULATOR)
    set(count 10)
    set(patience 300)
endif()
set(posix FALSE)
if(CMAKE_HOST_UNIX AND NOT DEFINED EMULATOR)
    set(posix TRUE)
endif()

# said(): what the run said, to whoever asked for it; nothing may be left of it
macro(said)
    foreach(stream IN ITEMS out err)
        string(REPLACE "\r\n" "\n" ${stream} "${${stream}}")
        string(REGEX REPLACE "^making the Wine prefix [^\n]*\n" "" ${stream} "${${stream}}")
        set(${stream} "${${stream}}" PARENT_SCOPE)
    endforeach()
    set(code "${code}" PARENT_SCOPE)
    file(GLOB left "${folder}/temporary/pexec-*")
    if(left)
        fail("left behind: ${left}")
    endif()
endmacro()

# pexec(CODE ARGUMENT…): run it, expect that exit status. Not by run(), a macro, which would change backslashes.
function(pexec expected)
    execute_process(COMMAND ${command} ${ARGN} WORKING_DIRECTORY "${folder}" TIMEOUT ${patience}
        RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE err)
    said()
    if(NOT code STREQUAL "${expected}")
        fail("expected exit status ${expected} of: ${ARGN}")
    endif()
endfunction()

# shell(SCRIPT): the same by a shell, $1 is pexec and $2 the helper
function(shell script)
    execute_process(COMMAND sh -c "${script}" sh "${PROGRAM}" "${helper}" WORKING_DIRECTORY "${folder}" TIMEOUT ${patience}
        RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE err)
    said()
endfunction()

# is(VARIABLE TEXT): it said this, and nothing else
function(is where text)
    if(NOT "${${where}}" STREQUAL "${text}")
        fail("expected in ${where}:\n${text}")
    endif()
endfunction()

# All kinds of characters arrive as they are. (In a list of CMake's a backslash may end the last word only.)
set(words "a b" [[c"d]] [[e\f]] [[g\\"h i]] "é ü" "j	k" [[%PATH%]] [[^&|<>]] [[$HOME `l`]] "it's" "*" "~" "#" "-n" [[m\]])
set(wanted "")
foreach(word IN LISTS words)
    string(APPEND wanted "[${word}][${word}x]\n")
endforeach()
pexec(0 -k ${helper} args {} {}x ::: ${words})
is(out "${wanted}")
expect_silence(err)
pexec(0 -k -q -j 5 ${helper} args {} {}x ::: ${words})
is(out "${wanted}")
pexec(0 ${helper} args {} ::: [[n o\\]])
is(out "[n o\\\\]\n")

# Replacement strings; without one the argument comes last.
pexec(0 -k "${helper}" args {} {.} {/} {//} {/.} "{#}" ::: a/b.c/d.e.f x.y noext ./.hid /top a/b/)
is(out "[a/b.c/d.e.f][a/b.c/d.e][d.e.f][a/b.c][d.e][1]
[x.y][x][x.y][.][x][2]
[noext][noext][noext][.][noext][3]
[./.hid][./][.hid][.][][4]
[/top][/top][top][/][top][5]
[a/b/][a/b/][][a][][6]
")
pexec(0 -k ${helper} args a ::: b "c d")
is(out "[a][b]\n[a][c d]\n")

# Arguments by lines, from a file and from standard input; a last line without an end; zero bytes.
file(WRITE "${folder}/lines ü" "one\n two \n\nlast")
pexec(0 -k -a "lines ü" ${helper} args)
is(out "[one]\n[ two ]\n[]\n[last]\n")
pexec(0 -k -r -a "lines ü" ${helper} args {} "{#}")
is(out "[one][1]\n[ two ][2]\n[last][3]\n")
execute_process(COMMAND ${command} -k ${helper} args {} INPUT_FILE "${folder}/lines ü" TIMEOUT ${patience}
    RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE err)
string(REPLACE "\r\n" "\n" out "${out}")
is(out "[one]\n[ two ]\n[]\n[last]\n")
set(numbers "")
set(wanted "")
foreach(i RANGE 1 ${count})
    string(APPEND numbers "${i}\n")
    string(APPEND wanted "[${i}]\n")
endforeach()
file(WRITE "${folder}/numbers" "${numbers}")
pexec(0 -k -j 3 -a numbers ${helper} args)
is(out "${wanted}")

# Output is apart and whole, in order, and nothing of it is lost if it is much; commands have an empty input.
pexec(0 -k ${helper} both ::: a b c d e f g h)
is(out "a\nb\nc\nd\ne\nf\ng\nh\n")
is(err "a\nb\nc\nd\ne\nf\ng\nh\n")
pexec(0 --tag -k ${helper} both ::: "a b" c)
is(out "a b	a b\nc	c\n")
is(err "a b	a b\nc	c\n")
pexec(0 -j 2 ${helper} big ::: 30000 500000)
string(LENGTH "${out}" out_length)
string(LENGTH "${err}" err_length)
if(NOT out_length EQUAL 530000 OR NOT err_length EQUAL 1060000 OR NOT out MATCHES "^x+$" OR NOT err MATCHES "^y+$")
    fail("expected 530000 x and 1060000 y")
endif()
pexec(0 ${helper} ::: read)
is(out "0\n")
pexec(0 -u -j 1 ${helper} both ::: a b)
is(out "a\nb\n")
is(err "a\nb\n")

# The bar is for terminals.
pexec(0 --bar -k ${helper} args ::: a b)
is(out "[a]\n[b]\n")
expect_silence(err)

# Two at a time: each waits for the other.
if(NOT START STREQUAL inline)
    pexec(0 -j 2 ${helper} wait {/} {//} ::: one/two two/one)
endif()

if(NOT BRIEF)
# Exit statuses.
pexec(3 ${helper} exit ::: 0 1 2 0 3)
string(STRIP "${numbers}" many)
string(REPLACE "\n" ";" many "${many}")
if(count GREATER 102)
    list(SUBLIST many 0 102 many)
    pexec(101 -j 2 ${helper} exit 7 "#{}" ::: ${many})
endif()
pexec(7 -j 1 --halt soon,fail=1 ${helper} exit ::: 0 7 8 9)
expect(err "^pexec: this job failed: [^\n]*pexec_helper[^\n]* exit 7\n$")
pexec(2 -j 1 --halt now,fail=2 ${helper} exit ::: 0 7 0 8 9 9)
pexec(0 -j 1 --halt soon,success=2 ${helper} exit ::: 1 0 2 0 9)
pexec(4 -j 1 --halt now,done=1 ${helper} exit ::: 4 9)
pexec(2 --halt never ${helper} exit ::: 4 9)
pexec(1 ${helper} exit 9 ::: a)
pexec(1 -q "${folder}/no such program" ::: a)
expect(err "no such program")

# Retries: what a try that fails prints is not shown.
pexec(0 --retries 3 ${helper} fail 3 ::: "${folder}/calls")
is(out "call 3\n")
pexec(1 --retries 2 ${helper} fail 9 ::: "${folder}/more calls")
is(out "call 2\n")
pexec(0 --retries 0 ${helper} fail 5 ::: "${folder}/even more")
is(out "call 5\n")

# A deadline ends all that the command has started: with -u these hold our end of the pipe, and that comes to its end.
if(START STREQUAL inline)
    pexec(255 --timeout 1 ${helper} args ::: a)
    expect(err "--timeout needs workers")
else()
    pexec(1 -k --timeout 2 ${helper} ::: linger)
    expect(out "^linger\n(linger[+]+\n)*$")
    expect(err "^pexec: ended, for it took longer than 2 s: ")
    pexec(1 -u --timeout 2 ${helper} ::: linger)
    pexec(0 -j 2 --halt now,success=1 ${helper} ::: linger "args")
    is(out "\n")
    pexec(1 -j 2 --timeout 2 --joblog timed ${helper} ::: linger args)
    file(STRINGS "${folder}/timed" out)
    expect(out "1	:	[0-9.]+	 +[0-9.]+	0	[1-9][0-9]*	-1	15	")
endif()

# The log, and going on after half of it; the half line at its end is of a job that was not logged.
pexec(1 -k --joblog log ${helper} exit ::: 0 5)
file(READ "${folder}/log" out)
string(REPLACE "\r\n" "\n" out "${out}")
expect(out "^Seq	Host	Starttime	JobRuntime	Send	Receive	Exitval	Signal	Command\n")
expect(out "\n1	:	[0-9]+[.][0-9][0-9][0-9]	 +[0-9]+[.][0-9][0-9][0-9]	0	0	0	0	[^\n]* exit 0\n")
expect(out "\n2	:	[0-9]+[.][0-9][0-9][0-9]	 +[0-9]+[.][0-9][0-9][0-9]	0	0	5	0	[^\n]* exit 5\n")
file(APPEND "${folder}/log" "3	:	17")
pexec(0 -k --joblog log --resume ${helper} args ::: a b c "d e")
is(out "[c]\n[d e]\n")
file(STRINGS "${folder}/log" out)
list(LENGTH out lines)
if(NOT lines EQUAL 5)
    fail("expected a log of 5 lines")
endif()
pexec(0 -k --joblog log --resume ${helper} args ::: a b c d)
expect_silence(out)
pexec(0 -k --joblog log ${helper} args ::: a)
file(STRINGS "${folder}/log" out)
list(LENGTH out lines)
if(NOT lines EQUAL 2)
    fail("expected a new log of 2 lines")
endif()
# A dry run writes nothing there.
file(READ "${folder}/log" wanted)
pexec(0 -k --dry-run --joblog log ${helper} args ::: a b)
file(READ "${folder}/log" out)
is(out "${wanted}")
file(APPEND "${folder}/log" "2	:	17")
pexec(0 -k --dry-run --joblog log --resume echo ::: a b)
is(out "echo b\n")
file(READ "${folder}/log" out)
is(out "${wanted}2	:	17")
pexec(0 -k --dry-run --joblog "no such log" --resume echo ::: a)
is(out "echo a\n")
if(EXISTS "${folder}/no such log")
    fail("a dry run made a log")
endif()
file(WRITE "${folder}/other" "a list\nof things\n")
pexec(255 --joblog other --resume ${helper} args ::: a)
expect(err "^pexec: line 1 of other is not one of a joblog\n$")
file(READ "${folder}/other" out)
is(out "a list\nof things\n")
pexec(255 --joblog "no such folder/log" ${helper} args ::: a)
expect(err "^pexec: cannot write no such folder/log: ")

# Nothing is run.
pexec(0 -k --dry-run ${helper} exit ::: 3 "4 5")
expect(out "exit 3\n[^\n]*exit .4 5.\n$")

# Bad usage is 255, GNU parallel's "other error", and runs nothing.
foreach(bad IN ITEMS "-j;0" "-j;x" "-j;1001" "--timeout;soon" "--timeout;0" "--retries;-1" "--halt;later,fail=1"
    "--halt;soon,fail=0" "--halt;soon" "--resume" "-k;-u" "--no-such-option" "-a;no such file")
    pexec(255 ${bad} ${helper} args)
    expect_silence(out)
    expect(err "pexec")
endforeach()
pexec(255 ${helper} args ::: a ::: b)
pexec(255 -a lines ${helper} args ::: a)
pexec(0 --help)
expect(out "^Usage: pexec ")
pexec(0 --version)
expect(out "^pexec .spork. [0-9]+[.][0-9]+[.][0-9]+\n$")
pexec(0 ${helper} exit 1 :::)
endif()

if(posix)
    # The words are a line for the shell, arguments mean nothing to it, with -q the words neither.
    pexec(0 -k "echo a{}b | tr a-z A-Z" ::: x [[$(id)'"]])
    is(out [[AXB
A$(ID)'"B
]])
    set(ENV{WORD} "two words")
    pexec(0 echo "$WORD" ::: a)
    is(out "two words a\n")
    pexec(0 -q printf [[%s %s\n]] "$WORD" ::: "a  b")
    is(out "$WORD a  b\n")
    pexec(0 -k ::: "echo 1" "echo 2 | cat")
    is(out "1\n2\n")
    pexec(1 no_such_command ::: a)
    expect(err "no_such_command.*not found")
    pexec(9 -j 1 --halt now,fail=1 exit ::: 0 9 8)
    pexec(137 --halt now,fail=1 [[kill -9 $$ #]] ::: a)

    # A process left in the background holds nobody up.
    pexec(0 "sleep 1000 & echo" ::: a)
    is(out "a\n")

    # Commands ignore what pexec was told to ignore, not what its workers do, and have no descriptor of these.
    if(EXISTS /proc/self/status)
        # (The first 28: glibc's posix_spawn() has two of its own ignored, 32 and 33.)
        execute_process(COMMAND sh -c "grep SigIgn /proc/self/status | tail -c 8" OUTPUT_VARIABLE wanted)
        pexec(0 "grep SigIgn {} | tail -c 8" ::: /proc/self/status)
        is(out "${wanted}")
        execute_process(COMMAND sh -c "ls /proc/self/fd | grep -c ." OUTPUT_VARIABLE wanted)
        pexec(0 "ls /proc/self/fd | grep -c . #" ::: x)
        expect(out "^(4\n|${wanted})$")
    endif()

    # If the worker dies of what the command does, that job fails, and no other.
    if(NOT START STREQUAL inline)
        pexec(1 -k --joblog killed "echo {} && test {} != b || kill -9 0" ::: a b c)
        is(out "a\nb\nc\n")
        file(STRINGS "${folder}/killed" out REGEX "^2	")
        expect(out "	0	9	echo b")
    endif()

    # Nobody reads: that is an error, and nothing is left behind.
    shell([["$1" -j 1 seq {} 200000 ::: 1 2 3 2>/dev/null | head -n 1]])
    is(out "1\n")

    # SIGTERM, and Ctrl-C likewise, ends all at once: no files stay behind, and with -u nobody who holds our pipe.
    if(NOT START STREQUAL inline)
        foreach(option IN ITEMS -k -u)
            shell("\"$1\" ${option} -j 2 --joblog stopped \"$2\" wait {/} {//} ::: never/up${option} never/b${option} &
                until test -e up${option}; do :; done
                kill -TERM $!
                wait $!
                echo $?")
            is(out "143\n")
            file(STRINGS "${folder}/stopped" out)
            is(out "Seq	Host	Starttime	JobRuntime	Send	Receive	Exitval	Signal	Command")
        endforeach()
    endif()

    # What is in the log was printed: a run that was ended while jobs wait for their turn, and then resumed, loses nothing.
    if(NOT START STREQUAL inline)
        shell([["$1" -k -j 2 --joblog turns "test {} != 1 || until test -e go; do :; done; test {} != 70 || : >last; echo {}" \
                ::: $(seq 70) &
            until test -e last; do :; done
            kill -TERM $!
            wait $!
            echo $?]])
        is(out "143\n")
        file(STRINGS "${folder}/turns" out)
        is(out "Seq	Host	Starttime	JobRuntime	Send	Receive	Exitval	Signal	Command")
        shell([[: >go
            "$1" -k -j 2 --joblog turns --resume "echo {}" ::: $(seq 70) >resumed
            seq 70 | cmp - resumed && wc -l <turns]])
        expect(out "^ *71\n$")
    endif()

    # A slow input: what is done is printed, and deadlines are kept, before the next line comes.
    if(NOT START STREQUAL inline)
        shell([[mkfifo in out
            "$1" --timeout 1 "$2" <in >out 2>/dev/null &
            exec 3>in 4<out
            echo linger >&3
            read -r first <&4
            echo 'args' >&3
            second=linger
            while case $second in linger*) ;; *) false ;; esac do read -r second <&4 || break; done
            exec 3>&-
            wait $! || echo "[$first][$second] $?"]])
        is(out "[linger][] 1\n")
    endif()
else()
    pexec(0 --shell -k "${helper} args x & ${helper} args" ::: "a & b" "c d")
    is(out "[x]\n[a & b]\n[x]\n[c d]\n")
    pexec(255 --shell ${helper} args ::: "100%")
    expect(err "cannot be quoted for cmd.exe: 100%")
    pexec(1 --halt now,fail=1 ${helper} exit ::: 256)
    pexec(255 "thing.bat" ::: a)
    expect(err "a batch file is run by cmd.exe: use --shell")
    pexec(0 -k "${helper} args {}" ::: "a b")
    is(out "[a b]\n")
endif()

expect_no_dash("${folder}" 255 - ::: a)
expect_no_room("${folder}" 255 ${helper} args ::: a)
set(ENV{SPORK_START} banana)
pexec(255 ${helper} args ::: a)
expect(err "^pexec: .*banana")
file(REMOVE_RECURSE "${folder}")
