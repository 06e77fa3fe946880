#!/bin/sh
#
# tap.sh CONSOLE PROGRAM ...: succeeds if a console has all results of each of these programs, and all of them are ok. A
# result names its program: `ok NUMBER - PROGRAM: words` or `ok NUMBER - PROGRAM words`.

set -eu
console=$1
shift
sed -n '/^\(not \)\{0,1\}ok /p; /^1\.\./p; /^# /p' "$console"
if grep -q '^not ok ' "$console"; then exit 1; fi
planned=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$console" | awk '{ sum += $1 } END { print sum + 0 }')
passed=$(grep -c '^ok ' "$console" || :)
[ "$passed" = "$planned" ] || { echo "$passed results of $planned"; exit 1; }
for program; do
	grep -q "^ok [0-9]* - ${program}[: ]" "$console" || { echo "$program was not run"; exit 1; }
done
echo "$passed passed, 0 failed"
