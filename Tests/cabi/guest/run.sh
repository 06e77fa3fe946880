#!/bin/sh
#
# run.sh KERNEL ...: times and entity ids of both generations of quark.h, while the clock is set, in a guest of each
# kernel. Run from the top of the tree, after `make`.

set -eu
LC_ALL=C
export LC_ALL
[ $# -gt 0 ] || { echo "usage: Tests/cabi/guest/run.sh KERNEL ..." >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
for api in 7 9; do
	cc -O2 -D_GNU_SOURCE -DQUARK_API=$api -Wall -Wextra -Werror -I. -c -o "$work/live$api.o" Tests/cabi/guest/live.c
done
cc -O2 -D_GNU_SOURCE -Wall -Wextra -Werror -I. -static -s -o "$work/clocks" Tests/cabi/guest/main.c "$work"/live?.o \
	libquark_big.a
initramfs/pack.sh "$work/clocks.gz" init=.build-embedded/release/quark-init clocks="$work/clocks"
for kernel; do
	echo "test-clocks: $(basename "$kernel")"
	status=0
	Tests/guest/krun.sh "$work/console" --memory 512 --cpus 2 --timeout 300 --boot-timeout 240 "$work/clocks.gz" \
		"$kernel" clocks || status=$?
	# No silence passes.
	if [ "$status" != 0 ] || ! grep -qx PASS "$work/console"; then
		cat "$work/console"
		echo "test-clocks: the guest ended with $status" >&2
		exit 1
	fi
	grep -c '^ok ' "$work/console"
done
