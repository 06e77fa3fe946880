#!/bin/sh
#
# Tests of kernel-images/build.sh with a source that is built in no time: a makefile with the kernel's targets. What it
# builds of a real source, the matrix boots.

set -u

here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../kernel-images/build.sh
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

# package NAME VMLINUX: a source package whose kernel is made by the shell command VMLINUX. Its kconfig knows one option
# fewer than asked of it, if asked for CONFIG_UNKNOWN.
package() {
	rm -rf tree deb
	mkdir -p tree/linux-source-9.9 deb/DEBIAN deb/usr/src
	cat >tree/linux-source-9.9/Makefile <<-EOF
		.RECIPEPREFIX = >
		allnoconfig:
		>grep -v UNKNOWN \$(KCONFIG_ALLCONFIG) >.config
		kernelrelease:
		>@echo 9.9.1-test
		vmlinux:
		>$2
	EOF
	tar -C tree -cJf deb/usr/src/linux-source-9.9.tar.xz linux-source-9.9
	printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@localhost>\nDescription: x\n' >deb/DEBIAN/control
	dpkg-deb -Znone --root-owner-group --build deb "$1" >/dev/null
}

# fails WORDS: that it said so, and left nothing but perhaps its log.
fails() {
	if [ -e out ] || [ -e out.build ]; then return 1; fi
	grep -q "$1" err
}

echo 'int main(void) { return 0; }' >program.c
cc -g -o program program.c || exit 1
printf 'CONFIG_ONE=y\n# CONFIG_TWO is not set\n' >config
package good.deb "cp $work/program \$@; env >$work/environment"

MAKEFLAGS=--just-print KBUILD_BUILD_USER=me LOCALVERSION=-mine "$build" good.deb config 9.9.1-test out 2>err &&
	[ -s out/vmlinux ] && cmp -s config out/config && [ "$(ls out)" = "$(printf 'config\nvmlinux')" ] &&
	! readelf -SW out/vmlinux | grep -q debug_info
result "it builds"
grep -qx KBUILD_BUILD_USER=quark environment && grep -q '^KBUILD_BUILD_TIMESTAMP=Thu Jan  1 ' environment &&
	! grep -q -e LOCALVERSION -e just-print environment
result "nothing of the environment reaches the build"
cp out/vmlinux first && "$build" good.deb config 9.9.1-test out 2>err && cmp first out/vmlinux 2>err && [ ! -e out.log ] &&
	[ ! -e out.build ]
result "again, over the first"
rm -r out

! "$build" good.deb config 9.9.2-test out 2>err && fails 'good.deb is 9.9.1-test, not 9.9.2-test'
result "another release than the locked one"
{ cat config && echo CONFIG_UNKNOWN=y; } >options
! "$build" good.deb options 9.9.1-test out 2>err && fails '^CONFIG_UNKNOWN=y'
result "an option that the kernel does not take is named"
package bad.deb "@echo 'x.c:1: error: y' >&2; exit 1"
! "$build" bad.deb config 9.9.1-test out 2>err && fails '^x.c:1: error: y' &&
	tail -n 1 err | grep -q '^build.sh: the build failed; all it said is in ' && grep -q error out.log
result "a compiler that fails has the last words but one"
package full.deb "@echo 'cc: No space left on device' >&2; exit 1"
! "$build" full.deb config 9.9.1-test out 2>err && fails '^build.sh: no space left for ' && [ "$(wc -l <err)" -eq 1 ]
result "a full disk is one line"
! "$build" config config 9.9.1-test out 2>err && fails 'unpacking config failed'
result "what is no package"
! "$build" none.deb config 9.9.1-test out 2>err && fails 'none.deb cannot be read' && [ "$(wc -l <err)" -eq 1 ]
result "what is not there"
! "$build" good.deb 2>err && grep -q usage err
result "too few arguments"

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
