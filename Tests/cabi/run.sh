#!/bin/sh
# Tests from the view of a C program: quark.h alone compiles, libquark.a links with plain cc, and nothing of Swift's
# runtime is missing. Run from the top of the tree, after `make`.
# shellcheck disable=SC2016 # single quotes mean what they say here
set -u
# shellcheck source=ci/thresholds
. ci/thresholds
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
include=Sources/CQuark/include
libraries='-lbpf -lelf -lz'
# shellcheck source=Tests/ok.sh
. Tests/ok.sh

# Undefined names of the archive that begin like those of Swift's runtime.
runtime_symbols() {
	nm --undefined-only "$1" | awk 'NF == 2 { print $2 }' | sort -u >"$work/undefined"
	nm --defined-only "$1" | awk 'NF == 3 { print $3 }' | sort -u >"$work/defined"
	comm -23 "$work/undefined" "$work/defined" >"$work/needed"
	[ -s "$work/needed" ] || { echo "the archive needs nothing at all: not the archive"; return 1; }
	! grep -E '^_?swift|^\$s|^_T' "$work/needed"
}

# older_than VERSION ARCHIVE: the archive needs nothing of the C library that is newer than VERSION.
older_than() {
	objdump -T "$(cc -print-file-name=libc.so.6)" | sed -n 's/.* GLIBC_\([0-9.]*\)  *\([A-Za-z_0-9]*\)$/\2 \1/p' | LC_ALL=C sort >"$work/versions"
	grep -q '^fstat 2.33$' "$work/versions" || { echo "the versions of the C library cannot be read"; return 1; }
	nm --undefined-only --format=just-symbols "$2" | LC_ALL=C sort -u | LC_ALL=C join - "$work/versions" | awk -v limit="$1" '
		{ split($2, have, "."); split(limit, most, ".") }
		have[1] > most[1] || have[1] == most[1] && have[2] + 0 > most[2] + 0 { print; newer = 1 }
		END { exit newer || NR == 0 }'
}

# below MAXIMUM SIZE
below() {
	echo "$2 bytes, $1 at most"
	[ "$2" -le "$1" ]
}

# The README's example, with the README's command line.
readme_example() {
	sed -n '/^```c$/,/^```$/p' README.md | sed '1d;$d' >"$work/prog.c"
	command=$(grep -x 'cc -I\. -o prog prog\.c .*' README.md) || return 1
	[ -s "$work/prog.c" ] || return 1
	cp quark.h libquark_big.a "$work" && (cd "$work" && $command -Wall -Wextra -Werror && [ -x prog ])
}

# An executable that is small once stripped, with no interpreter.
# small_and_static TOOL BYTES
small_and_static() {
	strip -o "$work/stripped" "$1" || return 1
	below "$2" "$(wc -c <"$work/stripped")" || return 1
	ldd "$1" 2>&1 | grep -q 'not a dynamic executable\|statically linked'
}

# shellcheck disable=SC2086 # several words
for compiler in "cc -std=c99 -D_GNU_SOURCE" "cc -std=gnu11" "c++ -x c++ -std=c++11"; do
	link=
	case $compiler in c++*) link='-x none' ;; esac
	if ! command -v "${compiler%% *}" >/dev/null; then
		absent "no ${compiler%% *} here"
		continue
	fi
	ok "$compiler compiles and links a client" \
		$compiler -Wall -Wextra -Werror -I "$include" -o "$work/client" \
		Tests/cabi/client.c $link libquark.a $libraries
	ok "and the client agrees with quark.h" "$work/client"
