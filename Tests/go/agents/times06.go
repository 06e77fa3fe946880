//go:build !since_boot && !courtesy

package main

import (
	"time"

	"github.com/elastic/go-quark"
)

// Of 0.6, where times are since the epoch and any backend may be asked for.
var _ = quark.QQ_ALL_BACKENDS

func wall(stamp uint64) time.Time { return time.Unix(0, int64(stamp)) }
