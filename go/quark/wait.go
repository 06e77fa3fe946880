//go:build linux && (amd64 || arm64)

package quark

import (
	"syscall"
	"unsafe"
)

// waker wakes goroutines that wait. The descriptor is an eventfd(2), which is readable once it was woken.
type waker int

func newWaker() (waker, error) {
	descriptor, _, errno := syscall.Syscall(syscall.SYS_EVENTFD2, 0, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if errno != 0 {
		return 0, errno
	}
	return waker(descriptor), nil
}

// wake wakes all goroutines that wait now or later.
func (w waker) wake() {
	one := [8]byte{1}
	// Adding 1 to 0 cannot fail.
	_, _ = syscall.Write(int(w), one[:])
}

func (w waker) close() { _ = syscall.Close(int(w)) }

// wait returns when the descriptor is readable, after the given milliseconds, at a signal, or when woken.
func (w waker) wait(descriptor, milliseconds int) error {
	const pollIn = 1
	type pollFd struct {
		descriptor int32
		events     int16
		revents    int16
	}
	descriptors := [2]pollFd{{descriptor: int32(descriptor), events: pollIn}, {descriptor: int32(w), events: pollIn}}
	timeout := syscall.NsecToTimespec(int64(milliseconds) * 1_000_000)
	_, _, errno := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&descriptors)), uintptr(len(descriptors)),
		uintptr(unsafe.Pointer(&timeout)), 0, 0, 0)
	if errno != 0 && errno != syscall.EINTR {
		return errno
	}
	return nil
}
