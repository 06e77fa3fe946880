#!/bin/sh
#
# build.sh TREE: builds packages that use the Swift package: examples/ExecWatch and the program of this folder, without
# a warning, each with the repository by its path, and puts them into TREE, for a guest. Run from the top of the tree,
# after `make`.
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
