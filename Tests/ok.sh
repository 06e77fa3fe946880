# shellcheck shell=sh disable=SC2154 # work is a folder of who reads this
# The tests of a script, which are counted.
passed=0 failed=0

# ok WORDS COMMAND...: the command succeeds. What it prints is shown if it does not.
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

# absent WORDS: what cannot be tested, for want of a compiler or another program. Where everything must be tested, that is
# a failure.
absent() {
	if [ "${CI:-}" = true ]; then
		ok "$1" false
	else
		echo "# $1"
	fi
}
