# What jpegopt promises; see expect.cmake for how to call it. Besides: -DSCRATCH=a folder to write in, where jpegs (jpegs.c)
# and jpegopt_fragile (fragile_jpeg.c) are; -DWORK=another folder to write in. jpegopt_before, where there is such a thing, is
# beside jpegopt.
# SPDX-License-Identifier: Apache-2.0
include("${CMAKE_CURRENT_LIST_DIR}/expect.cmake")

if(NOT DEFINED WORK)
    set(WORK "${SCRATCH}")
endif()
set(folder "${WORK}/jpegopt ünï ${START}")
file(REMOVE_RECURSE "${folder}")
file(MAKE_DIRECTORY "${folder}")
set(suffix)
if(EXISTS "${SCRATCH}/jpegs.exe")
    set(suffix .exe)
endif()
string(REPLACE "|" ";" emulator "${EMULATOR}")
set(jpegopt ${command})
set(fragile ${emulator} "${SCRATCH}/jpegopt_fragile${suffix}")
get_filename_component(before "${PROGRAM}" DIRECTORY)
set(before "${before}/jpegopt_before")

# helper(CODE ARGUMENT…): of jpegs
macro(helper expected)
    set(was ${command})
    set(command ${emulator} "${SCRATCH}/jpegs${suffix}")
    run("${folder}" ${expected} ${ARGN})
    set(command ${was})
endmacro()

# look_for_litter(): no temporary file is left
function(look_for_litter)
    file(GLOB_RECURSE litter "${folder}/*.tmp")
    file(GLOB_RECURSE hidden "${folder}/.jpegopt*")
    if(litter OR hidden)
        fail("left behind: ${litter} ${hidden}")
    endif()
endfunction()

# expect_smaller(NEW OLD): or as large
function(expect_smaller new old)
    file(SIZE "${folder}/${new}" new_size)
    file(SIZE "${folder}/${old}" old_size)
    if(NOT new_size LESS old_size)
        fail("${new} has ${new_size} bytes, ${old} had ${old_size}")
    endif()
endfunction()

# expect_same(FILE FILE): byte for byte
function(expect_same one other)
    file(SHA256 "${folder}/${one}" first)
    file(SHA256 "${folder}/${other}" second)
    if(NOT first STREQUAL second)
        fail("${one} and ${other} differ")
    endif()
endfunction()

helper(0 make in)
set(good plain.jpg grey.jpg cmyk.jpg rgb.jpg restarts.jpg tail.jpg "ünï sub/progressive.JPEG")

# ---- smaller, and the same picture with the same markers; what is behind it stays ---------------------------------

file(COPY "${folder}/in/good" DESTINATION "${folder}/work")
run("${folder}" 0 -t work/good)
expect_silence(err)
expect(out "^work/good/cmyk.jpg 64x64 32bit N  \\[OK\\] [0-9]+ --> [0-9]+ bytes \\([0-9.]+%\\), optimized.\nwork/good/grey.jpg 97x31 8bit N ")
expect(out "\nwork/good/ünï sub/progressive.JPEG 200x320 24bit P  \\[OK\\] [0-9]+ --> [0-9]+ bytes \\([0-9.]+%\\), (skipped|optimized).\n")
expect(out "\n[67] of 7 files optimized, 0 failed: [0-9]+ --> [0-9]+ bytes, [0-9]+ saved \\([0-9.]+%\\)\n$")
set(pairs)
foreach(name IN LISTS good)
    list(APPEND pairs "in/good/${name}" "work/good/${name}")
    if(NOT name MATCHES progressive)
        expect_smaller("work/good/${name}" "in/good/${name}")
    endif()
endforeach()
helper(0 same ${pairs})
file(READ "${folder}/work/good/tail.jpg" tail HEX)
if(NOT tail MATCHES "ffd961207461696c00ffd9$")
    fail("what was behind the picture of tail.jpg has gone")
endif()
look_for_litter()

# Once more there is nothing to gain: nothing is written.
file(COPY "${folder}/work/good" DESTINATION "${folder}/first")
run("${folder}" 0 -t work/good)
expect(out "\n0 of 7 files optimized, 0 failed: [^\n]*, 0 saved \\(0.00%\\)\n$")
foreach(name IN LISTS good)
    expect_same("work/good/${name}" "first/good/${name}")
endforeach()

# ---- options ---------------------------------------------------------------------------------------------------------

