#!/bin/sh
# Opens queues of the C library on several threads at once, and lets valgrind's helgrind look for races.
#
# The thread sanitizer cannot be used: with it Swift 6.3.1 makes broken code ("Invalid bitcast") of a mutating call
# through a member that is a pointer, and most of the library consists of such calls. valgrind 3.19 does not understand
# clang's debug information, so the program has none.
#
# Environment: CC (cc).
set -eu
cd "$(dirname "$0")/../.."
mkdir -p .build-threads
"${CC:-cc}" -O1 -Wall -Wextra -Werror -I. -pthread -Wl,-S -o .build-threads/threads Tests/threads/threads.c libquark_big.a
valgrind -q --tool=helgrind --error-exitcode=1 --suppressions=Tests/threads/helgrind.supp \
	.build-threads/threads Tests/Fixtures/recordings/6.1.0.rec
