#!/bin/sh
#
# build.sh [--btf] SOURCE CONFIG RELEASE OUT: builds a small kernel from SOURCE, one of Debian's linux-source packages,
# with the options of CONFIG and no others, and makes the folder OUT with
#   vmlinux   the kernel that qemu boots: stripped, with a PVH entry; or with --btf
#   btf       the BTF of the same source and options built with debug information
#   config    the complete configuration
# RELEASE is the `uname -r` that the kernel must have. The same arguments and the same compiler give the same bytes. If
# a change here changes the bytes, change BuiltKernel.recipe too.
#
# It needs 3 GB of space beside OUT (5 with --btf), and Debian packages that ci/deps installs if they are missing.

set -eu

fail() {
	echo "build.sh: $*" >&2
	exit 1
}

packages='bc bison flex libelf-dev xz-utils' btf=''
if [ "${1-}" = --btf ]; then
	btf=1 packages="$packages dwarves"
	shift
fi
[ $# -eq 4 ] || fail "usage: build.sh [--btf] SOURCE CONFIG RELEASE OUT"
source=$1 config=$2 release=$3 out=$4
for file in "$source" "$config"; do
	[ -r "$file" ] || fail "$file cannot be read"
done

# The kernel's make runs in another folder, so the paths must be absolute.
case $out in
/*) ;;
*) out=$PWD/$out ;;
esac
work=$out.build log=$out.log tree=$out.build/tree
child=''
trap 'rm -rf "$work"' EXIT
trap 'interrupted' HUP INT TERM
rm -rf "$work" "$out"
mkdir -p "$tree" "$work/out"

# Long commands run in the background: the shell handles a signal only after a foreground command has ended.
interrupted() {
	if [ "$child" ]; then
		kill "$child" 2>/dev/null || :
		wait "$child" || :
	fi
	rm -f "$log"
	exit 1
}

# step NAME COMMAND…: runs COMMAND and keeps its output, which is used only if it fails.
step() {
	name=$1
	shift
	"$@" >>"$log" 2>&1 && return
	if grep -q 'No space left on device' "$log"; then
		rm -f "$log"
		fail "no space left for $work"
	fi
	tail -n 15 "$log" >&2
	fail "$name failed; all it said is in $log"
}

unpack() {
	dpkg-deb --fsys-tarfile "$source" | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' | xz -dc |
		tar -x -C "$tree" --strip-components=1 --no-same-owner &
	child=$!
	wait "$child" || return
	[ -f "$tree/Makefile" ] || { echo "no source of a kernel in $source"; return 1; }
}

# The kernel's build gets nothing from the user's environment or from a make that called us. It runs in the tree itself,
# so that the image contains none of our paths.
kernel_make() {
	env -i PATH="$PATH" LC_ALL=C TZ=UTC KBUILD_BUILD_USER=quark KBUILD_BUILD_HOST=quark KBUILD_BUILD_VERSION=1 \
		KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' make -C "$tree" -j"$(nproc)" "$@" &
	child=$!
	wait "$child"
}

# configure OPTIONS: makes a configuration with exactly these options.
configure() {
	kernel_make KCONFIG_ALLCONFIG="$1" allnoconfig && cp "$tree/.config" "$1.whole"
}

# Kconfig silently drops options that it does not know or that other options forbid.
check() {
	while IFS= read -r line; do
		case $line in
		CONFIG_*=*) grep -qxF "$line" "$work/options.whole" || echo "$line" ;;
		'# CONFIG_'*' is not set')
			option=${line#\# }
			! grep -q "^${option%% *}=" "$work/options.whole" || echo "$line" ;;
		esac
	done <"$work/options" >"$work/dropped"
	[ ! -s "$work/dropped" ] || { echo "of $config this kernel does not take:"; cat "$work/dropped"; return 1; }
}

# Debug information changes no structure; other options may. So the configurations must differ in nothing else.
compare() {
	diff "$work/options.whole" "$work/debug.whole" | grep '^[<>]' |
		grep -v -E '^. (# )?CONFIG_(DEBUG_INFO|PAHOLE|GDB_SCRIPTS|[A-Z]*SPLIT_BTF)' >"$work/differ" || return 0
	echo "more than debug information differs:"
	cat "$work/differ"
	return 1
}

# shellcheck disable=SC2086 # one word a package
"$(dirname "$0")/../ci/deps" $packages >"$log" 2>&1 || { tail -n 1 "$log" >&2; exit 1; }
step "unpacking $source" unpack
cp "$config" "$work/options"
step "the configuration" configure "$work/options"
step "the configuration" check
cp "$work/options.whole" "$work/out/config"
if [ "$btf" ]; then
	{
		grep -v -E 'CONFIG_DEBUG_INFO' "$config"
		printf 'CONFIG_DEBUG_INFO%s=y\n' '' _DWARF4 _BTF
	} >"$work/debug"
	step "the configuration" configure "$work/debug"
	step "the configuration" compare
fi
built=$(kernel_make -s kernelrelease 2>>"$log") || step "its release" false
[ "$built" = "$release" ] || fail "$source is $built, not $release"
step "the build" kernel_make vmlinux
if [ "$btf" ]; then
	step "taking the BTF out" objcopy --dump-section .BTF="$work/out/btf" "$tree/vmlinux" "$work/rest"
	[ -s "$work/out/btf" ] || fail "the kernel has no BTF"
else
	step "stripping" objcopy -R .comment -S "$tree/vmlinux" "$work/out/vmlinux"
fi
mv "$work/out" "$out"
rm -f "$log"
