#!/bin/sh
#
# build.sh TREE: the Swift package, as other packages have it: examples/ExecWatch and the program of this folder are built
# without a warning, each depending on the repository by its path, and put into TREE, for a guest. Run from the top of the
# tree, after `make`.
#
# Environment: SWIFT (swift), ROUNDS (5: how often a sequence is opened and cancelled, with each backend).

set -eu
LC_ALL=C
export LC_ALL
[ $# = 1 ] || { echo "usage: Tests/swift/build.sh TREE" >&2; exit 2; }
tree=$1
Tests/swift/package.sh examples/ExecWatch exec-watch "$tree"
Tests/swift/package.sh Tests/swift quark-swift-test "$tree"
cp Tests/swift/guest.sh "$tree/swift.sh"
echo "exec /bin/sh /swift.sh ${ROUNDS:-5}" >"$tree/programs/swift"
