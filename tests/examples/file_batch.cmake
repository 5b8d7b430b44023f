# What file_batch promises; see expect.cmake for how to call it. Besides: -DEXAMPLES=the examples' folder,
# -DSCRATCH=a folder to write in.
# SPDX-License-Identifier: Apache-2.0
include("${CMAKE_CURRENT_LIST_DIR}/expect.cmake")
set(here "${CMAKE_CURRENT_LIST_DIR}")

# The shipped files: the same table for any number of workers, in input order.
foreach(workers IN ITEMS 1 2 5)
    run("${EXAMPLES}" 0 -w ${workers} data)
    expect_file(out "${here}/data.txt")
    expect_silence(err)
endforeach()

# The broken ones fail alone, the others stand.
run("${EXAMPLES}" 1 data-broken)
expect_file(out "${here}/data-broken.txt")
expect(err "^file_batch: 2 failed\n$")

# A slash at the end, options behind, several folders in their order, a path that is not ASCII.
set(scratch "${SCRATCH}/file batch ünï ${START}")
file(REMOVE_RECURSE "${scratch}")
file(WRITE "${scratch}/b/late.CSV" "n;m,x\n1;1,2.5e3\n,-7\n")
file(WRITE "${scratch}/a/empty.csv" "")
file(WRITE "${scratch}/a/head only.csv" "a,b")
file(WRITE "${scratch}/a/no.csv.txt" "a\n1\n")
file(WRITE "${scratch}/a/open.csv" "a,b\n\"1,2\n")
file(WRITE "${scratch}/a/x.csv/in folder.csv" "a\n 1\n0x10\n")
run("${SCRATCH}" 1 "file batch ünï ${START}/b/" "file batch ünï ${START}/a" --timeout=60 -w 3)
expect(out "^file  .*/b/late[.]CSV +2  +2  x=2493\n.*/a/empty[.]csv +0  +0\n.*/a/head only[.]csv +0  +2\n")
expect(out "/a/open[.]csv +-  +-  failed: ends inside a quoted cell\n.*/a/x[.]csv/in folder[.]csv +2  +1\n$")
expect(err "^file_batch: 1 failed\n$")

# A file that cannot be opened is a line of the table, too; a link in a circle is left alone.
if(CMAKE_HOST_UNIX AND NOT DEFINED EMULATOR)
    file(MAKE_DIRECTORY "${scratch}/links")
    file(CREATE_LINK nowhere "${scratch}/links/gone.csv" SYMBOLIC)
    file(CREATE_LINK ../b/late.CSV "${scratch}/links/late.csv" SYMBOLIC)
    file(CREATE_LINK . "${scratch}/links/round" SYMBOLIC)
    run("${scratch}" 1 links)
    expect(out "\nlinks/gone[.]csv +-  +-  failed: cannot open: [^\n]+\nlinks/late[.]csv +2  +2  x=2493\n$")
endif()

# What only looks like a file by its name is told, and not opened: nobody ever writes to that pipe.
find_program(MKFIFO mkfifo)
if(MKFIFO AND NOT DEFINED EMULATOR)
    file(WRITE "${scratch}/pipes/good.csv" "a\n1\n")
    execute_process(COMMAND ${MKFIFO} "${scratch}/pipes/pipe.csv" COMMAND_ERROR_IS_FATAL ANY)
    run("${scratch}" 1 pipes)
    expect(out "\npipes/good[.]csv +1  +1  a=1\n$")
    expect(err "^file_batch: pipes/pipe[.]csv: is no regular file\nfile_batch: 1 failed\n$")
endif()

# Many small ones: more than are on their way at once.
foreach(i RANGE 1000 1599)
    file(WRITE "${scratch}/many/${i}.csv" "i,twice\n${i},${i}${i}\n")
    string(APPEND many "many/${i}.csv          1        2  i=${i}, twice=${i}${i}\n")
endforeach()
run("${scratch}" 0 many)
string(FIND "${out}" "${many}" found)
if(found EQUAL -1)
    fail("expected 600 files in order:\n${many}")
endif()

# Folders that are none, and files where a folder should be, are told; the rest is done.
run("${EXAMPLES}" 1 nowhere data-broken/good-1.csv "data/store inventory")
expect(err "^file_batch: nowhere: .*\nfile_batch: data-broken/good-1[.]csv: .*\nfile_batch: 2 failed\n$")
expect(out "\ndata/store inventory/lab[.]csv .*\ndata/store inventory/warehouse A[.]csv [^\n]*\n$")

run("${here}" 0 --help)
expect(out "^Usage: file_batch")
run("${here}" 0 --version)
expect(out "^file_batch .spork. [0-9]+[.][0-9]+[.][0-9]+\n$")
foreach(bad IN ITEMS "-w;2" "-w;0;data" "-t;0;data" "-t;soon;data" "-t;nan;data" "-t" "--no-such-option;data")
    run("${EXAMPLES}" 2 ${bad})
    expect_silence(out)
    expect(err "file_batch.*\nTry 'file_batch --help'[.]\n$")
endforeach()

expect_no_dash("${EXAMPLES}" 2 -)
expect_no_room("${EXAMPLES}" 1 data)
set(ENV{SPORK_START} banana)
run("${EXAMPLES}" 1 data)
expect(err "^file_batch: .*banana")
file(REMOVE_RECURSE "${scratch}")
