#!/bin/sh
# What is recorded in a guest of the families other than processes. /families older was there before anybody looked.
/families older &
older=$!
/quark-mon -GHLT --record /tmp/recording >/tmp/events &
recorder=$!
# The file is made when the programs are attached.
while [ ! -s /tmp/recording ] && kill -0 $recorder; do sleep 0.1; done

for kind in getpid ptrace shm; do /families $kind || exit 1; done
/families module /module.ko || exit 1
kill -USR1 $older
wait $older || exit 1

sleep 1
kill -INT $recorder
wait $recorder || exit 1
base64 /tmp/recording >"$QUARK_RESULTS"
