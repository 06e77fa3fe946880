#!/bin/sh
#
# run.sh [ROUNDS]: measures how much more an event costs a Swift program than a C program, by view and by batch. All
# three take the events of a recording, which is made long by repeating it; the rounds alternate. Run from the top of
# the tree.
#
# Environment: CC (cc), SWIFT (swift).

set -eu
rounds=${1:-15}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
"${CC:-cc}" -O2 -Wall -Wextra -D_GNU_SOURCE -I. -o "$work/quark-c" Benchmarks/swift/quark-c.c libquark_big.a
strip "$work/quark-c"
mkdir "$work/tree"
Tests/swift/package.sh Benchmarks/swift quark-swift "$work/tree"
Benchmarks/repeat.py Tests/Fixtures/recordings/6.1.0.rec 500 80 "$work/long.rec"

# Memory that was allocated once can be allocated again at no cost: its cost is not to be measured.
export MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=33554432 MALLOC_TRIM_THRESHOLD_=1073741824
round=0
while [ $round -lt "$rounds" ]; do
	round=$((round + 1))
	"$work/quark-c" 20 "$work/long.rec" >>"$work/c"
	"$work/tree/quark-swift" view 20 "$work/long.rec" >>"$work/view"
	"$work/tree/quark-swift" batch 20 "$work/long.rec" >>"$work/batch"
done
# All programs must have seen the same events.
seen=$(cut -d' ' -f1-3 "$work/c" "$work/view" "$work/batch" | sort -u)
[ "$(printf '%s\n' "$seen" | wc -l)" = 1 ] || { echo "bench-swift: not the same events: $seen" >&2; exit 1; }
echo "${seen%% *} events; nanoseconds per event, and over C, each 1024 events at the least of $rounds times 20:"
for way in c view batch; do
	awk -v way=$way '
		{ for (part = 4; part <= NF; part++) if (NR == 1 || $part < least[part]) least[part] = $part }
		END { for (part in least) sum += least[part]; print way, sum / $1 }' "$work/$way"
done | awk 'NR == 1 { c = $2 } { printf "%-6s %7.1f %7.1f\n", $1, $2, $2 - c }'
[ "${CALLGRIND:-}" ] || exit 0

# Instructions repeat exactly: they are counted for a shorter recording, without the begin and the end of the program.
count() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 >/dev/null | sed -n 's/.*Collected : //p'
}
Benchmarks/repeat.py Tests/Fixtures/recordings/6.1.0.rec 100 50 "$work/short.rec"
Benchmarks/repeat.py Tests/Fixtures/recordings/6.1.0.rec 300 50 "$work/middle.rec"
events=$("$work/quark-c" 1 "$work/middle.rec" | cut -d' ' -f1)
events=$((events - $("$work/quark-c" 1 "$work/short.rec" | cut -d' ' -f1)))
echo "instructions per event, and over C:"
for way in "quark-c" "tree/quark-swift view" "tree/quark-swift batch"; do
	# shellcheck disable=SC2086 # words are wanted
	echo "${way##* }" $((($(count "$work"/$way 1 "$work/middle.rec") - $(count "$work"/$way 1 "$work/short.rec")) / events))
done | awk 'NR == 1 { c = $2 } { printf "%-8s %5d %5d\n", $1, $2, $2 - c }'
