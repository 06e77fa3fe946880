#!/bin/sh
#
# svg.sh FILE.dot ...: makes pictures of graphs of quark-mon -C and -m, beside their files.

set -eu
fail() {
	echo "svg.sh: $1" >&2
	exit 1
}

[ $# -gt 0 ] || fail "there is no *.dot here; quark-mon -C and -m write some"
command -v dot >/dev/null || fail "there is no dot(1): ci/deps installs it"
for file; do
	case $file in *.dot) ;; *) fail "$file: not a *.dot" ;; esac
	svg=${file%.dot}.svg
	dot -Tsvg -o "$svg.tmp" "$file" || fail "$file: dot(1) cannot draw it"
	mv "$svg.tmp" "$svg"
done
