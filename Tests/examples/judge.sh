#!/bin/sh
#
# judge.sh NAME CONSOLE: succeeds if the output of the examples in a guest shows that each of them, built by each
# compiler, works.

# shellcheck disable=SC2046 # words are wanted
exec Tests/guest/tap.sh "$2" readme-cc $(for source in examples/*.c; do
	for compiler in gcc clang g++; do echo "$(basename "$source" .c)-$compiler"; done
done)
