#!/bin/sh
#
# build.sh TREE: builds a program of both generations of quark.h, which sets the clock and checks times and entity ids,
# and puts it into TREE, for a guest. Run from the top of the tree, after `make`.

set -eu
LC_ALL=C
export LC_ALL
[ $# = 1 ] || { echo "usage: Tests/times/build.sh TREE" >&2; exit 2; }
tree=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
for api in 7 9; do
	cc -O2 -D_GNU_SOURCE -DQUARK_API=$api -Wall -Wextra -Werror -I. -c -o "$work/live$api.o" Tests/times/live.c
done
cc -O2 -D_GNU_SOURCE -Wall -Wextra -Werror -I. -static -s -o "$tree/times" Tests/times/main.c "$work"/live?.o \
	libquark_big.a
echo 'exec /times' >"$tree/programs/times"
