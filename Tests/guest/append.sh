#!/bin/sh
#
# append.sh TREE INITRAMFS: adds the files of a tree to an initramfs: the kernel unpacks one archive after the other.

set -eu
LC_ALL=C
export LC_ALL
(cd "$1" && find . | sort | cpio --quiet -o -H newc -R 0:0 | gzip -1) >>"$2"
