#!/bin/sh
#
# install.sh install | uninstall: installs the header, the libraries, the tools, their manual and the examples under
# DESTDIR/PREFIX, or removes exactly these files. Run from the top of the tree, after `make`.
#
# Environment: PREFIX (/usr/local), DESTDIR (nothing), LIBDIR (PREFIX/lib), STRIP (strip; `:` leaves the debug
# information in).

set -eu
LC_ALL=C
export LC_ALL
umask 022

fail() {
	echo "install.sh: $*" >&2
	exit 1
}

prefix=${PREFIX-/usr/local}
libdir=${LIBDIR:-$prefix/lib}
# Paths in quark.pc have no quotes, so they must not have blanks.
for pair in "PREFIX=$prefix" "LIBDIR=$libdir"; do
	case ${pair#*=} in
	*[!A-Za-z0-9/._+@,~-]*) fail "${pair%%=*} has letters, digits and /._+@,~- in it, unlike '${pair#*=}'" ;;
	/*) ;;
	*) fail "${pair%%=*} is an absolute path, not '${pair#*=}'" ;;
	esac
done
destdir=${DESTDIR-}
version=$(sed -n 's/^#define QUARK_VERSION[ 	]*"\(.*\)"$/\1/p' quark.h)
[ "$version" ] || fail "quark.h has no QUARK_VERSION"
doc=$prefix/share/doc/quark

# What is installed, a line each: its mode, where it is, and where it goes. A link has the name that it leads to.
manifest() {
	echo "644 quark.h $prefix/include/quark.h"
	for archive in libquark.a libquark_big.a; do
		echo "644 $archive $libdir/$archive"
	done
	echo "644 libquark.so $libdir/libquark.so.$version"
	echo "link libquark.so.$version $libdir/libquark.so"
	echo "644 quark.pc $libdir/pkgconfig/quark.pc"
	for tool in quark-mon quark-btf quark-test; do
		echo "755 $tool $prefix/bin/$tool"
	done
	for page in man/quark*.[578] man/*.3; do
		case $page in
		*'*'* | man/quark-init.8) continue ;; # no such pages; a program that only guests have
		esac
		echo "644 $page $prefix/share/man/man${page##*.}/${page#man/}"
		# A page is found by its other names, too.
		sed -n '/^\.Sh NAME/,/^\.Nd/s/^\.Nm \([^ ]*\).*/\1/p' "$page" | sed 1d | while read -r name; do
			echo "link ${page#man/} $prefix/share/man/man${page##*.}/$name.${page##*.}"
		done
	done
	for example in examples/*.c; do
		[ -e "$example" ] && echo "644 $example $doc/$example"
	done
}

pkg_config() {
	cat <<END
prefix=$prefix
includedir=\${prefix}/include
libdir=$libdir

Name: quark
Description: Linux process events
Version: $version
Cflags: -I\${includedir}
Libs: -L\${libdir} -lquark
Libs.private: -lbpf -lelf -lz
END
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
manifest >"$work/manifest"

case ${1-} in
install)
	pkg_config >"$work/quark.pc"
	# Everything is prepared before the first file is installed.
	while read -r mode source target; do
		case $mode:$source in
		link:* | *:quark.pc) ;;
		*)
			[ -f "$source" ] || fail "$source does not exist: make has not been run"
			mkdir -p "$work/$(dirname "$source")"
			cp "$source" "$work/$source"
			case $source in
			*.a) "${STRIP:-strip}" -g "$work/$source" ;;
			*.so | quark-*) "${STRIP:-strip}" "$work/$source" ;;
			esac ;;
		esac
		directory=$destdir$(dirname "$target")
		mkdir -p "$directory" 2>/dev/null || fail "$directory cannot be made"
		[ -w "$directory" ] || fail "$directory cannot be written"
	done <"$work/manifest"
	while read -r mode source target; do
		case $mode in
		link) ln -sf "$source" "$destdir$target" ;;
		*) install -m "$mode" "$work/$source" "$destdir$target" ;;
		esac
	done <"$work/manifest" ;;
uninstall)
	while read -r mode source target; do
		rm -f "$destdir$target" || fail "$destdir$target cannot be removed"
	done <"$work/manifest"
	# Only our own folders are removed; a folder with other files stays.
	for directory in "$doc/examples" "$doc"; do
		rmdir "$destdir$directory" 2>/dev/null || :
	done ;;
*)
	echo "usage: install.sh install | uninstall" >&2
	exit 2 ;;
esac
