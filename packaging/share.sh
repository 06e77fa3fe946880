#!/bin/sh
#
# share.sh OUT NAMES VERSION ARCHIVE: makes a shared library of the archive. It defines the names in the file NAMES, one
# on each line, under the version QUARK_VERSION, and loads libbpf. Do not use it with libquark_big.a: Debian's archives
# cannot be part of a shared library.
#
# Environment: CLANG (clang), whose linker, lld, is used: the linker of the binutils adds the name of the version as a
# symbol.

set -eu
[ $# = 4 ] || { echo "usage: share.sh OUT NAMES VERSION ARCHIVE" >&2; exit 2; }
out=$1 names=$2 version=$3 archive=$4
map=$out.map.tmp
trap 'rm -f "$map" "$out.tmp"' EXIT
trap 'exit 1' HUP INT TERM

{
	echo "QUARK_$version { global:"
	sed 's/$/;/' "$names"
	echo 'local: *; };'
} >"$map"
"${CLANG:-clang}" -shared -fuse-ld=lld -Wl,-soname,"$(basename "$out").$version" -Wl,--version-script="$map" \
	-Wl,-z,defs,-z,relro,-z,now,--gc-sections,--as-needed -Wl,--whole-archive "$archive" -Wl,--no-whole-archive \
	-lbpf -lelf -lz -o "$out.tmp"
mv "$out.tmp" "$out"