done
# everything COMPILER STANDARD: tests the standards that clients use, as far as the compiler knows them.
everything() {
	compiler=$1 standard=$2
	shift 2
	case $compiler in *++) language=c++ ;; *) language=c ;; esac
	set -- -std="$standard" -D_GNU_SOURCE -DQUARK_API="$api" -Wall -Wextra -Werror
	echo 'int main(void) { return 0; }' >"$work/empty"
	"$compiler" -x $language "$@" -fsyntax-only "$work/empty" 2>/dev/null || { absent "no $standard in $compiler"; return; }
	ok "$compiler -std=$standard: all of quark.h compiles, as QUARK_API $api has it" \
		"$compiler" -x $language "$@" -I "$include" -c -o "$work/everything.o" Tests/cabi/everything.c
}
# all_agree COMPILER: the last object links and runs, and its results are right.
# shellcheck disable=SC2086 # several words
all_agree() {
	ok "$1: links" "$1" -o "$work/everything" "$work/everything.o" libquark.a $libraries
	ok "$1: and agrees" sh -c '"$1" >"$2"; status=$?; grep -v "^ok\|^offset\|^size" "$2"; exit $status' \
		- "$work/everything" "$work/everything.tap"
}
# The offsets of all members: a change that moves one must change this list.
layout() {
	grep '^offset \|^size ' "$work/everything.tap" | diff "Tests/cabi/layout$api.txt" -
}
clang=$(command -v clang || echo "$(dirname "$(command -v swift)")/clang")
for api in 9 7; do
	for compiler in gcc "$clang"; do
		[ -x "$(command -v "$compiler")" ] || { absent "no $compiler here"; continue; }
		for standard in c99 gnu11 gnu17 gnu2x; do everything "$compiler" $standard; done
		all_agree "$compiler"
		ok "and each member is where it was" layout
	done
	ok "all of quark.h is among what was tried" \
		Tests/cabi/everything.py "$clang" "$include/quark.h" "$work/everything.o" "$work/everything.tap" QUARK_API=$api
	ok "the numbers of QUARK_API $api are those of the reference, and ours are outside of them" \
		Tests/cabi/numbers.py gcc "$include/quark.h" Tests/cabi/numbers.txt QUARK_API=$api
done
ok "the list of fields has each member of quark.h" Tests/cabi/fields.py gcc "$include/quark.h" Sources/CWire/include
for api in 9 7; do
	for compiler in g++ "$clang++"; do
		[ -x "$(command -v "$compiler")" ] || { absent "no $compiler here"; continue; }
		for standard in c++11 c++14 c++17 c++20; do everything "$compiler" $standard; done
		all_agree "$compiler"
		ok "and each member is where it was" layout
	done
done
# shellcheck disable=SC2086 # several words
ok "what looks into types of libbpf links" gcc -D_GNU_SOURCE -Wall -Wextra -Werror -I "$include" \
	-o "$work/types" Tests/cabi/types.c libquark.a $libraries
ok "and finds what is there" "$work/types"
# shellcheck disable=SC2086 # several words
# Without debug information, because valgrind does not accept that of Swift's compiler.
ok "what needs an open queue links" gcc -D_GNU_SOURCE -Wall -Wextra -Werror -Wl,--strip-debug -I "$include" \
	-o "$work/replay" Tests/cabi/replay.c libquark.a $libraries
ok "and finds it in one that plays a recording" "$work/replay" Tests/Fixtures/recordings/6.1.0.rec
ok "without a leak or a wrong access" valgrind -q --error-exitcode=1 --leak-check=full \
	"$work/replay" Tests/Fixtures/recordings/6.1.0.rec
# generations COMPILER: one source compiled for each generation, in one program, and a third that does not fit.
generations() {
	case $1 in *++) set -- "$1" -x c++ ;; esac
	for api in 7 9; do
		"$@" -D_GNU_SOURCE -DQUARK_API=$api -Wall -Wextra -Werror -I "$include" -c -o "$work/half$api.o" \
			Tests/cabi/generations/half.c || return 1
	done
	mkdir -p "$work/other" && sed 's/^#define QUARK_VERSION .*/#define QUARK_VERSION "0.0-other"/' "$include/quark.h" \
		>"$work/other/quark.h" || return 1
	"$@" -D_GNU_SOURCE -Wall -Wextra -Werror -I "$work/other" -c -o "$work/other.o" Tests/cabi/generations/other.c || return 1
	# shellcheck disable=SC2086 # several words
	"$1" -D_GNU_SOURCE -I "$include" -o "$work/generations" Tests/cabi/generations/main.c "$work/half7.o" "$work/half9.o" \
		"$work/other.o" libquark.a $libraries && "$work/generations" Tests/Fixtures/recordings/7.3.4.rec &&
		"$work/generations" Tests/Fixtures/recordings/6.1.0-families.rec 12
}
for compiler in gcc "$clang" g++ "$clang++"; do
	ok "$compiler: both generations in one program, and a header of another version refused" generations "$compiler"
