# What csv_sum promises; see expect.cmake for how to call it. Besides: -DSCRATCH=a folder to write in.
# SPDX-License-Identifier: Apache-2.0
include("${CMAKE_CURRENT_LIST_DIR}/expect.cmake")
set(scratch "${SCRATCH}/csv sum ünï ${START}")
file(REMOVE_RECURSE "${scratch}")
string(ASCII 13 cr)

function(expect_is where wanted)
    if(NOT "${${where}}" STREQUAL "${wanted}")
        fail("expected in ${where}:\n${wanted}")
    endif()
endfunction()

# Wine takes its time to start a process.
set(hows "-w 1" "-w 2 --piece=1" "-w 3 --piece=2" "-w 2 --piece=7" "-w 5 --piece=64")
set(noises 12)
if(DEFINED EMULATOR)
    set(hows "-w 2 --piece=7")
    set(noises 3)
endif()

# same(CODE OUT ERR ARGUMENT…): so it is in one piece and in many, for any number of workers
function(same wanted_code wanted_out wanted_err)
    foreach(how IN LISTS hows)
        separate_arguments(how UNIX_COMMAND "${how}")
        run("${scratch}" ${wanted_code} ${ARGN} ${how})
        expect_is(out "${wanted_out}")
        if(wanted_err STREQUAL "")
            expect_silence(err)
        else()
            expect(err "${wanted_err}")
        endif()
    endforeach()
endfunction()

# Quoted delimiters, newlines and quotes, which look like records of their own; CR LF; no newline at the end.
set(text "id,city,note,amount${cr}\n\
1,\"York\",\"a\n9,Rome,x,1000\n\",0.1${cr}\n\
2,\"New \"\"York\"\"\",\"\"\"\n\"\"\",2.5${cr}\n\
3,York,\"\"\"\n3,York,\"\",,1\",0.2${cr}\n\
${cr}\n\
4,\"a,b\",,-7${cr}\n\
5,,\",\n,\",\n\
6,York,\"${cr}\n\",\"999999999999999999\"")
set(sums "city,amount,rows\n,0.0,1\n\"New \"\"York\"\"\",2.5,1\nYork,999999999999999999.3,3\n\"a,b\",-7.0,1\n")
file(WRITE "${scratch}/räume.csv" "${text}")
string(ASCII 239 187 191 bom)
file(WRITE "${scratch}/bom.csv" "\n${bom}${text}\n")
same(0 "${sums}" "" räume.csv -g city --sum amount)
same(0 "${sums}" "" --group-by=2 --sum=4 räume.csv)
file(WRITE "${scratch}/bom.csv" "${bom}city,amount\nYork,1")
same(0 "city,amount,rows\nYork,1,1\n" "" bom.csv -g city -s amount)

# Line ends in a group are its own, on every system. (In bytes: CMake would change them.)
file(WRITE "${scratch}/ends.csv" "k,v\n\"a\nb\",1\n\"a${cr}\nb\",2\n")
execute_process(COMMAND ${command} ends.csv -g k -s v WORKING_DIRECTORY "${scratch}" TIMEOUT 60
    RESULT_VARIABLE code OUTPUT_FILE "${scratch}/ends" ERROR_VARIABLE err)
file(READ "${scratch}/ends" out HEX)
file(WRITE "${scratch}/wanted" "k,v,rows\n\"a\nb\",1,1\n\"a${cr}\nb\",2,1\n")
file(READ "${scratch}/wanted" wanted HEX)
expect_is(out "${wanted}")

