#!/bin/sh
#
# go.sh KERNEL [PROCESSES]: measures how much more an event costs a Go program than a C program, in a guest in virtual
# time: one instruction takes one nanosecond. An event is a whole process: fork, exec and exit.
#
# Environment: CC (cc), GO (go).

set -eu
cd "$(dirname "$0")/../.."
kernel=$1
processes=${2:-2000}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
"${CC:-cc}" -O2 -Wall -Wextra -static -o "$work/quark-load" Benchmarks/guest/quark-load.c
"${GO:-go}" build -buildvcs=false -ldflags '-linkmode external -extldflags "-static"' -o "$work/quark-go" \
	./Benchmarks/guest/quark-go
initramfs/pack.sh "$work/initramfs.gz" init=.build-embedded/release/quark-init quark-go="$work/quark-go" \
	quark-load="$work/quark-load"
echo "bench-go: $processes processes, 12 times" >&2
./krun.sh --icount --memory 1024 --boot-timeout 300 --timeout 1800 "$work/initramfs.gz" "$kernel" \
	quark-go "$processes" /quark-load -n "$processes" >"$work/console" || {
	cat "$work/console" >&2
	exit 1
}
# The first round of each way warms up.
Benchmarks/guest/medians.sh C GetEvent GetEvents Events <"$work/console"
