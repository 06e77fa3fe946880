//go:build !since_boot && !courtesy

package main

import (
	"time"

	"github.com/elastic/go-quark"
)

// For 0.6, where times are since the epoch and all backends may be allowed.
var _ = quark.QQ_ALL_BACKENDS

func wall(stamp uint64) time.Time { return time.Unix(0, int64(stamp)) }
