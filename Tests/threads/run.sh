#!/bin/sh
# Opens queues on several threads at once, of the C library, and lets valgrind's helgrind look for races.
#
# The thread sanitizer has no place here: what Swift 6.3.1 makes of a mutating call through a member that is a pointer is
# broken code then ("Invalid bitcast"), and most of the library is such calls. Nor does valgrind 3.19 understand clang's
# debug information, so the program has none.
#
# Environment: CC (cc).
set -eu
cd "$(dirname "$0")/../.."
mkdir -p .build-threads
"${CC:-cc}" -O1 -Wall -Wextra -Werror -I. -pthread -Wl,-S -o .build-threads/threads Tests/threads/threads.c libquark_big.a
valgrind -q --tool=helgrind --error-exitcode=1 --suppressions=Tests/threads/helgrind.supp \
	.build-threads/threads Tests/Fixtures/recordings/6.1.0.rec
