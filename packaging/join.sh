#!/bin/sh
#
# join.sh OUT NAMES ARCHIVE ...: takes from the archives everything that the names in the file NAMES (one on each line)
# need, and joins it into OUT, an archive of one object that defines only these names. So it can be linked together with
# other copies of its parts. It is an error if the archives do not define a name. Functions stay in separate sections,
# so a program can leave out those that it does not call. Functions of newer C libraries are replaced by those of
# Sources/CLinux/glibc.c, so that a program needs at most glibc 2.17.
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

# Section groups are removed: the linker identifies a group by the name of a symbol, local or not, and would drop ours
# if another library has the same generic function of Swift.
sed 's/^/--require-defined=/' "$names" >"$work/roots"
# Functions that older C libraries lack get the name of their replacement, if there is one.
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
# The needed and the defined symbol have the same name now: joining again makes one symbol of the two.
"${OBJCOPY:-objcopy}" --redefine-syms="$work/renamed" "$work/all.o" "$work/renamed.o"
"${LD:-ld}" -r -o "$work/joined.o" "$work/renamed.o"

# The linker keeps names that only dropped code used.
"${NM:-nm}" --undefined-only --format=just-symbols "$work/joined.o" >"$work/undefined"
# These sections are for Swift's own linker, or have numbers of symbols, which changed when the objects were joined.
"${OBJCOPY:-objcopy}" --keep-global-symbols="$names" --strip-unneeded-symbols="$work/undefined" \
	-R .swift_modhash -R .swift1_autolink_entries -R .linker-options -R .llvm_addrsig \
	"$work/joined.o" "$work/quark.o"
rm -f "$out.tmp"
"${AR:-ar}" rcsD "$out.tmp" "$work/quark.o"
mv "$out.tmp" "$out"
