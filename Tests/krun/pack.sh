#!/bin/sh
#
# Tests initramfs/pack.sh: what it packs, and that the same input gives the same bytes.

set -u

here=$(cd "$(dirname "$0")" && pwd)
pack=$here/../../initramfs/pack.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

passed=0 failed=0
result() {
	if [ $? -eq 0 ]; then
		passed=$((passed + 1))
		echo "ok $((passed + failed)) - $1"
	else
		failed=$((failed + 1))
		echo "not ok $((passed + failed)) - $1"
		sed 's/^/# /' err
	fi
}

echo 'int main(void) { return 0; }' >program.c
cc -static -g -o static program.c && cc -o dynamic program.c || exit 1
cp static other

(umask 022 && "$pack" one.gz init=static quark-mon=other) 2>err
result "it packs"
# Use other times, another umask, another folder and another order of the arguments.
sleep 1
touch static
(umask 077 && mkdir elsewhere && TMPDIR=$work/elsewhere "$pack" two.gz quark-mon=other init=static) 2>err &&
	cmp one.gz two.gz 2>err
result "twice the same bytes"
[ -z "$(ls -A elsewhere)" ] && [ ! -e two.gz.tmp ]
result "no temporary files are left"
gzip -dc one.gz | cpio -tvn --quiet >list 2>err &&
	for file in init quark-mon bin/true bin/exit bin/busybox etc/os-release etc/passwd etc/group var/empty; do
		grep -q " $file\$" list || { echo "no $file" >err; false; break; }
	done && grep -q ' bin/sh -> busybox$' list &&
	! grep -q -v -E '^[-dl]([-r][-w][-x]){3} +[0-9]+ (0|root) +(0|root) ' list
result "everything is there, and root's"
mkdir tree && (cd tree && gzip -dc ../one.gz | cpio -idm --quiet) 2>err && tree/bin/true && tree/bin/sh -c 'exit 0' &&
	grep -qx 'PRETTY_NAME="Quark kernel testing initramfs"' tree/etc/os-release
result "its programs run"
(
	for status in 0 1 19 255; do
		tree/bin/exit $status
		[ $? -eq $status ] || { echo "exit $status ended with another status" >&2; exit 1; }
	done
	tree/bin/exit
	[ $? -eq 1 ]
) 2>err
result "bin/exit exits with its argument, or with the number of arguments"
! readelf -SW tree/init | grep -q debug_info
result "without debug information"
"$pack" four.gz init@quark-mon quark-mon=other 2>err && gzip -dc four.gz | cpio -tvn --quiet 2>err |
	grep -q ' init -> quark-mon$'
result "a program has another name"
! "$pack" three.gz init=dynamic 2>err && grep -q 'not static' err && [ ! -e three.gz ]
result "a program that is not static is refused"
! "$pack" three.gz init=nothing 2>err && grep -q 'does not exist' err && [ ! -e three.gz ]
result "a program that does not exist is refused"

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
