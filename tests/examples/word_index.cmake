# What word_index promises; see expect.cmake for how to call it. Besides: -DSCRATCH=a folder to write in.
# SPDX-License-Identifier: Apache-2.0
include("${CMAKE_CURRENT_LIST_DIR}/expect.cmake")
set(scratch "${SCRATCH}/word index ünï ${START}")
file(REMOVE_RECURSE "${scratch}")

function(expect_is where wanted)
    if(NOT "${${where}}" STREQUAL "${wanted}")
        fail("expected in ${where}:\n${wanted}")
    endif()
endfunction()

# bytes(FILE OCTAL): a file of any bytes
function(bytes file octal)
    execute_process(COMMAND printf "${octal}" OUTPUT_FILE "${file}" COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# Small and capital letters, of other alphabets too; apostrophes and dashes part words; what is too long is none.
string(REPEAT "x" 96 long)
file(WRITE "${scratch}/t/b/two.txt" "Ein KÖLNER sieht Köln – und köln…\nПривет, ПРИВЕТ! Ὀδυσσεύς ΩΜΕΓΑ ωμεγα 漢字\n")
file(WRITE "${scratch}/t/a.txt" "it's köln-ein\n\nEIN ein ${long} ${long}y\n4 4")
file(WRITE "${scratch}/t/empty" "")
foreach(workers IN ITEMS 1 3)
    run("${scratch}" 0 t -v -w ${workers})
    string(CONCAT wanted "4\t2\tt/a.txt:4\n" "ein\t3\tt/a.txt:1\n" "ein\t1\tt/b/two.txt:1\n" "it\t1\tt/a.txt:1\n"
        "kölner\t1\tt/b/two.txt:1\n" "köln\t1\tt/a.txt:1\n" "köln\t2\tt/b/two.txt:1\n" "s\t1\tt/a.txt:1\n"
        "sieht\t1\tt/b/two.txt:1\n" "und\t1\tt/b/two.txt:1\n" "${long}\t1\tt/a.txt:3\n" "ωμεγα\t2\tt/b/two.txt:2\n"
        "привет\t2\tt/b/two.txt:2\n" "Ὀδυσσεύς\t1\tt/b/two.txt:2\n" "漢字\t1\tt/b/two.txt:2\n")
    string(REPLACE "kölner\t1\tt/b/two.txt:1\nköln\t1\tt/a.txt:1\nköln\t2\tt/b/two.txt:1\n"
        "köln\t1\tt/a.txt:1\nköln\t2\tt/b/two.txt:1\nkölner\t1\tt/b/two.txt:1\n" wanted "${wanted}")
    expect_is(out "${wanted}")
    expect(err "^word_index: 3 files, 0 of them binary, 2[0-9] words, 0 bytes that are no UTF-8\n$")
endforeach()

# Asking: all words, the most first, whatever their case.
run("${scratch}" 0 t EIN)
expect_is(out "3\tt/a.txt:1\n1\tt/b/two.txt:1\n")
run("${scratch}" 0 t/ Köln kölner KÖLN -w 2)
expect_is(out "3\tt/b/two.txt:1\n")
run("${scratch}" 0 t ein nowhere)
expect_silence(out)
expect_silence(err)
foreach(bad IN ITEMS "it's" "+" "ein wort" "${long}y")
    run("${scratch}" 2 t "${bad}")
    expect(err "^word_index: not a word: ")
endforeach()

# Capitals and their small letters, of Europe's alphabets and Vietnam's.
file(WRITE "${scratch}/c/capitals.txt"
    "ŠKODA ŁÓDŹ ĞÜL ŐSZ ŽĪLE Ÿ ȘȚ ẞ ƯƠ ĐẸP ΆΛΦΑ ΈΉΊΌΎΏΪΫ ҐІЇЄЎ ӘҢ škoda łódź ğül ősz žīle ÿ șț ß ươ đẹp άλφα έήίόύώϊϋ ґіїєў әң")
run("${scratch}" 0 c)
string(REGEX MATCHALL "\t2\tc/capitals.txt:1\n" twice "${out}")
list(LENGTH twice twice)
string(REGEX MATCHALL "\n" lines "${out}")
list(LENGTH lines lines)
if(NOT twice EQUAL 14 OR NOT lines EQUAL 14)
    fail("expected 14 words, each twice")
endif()
run("${scratch}" 0 c Škoda)
expect_is(out "2\tc/capitals.txt:1\n")

# Damaged UTF-8 parts words and is counted: lone and missing bytes, overlong, half a surrogate pair, too large, cut off.
find_program(printf printf)
if(printf)
    file(MAKE_DIRECTORY "${scratch}/d")
    bytes("${scratch}/d/bad" "one\\200two\\303three\\300\\257four\\355\\240\\200five\\364\\220\\200\\200six\\376\\n\\342\\202")
    bytes("${scratch}/d/binary" "seven\\000eight\\n")
    run("${scratch}" 0 d -v)
    expect_is(out "five\t1\td/bad:1\nfour\t1\td/bad:1\none\t1\td/bad:1\nsix\t1\td/bad:1\nthree\t1\td/bad:1\ntwo\t1\td/bad:1\n")
    expect(err "^word_index: 2 files, 1 of them binary, 6 words, 14 bytes that are no UTF-8\n$")
endif()

# Words and characters across the blocks in which a file is read, and many files.
foreach(shift RANGE 0 3)
    string(REPEAT "." ${shift} dots)
    string(REPEAT "ääää\n" 10000 lines)
    file(WRITE "${scratch}/long/${shift}" "${dots}${lines}")
endforeach()
run("${scratch}" 0 long)
expect_is(out "ääää\t10000\tlong/0:1\nääää\t10000\tlong/1:1\nääää\t10000\tlong/2:1\nääää\t10000\tlong/3:1\n")
foreach(i RANGE 1000 1299)
    file(WRITE "${scratch}/many/${i}" "w${i} all all\n")
    string(APPEND wanted_all "2\tmany/${i}:1\n")
    string(APPEND wanted_own "w${i}\t1\tmany/${i}:1\n")
endforeach()
run("${scratch}" 0 many all)
expect_is(out "${wanted_all}")
run("${scratch}" 0 many -w 2)
string(REPLACE "2\tmany" "all\t2\tmany" wanted_all "${wanted_all}")
expect_is(out "${wanted_all}${wanted_own}")

# What cannot be read is told, the rest stands.
if(CMAKE_HOST_UNIX AND NOT DEFINED EMULATOR)
    file(CREATE_LINK nowhere "${scratch}/t/gone" SYMBOLIC)
    file(CREATE_LINK . "${scratch}/t/round" SYMBOLIC)
    run("${scratch}" 1 t ein)
    expect_is(out "3\tt/a.txt:1\n1\tt/b/two.txt:1\n")
    expect(err "^word_index: t/gone: cannot open: [^\n]+\n$")
endif()
run("${scratch}" 1 nowhere)
expect(err "^word_index: nowhere: ")

run("${scratch}" 0 --help)
expect(out "^Usage: word_index")
run("${scratch}" 0 --version)
expect(out "^word_index .spork. [0-9]+[.][0-9]+[.][0-9]+\n$")
foreach(bad IN ITEMS "" "-w;0;t" "-t;0;t" "--no-such-option;t" "-w")
    run("${scratch}" 2 ${bad})
    expect_silence(out)
    expect(err "word_index")
endforeach()
expect_no_dash("${scratch}" 2 -)
expect_no_room("${scratch}" 1 t ein)
set(ENV{SPORK_START} banana)
run("${scratch}" 1 t)
expect(err "^word_index: .*banana")
file(REMOVE_RECURSE "${scratch}")
