#!/bin/sh
#
# join.sh OUT NAMES ARCHIVE ...: joins what the names in the file NAMES, a line each, need of the archives into OUT, an
# archive of one object that defines these names and no other, so that it links together with other copies of what is
# in it. A name that the archives do not define is an error. The functions keep sections of their own: a program can
# leave out those that it does not call. Names of newer C libraries give way to what Sources/CLinux/glibc.c has in their
# place, so that a program asks for glibc 2.17 at most.
#
# Environment: LD (ld, of the binutils), OBJCOPY (objcopy), AR (ar), NM (nm).

set -eu
LC_ALL=C
export LC_ALL

[ $# -ge 3 ] || { echo "usage: join.sh OUT NAMES ARCHIVE ..." >&2; exit 2; }
out=$1 names=$2
shift 2
for file in "$names" "$@"; do
	[ -r "$file" ] || { echo "join.sh: $file cannot be read" >&2; exit 1; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Groups are dissolved: the linker knows one by the name of a symbol, local or not, and would drop ours for that of
# another library that has the same generic function of Swift in it.
sed 's/^/--require-defined=/' "$names" >"$work/roots"
# What older C libraries lack has another name here, if there is something of that name to take its place.
cat >"$work/older" <<'END'
fstat clinux_glibc_fstat
fstatat clinux_glibc_fstatat
fcntl64 clinux_glibc_fcntl64
getdents64 clinux_glibc_getdents64
memfd_create clinux_glibc_memfd_create
pthread_sigmask clinux_glibc_pthread_sigmask
fmemopen clinux_glibc_fmemopen
END
sed 's/.* /--undefined=/' "$work/older" >>"$work/roots"
"${LD:-ld}" -r --gc-sections --force-group-allocation @"$work/roots" -o "$work/all.o" "$@"
"${NM:-nm}" --defined-only --format=just-symbols "$work/all.o" >"$work/defined"
awk 'NR == FNR { defined[$1]; next } $2 in defined' "$work/defined" "$work/older" >"$work/renamed"
# One name, of what is needed and of what is defined: joining once more makes one symbol of the two.
"${OBJCOPY:-objcopy}" --redefine-syms="$work/renamed" "$work/all.o" "$work/renamed.o"
"${LD:-ld}" -r -o "$work/joined.o" "$work/renamed.o"

# The linker leaves the names behind that only dropped code used.
"${NM:-nm}" --undefined-only --format=just-symbols "$work/joined.o" >"$work/undefined"
# The sections are for Swift's own linker, or hold numbers of symbols, which were others before the objects were joined.
"${OBJCOPY:-objcopy}" --keep-global-symbols="$names" --strip-unneeded-symbols="$work/undefined" \
	-R .swift_modhash -R .swift1_autolink_entries -R .linker-options -R .llvm_addrsig \
	"$work/joined.o" "$work/quark.o"
rm -f "$out.tmp"
"${AR:-ar}" rcsD "$out.tmp" "$work/quark.o"
mv "$out.tmp" "$out"
