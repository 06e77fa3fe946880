#!/bin/sh
# Tests the manual pages that the tools show, with man(1) or else mandoc(1), only on a terminal; they must leave no file
# behind. Run from the top of the tree, after `make`.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/none" "$work/man" "$work/mandoc" "$work/tmp"
# Fake readers that print their input, and end with a status of their own.
for reader in man mandoc; do
	printf '#!/bin/sh\necho "%s $*"\n/bin/cat\nexit 3\n' "$reader" >"$work/$reader/$reader"
	chmod +x "$work/$reader/$reader"
done
passed=0 failed=0

# check WORDS EXPECTED-FILE EXPECTED-STATUS ACTUAL-FILE ACTUAL-STATUS
check() {
	if [ "$3" = "$5" ] && cmp -s "$2" "$4" && [ -z "$(ls -A "$work/tmp")" ]; then
		passed=$((passed + 1))
		echo "ok - $1"
	else
		failed=$((failed + 1))
		echo "not ok - $1: status $5"
		diff "$2" "$4" | head -n 5 | sed 's/^/# /'
	fi
}

# on_terminal PATH TOOL WORD: stores the output in $work/actual, and the exit status in $status.
on_terminal() {
	script -qec "env PATH=$1 TMPDIR=$work/tmp $PWD/$2 $3" /dev/null </dev/null >"$work/raw" && status=0 || status=$?
	tr -d '\r' <"$work/raw" >"$work/actual"
}

for tool in quark-mon quark-btf quark-test; do
	"./$tool" -h >"$work/usage" && status=0 || status=$?
	[ "$status" = 0 ] && grep -q "^usage: $tool" "$work/usage" || status=bad
	check "$tool -h, not on a terminal, prints the usage" "$work/usage" 0 "$work/usage" "$status"
	for word in help -help --help; do
		"./$tool" $word >"$work/actual" 2>&1 && status=0 || status=$?
		check "so does $word" "$work/usage" 0 "$work/actual" "$status"
	done
	on_terminal "$work/none" "$tool" -h
	check "and -h on a terminal without a reader" "$work/usage" 0 "$work/actual" "$status"
	(echo 'man -l -' && cat "man/$tool.8") >"$work/expected"
	for word in -h help; do
		on_terminal "$work/man:$work/mandoc" "$tool" $word
		check "with man, $word shows the page, and its status is the tool's" "$work/expected" 3 "$work/actual" "$status"
	done
	(echo 'mandoc -a' && cat "man/$tool.8") >"$work/expected"
	on_terminal "$work/mandoc" "$tool" -h
	check "with mandoc alone, too" "$work/expected" 3 "$work/actual" "$status"
done

# Stores the options in the usage of $1 in $work/in_usage, and those in the page $2 in $work/in_page, one on each line.
options() {
	"$1" -h | sed -n 's/^ *-\(-*[A-Za-z0-9][A-Za-z0-9-]*\)[ ,].*/\1/p' | sort >"$work/in_usage"
	sed -n 's/^\.It Fl //p' "$2" | sed 's/ Ar .*//; s/ Cm .*//; s/ , /\n/g' | sort >"$work/in_page"
}

for tool in quark-mon quark-btf quark-test krun.sh; do
	page=man/$tool.8
	[ "$tool" != krun.sh ] || page=man/krun.1
	options "./$tool" "$page"
	# The usage of krun.sh has two names of one option in one line.
	[ "$tool" != krun.sh ] || echo -help >>"$work/in_usage"
	sort -o "$work/in_usage" "$work/in_usage"
	[ "$(wc -l <"$work/in_usage")" -gt 5 ] && status=0 || status=few
	check "$page has the options of $tool" "$work/in_usage" 0 "$work/in_page" "$status"
done
# Tests that run only when named are not listed, and two others only if the machine supports them.
(./quark-test -l; echo t_cpu_offline; echo t_suspend) | sort -u >"$work/expected"
sed -n 's/^\.It \(t_[a-z0-9_]*\)$/\1/p' man/quark-test.8 | grep -vx t_ground_truth | sort >"$work/actual"
check 'man/quark-test.8 has the tests' "$work/expected" 0 "$work/actual" 0

# Compares the make commands in quark(7) with the output of make help.
make -s help | sed 's/ .*//' | sort >"$work/verbs"
sed -n 's/^\.It Ic make \([a-z][a-z-]*\)\( .*\)\{0,1\}$/\1/p; s/^make \([a-z][a-z-]*\)\( .*\)\{0,1\}$/\1/p' man/quark.7 | sort -u >"$work/named"
[ "$(wc -l <"$work/named")" -gt 15 ] && status=0 || status=few
comm -13 "$work/verbs" "$work/named" | grep -vx 'quark-mon' >"$work/actual"
: >"$work/none-missing"
check 'make help has what man/quark.7 has' "$work/none-missing" 0 "$work/actual" "$status"
# The page does not list some of them.
grep '^[a-z-]*$' "$work/verbs" | comm -13 "$work/named" - | grep -vxE 'all|help|deps|bpf|uninstall|kernel-images' >"$work/actual"
check 'man/quark.7 has what make help has' "$work/none-missing" 0 "$work/actual" 0
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
