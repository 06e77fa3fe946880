//go:build linux && (amd64 || arm64) && quark9

package quark

// #cgo CFLAGS: -DQUARK_API=9
import "C"

// wallclock converts a time of an event or a process to nanoseconds since the epoch.
func wallclock(time uint64) uint64 { return TimeToWallclock(time) }
