//go:build linux && (amd64 || arm64) && !quark_replay

package quark_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/elastic/quark/go/quark"
)

// echo runs a program, so that there is an event.
func echo() {
	if err := exec.Command("/bin/echo", "hello").Run(); err != nil {
		log.Fatal(err)
	}
}

// isEcho tells whether an event is that program's exec.
func isEcho(event *quark.Event) bool {
	arguments := event.Process.Cmdline
	return event.Events&quark.QUARK_EV_EXEC != 0 && len(arguments) > 0 && arguments[0] == "/bin/echo"
}

// Take events like a C program: take what is ready, then wait.
func Example() {
	attr := quark.DefaultQueueAttr()
	attr.HoldTime = 100
	queue, err := quark.OpenQueue(attr)
	if err != nil {
		log.Fatal(err)
	}
	defer queue.Close()
	echo()
	for {
		event, ok := queue.GetEvent()
		if !ok {
			if err := queue.Block(); err != nil {
				log.Fatal(err)
			}
			continue
		}
		if isEcho(&event) {
			fmt.Println(strings.Join(event.Process.Cmdline, " "))
			return
		}
	}
	// Output: /bin/echo hello
}

// Use a channel, until a time is over.
func ExampleQueue_Events() {
	attr := quark.DefaultQueueAttr()
	attr.HoldTime = 100
	queue, err := quark.OpenQueue(attr)
	if err != nil {
		log.Fatal(err)
	}
	defer queue.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	events := queue.Events(ctx)
	echo()
	for event := range events {
		if isEcho(&event) {
			fmt.Println(strings.Join(event.Process.Cmdline, " "))
			cancel()
			break
		}
	}
	// Output: /bin/echo hello
}

// Use an iterator. With Go 1.23 or newer the call below is a loop: for event, err := range queue.All(ctx) { … }
func ExampleQueue_All() {
	attr := quark.DefaultQueueAttr()
	attr.HoldTime = 100
	queue, err := quark.OpenQueue(attr)
	if err != nil {
		log.Fatal(err)
	}
	defer queue.Close()
	echo()
	queue.All(context.Background())(func(event quark.Event, err error) bool {
		if err != nil {
			log.Fatal(err)
		}
		if !isEcho(&event) {
			return true
		}
		fmt.Println(strings.Join(event.Process.Cmdline, " "))
		return false
	})
	// Output: /bin/echo hello
}

func ExampleQueue_Lookup() {
	queue, err := quark.OpenQueue(quark.DefaultQueueAttr())
	if err != nil {
		log.Fatal(err)
	}
	defer queue.Close()
	if process, ok := queue.Lookup(1); ok {
		fmt.Println(process.Comm, process.Cwd)
	}
	// Output: init /
}

// An error can be compared with an errno by errors.Is, and has a message.
func ExampleOpenError() {
	attr := quark.DefaultQueueAttr()
	attr.HoldTime = 0
	_, err := quark.OpenQueue(attr)
	fmt.Println(errors.Is(err, syscall.EINVAL))
	fmt.Println(err)
	// Output:
	// true
	// quark: cannot use hold_time below 10: Invalid argument
}
