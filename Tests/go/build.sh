#!/bin/sh
#
# build.sh TREE: tests the Go package. First, on this machine and with a library that needs no kernel: its style, its
# tests under the race detector, and a program of another module, for the reference's package, that uses ours in its
# place. Then it puts the tests with the real library into TREE, for a guest: under the race detector, and without it
# for the test that looks for leaks. Run from the top of the tree, after `make`.
#
# Environment: GO (go), ROUNDS (30: how often that test opens and closes a queue, with each backend).

set -eu
LC_ALL=C
# Nothing may be fetched, because the module needs no other.
GOPROXY=off GOFLAGS=-mod=mod CGO_ENABLED=1
export LC_ALL GOPROXY GOFLAGS CGO_ENABLED
[ $# = 1 ] || { echo "usage: Tests/go/build.sh TREE" >&2; exit 2; }
tree=$1
go=${GO:-go}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
fail() {
	echo "go: $*" >&2
	exit 1
}
say() { echo "go: $*"; }

# gofmt also formats documentation comments.
unformatted=$("$(dirname "$(command -v "$go")")/gofmt" -l go Benchmarks/guest/quark-go Tests/go)
[ -z "$unformatted" ] || fail "not as gofmt writes it: $unformatted"
"$go" vet ./go/... ./Benchmarks/... || fail "go vet complains"
"$go" vet -tags quark_fake ./go/... || fail "go vet complains"
"$go" vet -tags quark_fake,quark9 ./go/... || fail "go vet complains"
# Every public name has documentation.
"$go" doc -all ./go/quark >"$work/documentation"
for name in OpenQueue Events Next NextBatch All ErrClosed OpenError; do
	grep -q "^.*\\b$name\\b" "$work/documentation" || fail "the documentation has no $name"
done
say "on this machine"
"$go" test -race -tags quark_fake ./go/...
"$go" test -race -tags quark_fake,quark9 ./go/...

"$go" vet -tags quark_replay ./go/... || fail "go vet complains"
"$go" test -race -tags quark_replay ./go/...
"$go" test -race -tags quark_replay,quark9 ./go/...

say "a program for the reference's package"
mkdir "$work/client"
cp Tests/go/client.go "$work/client"
# Follow go/quark/README.md.
# shellcheck disable=SC2016 # no variables
sed -n '/^```go.mod$/,/^```$/p' go/quark/README.md | sed '1d;$d' >"$work/require"
grep -q '^replace ' "$work/require" || fail "go/quark/README.md does not say what go.mod is to have"
(echo 'module client'; echo 'go 1.19'; sed "s|/path/to/the/repository|$PWD|" "$work/require") >"$work/client/go.mod"
(cd "$work/client" && "$go" vet . && "$go" build -o client . && ldd ./client >"$work/libraries") ||
	fail "it does not compile"
if grep -Eq 'lib(bpf|elf|z)\.so' "$work/libraries"; then fail "it needs libraries: $(cat "$work/libraries")"; fi

# module VERSION TAGS PROGRAM: builds a program for the reference's module of this version, which uses ours by one line.
module() {
	[ -d "$work/go-quark-$1" ] || packaging/go-module.sh "$work/go-quark-$1" "$1" libquark_big.a
	mkdir -p "$work/$3-$2"
	cp Tests/go/"$3"/*.go "$work/$3-$2"
	printf 'module client\n\ngo 1.19\n\nrequire github.com/elastic/go-quark v%s.0\n\n%s\n' "$1" \
		"replace github.com/elastic/go-quark => $work/go-quark-$1" >"$work/$3-$2/go.mod"
	(cd "$work/$3-$2" && "$go" vet -tags "$2" . && "$go" build -tags "$2" -ldflags '-linkmode external -extldflags "-static"' \
		-o program .)
}
say "programs for the reference's module"
for version in 0.9 0.6; do
	module $version none surface || fail "the surface of $version does not compile"
	"$work/surface-none/program" || fail "the surface of $version is another one"
	(cd "$work/go-quark-$version" && "$go" doc -all .) >"$work/surface.txt"
	while read -r name; do
		grep -qw "$name" "$work/surface.txt" || fail "the documentation of $version has no $name"
	done <Tests/go/names.txt
	rm -r "$work/surface-none"
done
for kind in "0.6 none" "0.9 courtesy" "0.9 since_boot"; do
	module "${kind% *}" "${kind#* }" agents || fail "an agent does not compile"
done
if module 0.9 epoch agents 2>"$work/errors" || ! grep -q QQ_ALL_BACKENDS "$work/errors"; then
	fail "an agent for times since the epoch compiles where they are since boot"
fi
# The older module, by its own path.
sed -i "s|^replace .*|replace github.com/elastic/quark => $work/go-quark-0.6/quark|" "$work/client/go.mod"
(cd "$work/client" && "$go" build -o client .) || fail "the module of before does not compile"

# build NAME OPTION ...: builds the tests as static programs, because a guest has no libraries; the race detector allows
# it.
say "its tests, for guests"
build() {
	name=$1
	shift
	"$go" test -c "$@" -ldflags '-linkmode external -extldflags "-static"' -o "$tree/$name" ./go/quark
	strip "$tree/$name"
}
build go-race.test -race
build go-plain.test
echo 'exec /go-race.test -test.v -test.timeout=0' >"$tree/programs/go-race"
cat >"$tree/programs/go-leaks" <<END
QUARK_ROUNDS=${ROUNDS:-30} exec /go-plain.test -test.v -test.timeout=0 -test.run=TestOpenAndCloseLeakNothing
END
for agent in none courtesy since_boot; do
	strip -o "$tree/go-agent-$agent" "$work/agents-$agent/program"
	echo "exec /go-agent-$agent" >"$tree/programs/go-agent-$agent"
done
