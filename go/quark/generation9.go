//go:build linux && (amd64 || arm64) && quark9

package quark

// #cgo CFLAGS: -DQUARK_API=9
import "C"

// wallclock is what the wall clock said at a time of an event or a process, nanoseconds since the epoch.
func wallclock(time uint64) uint64 { return TimeToWallclock(time) }
