#!/bin/sh
#
# run.sh KERNEL: builds the programs of examples/ and the example of README.md, each as three compilers do, without a
# warning, and runs them in a guest. Run from the top of the tree, after `make`.
#
# Environment: CLANG (clang).

set -eu
LC_ALL=C
export LC_ALL
[ $# = 1 ] || { echo "usage: Tests/examples/run.sh KERNEL" >&2; exit 2; }
kernel=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$work/tree/examples" "$work/readme"
fail() {
	echo "examples: $*" >&2
	exit 1
}

# What README.md says, with the command that it says: the program, a library and a header are all there is.
# shellcheck disable=SC2016 # no variables
sed -n '/^```c$/,/^```$/p' README.md | sed '1d;$d' >"$work/readme/prog.c"
[ -s "$work/readme/prog.c" ] || fail "README.md has no example"
command=$(grep -x 'cc -I\. -o prog prog\.c .*' README.md) || fail "README.md has no command line for it"
cp quark.h libquark_big.a "$work/readme"
(cd "$work/readme" && $command) || fail "README.md's command fails: $command"
cp "$work/readme/prog" "$work/tree/examples/readme-cc"

# The loop is the manual's, below a word on what it shows.
sed '1,/^ \*\/$/d' examples/events.c | cmp -s - "$work/readme/prog.c" ||
	fail "examples/events.c is not README.md's example"

for source in examples/*.c; do
	name=$(basename "$source" .c)
	for way in gcc "${CLANG:-clang}" "g++ -x c++"; do
		compiler=${way%% *}
		# shellcheck disable=SC2086 # words are wanted
		$way -Wall -Wextra -Werror -I. -o "$work/tree/examples/$name-$(basename "$compiler")" "$source" \
			-x none libquark_big.a || fail "$way does not take $source"
	done
done
strip "$work"/tree/examples/*
# The C library is the only one that they ask for.
Tests/guest/libraries.sh "$work/tree" "$work"/tree/examples/*
libraries=$(find "$work/tree" -type f ! -path '*/examples/*' -exec basename {} \; | sort | tr '\n' ' ')
[ "$libraries" = 'ld-linux-x86-64.so.2 libc.so.6 ' ] || fail "the programs need other libraries: $libraries"

cc -static -O2 -Wall -Wextra -o "$work/tree/pause" Tests/examples/pause.c
strip "$work/tree/pause"
cp Tests/examples/guest.sh "$work/tree"
cp initramfs.gz "$work/initramfs.gz"
Tests/guest/append.sh "$work/tree" "$work/initramfs.gz"

status=0
Tests/guest/krun.sh "$work/console" --timeout 900 --boot-timeout 240 "$work/initramfs.gz" "$kernel" guest.sh || status=$?
sed -n '/^\(not \)\{0,1\}ok /p; /^1\.\./p; /^# /p' "$work/console"
[ "$status" = 0 ] || { cat "$work/console"; fail "the guest ended with $status"; }
# No silence passes: each program has had its tests.
grep -qx "1\\.\\.$(grep -c '^ok ' "$work/console")" "$work/console" || fail "the guest did not come to the end"
for program in "$work"/tree/examples/*; do
	grep -q "^ok [0-9]* - $(basename "$program") " "$work/console" || fail "$(basename "$program") was not run"
done
