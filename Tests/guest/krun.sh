#!/bin/sh
#
# krun.sh CONSOLE ARGUMENT ...: runs krun.sh, with its output in the file CONSOLE. If a kernel ends before it has
# started a program, as sometimes happens under emulation, this says nothing about the program: its last lines are
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
