#!/bin/sh
#
# judge.sh NAME CONSOLE: succeeds if the output of a program of this folder in a guest shows that each test has passed.
# Run from the top of the tree.

set -eu
name=$1 console=$2
leaks=TestOpenAndCloseLeakNothing
case $name in
go-race)
	tests=$(sed -n 's/^func \(Test[A-Za-z]*\|Example[A-Za-z_]*\)(.*/\1/p' go/quark/guest_test.go go/quark/example_test.go |
		grep -vx $leaks) ;;
go-leaks) tests=$leaks ;;
go-agent-*) tests= ;;
*) echo "$name is unknown"; exit 1 ;;
esac
sed -n '/^ *--- /p; / rounds of /p; /^sessions: /p' "$console"
if grep -q 'DATA RACE' "$console" || ! grep -qx PASS "$console"; then exit 1; fi
for test in $tests; do
	grep -q "^--- PASS: $test " "$console" || { echo "$test did not pass"; exit 1; }
done
echo "$name: $(echo "$tests" | grep -c .) tests passed"
