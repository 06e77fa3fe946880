#!/bin/sh
#
# pack.sh OUT NAME=PATH|NAME@OTHER ...: packs the guest's initramfs: each PATH, a static program, as /NAME; each NAME as
# another name of /OTHER; bin/true and bin/exit, made from true.c and exit.c; busybox with bin/sh and some more names;
# and the files of bin/ and etc/. The same input gives the same bytes, for any user and in any folder.
#
# Environment: CC (cc), STRIP (strip), OBJCOPY (objcopy), BUSYBOX (busybox: the static one, of Debian's busybox-static).

set -eu
# Names are sorted by their bytes, and modes do not depend on the user.
LC_ALL=C
export LC_ALL
umask 022

here=$(dirname "$0")
# Tools for a person who looks around (krun.sh --shell), and false, which is the shell of the user nobody.
applets="cat cp date dd dmesg echo env false find grep head id ip kill ln ls mkdir mount ps rm sed sh sleep tail touch
	umount uname vi wc"
fail() {
	echo "pack.sh: $*" >&2
	exit 1
}

[ $# -ge 2 ] || fail "usage: pack.sh OUT NAME=PATH|NAME@OTHER ..."
out=$1
shift

busybox=$(command -v "${BUSYBOX:-busybox}") || fail "no busybox here (Debian: apt-get install busybox-static)"
command -v libdeflate-gzip >/dev/null || fail "no libdeflate-gzip here (Debian: apt-get install libdeflate-tools)"
command -v cpio >/dev/null || fail "no cpio here (Debian: apt-get install cpio)"

root=$(mktemp -d)
trap 'rm -rf "$root" "$out.tmp"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$root/tree"

# add NAME PATH: adds a program, which must not need an interpreter, because it could not start in the guest.
add() {
	[ -f "$2" ] || fail "$2 does not exist"
	cp "$2" "$root/tree/$1"
	# Both are hashes over data that depends on the path of the tree: paths, debug information. Nothing reads them.
	"${STRIP:-strip}" -R .note.gnu.build-id -R .swift_modhash "$root/tree/$1" || fail "$2 is not a program"
	if readelf -lW "$root/tree/$1" | grep -q INTERP; then fail "$2 is not static"; fi
	# In the guest nothing unwinds a stack or shows a manual page. Zeros need no room when packed, and they mark
	# that there is no page.
	for section in .eh_frame .eh_frame_hdr .manual; do
		size=$(readelf -SW "$root/tree/$1" | sed -n "s/^.* $section  *[A-Z0-9_]*  *[0-9a-f]*  *[0-9a-f]*  *\\([0-9a-f]*\\) .*/\\1/p")
		[ -n "$size" ] || continue
		head -c "$((0x$size))" /dev/zero >"$root/zeros"
		"${OBJCOPY:-objcopy}" --update-section "$section=$root/zeros" "$root/tree/$1"
	done
	chmod 755 "$root/tree/$1"
}

mkdir -p "$root/tree/bin" "$root/tree/etc" "$root/tree/var/empty"
for pair; do
	case $pair in
	?*=?*) add "${pair%%=*}" "${pair#*=}" ;;
	?*@?*) ln -s "${pair#*@}" "$root/tree/${pair%%@*}" ;;
	*) fail "NAME=PATH or NAME@OTHER is wanted, not $pair" ;;
	esac
done
for program in true exit; do
	"${CC:-cc}" -nostdlib -static -Os -ffreestanding -fno-asynchronous-unwind-tables -fno-stack-protector \
		-fno-pie -no-pie -Wl,--build-id=none,-n -o "$root/$program" "$here/$program.c"
	add "bin/$program" "$root/$program"
done
add bin/busybox "$busybox"
for applet in $applets; do
	ln -s busybox "$root/tree/bin/$applet"
done
cp "$here"/bin/* "$root/tree/bin"
cp "$here"/etc/* "$root/tree/etc"

find "$root/tree" -type d -exec chmod 755 {} +
find "$root/tree/bin" -type f -exec chmod 755 {} +
find "$root/tree/etc" -type f -exec chmod 644 {} +
find "$root/tree" -exec touch -h -d @0 {} +

(cd "$root/tree" && find . | sort | cpio --quiet -o -H newc -R 0:0 --reproducible) >"$root/cpio"
# The result is a thirtieth smaller than that of gzip, in the same time.
libdeflate-gzip -12 <"$root/cpio" >"$out.tmp"
mv "$out.tmp" "$out"
