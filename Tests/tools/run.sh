#!/bin/sh
# Tests the tools from the view of a user: their exact output for recorded events, how they refuse wrong input, and how
# they end. Nothing is traced: the events are recordings. Run from the top of the tree, after `make`.
#
# usage: Tests/tools/run.sh [--write]: with --write, the current output becomes the expected output
# shellcheck disable=SC2016 # single quotes mean what they say here
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
top=$PWD
golden=$top/Tests/Fixtures/golden
recordings=$top/Tests/Fixtures/recordings
mode=${1-}
# shellcheck source=Tests/ok.sh
. Tests/ok.sh

# same NAME FILE: the file must be equal to the expected one.
same() {
	if [ "$mode" = --write ]; then cp "$2" "$golden/$1"; fi
	diff -u "$golden/$1" "$2"
}

# mon OPTION...: runs quark-mon in an empty folder; its standard error must have only the statistics.
mon() {
	rm -rf "$work/mon"
	mkdir "$work/mon"
	(cd "$work/mon" && exec "$top/quark-mon" "$@" >"$work/out" 2>"$work/err")
}

# drawn FILE: dot(1) must accept the file.
drawn() {
	dot -Tsvg "$1" >"$work/svg" && grep -q '</svg>' "$work/svg"
}

# ---- golden files

for release in 6.1.0 7.3.4 6.1.0-families 6.1.0-tty; do
	held=60
	[ $release != 6.1.0-families ] || held=40
	[ $release != 6.1.0-tty ] || held=15
	recording=$recordings/$release.rec
	ok "$release is played" mon --replay "$recording" -o events --tree -C cache.dot
	ok "and nothing goes to standard output" test ! -s "$work/out"
	ok "its events, and the tree of its processes" same "$release.events" "$work/mon/events"
	ok "its statistics" same "$release.statistics" "$work/err"
	ok "the graph of its processes" same "$release.cache.dot" "$work/mon/cache.dot"
	ok "which dot takes" drawn "$work/mon/cache.dot"
	ok "its raw events are held" mon --replay "$recording" -s -m $held
	ok "the graph of them by time" same "$release.by_time.dot" "$work/mon/quark_by_time.dot"
	ok "which dot takes" drawn "$work/mon/quark_by_time.dot"
	ok "the graph of them by process" same "$release.by_pidtime.dot" "$work/mon/quark_by_pidtime.dot"
	ok "which dot takes" drawn "$work/mon/quark_by_pidtime.dot"
	ok "each by itself" mon --replay "$recording" -g
	ok "as it should be" same "$release.single.events" "$work/out"
done
# Nothing but the list, on standard output, and nothing elsewhere.
ok "what a recording tells" mon --capabilities --replay "$recordings/6.1.0.rec"
ok "and nothing goes to standard error" test ! -s "$work/err"
ok "as it should be" same 6.1.0.capabilities "$work/out"
ok "as JSON" mon --capabilities --json --replay "$recordings/6.1.0.rec"
ok "which is the same" sh -c 'python3 -c "$(cat)" "$0" "$1"' "$golden/6.1.0.capabilities" "$work/out" <<-'END'
	import json, sys
	text = open(sys.argv[1]).read()
	lines = open(sys.argv[2]).read().splitlines()
	assert len(lines) == 1, "not one line"
	parsed = json.loads(lines[0])
	again = "backend " + parsed["backend"] + "\n"
	for one in parsed["capabilities"]:
	    assert sorted(one) == ["event", "family", "field", "flag", "means", "reason", "state"], one
	    again += "  " + one["field"] if one["field"] else one["family"] + " " + one["event"]
	    again += ": " + one["state"] + (" " + one["means"] if one["means"] else "") + "\n"
	    again += "".join("      " + line + "\n" for line in one["reason"].splitlines())
	assert again == text, again
END
ok "to a file, too" sh -c 'cd "$2" && "$0" --capabilities --strict -H --replay "$1" -o told && [ -s told ]' \
	"$top/quark-mon" "$recordings/6.1.0.rec" "$work"
ok "a list that cannot be written is an error" sh -c '"$0" --capabilities --json --replay "$1" >/dev/full 2>"$2"; [ $? = 1 ] &&
	grep -q "cannot write to standard output: No space" "$2"' ./quark-mon "$recordings/6.1.0.rec" "$work/err"
# ---- a terminal of a recording

rec=$recordings/6.1.0-tty.rec
ok "what a terminal showed" mon --tty-replay "$rec" --tty-of 136:0 --tty-speed 0
ok "and nothing goes to standard error" test ! -s "$work/err"
ok "as it should be" same 6.1.0-tty.terminal "$work/out"
ok "the other one, which one process wrote to, to a file" sh -c 'cd "$2" &&
	"$0" --tty-replay "$1" --tty-of 86 -o shown && [ "$(wc -c <shown)" = 5001 ] && [ "$(tr -d s <shown | od -An -c)" = "  \\r  \\n" ]' \
	"$top/quark-mon" "$rec" "$work"
