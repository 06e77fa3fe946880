#!/bin/sh
#
# build.sh TREE: builds the programs of examples/ and the example of README.md, each as three compilers do, without a
# warning, and puts them into TREE, for a guest. Run from the top of the tree, after `make`.
#
# Environment: CLANG (clang).

set -eu
LC_ALL=C
export LC_ALL
[ $# = 1 ] || { echo "usage: Tests/examples/build.sh TREE" >&2; exit 2; }
tree=$1
readme=$(mktemp -d)
trap 'rm -rf "$readme"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$tree/examples"
fail() {
	echo "examples: $*" >&2
	exit 1
}

# The example of README.md, built with its command, in a folder with only the program, a library and a header.
# shellcheck disable=SC2016 # no variables
sed -n '/^```c$/,/^```$/p' README.md | sed '1d;$d' >"$readme/prog.c"
[ -s "$readme/prog.c" ] || fail "README.md has no example"
command=$(grep -x 'cc -I\. -o prog prog\.c .*' README.md) || fail "README.md has no command line for it"
cp quark.h libquark_big.a "$readme"
(cd "$readme" && $command) || fail "README.md's command fails: $command"
cp "$readme/prog" "$tree/examples/readme-cc"

# The program is the one of the manual, after a comment.
sed '1,/^ \*\/$/d' examples/events.c | cmp -s - "$readme/prog.c" ||
	fail "examples/events.c is not README.md's example"

for source in examples/*.c; do
	name=$(basename "$source" .c)
	for way in gcc "${CLANG:-clang}" "g++ -x c++"; do
		compiler=${way%% *}
		# shellcheck disable=SC2086 # words are wanted
		$way -Wall -Wextra -Werror -I. -o "$tree/examples/$name-$(basename "$compiler")" "$source" \
			-x none libquark_big.a || fail "$way does not take $source"
	done
done
strip "$tree"/examples/*
# They may need no library except the C library.
mkdir "$readme/needed"
Tests/guest/libraries.sh "$readme/needed" "$tree"/examples/*
libraries=$(find "$readme/needed" -type f -exec basename {} \; | sort | tr '\n' ' ')
[ "$libraries" = 'ld-linux-x86-64.so.2 libc.so.6 ' ] || fail "the programs need other libraries: $libraries"
cp -r "$readme/needed/." "$tree"

cc -static -O2 -Wall -Wextra -o "$tree/pause" Tests/examples/pause.c
strip "$tree/pause"
cp Tests/examples/guest.sh "$tree/examples.sh"
echo 'exec /bin/sh /examples.sh' >"$tree/programs/examples"
