#!/bin/sh
# Tests what the libraries define and need, the sizes of the libraries and their clients, and install and uninstall. Run
# from the top of the tree, after `make`.
# shellcheck disable=SC2016,SC2046,SC2086 # single quotes mean what they say here; unquoted words are several
set -u
LC_ALL=C
export LC_ALL
# shellcheck source=ci/thresholds
. ci/thresholds
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tests=Tests/packaging
# shellcheck source=Tests/ok.sh
. Tests/ok.sh
version=$(sed -n 's/^#define QUARK_VERSION.*"\(.*\)"/\1/p' quark.h)

# is EXPECTED ACTUAL
is() {
	[ "$1" = "$2" ] || { echo "expected: $1"; echo "got: $2"; return 1; }
}

# below MAXIMUM FILE
below() {
	size=$(wc -c <"$2")
	echo "$size bytes, $1 at most"
	[ "$size" -gt 0 ] && [ "$size" -le "$1" ]
}

# ---- names

# Compares the names with those of another reader of C, which only knows functions.
gcc -fsyntax-only -x c -D_GNU_SOURCE -aux-info "$work/aux" quark.h
sed -n 's|^/\* quark\.h:[^*]*\*/ extern .*[ *(]\([A-Za-z_0-9]*\) (.*|\1|p' "$work/aux" | sort -u >"$work/functions"
packaging/header.py names quark.h >"$work/names"
sed -n 's/^extern .*[ *]\([a-z_0-9]*\)\(\[.*\]\)\{0,1\};.*/\1/p' quark.h | sort -u >"$work/variables"
sort -u "$work/functions" "$work/variables" >"$work/expected"

# defines COMMAND...: nm must list exactly the API.
defines() {
	"$@" >"$work/listing" || return 1
	awk 'NF == 3 { sub(/@.*/, "", $3); print $3 }' "$work/listing" | sort >"$work/defined"
	[ "$(wc -l <"$work/expected")" -ge 30 ] || { echo "quark.h has more than that"; return 1; }
	diff "$work/expected" "$work/defined"
}

ok "odd declarations are read" is "five four one seven six three two " \
	"$(packaging/header.py names $tests/odd.h | tr '\n' ' ')"
ok "the names are those that gcc finds" diff "$work/expected" "$work/names"
echo 'typedef int number;' >"$work/empty.h"
ok "a header that declares nothing is an error" \
	sh -c 'packaging/header.py names '"$work"'/empty.h 2>&1 | grep -q "declares nothing"'
echo 'int unfinished(void)' >"$work/unfinished.h"
ok "so is one that ends too early" sh -c '! packaging/header.py names '"$work"'/unfinished.h'
ok "libquark.a defines what quark.h declares, and nothing else" defines nm -g --defined-only libquark.a
ok "so does libquark_big.a" defines nm -g --defined-only libquark_big.a
ok "so does libquark.so" defines nm -D --defined-only libquark.so
ok "its names have a version" sh -c '! nm -D --defined-only libquark.so | grep -v "@@QUARK_'"$version"'$"'
ok "a name that is not there is an error, and there is no archive" sh -c '
	echo quark_unheard_of >'"$work"'/unheard
	! packaging/join.sh '"$work"'/unheard.a '"$work"'/unheard libquark.a && [ ! -e '"$work"'/unheard.a ]'

# ---- programs

client=Tests/cabi/client.c
archive() { cc -print-file-name="lib$1.a"; }
bpf=$(archive bpf) elf=$(archive elf) zlib=$(archive z)
both="libbpf v$(sed -n 's/^Version: //p' "$(dirname "$bpf")/pkgconfig/libbpf.pc" | cut -d. -f1,2), zlib $(
	sed -n 's/^#define ZLIB_VERSION "\(.*\)"/\1/p' /usr/include/zlib.h), hold time 1000 ms"

# links COMMAND...: makes $work/program without output.
links() {
	rm -f "$work/program"
	"$@" -o "$work/program" >"$work/words" 2>&1 || { cat "$work/words"; return 1; }
	[ ! -s "$work/words" ] || { cat "$work/words"; return 1; }
}

# needs NAMES: the program needs exactly these shared libraries.
needs() {
	is "$1" "$(readelf -dW "$work/program" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | tr '\n' ' ')"
}

agrees() {
	"$work/program" >"$work/tap" && ! grep '^not ok' "$work/tap" && grep -q '^ok' "$work/tap"
}

for way in "cc" "cc -static" "cc -static-pie" "cc -Wl,--gc-sections" "c++ -x c++" "${CLANG:-clang} -fuse-ld=lld"; do
	command -v "${way%% *}" >/dev/null || { absent "no ${way%% *} here"; continue; }
	language=
	case $way in *-x*) language='-x none' ;; esac
	ok "$way with libquark_big.a alone" links $way -Wall -Wextra -Werror -I. $client $language libquark_big.a
	ok "is a client that agrees with quark.h" agrees