done
# The README's program with a recording in place of the kernel. It exits with 1 at the end of the recording.
played_example() {
	# shellcheck disable=SC2086
	if ! cc -Wall -Wextra -Werror -I "$include" -Dquark_queue_open_api=open_recording -c -o "$work/example.o" examples/events.c ||
		! cc -Wall -Wextra -Werror -s -I "$include" -o "$work/example" "$work/example.o" Tests/cabi/played.c libquark.a $libraries
	then
		return 1
	fi
	RECORDING=Tests/Fixtures/recordings/7.3.4.rec valgrind -q --error-exitcode=99 --leak-check=full \
		"$work/example" >"$work/example.out" 2>"$work/example.err"
	code=$?
	cat "$work/example.err"
	[ $code = 1 ] && [ "$(cat "$work/example.err")" = 'example: quark_queue_block: No data available' ] &&
		grep -q '^->[0-9]* (FORK+EXEC+EXIT)$' "$work/example.out"
}
ok "the README's example over a recording, too" played_example
# Programs with functions and macros of the same names, before or after quark.h.
for program in Tests/cabi/neighbours/*.c; do
	for compiler in gcc "$clang" g++ "$clang++"; do
		case $compiler in *++) language=c++ ;; *) language=c ;; esac
		# shellcheck disable=SC2086 # several words
		ok "$compiler: ${program##*/}" "$compiler" -x $language -D_GNU_SOURCE -Wall -Wextra -Werror -I "$include" \
			-o "$work/neighbour" "$program" -x none libquark.a $libraries
		ok "and does what it did" "$work/neighbour"
	done
done
# shellcheck disable=SC2086
ok "a static client links" cc -static -I "$include" -o "$work/static" Tests/cabi/client.c libquark.a $libraries
ok "and agrees too" "$work/static"
ok "libquark.a needs nothing of Swift's runtime" runtime_symbols libquark.a
ok "libquark_big.a needs no newer C library than 2.17" older_than 2.17 libquark_big.a
for tool in quark-mon quark-btf .build-embedded/release/quark-init; do
	ok "$tool is static and small" small_and_static "$tool" "$max_tool_bytes"
done
ok "quark-test is static and small" small_and_static quark-test "$max_test_bytes"
ok "the README's example builds with the README's command" readme_example
ok "initramfs.gz is small" below "$max_initramfs_bytes" "$(wc -c <initramfs.gz)"
ok "quark-mon says its version" sh -c './quark-mon -V | grep -qx "quark-mon-.*"'
ok "quark-mon -h is 0" ./quark-mon -h
ok "an unknown option is 1" sh -c './quark-mon -? ; [ $? = 1 ]'
ok "an operand is 1" sh -c './quark-mon operand; [ $? = 1 ]'
ok "a length that is none is named" sh -c './quark-mon -l 12x 2>&1 | grep -q "^quark-mon: invalid max length: 12x: "'
ok "quark-test lists its tests" sh -c './quark-test -l | grep -qx t_fork_exec_exit'
ok "the harness's own tests are not among them" sh -c '! ./quark-test -l | grep -q "^x_"'
ok "an unknown test is named" sh -c './quark-test t_what 2>&1 | grep -qx "quark-test: no test named t_what"'
ok "a test that breaks its machine does not run here" \
	sh -c './quark-test x_panic 2>&1 | grep -q "only in a guest"
		QUARK_INITRAMFS=1 ./quark-test x_panic; [ $? = 1 ]'
