#!/bin/sh
#
# judge.sh NAME CONSOLE: whether what the programs of this folder have printed in a guest says that all of them are well.

exec Tests/guest/tap.sh "$2" exec-watch EBPF KPROBE
