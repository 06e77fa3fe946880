// Package quark tells what the processes of a Linux machine do: fork, exec, exit and more, in order, joined to events,
// with all that is known of the process each of them is about.
//
// A [Queue] is opened with [OpenQueue], which needs root or the capabilities that quark(7) names, and emptied in one
// of these ways:
//
//   - [Queue.GetEvent] and [Queue.Block]: take what there is, then wait for more, as a C program does;
//   - [Queue.Next], [Queue.NextBatch] and [Queue.All]: wait until there is something, or until a context ends;
//   - [Queue.Events]: a channel that is closed when a context ends, or the queue is closed.
//
// An [Event] is a copy. It stays as it is while the queue goes on, and may be handed to other goroutines.
//
// # Concurrency
//
// All methods of a Queue may be called by several goroutines at a time. Calls of the library are made one after the
// other; waiting holds up nobody. Each event goes to one caller. [Queue.Close] may be called at any time, and more
// than once: who waits is let go with [ErrClosed].
//
// # What is not taken in time
//
// Nothing is thrown away on this side. Events that nobody takes wait in the queue, up to QueueAttr.MaxLength, then in
// the kernel's ring, and when that is full [Stats].Lost counts what the kernel could not write.
//
// # Building
//
// The package needs cgo and the archive libquark_big.a, which make builds at the top of the repository that this
// package is part of. A program names that place in its go.mod:
//
//	require github.com/elastic/quark v0.0.0
//
//	replace github.com/elastic/quark => /path/to/the/repository
package quark
