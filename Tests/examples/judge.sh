#!/bin/sh
#
# judge.sh NAME CONSOLE: whether what the examples have printed in a guest says that each of them, as each compiler has
# built it, does what it should.

# shellcheck disable=SC2046 # words are wanted
exec Tests/guest/tap.sh "$2" readme-cc $(for source in examples/*.c; do
	for compiler in gcc clang g++; do echo "$(basename "$source" .c)-$compiler"; done
done)