# Other delimiters| no header| a number for a name| the same column twice.
file(WRITE "${scratch}/bar.csv" "a|2\nb,c|1\n\"a\"|3.50\n")
same(0 "a|5.50|2\nb,c|1.00|1\n" "" -d "|" --no-header -g 1 -s 2 bar.csv)
same(0 "a|2|rows\na|3.50|1\nb,c|1.00|1\n" "" --delimiter=| -g a -s 2 bar.csv)
file(WRITE "${scratch}/tab.csv" "n\tx,y\n5\t1\n5\t1\n")
same(0 "n\tn\trows\n5\t10\t2\n" "" -d tab -g n -s n tab.csv)
file(WRITE "${scratch}/head.csv" "a,b\n")
same(0 "a,b,rows\n" "" head.csv -g a -s b)
file(WRITE "${scratch}/twice.csv" "a,b,b\nx,1,2\n")
same(0 "a,b,rows\nx,2,1\n" "" twice.csv -g a -s 3)
run("${scratch}" 1 twice.csv -g a -s b)
expect(err "^csv_sum: twice.csv: two columns are called \"b\"")
run("${scratch}" 1 twice.csv -g a -s c)
expect(err "^csv_sum: twice.csv: there is no column \"c\" among its 3\n$")
run("${scratch}" 1 twice.csv -g a -s 4)
run("${scratch}" 1 twice.csv -g a -s 0)

# Numbers: exact, whatever their size; in floating point where it must be.
file(WRITE "${scratch}/numbers.csv" "k,v\n\
a,999999999999999999\na,999999999999999999\na,0.999999999\na,+.000000001\n\
b,-999999999999999999.5\nb, 1 \nb,-000000000000000000.25\n\
c,1\nc,-0.4\nc,-0.60\n\
d,1e3\nd,0.12345678901234\nd,5.\n\
e,\ne,\"\"\n")
same(0 "k,v,rows\na,1999999999999999999.000000000,4\nb,-999999999999999998.750000000,3\nc,0.000000000,3\n\
d,1005.12345678901,3\ne,0.000000000,2\n" "" numbers.csv -g k -s v)
set(many "k,v\n")
foreach(i RANGE 1 50)
    string(APPEND many "x,-999999999999999999.999999999\ny,0.1\n")
endforeach()
file(WRITE "${scratch}/many.csv" "${many}")
same(0 "k,v,rows\nx,-49999999999999999999.999999950,50\ny,5.000000000,50\n" "" many.csv -g k -s v)

# What is no number, and records that are too short or too long: counted, told, and the rest stands.
file(WRITE "${scratch}/bad.csv" "k,v\na,1\na,\"one\ntwo\"\n\na,2,3\nb\na,0x10\na,nan\na,1e999\na,4\n")
same(1 "k,v,rows\na,5,6\n" "^csv_sum: bad.csv: 2 records are longer or shorter than the first, .* first in line 6\n\
csv_sum: bad.csv: 4 cells to be summed are no numbers, .* the first in line 3\n$" bad.csv -g k -s v)

# What cannot be read on from: the line, and no sums.
foreach(wrong IN ITEMS "a,\"1\"2" "a,1\"" "a\"b\",1" "a,\"\n\"1")
    file(WRITE "${scratch}/wrong.csv" "k,v\n\"a\nb\",1\n${wrong}\n\"x\n\",1\n")
    same(1 "" "^csv_sum: wrong.csv: line [45] .byte [0-9]+.: malformed quoting\n$" wrong.csv -g k -s v)
endforeach()
file(WRITE "${scratch}/open.csv" "k,v\na,1\nb,\"2\nc,3\nd,4\n")
same(1 "" "^csv_sum: open.csv: line 3 .byte 10.: the quote that opens here is never closed\n$" open.csv -g k -s v)

# A record without end is no reason to hold all of it.
string(REPEAT "0123456789abcde\n" 1114112 long)
file(WRITE "${scratch}/long.csv" "k,v\na,1\n\"${long}\",2\n")
run("${scratch}" 1 long.csv -g k -s v)
expect_silence(out)
expect(err "^csv_sum: long.csv: line 3 .byte 8.: a record of more than 16 MiB begins here: perhaps a quote is not closed\n$")

