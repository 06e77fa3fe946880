#!/bin/sh
#
# join.sh OUT NAMES ARCHIVE ...: joins what the names in the file NAMES, a line each, need of the archives into OUT, an
# archive of one object that defines these names and no other, so that it links together with other copies of what is
# in it. A name that the archives do not define is an error. The functions keep sections of their own: a program can
# leave out those that it does not call.
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
"${LD:-ld}" -r --gc-sections --force-group-allocation @"$work/roots" -o "$work/joined.o" "$@"

# The linker leaves the names behind that only dropped code used.
"${NM:-nm}" --undefined-only --format=just-symbols "$work/joined.o" >"$work/undefined"
# The sections are for Swift's own linker, or hold numbers of symbols, which were others before the objects were joined.
"${OBJCOPY:-objcopy}" --keep-global-symbols="$names" --strip-unneeded-symbols="$work/undefined" \
	-R .swift_modhash -R .swift1_autolink_entries -R .linker-options -R .llvm_addrsig \
	"$work/joined.o" "$work/quark.o"
rm -f "$out.tmp"
"${AR:-ar}" rcsD "$out.tmp" "$work/quark.o"
mv "$out.tmp" "$out"
