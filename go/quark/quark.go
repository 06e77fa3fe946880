//go:build linux && (amd64 || arm64)

package quark

// #cgo CFLAGS: -Wall -Wextra -D_GNU_SOURCE
// #include "shim.h"
import "C"

import (
	"fmt"
	"math"
	"sync"
	"syscall"
	"unsafe"
)

// QueueAttr has the settings of a queue. DefaultQueueAttr returns the defaults.
type QueueAttr struct {
	Flags          int    // QQ_*: backends, events, joining
	MaxLength      int    // how many raw events are held at most, 1 or more
	CacheGraceTime int    // how long a process is known after its end, milliseconds, 0 or more
	HoldTime       int    // how long an event is held for older ones to come, milliseconds, 10 or more
	RuleText       string // rules, quark-rules(5), that drop events or mark processes; "": none
	MaxEnv         int    // how much environment of a process is kept, bytes; 0: as DefaultQueueAttr, -1: none
	RingSize       int    // the kernel's ring, bytes, a power of two from 4096 on; 0: as the backend likes it
	Replay         string // a file, quark-recording(5), that is played in place of a backend; "": none
}

// DefaultQueueAttr returns the defaults: EBPF, or any backend if times are since the epoch; process events; 10000 raw
// events; 4 s of grace time; 1 s of hold time; 4 KiB of environment; and the backend's ring size.
func DefaultQueueAttr() QueueAttr {
	var attr C.struct_quark_queue_attr
	C.quark_queue_default_attr(&attr)
	return QueueAttr{
		Flags:          int(attr.flags),
		MaxLength:      int(attr.max_length),
		CacheGraceTime: int(attr.cache_grace_time),
		HoldTime:       int(attr.hold_time),
		MaxEnv:         int(attr.max_env),
		RingSize:       int(attr.ring_size),
	}
}

// Stats has the counters of a queue since it was opened.
type Stats struct {
	Insertions         uint64 // raw events that entered the queue
	Removals           uint64 // raw events that left it
	Aggregations       uint64 // events made of several raw events
	NonAggregations    uint64 // events made of one raw event
	Lost               uint64 // records the kernel had no room for
	GarbageCollections uint64 // processes forgotten
	Stalls             uint64 // rings whose content made no sense, once or more often
	Backend            int    // QQ_EBPF or QQ_KPROBE
	Malformed          uint64 // records dropped because they made no sense
	Late               uint64 // raw events that arrived after a younger one had left
	Refused            uint64 // records, or strings of a process, dropped because a bound was reached
}

// Queue is a stream of what processes do. Several goroutines may use it. OpenQueue makes one.
type Queue struct {
	mutex   sync.Mutex              // held in each C call except waiting
	queue   *C.struct_quarkgo_queue // nil when closed
	backlog []Event                 // events taken for a channel and not delivered
	epoll   int
	closing waker
	closed  chan struct{}
	waiting sync.WaitGroup // goroutines that may be using epoll and closing
}

// The library keeps only the message of the last failure to open a queue.
var opening sync.Mutex

