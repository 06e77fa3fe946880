#!/bin/sh
# shellcheck disable=SC2317,SC2086,SC2016 # called by way of ok; a pid is one word; that is awk's
# Run in a guest: each program of /examples does what its source says. Prints TAP, and ends with the number of failures.
# Programs are named EXAMPLE-COMPILER; what they print is in files, which they write when they have a block of it.
count=0 failed=0

# ok WORDS COMMAND...
ok() {
	words=$1 count=$((count + 1))
	shift
	if "$@"; then
		echo "ok $count - $words"
	else
		failed=$((failed + 1))
		echo "not ok $count - $words"
		for file in /tmp/out /tmp/err; do tail -n 30 $file | sed "s|^|# $file: |"; done
	fi
}

# within COMMAND...: succeeds within 500 tries, each followed by at least one event.
within() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -lt 500 ] && kill -0 $pid 2>/dev/null || return 1
		sleep 0.1
	done
}

start() {
	: >/tmp/out
	"$@" >/tmp/out 2>/tmp/err &
	pid=$!
}

stop() {
	kill $pid
	wait $pid
	[ $? = 143 ]
}

# True if one event has the whole life of a process of ours: its begin, its arguments, and its end.
seen() {
	/bin/exit 7 "of $name" 'two words'
	/bin/busybox awk -v arguments="cmdline=[ /bin/exit, 7, of $name, two words ]" '
		/^->/ { whole += kind && named && ended; kind = named = ended = 0 }
		/^->[0-9]+ \(FORK\+EXEC\+EXIT\)$/ { kind = 1 }
		index($0, arguments) { named = 1 }
		/exit_code=7 / { ended = 1 }
		END { exit !whole }' /tmp/out
}

# The forbidden program is started, and does not reach its end.
killed() {
	/tmp/forbidden 120
	[ $? = 137 ]
}

for program in /examples/*; do
	name=${program##*/}
	case $name in
	events-* | readme-*)
		start "$program"
		ok "$name prints events" within seen
		ok "$name is ended by a signal" stop ;;
	lookup-*)
		/bin/exit 0
		"$program" /bin/exit 3 'two words' >/tmp/out 2>/tmp/err
		ok "$name ends well" [ $? = 0 ]
		ok "$name says what it was" grep -qE '^[0-9]+ was /bin/exit: /bin/exit 3 two words$' /tmp/out
		ok "$name says how it ended" grep -qE '^it began as a child of [0-9]+ and ended after [0-9]+ us with 3$' /tmp/out
		"$program" /bin/sh -c 'kill -KILL $$' >/tmp/out 2>/tmp/err
		ok "$name knows of signals" grep -qE ' us by signal 9$' /tmp/out
		"$program" >/tmp/out 2>/tmp/err
		ok "$name wants a program" [ $? = 1 ] ;;
	policy-*)
		cp /pause /tmp/forbidden
		cp /pause /tmp/allowed
		/tmp/allowed 3600 &
		allowed=$!
		start "$program" /tmp/forbidden
		ok "$name begins" within grep -q '^nobody may execute /tmp/forbidden$' /tmp/out
		ok "$name kills who executes the file" killed
		ok "$name says so" within grep -q '^killed [0-9]* of user 0$' /tmp/out
		ok "$name kills nobody else" kill $allowed
		ok "$name is ended by a signal" stop
		rm /tmp/forbidden /tmp/allowed ;;
	*) ok "$name is known" false ;;
	esac
done
echo "1..$count"
[ $failed -lt 99 ] || failed=99
exit $failed
