//go:build courtesy

package main

import (
	"time"

	"github.com/elastic/go-quark"
)

// wall is for 0.8, which has a function for this, and another one that is called from time to time.
func wall(stamp uint64) time.Time {
	if err := quark.UpdateBoottime(); err != nil {
		fail("%v", err)
	}
	return time.Unix(0, int64(quark.TimeToWallclock(stamp)))
}