# exits STATUS OUTPUT COMMAND...: checks what a command prints, on both outputs, and its exit status.
exits() {
	status=$1 expected=$2
	shift 2
	actual=$("$@" 2>&1) && code=0 || code=$?
	[ "$code:$actual" = "$status:$expected" ] || { echo "$code: $actual"; return 1; }
}
types=Fuzz/corpus/btf/raw release=4.19.90-2107.6.0.0248.35.oe1.bclinux.x86_64
ok "quark-btf -f prints 51 lines" sh -c "[ \"\$(./quark-btf -f $types | wc -l)\" = 51 ]"
ok "bits" exits 0 "cred.uid         160    1280
task_struct.pids U" ./quark-btf -b -f $types cred.uid task_struct.pids
ok "without bits the columns stay" exits 0 'pid_type.PIDTYPE_SID 3      ' ./quark-btf -f $types pid_type.PIDTYPE_SID
ok "one that is printed when it is named" exits 0 'mount.mnt_parent 32     ' ./quark-btf -f $types mount.mnt_parent
ok "an ELF file" exits 0 'upid.nr 0      ' ./quark-btf -f Fuzz/corpus/btf/elf upid.nr
ok "an unknown target is 1, after those before it" exits 1 "upid.nr  0      
quark-btf: dotname \"cred.who\" doesn't exist, did you type it correctly?" ./quark-btf -f $types upid.nr cred.who upid.nr
ok "a file that is not BTF is 1" exits 1 "quark-btf: cannot find the kernel's offsets: Invalid argument: README.md: at byte 0: this is not BTF" ./quark-btf -f README.md
ok "no file is 1" exits 1 "quark-btf: cannot find the kernel's offsets: No such file or directory: /nowhere" ./quark-btf -f /nowhere
ok "the table says exact" exits 0 "$release exact" ./quark-btf -m x86_64 -l $release
ok "and of another machine, too" exits 0 '4.18.0-147.5.1.el8_1.aarch64 exact' ./quark-btf -m aarch64 -l 4.18.0-147.5.1.el8_1.aarch64
ok "with -v it prints all" sh -c "[ \"\$(./quark-btf -m x86_64 -v -l $release 2>/dev/null | wc -l)\" = 52 ]"
ok "one digit away is 1" sh -c './quark-btf -m x86_64 -l 4.19.90-2107.6.0.0248.36.oe1.bclinux.x86_64; [ $? = 1 ]'
ok "a structure in C" sh -c "./quark-btf -g $types a/b 6.1-x | sed -n '1,3p;53,55p' | diff - Tests/cabi/declaration.txt"
ok "which a C program can have" sh -c "(echo '#include <quark.h>'; ./quark-btf -g $types a b; echo 'int main(void) { return a_b.targets[0].dotname == 0; }') | \
	cc -I $include -Wno-unused -x c -fsyntax-only -"
ok "two forms are 1" sh -c './quark-btf -f x -l y; [ $? = 1 ]'
ok "-m without -l is 1" sh -c './quark-btf -m x86_64; [ $? = 1 ]'
ok "-h is 0" ./quark-btf -h
ok "so is help" ./quark-btf help
ok "output that cannot be written is 1" sh -c "./quark-btf -f $types >/dev/full; [ \$? = 1 ]"
# This fails before the kernel is used.
printf 'pass on any\n\ndrop on process.pidd 1\n' >"$work/rules"
ok "rules that are none are 1, with their place" exits 1 \
	"quark-mon: $work/rules:3:9: expected any or a condition, found \"process.pidd\"" ./quark-mon -r "$work/rules"
ok "those of standard input too" exits 1 \
	'quark-mon: standard input:1:1: expected pass, drop or poison, found "x"' sh -c 'echo x | ./quark-mon -r -'
ok "rules that are not there are 1" exits 1 \
	"quark-mon: cannot read rules from /nowhere: No such file or directory" ./quark-mon -r /nowhere
ok "a folder is none" exits 1 "quark-mon: cannot read rules from /: Is a directory" ./quark-mon -r /
ok "-r twice is 1" exits 1 "quark-mon: option -r is given twice" ./quark-mon -r "$work/rules" -r -
ok "-r without a file is 1" exits 1 "quark-mon: option -r needs an argument" ./quark-mon -r
ok "no output is begun for rules that are none" \
	sh -c "./quark-mon -o '$work/events' -r '$work/rules' 2>/dev/null; [ ! -e '$work/events' ]"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
