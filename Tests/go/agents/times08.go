//go:build courtesy

package main

import (
	"time"

	"github.com/elastic/go-quark"
)

// Of 0.8, which has a function for it, and another one to be called now and then.
func wall(stamp uint64) time.Time {
	if err := quark.UpdateBoottime(); err != nil {
		fail("%v", err)
	}
	return time.Unix(0, int64(quark.TimeToWallclock(stamp)))
}
