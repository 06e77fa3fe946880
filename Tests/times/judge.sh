#!/bin/sh
#
# judge.sh NAME CONSOLE: whether what the program has printed in a guest says that all is as it should be.

set -eu
sed -n '/^\(not \)\{0,1\}ok /p' "$2"
# No silence passes.
if grep -q '^not ok ' "$2" || ! grep -qx PASS "$2"; then exit 1; fi
echo "$(grep -c '^ok ' "$2") passed, 0 failed"
