#!/bin/sh
# Measures the queue with synthetic loads, from raw events to events: time, memory, allocations and instructions. Each
# line says how to repeat it. `make bench` runs it from the top of the tree; [PROCESSES=n] [REPEATS=n].
set -eu
bench=.build-embedded/release/quark-bench
processes=${PROCESSES:-300000}
repeats=${REPEATS:-5}
counted=${COUNTED:-60000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# valgrind 3.19 does not understand clang's debug information.
strip -g -o "$work/bench" "$bench"

# field NAME FILE: prints the median of a field over the runs in FILE.
field() {
	sed -n "s/.* $1=\\([0-9.]*\\).*/\\1/p" "$2" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

# instructions LOAD: prints the instructions per raw event, up to its event; the schedule of the load is not counted.
instructions() {
	command -v valgrind >/dev/null || { echo -; return; }
	# shellcheck disable=SC2086 # several words
	valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=cbench_measure \
		"$work/bench" $1 "$counted" >"$work/valgrind" 2>&1 || { tail -n 5 "$work/valgrind" >&2; exit 1; }
	sed -n 's/.*Collected : //p' "$work/valgrind" | awk -v n="$counted" '{ printf "%.1f", $1 / (int(n / 8) * 24) }'
}

printf '%-20s %9s %9s %12s %10s %12s\n' load 'ns' 'CPU ns' instructions 'KiB' 'allocations'
for load in "stream plain 4" "stream plain 0" "stream strings 4" "stream strings 0" "bulk plain 4" "bulk strings 4" \
	"single strings 4" "hot plain 4" "sources strings 4" "rules plain 4" "rules strings 4"; do
	: >"$work/runs"
	run=0
	while [ "$run" -lt "$repeats" ]; do
		# shellcheck disable=SC2086
		"$bench" $load "$processes" >>"$work/runs"
		run=$((run + 1))
	done
	printf '%-20s %9s %9s %12s %10s %12s\n' "$load" "$(field ns "$work/runs")" "$(field cpu_ns "$work/runs")" \
		"$(instructions "$load")" "$(field kib "$work/runs")" "$(field later_allocations "$work/runs")"
done
cat <<END

Per raw event, of the rules per event and ten rules, medians of $repeats runs: wall and CPU time; instructions, making
of the raw event included. KiB: resident beyond the input, at the peak. Allocations: of the whole run, after its first
tenth. 4 and 0: grace time, seconds.
A line again:   $bench LOAD $processes
instructions:   strip -g $bench
                valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=cbench_measure \\
                $bench LOAD $counted          and divide what is collected by three times that
END
