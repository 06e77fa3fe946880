#!/bin/sh
#
# Tests ci/steps: how many commands run at a time, what is shown of them, and what happens to them when it is ended.
# shellcheck disable=SC2016 # single quotes mean what they say here

set -u

steps=$(cd "$(dirname "$0")/../../ci" && pwd)/steps
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
# shellcheck source=Tests/ok.sh
. "${steps%ci/steps}Tests/ok.sh"

# ends STATUS ARGUMENT...: runs ci/steps, with its output in out and err, and checks its status.
ends() {
	status=$1 code=0
	shift
	"$steps" "$@" >out 2>err || code=$?
	cat out err
	[ "$code" = "$status" ]
}
says() { grep -qxE -- "$2" "$1" || { cat "$1"; return 1; }; }

ok "all is well" ends 0 'echo one; echo 3 passed, 0 failed; echo two' 'echo three'
ok "the tests are counted" says out ' *3 passed, 0 failed'
ok "without tests the last line is shown" says out ' *three'
ok "and no other" sh -c '! grep -qx " *one" out'
ok "with -v they are" ends 0 -v 'echo one; echo two'
ok "in their place" says out one
ok "a failure is one, and keeps nothing from running" ends 1 'echo why; exit 3' 'kill -KILL $$' 'echo end'
ok "what it said is shown" says out ' *why'
ok "it is named" says err 'steps: echo why; exit 3: FAILED with 3'
ok "with what it said of failures" sh -c '"$0" -v "echo fine; echo not ok 1 - t_x; exit 1" 2>&1 >/dev/null | tail -n 1 |
	grep -qx " *not ok 1 - t_x"' "$steps"
ok "so is what a signal ended" says err 'steps: kill -KILL \$\$: ended by signal 9'
ok "the last has run" says out ' *end'
ok "what the locale has no characters for ends nothing" env PYTHONIOENCODING=ascii "$steps" 'printf "a \342\234\230 \377\n"'
ok "outputs are apart" sh -c '"$0" -v -j 2 "echo a1; sleep 0.2; echo a2" "echo b1; sleep 0.1; echo b2" |
	grep -v ^== | tr "\n" " " | grep -qx "b1 b2 a1 a2 "' "$steps"
ok "no more than -j at a time" ends 0 -j 2 'touch a; sleep 0.3; rm a' 'touch b; sleep 0.3; rm b' '! { [ -e a ] && [ -e b ]; }'
ok "one that wants all has all" ends 0 -j 4 'touch a; sleep 0.2; rm a' '+[ ! -e a ] && touch b; sleep 0.2; rm b' '[ ! -e b ]'
ok "a table" ends 1 -t 'sleep 1.1' false
ok "with the seconds" says out ' +1 s  ok +sleep 1.1'
ok "with what failed" says out ' +0 s  FAILED with 1 +false'
ok "and their sum" says out ' +1 s  in all'
ok "nothing to do is wrong usage" ends 2
ok "so is no width" ends 2 -j 0 true

# ended SIGNAL COMMAND: it ends as by the signal, with all its descendants, one of which writes its pid to a file, and
# names the commands that did not end.
ended() {
	rm -f pid
	env --default-signal=INT "$steps" -j 1 "$2" 'echo never' >out 2>err &
	main=$!
	tries=0
	while [ ! -s pid ] && [ $tries -lt 100 ]; do tries=$((tries + 1)); sleep 0.1; done
	kill -s "$1" $main
	wait $main 2>/dev/null
	[ $? -gt 128 ] || { echo "it does not end as by a signal"; return 1; }
	# Another process waits for a child of a child, or none does.
	if kill -0 "$(cat pid)" && ! grep -q '^State:.Z' "/proc/$(cat pid)/status"; then return 1; fi
	says err 'steps: echo never: not run'
}
for signal in INT TERM HUP; do ok "$signal ends all" ended $signal 'sh -c "echo \$\$ >pid; exec sleep 100" & wait'; done
ok "and what is in a group of its own" ended TERM 'set -m; sh -c "echo \$\$ >pid; exec sleep 100" & wait'
ok "and what another of its kind has started" ended INT "$steps 'echo \$\$ >pid; exec sleep 100'"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
