#!/bin/sh
#
# judge.sh NAME CONSOLE: succeeds if the output of the programs of this folder in a guest shows that all of them passed.

exec Tests/guest/tap.sh "$2" exec-watch EBPF KPROBE
