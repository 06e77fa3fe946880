#!/bin/sh
#
# krun.sh CONSOLE ARGUMENT ...: krun.sh, whose output goes to the file CONSOLE. A kernel that comes to its end before it
# has started a program, as one under emulation does now and then, says nothing about the program: its last words are
# shown, and it is booted once more. Run from the top of the tree.

set -eu
console=$1
shift
status=0
./krun.sh "$@" >"$console" || status=$?
case $status in
126 | 127)
	if ! grep -q 'quark-init: started' "$console"; then
		echo "the kernel ended before its init had started, with $status, and is booted once more:" >&2
		tail -n 50 "$console" >&2
		status=0
		./krun.sh "$@" >"$console" || status=$?
	fi
	;;
esac
exit $status