# The eight writes to it were made in 350 ms.
paused() {
	begin=$(date +%s%N)
	mon --tty-replay "$rec" --tty-of 136:0 "$@" || return 1
	took=$((($(date +%s%N) - begin) / 1000000))
	echo "$took ms"
}
ok "with its pauses" sh -c '[ "$0" -ge 300 ]' "$(paused | sed 's/ ms//')"
ok "or with shorter ones" sh -c '[ "$0" -lt 300 ]' "$(paused --tty-speed 100 | sed 's/ ms//')"
ok "a signal ends it" sh -c '"$0" --tty-replay "$1" --tty-of 136:0 >"$2" & sleep 0.1; kill -INT $!; wait $! &&
	[ "$(wc -c <"$2")" -lt 60 ]' ./quark-mon "$rec" "$work/out"
ok "the children of one process only" sh -c '
	"$0" --replay "$1" -P 77 2>/dev/null | grep -o "ppid=.*" | sort -u | grep -qx ppid=77' ./quark-mon "$recordings/6.1.0.rec"

# ---- wrong usage

# refused STATUS WORDS COMMAND...: one line on standard error, which begins with the tool's name and has the words;
# nothing on standard output, the exit status, and no file in the folder it ran in.
refused() {
	status=$1 part=$2
	shift 2
	rm -rf "$work/mon"
	mkdir "$work/mon"
	(cd "$work/mon" && exec "$@" </dev/null >"$work/out" 2>"$work/err")
	code=$?
	cat "$work/err"
	[ "$code" = "$status" ] || { echo "exit status $code, should be $status"; return 1; }
	[ "$(wc -l <"$work/err")" = 1 ] || { echo "not one line"; return 1; }
	grep -q "^${1##*/}: " "$work/err" || { echo "it does not say who it is"; return 1; }
	grep -qF -- "$part" "$work/err" || { echo "it does not say: $part"; return 1; }
	[ ! -s "$work/out" ] || { echo "it prints something"; return 1; }
	[ -z "$(ls -A "$work/mon")" ] || { ls -A "$work/mon"; return 1; }
}

# no TOOL STATUS WORDS ARGUMENT...
no() {
	tool=$1 status=$2 part=$3
	shift 3
	ok "$tool $*: $part" refused "$status" "$part" "$top/$tool" "$@"
}

rec=$recordings/6.1.0.rec
no quark-mon 1 'unknown option -x' -x
no quark-mon 1 'unknown option --what' --what
no quark-mon 1 'takes no operands: operand' operand
no quark-mon 1 'option -C needs an argument' -C
no quark-mon 1 'option --replay needs an argument' --replay
no quark-mon 1 'option -C is given twice' -C a -C b
no quark-mon 1 'option -o is given twice' -o a -o b
no quark-mon 1 'invalid max length: 12x' -l 12x
no quark-mon 1 'invalid max length: 0' -l 0
no quark-mon 1 'invalid max length: 99999999999' -l 99999999999
no quark-mon 1 'invalid number of raw events: 2000001' -m 2000001
no quark-mon 1 'invalid ppid: -1' -P -1
no quark-mon 1 '--json is for --capabilities' --json
no quark-mon 1 'this file is no recording' --capabilities --json --replay "$top/README.md"
no quark-mon 1 '-m and -M exclude each other' -m 5 -M
no quark-mon 1 '-b and -k exclude each other' -b -k
no quark-mon 1 '-k and --fallback exclude each other' -k --fallback
no quark-mon 1 'not supported so far: QQ_MPROTECT' -u
no quark-mon 1 'cannot write to /nowhere/graph: No such file or directory' -o events --replay "$rec" -C /nowhere/graph
no quark-mon 1 'cannot write to /: Is a directory' --replay "$rec" -o /
no quark-mon 1 '/nowhere/recording: No such file or directory' --replay /nowhere/recording -o events -C graph
no quark-mon 1 'this file is no recording' --replay "$top/README.md" -o events
no quark-mon 1 'README.md' --replay "$top/README.md"
no quark-mon 1 '--record and --replay exclude each other' --replay "$rec" --record new -C graph
rec=$recordings/6.1.0-tty.rec
no quark-mon 1 'choose one terminal with --tty-of: 136:0 (8 writes), 136:1 (3 writes)' --tty-replay "$rec" -o shown
no quark-mon 1 '6.1.0-tty.rec: it has nothing of what --tty-of says' --tty-replay "$rec" --tty-of 4:1
no quark-mon 1 '6.1.0.rec: it has nothing that was written to a terminal' --tty-replay "$recordings/6.1.0.rec"
no quark-mon 1 'README.md' --tty-replay "$top/README.md"
no quark-mon 1 'invalid terminal or process: 136:x' --tty-replay "$rec" --tty-of 136:x
no quark-mon 1 'invalid speed: 1001' --tty-replay "$rec" --tty-speed 1001
no quark-mon 1 '--tty-of and --tty-speed are for --tty-replay' --replay "$rec" --tty-speed 2
no quark-mon 1 'given twice, or with another replay' --replay "$rec" --tty-replay "$rec"
no quark-mon 1 '--record and --replay exclude each other' --tty-replay "$rec" --record new
rec=$recordings/6.1.0.rec
no quark-btf 1 'unknown option -x' -x
no quark-btf 1 'option -f needs an argument' -f
no quark-btf 1 'of -f, -g and -l only one can be given, once' -f a -l b
no quark-btf 1 '-m is for -l' -m x86_64
no quark-btf 1 '/nowhere' -f /nowhere
no quark-btf 1 'README.md' -f "$top/README.md"
no quark-btf 1 '4.19.90-2107.6.0.0248.36.oe1.bclinux.x86_64' -m x86_64 -l 4.19.90-2107.6.0.0248.36.oe1.bclinux.x86_64
no quark-btf 1 'vax' -m vax -l 5.10
no quark-btf 1 'cred.who' -f "$top/Fuzz/corpus/btf/raw" cred.who
no quark-btf 1 'a file, a name and a release' -g a b
no quark-test 1 'unknown option -z' -z
no quark-test 1 'option -x needs an argument' -x
no quark-test 1 'no test named t_what' t_what
no quark-test 1 '-1 and -t exclude each other' -1 -t
no quark-test 1 'only in a guest' x_panic
export QUARK_TEST_TIMEOUT=soon
no quark-test 1 'QUARK_TEST_TIMEOUT: not a number of seconds: soon'
unset QUARK_TEST_TIMEOUT
for load in many -5 0 9223372036854775807; do
	export QUARK_TEST_LOAD="$load"
	no quark-test 1 "QUARK_TEST_LOAD: not a number from 1 to 10000000: $load" -l
