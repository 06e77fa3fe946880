#!/bin/sh
#
# swift-docs.sh BUILD TOOLCHAIN OUT: writes the pages of the Swift module Quark for a web server: the symbols of the
# module in the folder BUILD, and its catalogue of pages. A warning is an error.
#
# Environment: SWIFT (swift).

set -eu
[ $# = 3 ] || { echo "usage: swift-docs.sh BUILD TOOLCHAIN OUT" >&2; exit 2; }
build=$1 toolchain=$2 out=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

triple=$("${SWIFT:-swift}" -print-target-info | sed -n 's/^ *"triple": "\(.*\)",/\1/p')
mkdir "$work/symbols"
set --
for module in CLinux COffsets CProbes CQuark CWire; do
	set -- "$@" -Xcc "-fmodule-map-file=$build/$module.build/module.modulemap"
done
"$toolchain/swift-symbolgraph-extract" -module-name Quark -output-dir "$work/symbols" -minimum-access-level public \
	-experimental-allowed-reexported-modules=QuarkCore,QuarkLinux -target "$triple" -I "$build/Modules" \
	-I Sources/CLibbpf -Xcc -ISources/CWire/include "$@"
"$toolchain/docc" convert Sources/Quark/Quark.docc --additional-symbol-graph-dir "$work/symbols" --warnings-as-errors \
	--fallback-bundle-identifier quark --output-path "$work/pages"
mkdir -p "$(dirname "$out")"
rm -rf "$out"
mv "$work/pages" "$out"
