#!/bin/sh
#
# run.sh FOLDER,... KERNEL ...: builds the programs of folders beside this one, such as go or swift, and runs them in
# one guest of each kernel, one after the other. A folder has build.sh, which puts programs into a tree, and for each of
# them a script into its folder `programs`; and judge.sh, which tells whether the console of such a script is right. Run
# from the top of the tree, after `make`.
#
# Environment: CPUS (2: of a guest), and that of the build.sh.

set -eu
LC_ALL=C
export LC_ALL
[ $# -gt 1 ] || { echo "usage: Tests/guest/run.sh FOLDER,... KERNEL ..." >&2; exit 2; }
folders=$(echo "$1" | tr , ' ')
shift
work=$(mktemp -d)
mkdir -p "$work/tree/programs" "$work/of"
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

for folder in $folders; do
	"Tests/$folder/build.sh" "$work/tree"
	# New scripts belong to this folder.
	for script in "$work"/tree/programs/*; do
		[ -e "$work/of/${script##*/}" ] || echo "$folder" >"$work/of/${script##*/}"
	done
done
cp Tests/guest/programs.sh "$work/tree"
cp initramfs.gz "$work/initramfs.gz"
Tests/guest/append.sh "$work/tree" "$work/initramfs.gz"

failed=
for kernel; do
	echo "in a guest: $(basename "$kernel")"
	status=0
	# Go's tests and Swift's programs need the memory, and Swift's programs need the instruction.
	Tests/guest/krun.sh "$work/console" --cx16 --memory 1024 --cpus "${CPUS:-2}" --boot-timeout 300 --timeout 1800 \
		"$work/initramfs.gz" "$kernel" programs.sh || status=$?
	whole=$failed
	for owner in "$work"/of/*; do
		name=${owner##*/}
		sed -n "/^programs: $name begins\$/,/^programs: $name ended with /p" "$work/console" >"$work/part"
		# A silent script does not pass: it must have ended, and its results must be there.
		if ! grep -qx "programs: $name ended with 0" "$work/part" || ! "Tests/$(cat "$owner")/judge.sh" "$name" "$work/part"
		then
			failed="$failed
$name on $(basename "$kernel")"
			cat "$work/part"
		fi
	done
	if [ "$status" != 0 ]; then
		[ "$failed" != "$whole" ] || failed="$failed
the guest of $(basename "$kernel")"
		tail -n 20 "$work/console"
		echo "the guest ended with $status"
	fi
done
[ -z "$failed" ] || { echo "failed:$failed" >&2; exit 1; }
