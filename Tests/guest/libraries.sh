#!/bin/sh
#
# libraries.sh TREE PROGRAM ...: copies the libraries that the programs need into a tree for a guest, which has none.

set -eu
tree=$1
shift
for program; do
	for library in $(ldd "$program" | sed -n 's/.*[ 	]\(\/[^ ]*\) (.*/\1/p'); do
		mkdir -p "$tree$(dirname "$library")"
		cp -L "$library" "$tree$library"
	done
done
