#!/bin/sh
#
# run.sh KERNEL ...: the Swift package, as other packages have it: examples/ExecWatch and the program of this folder are
# built without a warning, each depending on the repository by its path, and run in a guest of each kernel. Run from the
# top of the tree, after `make`.
#
# Environment: SWIFT (swift), CPUS (2: of a guest), ROUNDS (5: how often a sequence is opened and cancelled, with each
# backend).

set -eu
LC_ALL=C
export LC_ALL
[ $# -gt 0 ] || { echo "usage: Tests/swift/run.sh KERNEL ..." >&2; exit 2; }
work=$(mktemp -d)
mkdir "$work/tree"
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
fail() {
	echo "test-swift-client: $*" >&2
	exit 1
}
say() { echo "test-swift-client: $*"; }

say "building"
Tests/swift/build.sh examples/ExecWatch exec-watch "$work/tree"
Tests/swift/build.sh Tests/swift quark-swift-test "$work/tree"
cp Tests/swift/guest.sh "$work/tree"
initramfs/pack.sh "$work/initramfs.gz" init=.build-embedded/release/quark-init
Tests/guest/append.sh "$work/tree" "$work/initramfs.gz"

rounds=${ROUNDS:-5}
for kernel; do
	say "in a guest: $(basename "$kernel")"
	status=0
	Tests/guest/krun.sh "$work/console" --cx16 --memory 1024 --cpus "${CPUS:-2}" --boot-timeout 300 \
		--timeout $((600 + 4 * rounds)) "$work/initramfs.gz" "$kernel" guest.sh "$rounds" || status=$?
	sed -n '/^\(not \)\{0,1\}ok /p; /^1\.\./p; /^# /p' "$work/console"
	# No silence passes: both programs came to their ends.
	if [ "$status" != 0 ] || [ "$(grep -c '^1\.\.' "$work/console")" != 2 ]; then
		cat "$work/console"
		fail "the guest ended with $status"
	fi
done
