#!/bin/sh
# make.sh KERNEL...: records the load in a guest of each kernel, as RELEASE.rec here. With MODULE=FILE, dummy.ko of the
# kernel, it records what other families tell, as RELEASE-families.rec; with TTY=1 what is written to terminals, as
# RELEASE-tty.rec. To be run again when the layout of records changes; then the counts in RecordingFixtureTests.swift
# have to be looked at. Needs `make initramfs.gz`.
set -eu
cd "$(dirname "$0")"
root=../../..
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/tree"
cp load.sh families.sh tty.sh "$tmp/tree"
[ -z "${MODULE-}" ] || cp "$MODULE" "$tmp/tree/module.ko"
"${CC:-cc}" -O2 -Wall -Werror -static -pthread -o "$tmp/tree/load" load.c
for program in families tty; do "${CC:-cc}" -O2 -Wall -Werror -static -o "$tmp/tree/$program" $program.c; done
# An initramfs can be several archives, one behind the other.
(cd "$tmp/tree" && find . | cpio --quiet -o -H newc) | gzip -9n |
	cat "${INITRAMFS:-$root/initramfs.gz}" - >"$tmp/initramfs.gz"
load=/load.sh name=
[ -z "${MODULE-}" ] || load=/families.sh name=-families
[ -z "${TTY-}" ] || load=/tty.sh name=-tty
long=long
for kernel; do
	# shellcheck disable=SC2086 # nothing, when it is empty
	"$root/krun.sh" --results "$tmp/base64" "$tmp/initramfs.gz" "$kernel" bin/sh $load $long
	release=$(basename "$kernel" | sed 's/^[^0-9]*//; s/-.*//; s/+.*//')
	tr -d '\r' <"$tmp/base64" | base64 -d >"$release$name.rec"
	# One of them has the long command line: it is as large as all the rest.
	long=
done
ls -l ./*.rec
