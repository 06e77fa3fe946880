// Package quark reports what the processes of a Linux machine do: fork, exec, exit and more, in order, joined to
// events, each with all that is known of its process.
//
// [OpenQueue] opens a [Queue]. It needs root or the capabilities that quark(7) names. A program takes events in one of
// these ways:
//
//   - [Queue.GetEvent] and [Queue.Block]: take the events that are ready, then wait for more, like a C program;
//   - [Queue.Next], [Queue.NextBatch] and [Queue.All]: wait until there is an event, or until a context ends;
//   - [Queue.Events]: a channel that is closed when a context ends or the queue is closed.
//
// An [Event] is a copy. It does not change while the queue goes on, and may be passed to other goroutines.
//
// # Concurrency
//
// Several goroutines may call all methods of a Queue at the same time. Calls of the library are made one after the
// other; a goroutine that waits does not block the others. Each event goes to one caller. [Queue.Close] may be called
// at any time, and more than once: goroutines that wait then get [ErrClosed].
//
// # Events that are not taken in time
//
// The package does not drop events. Events that no goroutine takes wait in the queue, up to QueueAttr.MaxLength, then
// in the kernel's ring. When that is full, [Stats].Lost counts the records that the kernel could not write.
//
// # Building
//
// The package needs cgo and the archive libquark_big.a, which make builds at the top of this repository. A program
// names the path of the repository in its go.mod:
//
//	require github.com/elastic/quark v0.0.0
//
//	replace github.com/elastic/quark => /path/to/the/repository
package quark