// OpenQueue opens a queue, which belongs to the caller until Close. Rules with a syntax error are refused first, before
// anything that needs a privilege. Other errors are an *OpenError, which errors.Is compares by its syscall.Errno:
// EINVAL if a value is out of range; EPERM or EACCES if a privilege is missing; ENOTSUP if no backend can do what is
// asked for.
func OpenQueue(attr QueueAttr) (*Queue, error) {
	for _, value := range []struct {
		name    string
		number  int
		minimum int
		maximum int
	}{
		{"Flags", attr.Flags, math.MinInt32, math.MaxInt32},
		{"MaxLength", attr.MaxLength, math.MinInt32, math.MaxInt32},
		{"CacheGraceTime", attr.CacheGraceTime, math.MinInt32, math.MaxInt32},
		{"HoldTime", attr.HoldTime, math.MinInt32, math.MaxInt32},
		{"MaxEnv", attr.MaxEnv, -1, math.MaxInt},
		{"RingSize", attr.RingSize, 0, math.MaxInt},
	} {
		if value.number < value.minimum || value.number > value.maximum {
			text := fmt.Sprintf("cannot use %s %d: %d to %d is possible", value.name, value.number, value.minimum,
				value.maximum)
			return nil, &OpenError{Errno: syscall.EINVAL, Text: text}
		}
	}
	rules, err := parseRules(attr.RuleText)
	if err != nil {
		return nil, err
	}
	var replay *C.char
	if attr.Replay != "" {
		replay = C.CString(attr.Replay)
		defer C.free(unsafe.Pointer(replay))
	}
	opening.Lock()
	queue, err := C.quarkgo_open(C.int(attr.Flags), C.int(attr.MaxLength), C.int(attr.CacheGraceTime),
		C.int(attr.HoldTime), C.ssize_t(attr.MaxEnv), C.size_t(attr.RingSize), rules, replay)
	opening.Unlock()
	if queue == nil {
		return nil, openError(err, "")
	}
	if queue.open_error != nil {
		text := C.GoString(queue.open_error)
		C.quarkgo_close(queue)
		return nil, openError(err, text)
	}
	closing, err := newWaker()
	if err != nil {
		C.quarkgo_close(queue)
		return nil, openError(err, "")
	}
	return &Queue{queue: queue, epoll: int(C.quark_queue_get_epollfd(&queue.queue)), closing: closing,
		closed: make(chan struct{})}, nil
}

// parseRules returns a C set of rules, which will belong to quarkgo_open; nil for an empty text.
func parseRules(text string) (*C.struct_quark_ruleset, error) {
	if text == "" {
		return nil, nil
	}
	bytes := C.CString(text)
	defer C.free(unsafe.Pointer(bytes))
	var words [256]C.char
	rules := C.quarkgo_rules(bytes, C.size_t(len(text)), &words[0], C.size_t(len(words)))
	if rules == nil {
		return nil, fmt.Errorf("can't parse ruleset: %s", C.GoString(&words[0]))
	}
	return rules, nil
}

func openError(err error, text string) error {
	if errno, ok := err.(syscall.Errno); ok {
		return &OpenError{Errno: errno, Text: text}
	}
	return ErrUndefined
}

// Close ends the queue and releases what it has in the kernel. Goroutines that wait for events return. Close may be
// called more than once.
func (q *Queue) Close() {
	q.mutex.Lock()
	queue := q.queue
	q.queue = nil
	q.backlog = nil
	q.mutex.Unlock()
	if queue == nil {
		return
	}
	close(q.closed)
	q.closing.wake()
	q.waiting.Wait()
	q.closing.close()
	C.quarkgo_close(queue)
}

// GetEvent takes the next event; false if there is none yet, or if the queue is closed. It also returns events whose
// process is not known: see Event.HasProcess.
func (q *Queue) GetEvent() (Event, bool) {
	var events [1]Event
	count := q.GetEvents(events[:])
	return events[0], count == 1
}

// GetEvents takes the events that are ready, as many as fit into events, and returns their number. This costs less than
// taking each of them with GetEvent. Lookup then returns processes as they are after the last of these events.
func (q *Queue) GetEvents(events []Event) int {
	count, _ := q.take(events)
	return count
}

// take is like GetEvents, but also returns ErrClosed.
func (q *Queue) take(events []Event) (int, error) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if q.queue == nil {
		return 0, ErrClosed
	}
	if len(q.backlog) > 0 {
		count := copy(events, q.backlog)
		q.backlog = q.backlog[count:]
		return count, nil
	}
	if len(events) > math.MaxInt32 {
		events = events[:math.MaxInt32]
	}
	count := int(C.quarkgo_drain(q.queue, C.int(len(events))))
	if count < 0 {
		return 0, syscall.ENOMEM
	}
	reader := reader{next: unsafe.Pointer(q.queue.buffer)}
	for i := range events[:count] {
		reader.event(&events[i])
	}
	return count, nil
}

