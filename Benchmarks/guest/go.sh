#!/bin/sh
#
# go.sh KERNEL [PROCESSES]: what an event costs a Go program over what it costs a C program, in a guest in virtual time:
# one instruction is one nanosecond. An event is all of a process: fork, exec and exit.
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
# The median of each way's rounds; the first warms up.
echo "instructions per event, and over C:"
sed -n 's/^\([A-Za-z]*\) [0-9]* [0-9]* \([0-9]*\)$/\1 \2/p' "$work/console" | sort -s -k1,1 -k2,2n | awk '
	{ values[$1, ++count[$1]] = $2 }
	END {
		c = values["C", int((count["C"] + 1) / 2)]
		split("C GetEvent GetEvents Events", names, " ")
		for (i = 1; i in names; i++) {
			median = values[names[i], int((count[names[i]] + 1) / 2)]
			if (median == 0) { print "no " names[i]; exit 1 }
			printf "%-10s %6d %6d\n", names[i], median, median - c
		}
	}'