# Rows in the order of the arguments, each file once; a list of names with either line's end; any number of workers.
file(WRITE "${folder}/list.txt" "in/good/rgb.jpg\r\n\nin/good/grey.jpg\nin/several.jpg")
foreach(workers IN ITEMS 1 5)
    run("${folder}" 0 -n -w ${workers} --files-from=list.txt in/best.jpg in/good/plain.jpg in/good/rgb.jpg in/best.jpg)
    string(REGEX REPLACE "jpg [^\n]*" "jpg" names "${out}")
    if(NOT names STREQUAL "in/good/rgb.jpg\nin/good/grey.jpg\nin/several.jpg\nin/best.jpg\nin/good/plain.jpg\n")
        fail("the rows have another order")
    endif()
    expect(out "in/several.jpg 80x80 24bit N  \\[SKIP\\] more pictures follow in this file\n")
    expect(out "in/best.jpg 160x100 24bit N  \\[OK\\] ([0-9]+) --> [0-9]+ bytes \\(0.00%\\), skipped.\n")
endforeach()
execute_process(COMMAND ${CMAKE_COMMAND} -E cat list.txt WORKING_DIRECTORY "${folder}"
    COMMAND ${command} -n --files-from=- WORKING_DIRECTORY "${folder}" OUTPUT_VARIABLE out RESULT_VARIABLE code)
string(REGEX MATCHALL "\n" lines "${out}")
list(LENGTH lines lines)
if(NOT code EQUAL 0 OR NOT lines EQUAL 3)
    fail("expected three rows of standard input's names")
endif()

# A dry run writes nothing; nor does a threshold that is not reached.
file(COPY "${folder}/in/good/plain.jpg" DESTINATION "${folder}/dry")
run("${folder}" 0 -n dry)
expect(out "^dry/plain.jpg [^\n]*, optimized.\n$")
run("${folder}" 0 --threshold=90 dry/plain.jpg)
expect(out "^dry/plain.jpg [^\n]*, skipped.\n$")
expect_same(dry/plain.jpg in/good/plain.jpg)

# Quiet: only what failed.
run("${folder}" 0 -q -n in/good)
expect_silence(out)
expect_silence(err)

# Progressive, and back.
run("${folder}" 0 --all-progressive dry/plain.jpg)
helper(0 same dry/plain.jpg in/good/plain.jpg)
run("${folder}" 0 -n dry/plain.jpg)
expect(out "^dry/plain.jpg 320x200 24bit P ")
run("${folder}" 0 --all-normal dry/plain.jpg) # larger then, so it stays
run("${folder}" 0 -n dry/plain.jpg)
expect(out "^dry/plain.jpg 320x200 24bit P ")

# Stripped: the picture is the same, and what it takes to show it stays.
set(all "APP0 JFIF\nAPP1 Exif\nAPP1 http\nAPP2 ICC_\nAPP13 Phot\nCOM a co\nCOM \nAPP5 \nAPP0 JFXX\nAPP15 of n\n")
set(options com exif icc iptc xmp all)
set(go "COM [^\n]*" "APP1 Exif" "APP2 ICC_" "APP13 Phot" "APP1 http" "(APP([1-9][0-9]*|0 JFXX)|COM)[^\n]*")
set(wanted)
set(pairs)
set(names)
foreach(option gone IN ZIP_LISTS options go)
    configure_file("${folder}/in/good/plain.jpg" "${folder}/strip/${option}.jpg" COPYONLY)
    run("${folder}" 0 -q --strip-${option} strip/${option}.jpg)
    string(REGEX REPLACE "(${gone})\n" "" kept "${all}")
    string(APPEND wanted "== strip/${option}.jpg\n${kept}")
    list(APPEND pairs strip/${option}.jpg in/good/plain.jpg)
    list(APPEND names strip/${option}.jpg)
endforeach()
helper(0 picture ${pairs})
helper(0 markers ${names})
string(REGEX REPLACE "APP5 [^\n]*\n" "APP5 \n" out "${out}") # zeros
if(NOT out STREQUAL wanted)
    fail("expected of the six:\n${wanted}")
endif()
file(COPY "${folder}/in/good/cmyk.jpg" "${folder}/in/good/tail.jpg" DESTINATION "${folder}/strip")
run("${folder}" 0 -s strip)
helper(0 same strip/cmyk.jpg in/good/cmyk.jpg strip/tail.jpg in/good/tail.jpg) # Adobe's marker says what CMYK's colours are
file(READ "${folder}/strip/tail.jpg" tail HEX)
if(tail MATCHES "20746169") # " tai"
    fail("what was behind the picture of tail.jpg is still there")
endif()

# Elsewhere: all good ones go there, the originals stay; what is there already stays, unless it may go.
file(MAKE_DIRECTORY "${folder}/dest ü")
run("${folder}" 0 -q "-d" "dest ü" in/good in/best.jpg in/several.jpg)
helper(0 same "dest ü/plain.jpg" in/good/plain.jpg "dest ü/grey.jpg" in/good/grey.jpg
    "dest ü/progressive.JPEG" "in/good/ünï sub/progressive.JPEG")
