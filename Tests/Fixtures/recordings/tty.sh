#!/bin/sh
# What is recorded in a guest of what is written to terminals. What the recorder and this shell write goes elsewhere.
/quark-mon --tty --record /tmp/recording >/tmp/events 2>/tmp/messages &
recorder=$!
# The file is made when the programs are attached.
while [ ! -s /tmp/recording ] && kill -0 $recorder; do sleep 0.1; done
/tty || exit 1
sleep 1
kill -INT $recorder
wait $recorder || exit 1
base64 /tmp/recording >"$QUARK_RESULTS"
