#!/bin/sh
#
# package.sh FOLDER NAME TREE: builds the program NAME of a package that uses the repository by its path, without a
# warning, and puts it into TREE, with the libraries that it needs, because a guest has none. Run from the top of the
# tree.
#
# Environment: SWIFT (swift), CC (cc).

set -eu
folder=$1 name=$2 tree=$3
log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 1' HUP INT TERM
fail() {
	cat "$log" >&2
	echo "$folder: $*" >&2
	exit 1
}

"${SWIFT:-swift}" build --package-path "$folder" --scratch-path .build-client -c release --static-swift-stdlib \
	>"$log" 2>&1 || fail "does not compile"
if grep -q 'warning:' "$log"; then fail "compiles with warnings"; fi
strip -o "$tree/$name" ".build-client/release/$name"
# Swift's code that ends the main thread loads this library by name.
mkdir -p "$tree/lib"
cp -L "$("${CC:-cc}" -print-file-name=libgcc_s.so.1)" "$tree/lib"
Tests/guest/libraries.sh "$tree" "$tree/$name"