expect_same("dest ü/best.jpg" in/best.jpg)
expect_same("dest ü/several.jpg" in/several.jpg)
run("${folder}" 1 "--dest=dest ü" in/best.jpg)
expect(out "^in/best.jpg  \\[ERROR\\] there is a file of that name\n$")
run("${folder}" 0 "--dest=dest ü" -o in/best.jpg)
file(COPY "${folder}/in/best.jpg" DESTINATION "${folder}/other")
run("${folder}" 1 "--dest=dest ü" -o in/best.jpg other/best.jpg)
expect(out "\nother/best.jpg  \\[ERROR\\] another file of that name went there\n$")
look_for_litter()

# ---- what stays of a file that is replaced -----------------------------------------------------------------------------

file(COPY "${folder}/in/good/plain.jpg" "${folder}/in/good/grey.jpg" DESTINATION "${folder}/keep")
find_program(TOUCH touch)
if(TOUCH)
    execute_process(COMMAND "${TOUCH}" -d 2001-02-03T04:05:06 "${folder}/keep/plain.jpg" "${folder}/keep/grey.jpg")
endif()
if(NOT suffix)
    file(CHMOD "${folder}/keep/plain.jpg" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ)
    execute_process(COMMAND ln -s ../keep/plain.jpg "${folder}/keep/a link.jpg")
endif()
file(TIMESTAMP "${folder}/keep/plain.jpg" time)
run("${folder}" 0 -p keep/plain.jpg)
file(TIMESTAMP "${folder}/keep/plain.jpg" time_now)
if(NOT time STREQUAL time_now)
    fail("the file's time is not kept: it was ${time}, and is ${time_now}")
endif()
if(TOUCH)
    run("${folder}" 0 keep/grey.jpg)
    file(TIMESTAMP "${folder}/keep/grey.jpg" time_now)
    if(time STREQUAL time_now)
        fail("the file's time was kept, though that was not asked for")
    endif()
endif()
if(NOT suffix)
    execute_process(COMMAND find keep/plain.jpg -perm 640 WORKING_DIRECTORY "${folder}" OUTPUT_VARIABLE found)
    if(NOT found)
        fail("the file's permissions are not kept")
    endif()
    run("${folder}" 0 keep)
    expect(out "^keep/a link.jpg  \\[SKIP\\] is a link\n")
    if(NOT IS_SYMLINK "${folder}/keep/a link.jpg")
        fail("the link was replaced")
    endif()
endif()

# ---- bad files: each is a row, and stays as it is --------------------------------------------------------------------------

file(COPY "${folder}/in/bad" DESTINATION "${folder}/work")
set(timeout --timeout=60)
if(NOT START STREQUAL inline) # nobody would end it
    file(COPY "${folder}/in/slow.jpg" DESTINATION "${folder}/work/bad")
    set(timeout --timeout=3) # it takes some 14 s; each of the others some milliseconds
endif()
file(COPY "${folder}/in/good/plain.jpg" DESTINATION "${folder}/work/bad")
run("${folder}" 1 -t --memory=256 ${timeout} work/bad "no such file.jpg")
expect(out "^work/bad/bomb.jpg  \\[ERROR\\] [^\n]+\n")
expect(out "\nwork/bad/cut.jpg  \\[ERROR\\] Premature end of JPEG file\n")
expect(out "\nwork/bad/empty.jpg  \\[ERROR\\] [^\n]+\n")
expect(out "\nwork/bad/head only.jpg  \\[ERROR\\] [^\n]+\n")
expect(out "\nwork/bad/no end.jpg  \\[ERROR\\] Premature end of JPEG file\n")
expect(out "\nwork/bad/plain.jpg 320x200 24bit N  \\[OK\\] [^\n]+optimized.\n")
expect(out "\nwork/bad/spoilt.jpg  \\[ERROR\\] Corrupt JPEG data[^\n]+\n")
expect(out "\nwork/bad/text.jpg  \\[ERROR\\] Not a JPEG file[^\n]+\n")
expect(out "\nno such file.jpg  \\[ERROR\\] cannot open: [^\n]+\n")
if(NOT START STREQUAL inline)
    expect(out "\nwork/bad/slow.jpg  \\[ERROR\\] [^\n]*time[^\n]*\n")
    expect_same(work/bad/slow.jpg in/slow.jpg)
endif()
foreach(name IN ITEMS bomb cut empty "head only" "no end" spoilt text)
    expect_same("work/bad/${name}.jpg" "in/bad/${name}.jpg")
endforeach()
look_for_litter()
run("${folder}" 1 -q -n in/bad/text.jpg in/good/plain.jpg)
expect(out "^in/bad/text.jpg  \\[ERROR\\] [^\n]+\n$")

# ---- a coder with a hole in it: crash.jpg, exit.jpg and hang.jpg each cost themselves ------------------------------------------

