#!/bin/sh
# Run a Linux program of another architecture under qemu-user, with all that it starts: run-under-qemu.sh ARCHITECTURE PROGRAM
# [ARGUMENT...], CMake's CMAKE_CROSSCOMPILING_EMULATOR. A worker that is spawned is started by the kernel, which has to know
# qemu, too (binfmt_misc). Where it does not, it is told in a user namespace of its own (Linux 6.7 and later), so that the
# system is left as it is and no privilege is needed.
# SPDX-License-Identifier: Apache-2.0
set -eu

[ $# -ge 2 ] || { echo "usage: $0 ARCHITECTURE PROGRAM [ARGUMENT...]" >&2; exit 2; }
architecture=$1
shift
binfmt=/proc/sys/fs/binfmt_misc
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

# The first 20 bytes of its ELF files, and which of their bits count: class, byte order, kind (program or shared object), machine.
head_of() {
    case $1 in
    aarch64) printf '%s' '\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00' ;;
    arm) printf '%s' '\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00' ;;
    s390x) printf '%s' '\x7fELF\x02\x02\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x16' ;;
    *) echo "$0: no such architecture: $1" >&2; exit 2 ;;
    esac
}
mask_of() {
    case $1 in
    s390x) printf '%s' '\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff' ;;
    *) printf '%s' '\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff' ;;
    esac
}

if [ "${SPORK_QEMU_INSIDE:-}" = yes ]; then # in the namespace
    unset SPORK_QEMU_INSIDE
    qemu=$(command -v "qemu-$architecture" || command -v "qemu-$architecture-static")
    mount -t binfmt_misc none $binfmt
    printf ':spork-%s:M::%s:%s:%s:OCF' "$architecture" "$(head_of "$architecture")" "$(mask_of "$architecture")" "$qemu" \
        >$binfmt/register
    exec "$@"
elif [ -e "$binfmt/qemu-$architecture" ]; then
    exec "$@"
fi
SPORK_QEMU_INSIDE=yes exec unshare --user --map-root-user --mount -- sh "$here/run-under-qemu.sh" "$architecture" "$@"
