#!/bin/sh
#
# share.sh OUT NAMES VERSION ARCHIVE: makes a shared library of the archive, which defines the names in the file NAMES,
# a line each, under the version QUARK_VERSION, and loads libbpf. Not for the archive with everything: Debian's archives
# cannot be part of a shared library.
#
# Environment: CLANG (clang), whose linker, lld, is used: the binutils' one adds the version's own name to the symbols.

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
