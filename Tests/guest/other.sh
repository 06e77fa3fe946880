#!/bin/sh
#
# other.sh BUILD INITRAMFS: links the BPF objects of another compiler, which are in the folder BUILD, into a quark-test
# like the one of the checkout, and makes there an initramfs.gz that has both. Run in the checkout.
#
# Environment: CLANG (clang), STRIP (strip). Except for these objects, the build of quark-test is used without changes.

set -eu
[ $# = 2 ] || { echo "usage: other.sh BUILD INITRAMFS" >&2; exit 2; }
build=$1 initramfs=$2

mkdir -p "$build/tree"
# This file embeds the objects beside it.
cp Sources/CProbes/probes.c "$build"
"${CLANG:-clang}" -O2 -ISources/CProbes/include -c "$build/probes.c" -o "$build/probes.c.o"
Tests/guest/relink.py quark-test "$build/probes.c.o" "$build/quark-test"
"${STRIP:-strip}" -o "$build/tree/quark-test-other" "$build/quark-test"
cp Tests/guest/quark-test-both "$build/tree"
cp "$initramfs" "$build/initramfs.gz.tmp"
Tests/guest/append.sh "$build/tree" "$build/initramfs.gz.tmp"
mv "$build/initramfs.gz.tmp" "$build/initramfs.gz"