done
unset QUARK_TEST_LOAD
no .build/debug/kmatrix 2 "sing" sing
no .build/debug/kmatrix 2 "--jobs" run --jobs none
no .build/debug/kmatrix 2 "nothing" report nothing
no krun.sh 125 "unknown option --what" --what
no krun.sh 125 "an initramfs, a kernel and a program are needed"
no krun.sh 125 "/nowhere is not a readable file" /nowhere /nowhere true
no krun.sh 125 "--timeout wants a whole number above zero" --timeout soon a b c

# ---- no privilege, no room, no reader

# Runs a command as a user without privileges, with setpriv(1) of util-linux, which every Debian has.
nobody() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs "$@"
	else
		"$@"
	fi
}
mkdir "$work/public"
cp quark-mon "$work/public"
chmod 755 "$work" "$work/public" "$work/public/quark-mon"
unprivileged() {
	nobody "$work/public/quark-mon" "$@" >"$work/out" 2>"$work/err"
	code=$?
	cat "$work/err"
	[ "$code" = 1 ] && [ ! -s "$work/out" ] && [ "$(wc -l <"$work/err")" = 1 ] && grep -q '^quark-mon: cannot ' "$work/err"
}
ok "without privilege quark-mon says what is missing" unprivileged -b
ok "CAP_BPF and CAP_PERFMON" grep -q 'CAP_BPF.*CAP_PERFMON\|CAP_PERFMON.*CAP_BPF' "$work/err"
ok "nor for what would be told" unprivileged --capabilities --json
ok "with -D it is no better off" unprivileged -D --replay "$rec"
ok "a full disk is an error" sh -c '"$0" --replay "$1" >/dev/full 2>"$2"; [ $? = 1 ] && grep -q "cannot write to standard output: No space" "$2"' \
	./quark-mon "$rec" "$work/err"
for option in -V -h; do
	ok "of $option, too" sh -c '"$0" "$1" >/dev/full 2>"$2"; [ $? = 1 ] && grep -q "No space" "$2"' \
		./quark-mon $option "$work/err"
done
ok "of a graph, too" sh -c '"$0" --replay "$1" -C /dev/full >/dev/null 2>"$2"; [ $? = 1 ] && grep -q "cannot write to /dev/full: No space" "$2"' \
	./quark-mon "$rec" "$work/err"
ok "a reader that goes away is none" sh -c '(("$0" -g --replay "$1" 2>"$2"; echo $? >"$2.status") | head -c 1 >/dev/null) &&
	[ ! -s "$2" ] && [ "$(cat "$2.status")" = 0 ]' ./quark-mon "$recordings/7.3.4.rec" "$work/err"
ok "what an older file held is gone only when there is output" sh -c 'cd "$2" && echo old >kept &&
	! "$0/quark-mon" --replay /nowhere -o kept 2>/dev/null && [ "$(cat kept)" = old ] &&
	"$0/quark-mon" --replay "$1" -o kept 2>/dev/null && ! grep -q old kept' "$top" "$rec" "$work"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