file(COPY "${folder}/in/orders" DESTINATION "${folder}/work")
file(COPY "${folder}/in/good" DESTINATION "${folder}/work/orders")
if(NOT START STREQUAL inline) # which has no walls
    set(command ${fragile})
    run("${folder}" 1 -w 2 -t --timeout=3 work/orders)
    set(command ${jpegopt})
    expect(out "^work/orders/crash.jpg  \\[ERROR\\] [^\n]*(signal|exit code) [0-9]+\\)\nwork/orders/exit.jpg  \\[ERROR\\] [^\n]+\nwork/orders/good/cmyk.jpg 64x64 ")
    expect(out "\nwork/orders/hang.jpg  \\[ERROR\\] [^\n]*time[^\n]*\n")
    expect(out "\n[67] of 10 files optimized, 3 failed: ")
    foreach(name IN ITEMS crash exit hang)
        expect_same(work/orders/${name}.jpg in/orders/${name}.jpg)
    endforeach()
    set(pairs)
    foreach(name IN LISTS good)
        list(APPEND pairs "work/orders/good/${name}" "in/good/${name}")
    endforeach()
    helper(0 same ${pairs})
    look_for_litter()
endif()

# Interrupted: what was done is in its place and has its row, and nothing else is left. Rows come in order: until hang.jpg
# is given up, the results of the others are under their temporary names, and one is of a file that is changed meanwhile.
if(NOT suffix AND NOT START STREQUAL inline)
    file(COPY "${folder}/in/orders/hang.jpg" "${folder}/in/good/cmyk.jpg" "${folder}/in/good/grey.jpg"
        "${folder}/in/good/rgb.jpg" DESTINATION "${folder}/work/interrupted")
    file(WRITE "${folder}/interrupt.sh" "\"$1\" -w 2 hang.jpg grey.jpg rgb.jpg cmyk.jpg >out.txt 2>err.txt & pid=$!
until ls .jpegopt-*-3.tmp >/dev/null 2>&1; do kill -0 $pid || exit 1; sleep 0.05; done
echo changed >>grey.jpg
kill -TERM $pid
wait $pid
exit $?
")
    execute_process(COMMAND sh ../../interrupt.sh ${fragile} WORKING_DIRECTORY "${folder}/work/interrupted" TIMEOUT 60
        RESULT_VARIABLE code)
    file(READ "${folder}/work/interrupted/out.txt" out)
    file(READ "${folder}/work/interrupted/err.txt" err)
    if(NOT code EQUAL 143)
        fail("expected to see it end by SIGTERM")
    endif()
    # the last one's answer may have been under way then: either is right
    expect(out "^grey.jpg  \\[ERROR\\] was changed meanwhile\nrgb.jpg [^\n]*optimized.\n(cmyk.jpg [^\n]*optimized.\n)?$")
    expect(err "^jpegopt: interrupted; 0 of 4 files were not begun\n$")
    expect_same(work/interrupted/hang.jpg in/orders/hang.jpg)
    expect_smaller(work/interrupted/rgb.jpg in/good/rgb.jpg)
    look_for_litter()
    helper(0 same work/interrupted/cmyk.jpg in/good/cmyk.jpg work/interrupted/grey.jpg in/good/grey.jpg
        work/interrupted/rgb.jpg in/good/rgb.jpg)
endif()

# ---- before: fork, pipe, wait ---------------------------------------------------------------------------------------------------

if(EXISTS "${before}")
    file(COPY "${folder}/in/good" DESTINATION "${folder}/before")
    set(command ${before})
    run("${folder}" 0 -w 2 -t before/good)
    set(command ${jpegopt})
    foreach(name IN LISTS good) # it does the same
        expect_same("before/good/${name}" "first/good/${name}")
    endforeach()
    set(command "${SCRATCH}/jpegopt_before_fragile")
    run("${folder}" 1 -w 1 in/orders/crash.jpg before/good)
    set(command ${jpegopt})
    expect_silence(out)
    expect(err "^jpegopt: worker killed\n$") # and that is all
endif()

# ---- usage ---------------------------------------------------------------------------------------------------------------------------

run("${folder}" 0 --help)
expect(out "^Usage: jpegopt ")
run("${folder}" 0 --version)
expect(out "^jpegopt ")
foreach(bad IN ITEMS "" "-w;0;in" "-T;101;in" "--timeout=0;in" "--memory=0;in" "-d;no such folder;in" "--no-such;in")
    run("${folder}" 2 ${bad})
    expect_silence(out)
    expect(err "jpegopt")
endforeach()
run("${folder}" 1 --files-from=no-such.txt)
expect(err "^jpegopt: no-such.txt: ")
file(REMOVE_RECURSE "${folder}")
