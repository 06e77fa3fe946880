//go:build linux && (amd64 || arm64)

// quark-go: measures what an event costs a Go program, and what it costs a C program. It is made for a guest in virtual
// time (krun.sh --icount), where an instruction takes a nanosecond and figures repeat.
//
//	quark-go processes load-program [argument ...]
//
// For each way of taking events, in each of three rounds: opens a queue that holds all events back, runs the load
// program, which must run /bin/true at least `processes` times, waits until the events are old enough, and takes them.
// The CPU time is that of the whole program, with garbage collection, from the first call to the last event.
//
// Output: `way round events nanoseconds-per-event`, one line for each.
package main

// #cgo CFLAGS: -I${SRCDIR}/../../..
// #include <quark.h>
// #include <stdlib.h>
// #include <string.h>
//
// // Takes events until `exits` processes have ended, and says how many events those were.
// static long
// drain(struct quark_queue *queue, long exits)
// {
// 	const struct quark_event *event;
// 	long count = 0;
//
// 	while (exits > 0) {
// 		if ((event = quark_queue_get_event(queue)) == NULL)
// 			return (-1);
// 		if ((event->events & QUARK_EV_EXIT) && strcmp(event->process->comm, "true") == 0)
// 			exits--;
// 		count++;
// 	}
// 	return (count);
// }
import "C"

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"github.com/elastic/quark/go/quark"
)

// Longer than the load takes; otherwise its first events would be taken while it runs.
const holdTime = 20 * time.Second

const rounds = 3

// counter counts events until the given number of processes have ended.
type counter struct {
	exits  int
	events int
}

// isDone counts one more event.
func (c *counter) isDone(event *quark.Event) bool {
	c.events++
	if event.Events&quark.QUARK_EV_EXIT != 0 && event.Process.Comm == "true" {
		c.exits--
	}
	return c.exits == 0
}

var ways = []struct {
	name  string
	drain func(queue *quark.Queue, counter *counter)
}{
	{"GetEvent", func(queue *quark.Queue, counter *counter) {
		for {
			event, ok := queue.GetEvent()
			if !ok {
				fail("take events", fmt.Errorf("%d processes are missing", counter.exits))
			}
			if counter.isDone(&event) {
				return
			}
		}
	}},
	{"GetEvents", func(queue *quark.Queue, counter *counter) {
		var events [64]quark.Event
		for {
			taken := queue.GetEvents(events[:])
			if taken == 0 {
				fail("take events", fmt.Errorf("%d processes are missing", counter.exits))
			}
			for i := range events[:taken] {
				if counter.isDone(&events[i]) {
					return
				}
			}
		}
	}},
	{"Events", func(queue *quark.Queue, counter *counter) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		for event := range queue.Events(ctx) {
			if counter.isDone(&event) {
				return
			}
		}
		fail("take events", fmt.Errorf("%d processes are missing", counter.exits))
	}},
}

func fail(what string, err error) {
	fmt.Fprintf(os.Stderr, "quark-go: cannot %s: %v\n", what, err)
	os.Exit(1)
}

// cpu returns the CPU time of all threads.
func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fail("read the CPU time", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// makeEvents runs the load, and waits until its events in an open queue are old enough to be taken.
func makeEvents(load []string) {
	command := exec.Command(load[0], load[1:]...)
	began := time.Now()
	if output, err := command.CombinedOutput(); err != nil {
		fail("run the load", fmt.Errorf("%v: %s", err, output))
	}
	if took := time.Since(began); took > holdTime {
		fail("run the load", fmt.Errorf("it takes %v", took))
	}
	time.Sleep(holdTime + time.Second)
	runtime.GC()
}

func report(name string, round, events int, took time.Duration) {
	fmt.Printf("%s %d %d %d\n", name, round, events, took.Nanoseconds()/int64(events))
}

// measureC does in C what main does for each way.
func measureC(attr quark.QueueAttr, round, processes int, load []string) {
	queue := (*C.struct_quark_queue)(C.calloc(1, C.sizeof_struct_quark_queue))
	defer C.free(unsafe.Pointer(queue))
	inC := C.struct_quark_queue_attr{
		flags: C.int(attr.Flags), hold_time: C.int(attr.HoldTime), max_length: C.int(attr.MaxLength),
		cache_grace_time: C.int(attr.CacheGraceTime), max_env: C.size_t(attr.MaxEnv), kubefd: -1,
		ring_size: C.size_t(attr.RingSize),
	}
	if status, err := C.quark_queue_open(queue, &inC); status != 0 {
		fail("open a queue", err)
	}
	defer C.quark_queue_close(queue)
	makeEvents(load)
	began := cpu()
	events := int(C.drain(queue, C.long(processes)))
	took := cpu() - began
	if events < 0 {
		fail("take events", errors.New("processes are missing"))
	}
	report("C", round, events, took)
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: quark-go processes load-program [argument ...]")
		os.Exit(2)
	}
	processes, err := strconv.Atoi(os.Args[1])
	if err != nil || processes < 1 {
		fail("run "+os.Args[1]+" processes", syscall.EINVAL)
	}
	load := os.Args[2:]
	attr := quark.DefaultQueueAttr()
	attr.Flags = quark.QQ_EBPF
	attr.HoldTime = int(holdTime.Milliseconds())
	attr.MaxLength = 10 * processes
	attr.RingSize = 128 << 20
	for round := 1; round <= rounds; round++ {
		measureC(attr, round, processes, load)
		for _, way := range ways {
			queue, err := quark.OpenQueue(attr)
			if err != nil {
				fail("open a queue", err)
			}
			makeEvents(load)
			counter := counter{exits: processes}
			began := cpu()
			way.drain(queue, &counter)
			report(way.name, round, counter.events, cpu()-began)
			queue.Close()
		}
	}
}
