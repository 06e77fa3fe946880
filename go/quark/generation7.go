//go:build linux && (amd64 || arm64) && !quark9

package quark

// #cgo CFLAGS: -DQUARK_API=7
import "C"

// QQ_ALL_BACKENDS allows all backends; EBPF is tried first.
const QQ_ALL_BACKENDS = QQ_KPROBE | QQ_EBPF

// wallclock converts a time of an event or a process to nanoseconds since the epoch.
func wallclock(time uint64) uint64 { return time }
