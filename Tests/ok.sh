# shellcheck shell=sh disable=SC2154 # work is a folder of who reads this
# The tests of a script, which are counted.
passed=0 failed=0

# ok WORDS COMMAND...: a test that passes if the command succeeds. If it fails, its output is shown.
ok() {
	words=$1
	shift
	if "$@" >"$work/report" 2>&1; then
		passed=$((passed + 1))
		echo "ok - $words"
	else
		failed=$((failed + 1))
		echo "not ok - $words"
		sed 's/^/# /' "$work/report"
	fi
}

# absent WORDS: reports a test that cannot run because a compiler or another program is missing. Where everything must
# be tested, this is a failure.
absent() {
	if [ "${CI:-}" = true ]; then
		ok "$1" false
	else
		echo "# $1"
	fi
}
