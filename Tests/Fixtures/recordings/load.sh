#!/bin/sh
# The load that is recorded in a guest; with `long`, also a command line that is longer than a record keeps. /bin/true
# is called by its path because the shell has its own true.
mkdir -p /tmp/load && cd /tmp/load || exit 1
/quark-mon --record /tmp/recording &
recorder=$!
# The file is created when the programs are attached.
while [ ! -s /tmp/recording ] && kill -0 $recorder; do sleep 0.1; done

/bin/true plain
/bin/true "" "two words" "$(printf 'a new\nline')"
sh -c 'exit 3'
(exit 4)
/no/such/program 2>/dev/null
echo words in a pipe | cat | wc -l >counted
sleep 60 & killed=$!; sleep 0.2; kill -KILL $killed; wait $killed 2>/dev/null
sleep 60 & killed=$!; sleep 0.2; kill -TERM $killed; wait $killed 2>/dev/null
cp /bin/true 'odd ) (name'
'./odd ) (name' odd
setsid /bin/true in-a-session
# shellcheck disable=SC2046 # words are wanted
/bin/true long $(seq 1 400)
[ "$1" != long ] || /bin/true longer $(seq 1 5000)
deep=$(printf 'd%.0s/' $(seq 1 120))
mkdir -p "$deep" && (cd "$deep" && /bin/true deep)
for kind in threads thread memfd user; do /load $kind; done
(/bin/true grandchild &)
/bin/true last

sleep 1
kill -INT $recorder
wait $recorder || exit 1
base64 /tmp/recording >"$QUARK_RESULTS"
