//go:build linux && (amd64 || arm64) && !quark_fake

package quark

// #cgo LDFLAGS: ${SRCDIR}/../../libquark_big.a
import "C"
