# What thumbnails promises; see expect.cmake for how to call it. Besides: -DSCRATCH=a folder to write in, where
# pictures (pictures.c) is.
# SPDX-License-Identifier: Apache-2.0
include("${CMAKE_CURRENT_LIST_DIR}/expect.cmake")

set(folder "${SCRATCH}/thumbnails ünï ${START}")
file(REMOVE_RECURSE "${folder}")
file(MAKE_DIRECTORY "${folder}")
set(thumbnails ${command})
set(pictures "${SCRATCH}/pictures")
if(EXISTS "${pictures}.exe")
    string(APPEND pictures .exe)
endif()
if(DEFINED EMULATOR)
    string(REPLACE "|" ";" pictures "${EMULATOR}|${pictures}")
endif()

# look(FILE WANTED): of what format, size and colours it is
macro(look file wanted)
    set(command ${pictures})
    run("${folder}" 0 look "${file}")
    set(command ${thumbnails})
    if(NOT out STREQUAL "${wanted}\n")
        fail("expected of ${file}: ${wanted}")
    endif()
endmacro()

set(command ${pictures})
run("${folder}" 0 make in)
set(command ${thumbnails})

# The good ones, and among them all that is wrong with the others, each by itself.
set(timeout --timeout=20)
if(START STREQUAL inline)
    file(REMOVE "${folder}/in/slow.jpg") # nobody would end it
else()
    set(timeout --timeout=2)
endif()
run("${folder}" 1 -v ${timeout} --memory=128 --size=64 in "out ü/thumbs")
expect(out "\nsmall.jpg  31x17  31x17\n")
expect(out "\ngood.png  640x480  64x48\n")
expect(err "thumbnails: a row short.png: [^\n]+\n")
expect(err "thumbnails: bomb.jpg: [^\n]+\n")
expect(err "thumbnails: bomb.png: 60000 x 60000 pixels need 13733 MiB, more than a picture may\n")
expect(err "thumbnails: cut.jpg: Premature end of JPEG file\n")
expect(err "thumbnails: cut.png: [^\n]+\n")
expect(err "thumbnails: empty.png: neither JPEG nor PNG\n")
expect(err "thumbnails: head only.jpg: [^\n]+\n")
expect(err "thumbnails: no height.jpg: [^\n]+\n")
expect(err "thumbnails: spoilt.jpg: Corrupt JPEG data[^\n]+\n")
expect(err "thumbnails: spoilt.png: [^\n]+\n")
expect(err "thumbnails: text.jpg: neither JPEG nor PNG\n")
set(bad 11)
set(all 21)
if(NOT START STREQUAL inline)
    expect(err "thumbnails: slow.jpg: [^\n]*time[^\n]*\n")
    math(EXPR bad "${bad} + 1")
    math(EXPR all "${all} + 1")
endif()
string(REGEX MATCHALL "\n" lines "${err}")
list(LENGTH lines lines)
math(EXPR good "${all} - ${bad}")
if(NOT lines EQUAL bad)
    fail("expected ${bad} failures")
endif()
expect(out "\n${good} of ${all} thumbnails made\n$")

# They are there, and nothing else.
file(GLOB_RECURSE made RELATIVE "${folder}/out ü/thumbs" "${folder}/out ü/thumbs/*")
list(SORT made)
string(REPLACE ";" "\n" made "${made}")
set(wanted "a sub ü/deeper/named wrongly.jpg
a sub ü/png inside.jpg.JPG
a sub ü/thin.png
cmyk.jpg
good.jpg
good.png
grey.jpg
opaque.png
progressive.jpeg
small.jpg")
if(NOT made STREQUAL wanted)
    fail("expected these files:\n${wanted}\nnot these:\n${made}")
endif()
look("out ü/thumbs/good.jpg" "jpeg 64x48 255,0,0 0,255,0 0,0,255 255,255,255")
look("out ü/thumbs/good.png" "png 64x48 255,0,0,255 0,255,0,255 0,0,255,255 0,0,0,0")
look("out ü/thumbs/opaque.png" "png 64x48 255,0,0,255 0,255,0,255 0,0,255,255 255,255,255,255")
look("out ü/thumbs/progressive.jpeg" "jpeg 48x64 255,0,0 0,255,0 0,0,255 255,255,255")
look("out ü/thumbs/grey.jpg" "jpeg 64x9 255,255,255 0,0,0 0,0,0 255,255,255")
look("out ü/thumbs/cmyk.jpg" "jpeg 64x64 255,0,0 0,255,0 0,0,255 0,0,0")
look("out ü/thumbs/small.jpg" "jpeg 31x17 255,0,0 0,255,0 0,0,255 255,255,255")
look("out ü/thumbs/a sub ü/thin.png" "png 1x64 0,255,0,255 0,255,0,255 0,0,0,0 0,0,0,0")
look("out ü/thumbs/a sub ü/deeper/named wrongly.jpg" "png 64x48 255,0,0,255 0,255,0,255 0,0,255,255 0,0,0,0")

# Only good ones: the exit status says so; any number of workers makes the same.
foreach(workers IN ITEMS 1 5)
    run("${folder}" 0 -q -w ${workers} "in/a sub ü/" "again ${workers}")
    expect_silence(err)
    expect(out "^3 of 3 thumbnails made\n$")
endforeach()
file(GLOB_RECURSE made RELATIVE "${folder}/again 1" "${folder}/again 1/*")
foreach(name IN LISTS made)
    file(SHA256 "${folder}/again 1/${name}" one)
    file(SHA256 "${folder}/again 5/${name}" five)
    if(NOT one STREQUAL five)
        fail("${name} differs")
    endif()
endforeach()

# Nowhere to read, nowhere to write.
run("${folder}" 1 "no such folder" out)
expect(err "^thumbnails: no such folder: ")
expect(out "^0 of 0 thumbnails made\n$")
file(WRITE "${folder}/a file" "")
run("${folder}" 1 "in/a sub ü/deeper" "a file/out")
expect(err "^thumbnails: named wrongly.jpg: ")

run("${folder}" 0 --help)
expect(out "^Usage: thumbnails ")
run("${folder}" 0 --version)
foreach(bad IN ITEMS "in" "in;out;more" "in;in" "-s;0;in;out" "-t;0;in;out" "-m;x;in;out" "-w;0;in;out" "--no-such;in;out")
    run("${folder}" 2 ${bad})
    expect_silence(out)
    expect(err "thumbnails")
endforeach()
expect_no_dash("${folder}" 2 in -)
expect_no_room("${folder}" 1 -q "in/a sub ü" "no room")
file(REMOVE_RECURSE "${folder}")
