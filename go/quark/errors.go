//go:build linux && (amd64 || arm64)

package quark

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// ErrUndefined is returned when something failed without saying why.
var ErrUndefined = errors.New("quark: undefined error")

// ErrClosed is what methods of a closed queue return; it is an fs.ErrClosed too.
var ErrClosed = fmt.Errorf("quark: queue: %w", fs.ErrClosed)

// OpenError is why a queue could not be opened. It is its Errno to errors.Is: a queue that needs more privilege than
// there is fails with syscall.EPERM or syscall.EACCES, both of which are an fs.ErrPermission.
type OpenError struct {
	Errno syscall.Errno
	Text  string // what was tried and why it failed, a line or more
}

// Error is the text, or what Errno means if there is none.
func (e *OpenError) Error() string {
	if e.Text == "" {
		return "quark: " + e.Errno.Error()
	}
	return "quark: " + e.Text
}

// Unwrap is Errno.
func (e *OpenError) Unwrap() error { return e.Errno }
