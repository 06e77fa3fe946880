#!/bin/sh
#
# judge.sh NAME CONSOLE: succeeds if the output of the program in a guest shows that all checks passed.

set -eu
sed -n '/^\(not \)\{0,1\}ok /p' "$2"
# A silent program does not pass.
if grep -q '^not ok ' "$2" || ! grep -qx PASS "$2"; then exit 1; fi
echo "$(grep -c '^ok ' "$2") passed, 0 failed"
