#!/bin/sh
# make.sh KERNEL...: records the load in a guest of each kernel, as RELEASE.rec here. Run it again when the layout of
# records changes, and then check the counts in RecordingFixtureTests.swift. Needs `make initramfs.gz`.
set -eu
cd "$(dirname "$0")"
root=../../..
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/tree"
cp load.sh "$tmp/tree"
"${CC:-cc}" -O2 -Wall -Werror -static -pthread -o "$tmp/tree/load" load.c
# An initramfs can be several archives, one after the other.
(cd "$tmp/tree" && printf '%s\n' load load.sh | cpio --quiet -o -H newc) | gzip -9n |
	cat "${INITRAMFS:-$root/initramfs.gz}" - >"$tmp/initramfs.gz"
long=long
for kernel; do
	# shellcheck disable=SC2086 # nothing, when it is empty
	"$root/krun.sh" --results "$tmp/base64" "$tmp/initramfs.gz" "$kernel" bin/sh /load.sh $long
	release=$(basename "$kernel" | sed 's/^[^0-9]*//; s/-.*//; s/+.*//')
	tr -d '\r' <"$tmp/base64" | base64 -d >"$release.rec"
	# Only one recording has the long command line, which is as large as all the rest.
	long=
done
ls -l ./*.rec
