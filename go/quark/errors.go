//go:build linux && (amd64 || arm64)

package quark

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// ErrUndefined is returned when something failed and the cause is not known.
var ErrUndefined = errors.New("quark: undefined error")

// ErrClosed is what methods of a closed queue return; it is also an fs.ErrClosed.
var ErrClosed = fmt.Errorf("quark: queue: %w", fs.ErrClosed)

// OpenError tells why a queue could not be opened. errors.Is compares it with its Errno: if a privilege is missing,
// that is syscall.EPERM or syscall.EACCES, which are both an fs.ErrPermission.
type OpenError struct {
	Errno syscall.Errno
	Text  string // what was tried and why it failed, one or more lines
}

// Error returns the text, or the meaning of Errno if there is no text.
func (e *OpenError) Error() string {
	if e.Text == "" {
		return "quark: " + e.Errno.Error()
	}
	return "quark: " + e.Text
}

// Unwrap returns Errno.
func (e *OpenError) Unwrap() error { return e.Errno }