// putBack keeps events that were taken and not delivered, for the next call that takes events.
func (q *Queue) putBack(events []Event) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if q.queue != nil {
		q.backlog = append(append([]Event{}, events...), q.backlog...)
	}
}

// GetEventAsECS takes the next event as a JSON document of the Elastic Common Schema; false if there is none yet, or
// the queue is closed. The event is also taken if there is an error. Events that a channel of Events gave back are not
// returned here.
func (q *Queue) GetEventAsECS() ([]byte, bool, error) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if q.queue == nil {
		return nil, false, ErrClosed
	}
	count, err := C.quarkgo_next_ecs(q.queue)
	switch {
	case count == 0:
		return nil, false, nil
	case count > 0:
		return append([]byte{}, unsafe.Slice((*byte)(unsafe.Pointer(q.queue.ecs)), q.queue.ecs_length)...), true, nil
	case err == nil:
		return nil, false, ErrUndefined
	}
	return nil, false, fmt.Errorf("quark: event as ECS: %w", err)
}

// Lookup returns what is known of a process, also of one that exited less than QueueAttr.CacheGraceTime ago.
func (q *Queue) Lookup(pid int) (Process, bool) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	var process Process
	if q.queue == nil || pid < 1 || pid > math.MaxInt32 || C.quarkgo_lookup(q.queue, C.int(pid)) != 1 {
		return process, false
	}
	reader := reader{next: unsafe.Pointer(q.queue.buffer)}
	reader.record()
	reader.process(&process)
	return process, true
}

// Snapshot returns all processes that Lookup would find, in ascending order of pids.
func (q *Queue) Snapshot() []Process {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if q.queue == nil {
		return nil
	}
	count := int(C.quarkgo_snapshot(q.queue))
	if count < 0 {
		return nil
	}
	processes := make([]Process, count)
	reader := reader{next: unsafe.Pointer(q.queue.buffer)}
	for i := range processes {
		reader.record()
		reader.process(&processes[i])
	}
	return processes
}

// Block waits until there may be an event, 100 ms at most. A signal is not an error.
func (q *Queue) Block() error {
	q.mutex.Lock()
	if q.queue == nil {
		q.mutex.Unlock()
		return ErrClosed
	}
	q.waiting.Add(1)
	q.mutex.Unlock()
	defer q.waiting.Done()
	if err := q.closing.wait(q.epoll, 100); err != nil {
		return fmt.Errorf("quark: block: %w", err)
	}
	return nil
}

// Stats returns the counters of the queue; all are zero when it is closed.
func (q *Queue) Stats() Stats {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if q.queue == nil {
		return Stats{}
	}
	var stats C.struct_quark_queue_stats
	C.quark_queue_get_stats(&q.queue.queue, &stats)
	return Stats{
		Insertions:         uint64(stats.insertions),
		Removals:           uint64(stats.removals),
		Aggregations:       uint64(stats.aggregations),
		NonAggregations:    uint64(stats.non_aggregations),
		Lost:               uint64(stats.lost),
		GarbageCollections: uint64(stats.garbage_collections),
		Stalls:             uint64(stats.stalls),
		Backend:            int(stats.backend),
		Malformed:          uint64(stats.malformed),
		Late:               uint64(stats.late),
		Refused:            uint64(stats.refused),
	}
}

// Hooks tells which kernel hook delivers each kind of record, one line each; "" when the queue is closed.
func (q *Queue) Hooks() string {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if q.queue == nil {
		return ""
	}
	return C.GoString(C.quark_queue_get_hooks(&q.queue.queue))
}

// FallbackReason tells why EBPF is not in use although it was allowed; "" if it is in use, if it was not allowed, or if
// the queue is closed.
func (q *Queue) FallbackReason() string {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if q.queue == nil {
		return ""
	}
	return C.GoString(C.quark_queue_get_fallback_reason(&q.queue.queue))
}

