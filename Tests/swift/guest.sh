#!/bin/sh
# Run in a guest, as `guest.sh ROUNDS`: the example package prints execs, and then quark-swift-test.
/exec-watch >/tmp/out 2>/tmp/err &
pid=$!
failed=0
# ok NUMBER WORDS COMMAND...
ok() {
	number=$1 words=$2
	shift 2
	if "$@"; then
		echo "ok $number - exec-watch: $words"
	else
		echo "not ok $number - exec-watch: $words"
		sed 's/^/# /' /tmp/out /tmp/err | tail -n 30
		failed=$((failed + 1))
	fi
}

# seen PATTERN: tries 300 times, with an exec each time.
seen() {
	tries=0
	until grep -qE "$1" /tmp/out; do
		tries=$((tries + 1))
		[ $tries -lt 300 ] && kill -0 $pid || return 1
		/bin/exit 0 'two words' ''
		sleep 0.1
	done
}

ended() {
	kill $pid
	wait $pid
	[ $? = 143 ]
}

ok 1 "prints execs" seen '^[0-9]+ /bin/exit \["/bin/exit", "0", "two words", ""\]$'
ok 2 "is ended by a signal" ended
echo 1..2
[ $failed = 0 ] || exit $failed
exec /quark-swift-test "$1"
