#!/bin/sh
#
# swift.sh KERNEL [PROCESSES]: measures how much more an event costs a Swift program, by view and by batch, than a C
# program, in a guest in virtual time: one instruction takes one nanosecond. An event is a whole process: fork, exec and
# exit.
#
# Environment: CC (cc), SWIFT (swift).

set -eu
cd "$(dirname "$0")/../.."
kernel=$1
processes=${2:-2000}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$work/tree"
"${CC:-cc}" -O2 -Wall -Wextra -static -o "$work/tree/quark-load" Benchmarks/guest/quark-load.c
"${CC:-cc}" -O2 -Wall -Wextra -D_GNU_SOURCE -I. -static -o "$work/tree/quark-c" Benchmarks/swift/quark-c.c \
	libquark_big.a
Tests/swift/package.sh Benchmarks/swift quark-swift "$work/tree"
cat >"$work/tree/guest.sh" <<'EOF'
set -e
# Memory that was allocated once can be allocated again at no cost: its cost is not to be measured.
export MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=33554432 MALLOC_TRIM_THRESHOLD_=1073741824
for way in /quark-c "/quark-swift view" "/quark-swift batch"; do $way 3 "$1" /quark-load -n "$1"; done
EOF
initramfs/pack.sh "$work/initramfs.gz" init=.build-embedded/release/quark-init
Tests/guest/append.sh "$work/tree" "$work/initramfs.gz"
echo "bench-swift: $processes processes, 9 times" >&2
./krun.sh --icount --cx16 --memory 1024 --boot-timeout 300 --timeout 1800 "$work/initramfs.gz" "$kernel" \
	/bin/sh /guest.sh "$processes" >"$work/console" || {
	cat "$work/console" >&2
	exit 1
}
# The first round of each way warms up.
Benchmarks/guest/medians.sh c view batch <"$work/console"
