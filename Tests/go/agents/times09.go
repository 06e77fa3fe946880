//go:build since_boot && !courtesy

package main

import (
	"time"

	"github.com/elastic/go-quark"
)

// wall is for 0.9.
func wall(stamp uint64) time.Time { return time.Unix(0, int64(quark.Boottime()+stamp)) }
