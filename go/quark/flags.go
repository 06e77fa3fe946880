//go:build linux && (amd64 || arm64)

package quark

// #cgo CFLAGS: -I${SRCDIR}/../..
import "C"