# Any text whatever gives one answer, or one error, however it is cut.
foreach(seed RANGE 1 ${noises})
    string(RANDOM LENGTH 150 ALPHABET "a1,\"\"\n" RANDOM_SEED ${seed}${seed}7 noise)
    file(WRITE "${scratch}/noise.csv" "k,v\n${noise}")
    set(first)
    foreach(piece IN ITEMS 1000 1 5)
        execute_process(COMMAND ${command} noise.csv -g k -s v --piece=${piece} -w 2 WORKING_DIRECTORY "${scratch}"
            TIMEOUT 60 RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE err)
        set(this "${code}: ${out}${err}")
        string(REGEX REPLACE "making the Wine prefix [^\n]*\n" "" this "${this}")
        if(NOT DEFINED first OR first STREQUAL "")
            set(first "${this}")
        elseif(NOT this STREQUAL first)
            fail("in pieces of ${piece} bytes another answer than\n${first}\nfor\n${noise}")
        endif()
    endforeach()
    if(NOT code MATCHES "^[01]$")
        fail("a strange exit status for\n${noise}")
    endif()
endforeach()

# A cell of 400 KB that looks like records: a piece in its middle cannot guess, and is read again.
string(REPEAT "x,1000\n" 60000 lines)
file(WRITE "${scratch}/guess.csv" "k,v,t\na,1,\"${lines}\"\nb,2,\nb,3,\"\"\n")
run("${scratch}" 0 guess.csv -g k -s v -v -w 2)
expect_is(out "k,v,rows\na,1,1\nb,5,2\n")
expect(err "^csv_sum: 7 pieces, [1-9] of them read twice\n$")

# More groups than fit anywhere at once, and a file of more than one piece as it is.
set(lines)
foreach(i RANGE 10000 29999)
    string(APPEND lines "${i},1\n")
endforeach()
file(WRITE "${scratch}/groups.csv" "k,v\n${lines}${lines}${lines}${lines}")
run("${scratch}" 0 groups.csv -g k -s v -v)
expect(err "^csv_sum: 10 pieces, 0 of them read twice\n$")
string(REPLACE ",1\n" ",4,4\n" wanted "${lines}")
expect_is(out "k,v,rows\n${wanted}")

# What is no file to be read in pieces.
file(WRITE "${scratch}/empty.csv" "")
file(WRITE "${scratch}/lines.csv" "\n\n")
foreach(name IN ITEMS empty lines)
    run("${scratch}" 1 ${name}.csv -g a -s b)
    expect(err "^csv_sum: ${name}.csv: is empty\n$")
endforeach()
run("${scratch}" 1 nowhere.csv -g a -s b)
expect(err "^csv_sum: nowhere.csv: ")
run("${SCRATCH}" 1 "csv sum ünï ${START}" -g a -s b)
expect(err ": is a folder\n$")
run("${scratch}" 1 "${PROGRAM}" -g 1 -s 1)
expect(err "a zero byte: not a text|malformed quoting|never closed")
expect_silence(out)
find_program(mkfifo mkfifo)
if(mkfifo AND NOT DEFINED EMULATOR)
    execute_process(COMMAND ${mkfifo} "${scratch}/fifo" COMMAND_ERROR_IS_FATAL ANY)
    run("${scratch}" 1 fifo -g a -s b)
    expect(err "^csv_sum: fifo: is no regular file: it cannot be read in pieces\n$")
endif()

run("${scratch}" 0 --help)
expect(out "^Usage: csv_sum")
run("${scratch}" 0 --version)
expect(out "^csv_sum .spork. [0-9]+[.][0-9]+[.][0-9]+\n$")
foreach(bad IN ITEMS "" "a.csv" "a.csv;-g;1" "a.csv;-s;1" "a.csv;b.csv;-g;1;-s;1" "a.csv;-g;1;-s;1;-w;0" "-d;;a.csv"
    "-d;ab;a.csv" "-d;\";a.csv" "a.csv;-g;1;-s;1;--piece=0" "a.csv;-g;1;-s;1;--no-such-option" "-g")
    run("${scratch}" 2 ${bad})
    expect_silence(out)
    expect(err "csv_sum")
endforeach()
expect_no_dash("${scratch}" 2 - -g a -s b)
expect_no_room("${scratch}" 1 head.csv -g a -s b)
set(ENV{SPORK_START} banana)
run("${scratch}" 1 head.csv -g a -s b)
expect(err "^csv_sum: .*banana")
file(REMOVE_RECURSE "${scratch}")
