//go:build linux && (amd64 || arm64) && !quark_fake && !quark_replay

package quark

import (
	"fmt"
	"os"
	"testing"
)

// These tests trace all processes of the machine on which they run, for which they need root. They run only if asked
// for.
func TestMain(m *testing.M) {
	if os.Getenv("QUARK_INITRAMFS") == "" && os.Getenv("QUARK_TEST_HERE") == "" {
		fmt.Fprintln(os.Stderr, "quark: these tests trace the machine they run on: `make test-programs` has them do so in a "+
			"guest, QUARK_TEST_HERE=1 here; with -tags quark_fake there are some that do not")
		os.Exit(1)
	}
	os.Exit(m.Run())
}
