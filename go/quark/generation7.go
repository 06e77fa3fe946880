//go:build linux && (amd64 || arm64) && !quark9

package quark

// #cgo CFLAGS: -DQUARK_API=7
import "C"

// QQ_ALL_BACKENDS is any backend, EBPF first.
const QQ_ALL_BACKENDS = QQ_KPROBE | QQ_EBPF

// wallclock is what the wall clock said at a time of an event or a process, nanoseconds since the epoch.
func wallclock(time uint64) uint64 { return time }
