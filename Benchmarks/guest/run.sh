#!/bin/sh
#
# run.sh KERNEL [PROCESSES]: measures how much quark-mon adds to the life of a process, and what it costs itself, in a
# guest in virtual time: one instruction takes one nanosecond, and figures repeat to a few tenths of a percent.
#
# Environment: CC (cc), BACKEND (b; k for KPROBE), BENCH_JOBS (1: processes at a time), FAMILIES (none; letters of
# quark-mon's options for events that must be asked for: GHLT).

set -eu
cd "$(dirname "$0")/../.."
kernel=$1
processes=${2:-20000}
# The number of processes that live at the same time.
jobs=${BENCH_JOBS:-1}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
"${CC:-cc}" -O2 -Wall -Wextra -static -o "$work/quark-load" Benchmarks/guest/quark-load.c
initramfs/pack.sh "$work/initramfs.gz" init=.build-embedded/release/quark-init quark-mon=quark-mon \
	quark-load="$work/quark-load"

# guest NAME ARGUMENT...: runs a guest; its console goes to NAME.
guest() {
	name=$1
	shift
	echo "bench-guest: $name: $processes processes, $jobs at a time" >&2
	./krun.sh --icount --memory 1024 --timeout 1800 "$work/initramfs.gz" "$kernel" \
		quark-load -n "$processes" -j "$jobs" "$@" >"$work/$name" || {
		cat "$work/$name" >&2
		exit 1
	}
}
guest alone
guest monitored quark-mon "-${BACKEND:-b}${FAMILIES:-}" -v

# value NAME KEY: prints the number after a key.
value() {
	sed -n "s/^$2 \\([0-9]*\\)\$/\\1/p" "$work/$1"
}
alone=$(value alone process_ns)
monitored=$(value monitored process_ns)
monitor=$(value monitored monitor_ns)
# The last line of numbers that quark-mon prints: insertions removals aggs non-aggs lost gc-cols.
# shellcheck disable=SC2046 # words are wanted
set -- $(sed -n 's/^monitor: *\([0-9][0-9 ]*\)$/\1/p' "$work/monitored" | tail -n 1)
inserted=$1 lost=$5

cat <<TABLE
kernel                                  $(sed -n 's/.* on \([^ ]*\) .*/\1/p' "$work/monitored" | head -n 1)
instructions per process, no monitor    $alone
instructions per process, monitored     $monitored
overhead                                $((monitored - alone))
  of that in the kernel                 $((monitored - alone - monitor))
  of that in the monitor                $monitor
voluntary context switches              $(value monitored monitor_switches)
ready after, us                         $(($(value monitored ready_ns) / 1000))
  CPU of that, us                       $(($(value monitored open_cpu_ns) / 1000))
CPU while idle, us per s                $(($(value monitored idle_cpu_ns_per_s) / 1000))
close, us                               $(($(value monitored close_ns) / 1000))
RSS behind the load, KiB                $(value monitored monitor_rss_kib)
RSS at most, KiB                        $(value monitored monitor_max_rss_kib)
records                                 $inserted
records lost                            $lost
TABLE
[ "$lost" = 0 ] || echo "bench-guest: records were lost" >&2
[ "$inserted" -ge $((3 * processes)) ] || {
	echo "bench-guest: $inserted records of $((3 * processes)) arrived" >&2
	exit 1
}
