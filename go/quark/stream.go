//go:build linux && (amd64 || arm64)

package quark

import "context"

// The number of events that a channel or an iterator takes at once.
const batch = 64

// Next waits for the next event. The error is ErrClosed, or that of the context, whose end is noticed within 100
// milliseconds.
func (q *Queue) Next(ctx context.Context) (Event, error) {
	var events [1]Event
	_, err := q.NextBatch(ctx, events[:])
	return events[0], err
}

// NextBatch waits until there are events, takes as many as fit into events, and returns their number: 1 or more, or 0
// with an error like that of Next.
func (q *Queue) NextBatch(ctx context.Context, events []Event) (int, error) {
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if count, err := q.take(events); count > 0 || err != nil || len(events) == 0 {
			return count, err
		}
		if err := q.Block(); err != nil {
			return 0, err
		}
	}
}

// Events returns a channel of future events. It is closed when the context ends, which is noticed within 100
// milliseconds, or when the queue is closed. A slow receiver loses nothing here; instead the queue fills up. Events
// that were taken from the queue and not yet received when the context ends are either still received, or come first in
// the next call that takes events.
func (q *Queue) Events(ctx context.Context) <-chan Event {
	channel := make(chan Event, batch)
	go func() {
		defer close(channel)
		var events [batch]Event
		for {
			count, err := q.NextBatch(ctx, events[:])
			if err != nil {
				return
			}
			for i := range events[:count] {
				select {
				case channel <- events[i]:
				case <-ctx.Done():
					q.putBack(events[i:count])
					return
				case <-q.closed:
					return
				}
			}
		}
	}()
	return channel
}

// All calls yield for future events until yield returns false, or until the context ends or the queue is closed; then
// the last call has an error. With Go 1.23 or newer it is used in a loop:
//
//	for event, err := range queue.All(ctx) {
//
// Each event is taken from the queue separately, so Lookup and Stats fit the event.
func (q *Queue) All(ctx context.Context) func(yield func(Event, error) bool) {
	return func(yield func(Event, error) bool) {
		for {
			event, err := q.Next(ctx)
			if !yield(event, err) || err != nil {
				return
			}
		}
	}
}
