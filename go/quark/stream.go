//go:build linux && (amd64 || arm64)

package quark

import "context"

// How many events a channel or an iterator takes at once.
const batch = 64

// Next waits for the next event. The error is that of the context, which is noticed within 100 milliseconds, or
// ErrClosed.
func (q *Queue) Next(ctx context.Context) (Event, error) {
	var events [1]Event
	_, err := q.NextBatch(ctx, events[:])
	return events[0], err
}

// NextBatch waits until there are events, takes as many as fit into events, and says how many: 1 or more, or 0 with an
// error, as Next has it.
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

// Events is a channel of the events to come, closed when the context ends, which is noticed within 100 milliseconds,
// or the queue is closed. A slow receiver loses nothing here, the queue fills up in its place; what was taken from
// the queue and not yet received when the context ends, is either still received, or comes first in the next call
// that takes events.
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

// All goes through the events to come, until the context ends or the queue is closed, which the last call tells as an
// error, or until yield returns false. With Go 1.23 or newer it is for a loop:
//
//	for event, err := range queue.All(ctx) {
//
// Each event is taken from the queue by itself, so that Lookup and Stats go with it.
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