done
ok "nothing but the C library is needed" links cc -I. $client libquark_big.a -nodefaultlibs -lc
ok "which is true of what it asks for" needs 'libc.so.6 '
ok "with libquark.a" links cc -I. $client libquark.a -lbpf -lelf -lz
ok "the client agrees as well" agrees
for way in "" "-static"; do
	ok "a program with libbpf and zlib of its own links ${way:-dynamically}" \
		links cc $way -Wall -Wextra -Werror -I. $tests/both.c libquark_big.a "$bpf" "$elf" "$zlib"
	ok "and calls both" is "$both" "$("$work/program")"
	ok "in the other order too" links cc $way -I. $tests/both.c "$bpf" libquark_big.a "$elf" "$zlib"
	ok "and calls both" is "$both" "$("$work/program")"
done

# ---- sizes

cp libquark_big.a "$work" && strip -g "$work/libquark_big.a"
ok "libquark_big.a is small" below "$max_big_archive_bytes" "$work/libquark_big.a"
ok "what is stripped links" links cc -I. $client "$work/libquark_big.a"
ok "and agrees" agrees
strip "$work/program"
ok "a dynamic client is small" below "$max_client_bytes" "$work/program"
strip -o "$work/monitor" quark-mon
ok "quark-mon is small" below "$max_monitor_bytes" "$work/monitor"

# ---- install

root=$work/root
make() { command make -s DESTDIR="$root" "$@"; }
files() { (cd "$root" && find . ! -type d | sort); }
config() {
	PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_PATH=$root/opt/quark/lib/pkgconfig pkg-config "$@" quark
}

mkdir -p "$root/opt/quark/share/doc/quark" "$root/opt/quark/lib"
: >"$root/opt/quark/share/doc/quark/other"
: >"$root/opt/quark/lib/libother.a"
others=$(files)
ok "make install" make PREFIX=/opt/quark install
files >"$work/installed"
for file in include/quark.h lib/libquark.a lib/libquark_big.a lib/libquark.so "lib/libquark.so.$version" \
	lib/pkgconfig/quark.pc bin/quark-mon bin/quark-btf bin/quark-test share/man/man7/quark.7 \
	share/man/man8/quark-mon.8 share/man/man3/quark_queue_open.3 share/man/man3/quark_queue_open_error.3; do
	ok "$file is there" grep -qx "./opt/quark/$file" "$work/installed"
done
ok "the header is a file of its own" cmp quark.h "$root/opt/quark/include/quark.h"
ok "and no link" sh -c '! [ -L '"$root"'/opt/quark/include/quark.h ]'
ok "pkg-config says the version" is "$version" "$(config --modversion)"
ok "a program is built by what it says" links cc $client $(config --cflags --libs)
ok "it asks for the library's own name" needs "libquark.so.$version libc.so.6 "
LD_LIBRARY_PATH=$root/opt/quark/lib
export LD_LIBRARY_PATH
ok "and agrees with what is installed" agrees
unset LD_LIBRARY_PATH
ok "a static one too" links cc -static $client $(config --cflags --static --libs)
ok "and agrees" agrees
ok "the tools run" sh -c "$root/opt/quark/bin/quark-mon -V | grep -qx 'quark-mon-$version'"
ok "installing again changes nothing" make PREFIX=/opt/quark install
ok "in the files there are" is "$(cat "$work/installed")" "$(files)"
ok "make uninstall" make PREFIX=/opt/quark uninstall
ok "leaves what others put there, and nothing else" is "$others" "$(files)"
ok "nor a folder of ours" sh -c '! [ -e '"$root"'/opt/quark/share/doc/quark/examples ]'
ok "uninstalling again is no error" make PREFIX=/opt/quark uninstall
rm -rf "$root"
ok "without a prefix" make install
ok "it is /usr/local" [ -f "$root/usr/local/include/quark.h" ]
ok "make uninstall" make uninstall
ok "leaves no file" is '' "$(files)"
ok "libraries may go elsewhere" make PREFIX=/usr LIBDIR=/usr/lib/x86_64-linux-gnu install
ok "with what tells where they are" grep -qx 'libdir=/usr/lib/x86_64-linux-gnu' \
	"$root/usr/lib/x86_64-linux-gnu/pkgconfig/quark.pc"
ok "and are found again" make PREFIX=/usr LIBDIR=/usr/lib/x86_64-linux-gnu uninstall
ok "so that none stays" is '' "$(files)"

# complains WORDS COMMAND...: the command fails with these words, and installs nothing.
complains() {
	words=$1
	shift
	rm -rf "$root"
	! "$@" >"$work/words" 2>&1 || { echo "it succeeded"; return 1; }
	grep -qxF "install.sh: $words" "$work/words" || { cat "$work/words"; return 1; }
	[ ! -e "$root" ]
}
ok "a relative prefix is an error" complains "PREFIX is an absolute path, not 'usr'" make PREFIX=usr install
ok "so is none" complains "PREFIX is an absolute path, not ''" make PREFIX= install
ok "so is one with a blank" \
	complains "PREFIX has letters, digits and /._+@,~- in it, unlike '/opt/my quark'" make PREFIX='/opt/my quark' install
ok "a folder that is none is named" \
	complains "/dev/null/usr/local/include cannot be made" make DESTDIR=/dev/null install
ok "no verb is wrong usage" sh -c 'packaging/install.sh; [ $? = 2 ]'

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
