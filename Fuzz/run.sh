#!/bin/sh
# run.sh NAME SECONDS: runs one of the fuzzers, from the top of the tree, on the committed inputs and on those that
# earlier runs kept. Its output goes to .build-fuzz/NAME.log; a finding is shown, and kept beside it.
set -eu
name=$1 seconds=$2
here=.build-fuzz
case $name in
record) seeds=$here/seeds ;;
recording) seeds=Tests/Fixtures/recordings ;;
types) seeds=Fuzz/corpus/btf ;;
*) seeds=Fuzz/corpus/$name ;;
esac
dictionary=
[ "$name" != types ] || dictionary=-dict=Fuzz/btf.dict
[ ! -f "Fuzz/$name.dict" ] || dictionary=-dict=Fuzz/$name.dict
mkdir -p "$here/corpus/$name"
# Swift's own crash handler would get in the way of the sanitizer's.
export SWIFT_BACKTRACE=enable=no
echo "fuzz-$name: $seconds s"
# shellcheck disable=SC2086 # no dictionary is no word
"$here/$name" -max_total_time="$seconds" -timeout=10 -artifact_prefix="$here/$name-" -print_final_stats=1 $dictionary \
	"$here/corpus/$name" "$seeds" >"$here/$name.log" 2>&1 </dev/null || {
	tail -n 60 "$here/$name.log"
	exit 1
}
sed -n "s/^stat::\(number_of_executed_units\|average_exec_per_sec\): */fuzz-$name: \1 /p" "$here/$name.log"
