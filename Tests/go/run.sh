#!/bin/sh
#
# run.sh KERNEL ...: the Go package. First on this machine, against a library that needs no kernel: how it is written,
# its tests under the race detector, and a program of another module, for the reference's package, that takes ours in
# its place. Then its tests against the real library, under the race detector, in a guest of each kernel. Run from the
# top of the tree, after `make`.
#
# Environment: GO (go), CPUS (2: of a guest), ROUNDS (30: how often a queue is opened and closed, with each backend).

set -eu
LC_ALL=C
# Nothing is to be fetched: the module needs no other.
GOPROXY=off GOFLAGS=-mod=mod CGO_ENABLED=1
export LC_ALL GOPROXY GOFLAGS CGO_ENABLED
[ $# -gt 0 ] || { echo "usage: Tests/go/run.sh KERNEL ..." >&2; exit 2; }
go=${GO:-go}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
fail() {
	echo "test-go: $*" >&2
	exit 1
}
say() { echo "test-go: $*"; }

# gofmt has a say in comments that are documentation, too.
unformatted=$("$(dirname "$(command -v "$go")")/gofmt" -l go Benchmarks/guest/quark-go Tests/go)
[ -z "$unformatted" ] || fail "not as gofmt writes it: $unformatted"
"$go" vet ./go/... ./Benchmarks/... || fail "go vet complains"
"$go" vet -tags quark_fake ./go/... || fail "go vet complains"
"$go" vet -tags quark_fake,quark9 ./go/... || fail "go vet complains"
# What is public has words.
"$go" doc -all ./go/quark >"$work/documentation"
for name in OpenQueue Events Next NextBatch All ErrClosed OpenError; do
	grep -q "^.*\\b$name\\b" "$work/documentation" || fail "the documentation has no $name"
done
say "on this machine"
"$go" test -race -tags quark_fake ./go/...
"$go" test -race -tags quark_fake,quark9 ./go/...

say "a program for the reference's package"
mkdir "$work/client"
cp Tests/go/client.go "$work/client"
# As go/quark/README.md says.
# shellcheck disable=SC2016 # no variables
sed -n '/^```go.mod$/,/^```$/p' go/quark/README.md | sed '1d;$d' >"$work/require"
grep -q '^replace ' "$work/require" || fail "go/quark/README.md does not say what go.mod is to have"
(echo 'module client'; echo 'go 1.19'; sed "s|/path/to/the/repository|$PWD|" "$work/require") >"$work/client/go.mod"
(cd "$work/client" && "$go" vet . && "$go" build -o client . && ldd ./client >"$work/libraries") ||
	fail "it does not compile"
if grep -Eq 'lib(bpf|elf|z)\.so' "$work/libraries"; then fail "it needs libraries: $(cat "$work/libraries")"; fi

# module VERSION TAGS PROGRAM: a program for the reference's module of that version, which takes ours by one line.
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
# The module of before, by its own path.
sed -i "s|^replace .*|replace github.com/elastic/quark => $work/go-quark-0.6/quark|" "$work/client/go.mod"
(cd "$work/client" && "$go" build -o client .) || fail "the module of before does not compile"

# build NAME OPTION ...: the tests, with all libraries within, as a guest has none. The race detector takes that.
build() {
	name=$1
	shift
	"$go" test -c "$@" -ldflags '-linkmode external -extldflags "-static"' -o "$work/$name" ./go/quark
	initramfs/pack.sh "$work/$name.gz" init=.build-embedded/release/quark-init "$name=$work/$name"
}
build race.test -race
build plain.test
for agent in none courtesy since_boot; do
	cp "$work/agents-$agent/program" "$work/agent-$agent"
	initramfs/pack.sh "$work/agent-$agent.gz" init=.build-embedded/release/quark-init "agent-$agent=$work/agent-$agent"
done

# guest NAME KERNEL KRUN-OPTION ... -- TEST-OPTION ...: the tests in a guest; their console is in NAME.console.
guest() {
	name=$1 kernel=$2
	shift 2
	say "in a guest: $name on $(basename "$kernel")"
	options=
	while [ "$1" != -- ]; do
		options="$options $1"
		shift
	done
	shift
	status=0
	# shellcheck disable=SC2086 # words are wanted
	Tests/guest/krun.sh "$work/$name.console" --memory 1024 --cpus "${CPUS:-2}" $options \
		"$work/$name.gz" "$kernel" "$name" "$@" || status=$?
	sed -n '/^ *--- /p; / rounds of /p; /^sessions: /p' "$work/$name.console"
	# No silence passes.
	if [ "$status" != 0 ] || grep -q 'DATA RACE' "$work/$name.console" || ! grep -qx PASS "$work/$name.console"; then
		cat "$work/$name.console"
		fail "the guest ended with $status"
	fi
}

leaks=TestOpenAndCloseLeakNothing
tests=$(sed -n 's/^func \(Test[A-Za-z]*\|Example[A-Za-z_]*\)(.*/\1/p' go/quark/guest_test.go go/quark/example_test.go)
rounds=${ROUNDS:-30}
for kernel; do
	guest race.test "$kernel" --timeout 600 -- -test.v -test.timeout=0
	for test in $tests; do
		[ "$test" = $leaks ] || grep -q "^--- PASS: $test " "$work/race.test.console" || fail "$test did not pass"
	done
	for agent in none courtesy since_boot; do
		guest agent-$agent "$kernel" --timeout 300 --
	done
	# A round takes less than a second of each backend, on a machine that is not busy.
	guest plain.test "$kernel" --timeout $((300 + 6 * rounds)) --append "QUARK_ROUNDS=$rounds" -- -test.v -test.timeout=0 -test.run=$leaks
	grep -q "^--- PASS: $leaks " "$work/plain.test.console" || fail "$leaks did not pass"
done
