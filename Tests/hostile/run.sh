#!/bin/sh
# run.sh [RECORDING ...]: plays recordings with eight bytes replaced; if none is named, those of the fixtures.
#
# Environment: SAMPLE, the number of random replacements in each, in place of all, which take minutes; SEED for them
# (the time); CC (cc).
set -eu
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- Tests/Fixtures/recordings/*.rec
mkdir -p .build-hostile
"${CC:-cc}" -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -I. -o .build-hostile/hostile Tests/hostile/hostile.c libquark_big.a
sample=${SAMPLE:+$SAMPLE ${SEED:-$(date +%s)}}
for recording; do
	shift
	set -- "$@" ".build-hostile/hostile $recording $sample"
done
ci/steps "$@"
