#!/bin/sh
#
# go-module.sh OUT VERSION ARCHIVE: makes the Go module that replaces the reference's module github.com/elastic/go-quark
# of this version, in the folder OUT, whose old content is removed: the package at its root, with everything that it is
# linked with. VERSION is 0.9, with times since boot, or 0.6, with times since the epoch; for 0.6 OUT/quark also has the
# older module, github.com/elastic/quark. ARCHIVE is libquark_big.a.
#
# Environment: GOARCH (amd64: that of the archive). Run from the top of the tree.

set -eu

[ $# = 3 ] || { echo "usage: go-module.sh OUT VERSION ARCHIVE" >&2; exit 2; }
out=$1 version=$2 archive=$3
case $version in
0.9) api=9 ;;
0.6) api=7 ;;
*) echo "go-module.sh: there is no $version, but 0.9 and 0.6" >&2; exit 2 ;;
esac
[ -r "$archive" ] || { echo "go-module.sh: $archive cannot be read" >&2; exit 1; }

# module FOLDER PATH PACKAGE: makes a module with this path in FOLDER, whose package is in its folder PACKAGE.
module() {
	folder=$1/$3
	mkdir -p "$folder/include"
	printf 'module %s\n\ngo 1.19\n' "$2" >"$1/go.mod"
	for source in go/quark/*.go go/quark/shim.c go/quark/shim.h; do
		case ${source##*/} in
		*_test.go | link.go | flags.go | generation?.go) ;;
		*) cp "$source" "$folder" ;;
		esac
	done
	# Only this generation is used, with any build tags of a program.
	sed '1s/ && !*quark9$//' "go/quark/generation$api.go" >"$folder/generation.go"
	cp Sources/CQuark/include/quark.h "$folder/include"
	cp "$archive" "$folder/libquark_big_${GOARCH:-amd64}.a"
	cp go/quark/README.md "$1"
	cat >"$folder/cgo_flags.go" <<'END'
//go:build linux && (amd64 || arm64)

package quark

// #cgo CFLAGS: -I${SRCDIR}/include
// #cgo amd64 LDFLAGS: ${SRCDIR}/libquark_big_amd64.a
// #cgo arm64 LDFLAGS: ${SRCDIR}/libquark_big_arm64.a
import "C"
END
}

rm -rf "$out.tmp"
module "$out.tmp" github.com/elastic/go-quark .
[ "$version" != 0.6 ] || module "$out.tmp/quark" github.com/elastic/quark go/quark
rm -rf "$out"
mv "$out.tmp" "$out"