// Capability is an event, or what is known by it, as a queue tells it.
type Capability struct {
	Family string // process, ptrace and the like
	Events uint64 // QUARK_EV_*: the event
	Field  string // a member of its C structure, such as env; "": the event itself
	Flag   int    // QQ_*, which asks for it; 0: nobody needs to
	State  int    // QUARK_CAPABILITY_*
	Means  string // the hooks of the kernel that tell it; "": none
	Reason string // why it is not told, or not all of it, a line or more; ""
}

// Capabilities says what the queue tells, by which means, and what it does not and why: each event, and behind it what
// is known by it. The error is ErrClosed, or that of C.
func (q *Queue) Capabilities() ([]Capability, error) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if q.queue == nil {
		return nil, ErrClosed
	}
	all, err := C.quark_queue_get_capabilities(&q.queue.queue)
	if all == nil {
		return nil, fmt.Errorf("quark: capabilities: %w", err)
	}
	var capabilities []Capability
	for _, one := range unsafe.Slice(all.list, int(all.count)) {
		capabilities = append(capabilities, Capability{
			Family: C.GoString(one.family_name),
			Events: uint64(one.event),
			Field:  C.GoString(one.field),
			Flag:   int(one.flag),
			State:  int(one.state),
			Means:  C.GoString(one.means),
			Reason: C.GoString(one.reason),
		})
	}
	return capabilities, nil
}

// DisableAggregation has each thing that happens to a process be an event of its own, from the next event on. The error
// is ErrClosed.
func (q *Queue) DisableAggregation() error {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if q.queue == nil {
		return ErrClosed
	}
	if status, err := C.quarkgo_disable_aggregation(q.queue); status != 0 {
		if err == nil {
			err = ErrUndefined
		}
		return fmt.Errorf("quark: aggregation: %w", err)
	}
	return nil
}

// Passwd is a user as in /etc/passwd when the queue was opened.
type Passwd struct {
	Name string
	Uid  uint32
	Gid  uint32
}

// Group is a group as in /etc/group when the queue was opened.
type Group struct {
	Name string
	Gid  uint32
}

// PasswdLookup finds a user.
func (q *Queue) PasswdLookup(uid uint32) (Passwd, bool) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if q.queue == nil {
		return Passwd{}, false
	}
	found := C.quark_passwd_lookup(&q.queue.queue, C.uid_t(uid))
	if found == nil {
		return Passwd{}, false
	}
	return Passwd{Name: C.GoString(found.name), Uid: uint32(found.uid), Gid: uint32(found.gid)}, true
}

// GroupLookup finds a group.
func (q *Queue) GroupLookup(gid uint32) (Group, bool) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if q.queue == nil {
		return Group{}, false
	}
	found := C.quark_group_lookup(&q.queue.queue, C.gid_t(gid))
	if found == nil {
		return Group{}, false
	}
	return Group{Name: C.GoString(found.name), Gid: uint32(found.gid)}, true
}

// Boottime returns the wall-clock time of the boot, nanoseconds since the epoch: the sum of this and a time since boot
// is a wall-clock time. It follows the clock when that is set, and needs no queue.
func Boottime() uint64 { return uint64(C.quark_get_boottime()) }

// UpdateBoottime makes Boottime read the clocks at once. A program need not call it.
func UpdateBoottime() error {
	if status, err := C.quark_update_boottime(); status != 0 {
		return fmt.Errorf("quark: boot time: %w", err)
	}
	return nil
}

// TimeToWallclock converts a time since boot, nanoseconds, to a time since the epoch.
func TimeToWallclock(timeSinceBoot uint64) uint64 {
	return uint64(C.quark_time_to_wallclock(C.u64(timeSinceBoot)))
}

// SetVerbose sets how much the library writes to standard error, for all queues: QUARK_VL_*.
func SetVerbose(level int) {
	C.quarkgo_set_verbose(C.int(level))
}
