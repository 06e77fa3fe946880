//go:build quark_fake

package quark

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/netip"
	"os"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// open opens a queue of the fake library that has events events.
func open(t testing.TB, events int) *Queue {
	t.Helper()
	attr := DefaultQueueAttr()
	attr.MaxLength = events
	queue, err := OpenQueue(attr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(queue.Close)
	return queue
}

var (
	initProcess = Process{
		Pid: 1,
		Proc: Proc{
			CapInheritable: 1, CapPermitted: 2, CapEffective: 3, CapBset: 4, CapAmbient: 5,
			TimeBoot: 1700000000000000000, EntryLeaderType: uint32(QUARK_ELT_INIT), EntryLeader: 1, Valid: true,
		},
		Comm: "init", Cmdline: []string{"/init"}, Cwd: "/", cmdline: "/init\x00\x00\x00\x00",
	}
	echoProcess = Process{
		Pid: 4711,
		Proc: Proc{
			TimeBoot: 1700000001000000000, Ppid: 1, Uid: 2, Gid: 3, Suid: 4, Sgid: 5, Euid: 6, Egid: 7, Pgid: 8, Sid: 9,
			TtyMajor: 10, TtyMinor: 11, UtsInonum: 12, IpcInonum: 13, MntInonum: 14, NetInonum: 15,
			EntityId: "0123456789abcdef", Valid: true,
		},
		Exit: Exit{ExitCode: -1, ExitTimeProcess: 1700000002000000000, ExitSignal: 9, Valid: true},
		Comm: "sixteen bytes ..", Exe: "/bin/busybox", Cmdline: []string{"/bin/echo", "hello"}, Cwd: "/", Cgroup: "/",
		cmdline: "/bin/echo\x00hello\x00\x00", env: "A=1\x00B=\x00",
	}
)

// script returns the process as it is in its event with that number.
func script(process Process, number int) Process {
	process.Script = fmt.Sprintf("script %d", number)
	return process
}

// processEvent returns the process event with that number.
func processEvent(number int) Event {
	event := Event{Time: 1700000000000000000 + uint64(number)}
	switch number {
	case 0:
		event.Events = QUARK_EV_FORK | QUARK_EV_EXEC | QUARK_EV_EXIT
		event.Process = script(echoProcess, 0)
	case 1:
		event.Events = QUARK_EV_ID_CHANGE
		event.IdChange = QUARK_ID_CHANGE_SETSID | QUARK_ID_CHANGE_SETGID
		event.Process = script(echoProcess, 1)
	case 2:
		event.Events = QUARK_EV_SETPROCTITLE
		event.Process = Process{Pid: 4712}
	case 3:
		event.Events = QUARK_EV_EXEC
		event.Process = initProcess
	}
	return event
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// defaultFlags are those of this generation.
var defaultFlags = map[bool]int{true: QQ_EBPF, false: QQ_KPROBE | QQ_EBPF}[wallclock(0) != 0]

func TestDefaults(t *testing.T) {
	equal(t, "attributes", DefaultQueueAttr(), QueueAttr{
		Flags: defaultFlags, MaxLength: 10000, CacheGraceTime: 4000, HoldTime: 1000, MaxEnv: 4096,
	})
}

func TestProcessEvents(t *testing.T) {
	queue := open(t, 4)
	var events []Event
	for {
		event, ok := queue.GetEvent()
		if !ok {
			break
		}
		events = append(events, event)
	}
	// The events are checked after all have been taken: an event must not change.
	if len(events) != 4 {
		t.Fatalf("%d events", len(events))
	}
	for i, event := range events {
		equal(t, fmt.Sprint("event ", i), event, processEvent(i))
	}
	equal(t, "argv", events[0].Process.Argv(), []string{"/bin/echo", "hello", ""})
	equal(t, "environment", events[0].Process.Environ(), []string{"A=1", "B="})
	equal(t, "argv that is not known", events[2].Process.Argv(), []string(nil))
	equal(t, "timestamp", events[0].Timestamp(), time.Date(2023, 11, 14, 22, 13, 20, int(wallclock(0)), time.UTC))
}

func TestPayloads(t *testing.T) {
	var got [16]Event
	if count := open(t, 16).GetEvents(got[:]); count != 16 {
		t.Fatalf("%d events", count)
	}
	tcp4 := Socket{
		Local: netip.MustParseAddrPort("127.0.0.1:80"), Remote: netip.MustParseAddrPort("10.0.0.2:40000"), PidOrigin: 1,
		PidLastUse: 2, EstablishedTime: 3, CloseTime: 4, BytesSent: 5, BytesReceived: 6,
	}
	tcp6 := tcp4
	tcp6.Local = netip.MustParseAddrPort("[7f00:1::1]:80")
	tcp6.Remote = netip.MustParseAddrPort("[::ffff:1.2.3.4]:40000")
	created := File{
		Path: "/tmp/new", Inode: 1, Atime: 2, Mtime: 3, Ctime: 4, Size: 5, Mode: 0o100644, Uid: 6, Gid: 7,
		OpMask: QUARK_FILE_OP_CREATE,
	}
	moved := created
	moved.OldPath, moved.SymTarget, moved.OpMask = "/tmp/old", "target", QUARK_FILE_OP_MOVE
	shm := func(value any) *any { return &value }
	want := []Event{
		4: {Events: QUARK_EV_SOCK_CONN_ESTABLISHED, Socket: &tcp4},
		5: {Events: QUARK_EV_SOCK_CONN_CLOSED, Socket: &tcp6},
		6: {Events: QUARK_EV_PACKET, Packet: &Packet{
			Direction: QUARK_PACKET_DIR_INGRESS, Origin: QUARK_PACKET_ORIGIN_DNS, OrigLen: 100,
			Data: []byte("E\x00\x00\x01\x02"),
		}},
		7:  {Events: QUARK_EV_FILE, File: &created},
		8:  {Events: QUARK_EV_FILE, File: &moved},
		9:  {Events: QUARK_EV_PTRACE, Ptrace: &Ptrace{ChildPid: 1, Request: -2, Addr: 3, Data: 4}},
		10: {Events: QUARK_EV_MODULE_LOAD, ModuleLoad: &ModuleLoad{Name: "module", Version: "1.0"}, ModuleTaints: 0x1001},
		11: {Events: QUARK_EV_SHM, Shm: shm(ShmGet{Key: -1, Size: 2, Shmflg: -3})},
		12: {Events: QUARK_EV_SHM, Shm: shm(ShmOpen{Path: "/dev/shm/name"})},
		13: {Events: QUARK_EV_SHM, Shm: shm(MemFd{Flags: 4, Path: "/dev/shm/name", Kind: QUARK_SHM_MEMFD_CREATE})},
		14: {Events: QUARK_EV_SHM},
		15: {Events: QUARK_EV_TTY, TtyFlags: QUARK_TTY_F_INPUT, Tty: &Tty{
			Major: 1, Minor: 2, Cols: 3, Rows: 4, Cflag: 5, Iflag: 6, Lflag: 7, Oflag: 8, Truncated: 10,
			Data: [][]byte{[]byte("one"), {}},
		}},
	}
	for i := range got {
		expected := want[i]
		if i < 4 {
			expected = processEvent(i)
		}
		expected.Time = 1700000000000000000 + uint64(i)
		if i > 4 {
			expected.Process = initProcess
		}
		equal(t, fmt.Sprint("event ", i), got[i], expected)
	}
	if got[4].HasProcess() || !got[5].HasProcess() {
		t.Error("HasProcess does not tell which event has a process")
	}
}

// TestBatches takes more events than the C buffer holds at once, and into an array that is not filled.
func TestBatches(t *testing.T) {
	const total = 10001
	queue := open(t, total)
	events := make([]Event, 3000)
	seen := 0
	for {
		count := queue.GetEvents(events)
		if count == 0 {
			break
		}
		for _, event := range events[:count] {
			if event.Time != 1700000000000000000+uint64(seen) {
				t.Fatalf("event %d has time %d", seen, event.Time)
			}
			seen++
		}
	}
	if seen != total {
		t.Errorf("%d events", seen)
	}
	if count := open(t, 1).GetEvents(nil); count != 0 {
		t.Errorf("%d events into no room", count)
	}
}

func TestLookupAndSnapshot(t *testing.T) {
	queue := open(t, 1)
	process, ok := queue.Lookup(1)
	equal(t, "process 1", process, initProcess)
	if !ok {
		t.Error("process 1 is not found")
	}
	for _, pid := range []int{0, -1, 2, math.MaxInt32, math.MaxInt32 + 1 + 1, math.MinInt} {
		if process, ok := queue.Lookup(pid); ok {
			t.Errorf("process %d is %+v", pid, process)
		}
	}
	equal(t, "snapshot", queue.Snapshot(), []Process{initProcess, echoProcess, {Pid: 4712}})
}

func TestStats(t *testing.T) {
	queue := open(t, 4)
	queue.GetEvent()
	equal(t, "statistics", queue.Stats(), Stats{
		Insertions: 4, Removals: 1, Aggregations: 3, NonAggregations: 4, Lost: 5, GarbageCollections: 6, Stalls: 10,
		Backend: QQ_EBPF, Malformed: 7, Late: 8, Refused: 9,
	})
	equal(t, "hooks", queue.Hooks(), "fork: fake\n")
	equal(t, "fallback", queue.FallbackReason(), "this is a fake")
	capabilities, err := queue.Capabilities()
	equal(t, "error", err, nil)
	equal(t, "capabilities", capabilities, []Capability{
		{Family: "process", Events: QUARK_EV_FORK, State: QUARK_CAPABILITY_EXACT, Means: "fake"},
		{Family: "shm", Events: QUARK_EV_SHM, Field: "path", Flag: QQ_SHM, Reason: "not asked for"},
	})
}

func TestECS(t *testing.T) {
	queue := open(t, 5)
	for _, pid := range []int{4711, 4711, 4712, 1} {
		text, ok, err := queue.GetEventAsECS()
		if want := fmt.Sprintf(`{"process":{"pid":%d}}`, pid); string(text) != want || !ok || err != nil {
			t.Errorf("%s %t %v, not %s", text, ok, err, want)
		}
	}
	if text, ok, err := queue.GetEventAsECS(); text != nil || ok || !errors.Is(err, syscall.EINVAL) {
		t.Errorf("%s %t %v", text, ok, err)
	}
	if text, ok, err := queue.GetEventAsECS(); text != nil || ok || err != nil {
		t.Errorf("%s %t %v", text, ok, err)
	}
}

func TestOpenErrors(t *testing.T) {
	attr := DefaultQueueAttr()
	attr.HoldTime = 9
	_, err := OpenQueue(attr)
	var openError *OpenError
	if !errors.Is(err, syscall.EINVAL) || !errors.As(err, &openError) || openError.Errno != syscall.EINVAL {
		t.Errorf("%#v", err)
	}
	equal(t, "message", err.Error(), "quark: cannot use hold_time below 10: Invalid argument")

	attr = DefaultQueueAttr()
	attr.Flags |= QQ_NOVA
	_, err = OpenQueue(attr)
	if !errors.Is(err, syscall.EPERM) || !errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EINVAL) {
		t.Errorf("%#v", err)
	}

	attr = DefaultQueueAttr()
	attr.RingSize = 1
	if _, err = OpenQueue(attr); err != ErrUndefined {
		t.Errorf("%#v", err)
	}
	equal(t, "without a text", (&OpenError{Errno: syscall.ENOMEM}).Error(), "quark: cannot allocate memory")
}

// A value that does not fit in a C int is an error, and does not become another number.
func TestAttributesOutOfRange(t *testing.T) {
	for _, change := range []func(*QueueAttr){
		func(attr *QueueAttr) { attr.Flags += 1 << 32 },
		func(attr *QueueAttr) { attr.MaxLength += 1 << 32 },
		func(attr *QueueAttr) { attr.CacheGraceTime += 1 << 32 },
		func(attr *QueueAttr) { attr.HoldTime -= 1 << 32 },
		func(attr *QueueAttr) { attr.MaxEnv = -2 },
		func(attr *QueueAttr) { attr.RingSize = -4096 },
	} {
		attr := DefaultQueueAttr()
		change(&attr)
		if _, err := OpenQueue(attr); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("%+v: %v", attr, err)
		}
	}
}

func TestRules(t *testing.T) {
	attr := DefaultQueueAttr()
	attr.RuleText = "pass on any"
	queue, err := OpenQueue(attr)
	if err != nil {
		t.Fatal(err)
	}
	if rules := queue.queue.queue.ruleset; rules == nil || rules.n_rules != 1 {
		t.Errorf("%+v", rules)
	}
	queue.Close()
	attr.RuleText = "pass"
	// Rules are checked before anything that needs a privilege.
	attr.Flags |= QQ_NOVA
	_, err = OpenQueue(attr)
	equal(t, "the error of rules that are none", fmt.Sprint(err),
		"can't parse ruleset: quark_parse: it is none at line 1 column 1")
}

func TestAccounts(t *testing.T) {
	queue := open(t, 4)
	user, isUser := queue.PasswdLookup(0)
	group, isGroup := queue.GroupLookup(0)
	equal(t, "user", user, Passwd{"root", 0, 1})
	equal(t, "group", group, Group{"wheel", 0})
	_, isOther := queue.PasswdLookup(4294967290)
	_, isOtherGroup := queue.GroupLookup(4294967290)
	equal(t, "found", []bool{isUser, isGroup, isOther, isOtherGroup}, []bool{true, true, false, false})
	equal(t, "aggregation", queue.DisableAggregation(), nil)
	queue.Close()
	if _, ok := queue.PasswdLookup(0); ok || queue.DisableAggregation() != ErrClosed {
		t.Error("of a closed queue")
	}
}

func TestBoottime(t *testing.T) {
	equal(t, "boot time", []uint64{Boottime(), TimeToWallclock(7)}, []uint64{1000, 1007})
	equal(t, "error", UpdateBoottime(), nil)
}

func TestClosed(t *testing.T) {
	queue := open(t, 4)
	queue.Close()
	queue.Close()
	if event, ok := queue.GetEvent(); ok {
		t.Errorf("%+v", event)
	}
	if process, ok := queue.Lookup(1); ok {
		t.Errorf("%+v", process)
	}
	if processes := queue.Snapshot(); processes != nil {
		t.Errorf("%+v", processes)
	}
	equal(t, "statistics", queue.Stats(), Stats{})
	equal(t, "hooks and reason", queue.Hooks()+queue.FallbackReason(), "")
	_, _, ecs := queue.GetEventAsECS()
	_, next := queue.Next(context.Background())
	_, told := queue.Capabilities()
	for _, err := range []error{queue.Block(), ecs, next, told} {
		if err != ErrClosed || !errors.Is(err, fs.ErrClosed) {
			t.Errorf("%v", err)
		}
	}
	if event, ok := <-queue.Events(context.Background()); ok {
		t.Errorf("%+v", event)
	}
}

func TestNext(t *testing.T) {
	queue := open(t, 1)
	event, err := queue.Next(context.Background())
	equal(t, "event", event, processEvent(0))
	if err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	if event, err = queue.Next(ctx); err != context.DeadlineExceeded {
		t.Errorf("%+v %v", event, err)
	}
	if took := time.Since(began); took < 50*time.Millisecond || took > time.Second {
		t.Errorf("that took %v", took)
	}
	if count, err := queue.NextBatch(context.Background(), nil); count != 0 || err != nil {
		t.Errorf("%d events into no room, %v", count, err)
	}
}

// When a context ends, no event is lost: events that were not received come with the next call.
func TestEvents(t *testing.T) {
	const total = 1000
	goroutines := runtime.NumGoroutine()
	queue := open(t, total)
	seen := 0
	check := func(event Event) {
		t.Helper()
		if event.Time != 1700000000000000000+uint64(seen) {
			t.Fatalf("event %d has time %d", seen, event.Time)
		}
		seen++
	}
	for round := 0; round < 3; round++ {
		ctx, cancel := context.WithCancel(context.Background())
		channel := queue.Events(ctx)
		for i := 0; i < 100; i++ {
			check(<-channel)
		}
		cancel()
		for event := range channel {
			check(event)
		}
		for i := 0; i < 3; i++ {
			event, ok := queue.GetEvent()
			if !ok {
				t.Fatal("no event")
			}
			check(event)
		}
	}
	channel := queue.Events(context.Background())
	for seen < total {
		check(<-channel)
	}
	queue.Close()
	if event, ok := <-channel; ok {
		t.Errorf("%+v", event)
	}
	waitForGoroutines(t, goroutines)
}

// A channel from which no goroutine receives ends with its queue, too.
func TestEventsOfNobody(t *testing.T) {
	goroutines := runtime.NumGoroutine()
	queue := open(t, math.MaxInt32)
	channel := queue.Events(context.Background())
	for end := time.Now().Add(5 * time.Second); len(channel) < cap(channel); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d events in the channel", len(channel))
		}
	}
	queue.Close()
	waitForGoroutines(t, goroutines)
}

func waitForGoroutines(t *testing.T, count int) {
	t.Helper()
	for end := time.Now().Add(2 * time.Second); runtime.NumGoroutine() > count; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), count)
		}
	}
}

func TestAll(t *testing.T) {
	queue := open(t, 10)
	seen := 0
	queue.All(context.Background())(func(event Event, err error) bool {
		seen++
		return seen < 4
	})
	ctx, cancel := context.WithCancel(context.Background())
	var last error
	queue.All(ctx)(func(event Event, err error) bool {
		last = err
		if err == nil {
			seen++
		}
		if seen == 10 {
			cancel()
		}
		return true
	})
	if seen != 10 || last != context.Canceled {
		t.Errorf("%d events, %v", seen, last)
	}
}

// All methods run at the same time. The fake ends the program if two of them are in the library together, and the race
// detector finds other races.
func TestConcurrency(t *testing.T) {
	const total = 20000
	queue := open(t, total)
	var taken atomic.Int64
	var group sync.WaitGroup
	start := func(work func() bool) {
		group.Add(1)
		go func() {
			defer group.Done()
			for work() {
			}
		}()
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for i := 0; i < 2; i++ {
		start(func() bool {
			_, ok := queue.GetEvent()
			if ok {
				taken.Add(1)
			}
			return ok
		})
		start(func() bool {
			var events [7]Event
			count := queue.GetEvents(events[:])
			taken.Add(int64(count))
			return count > 0
		})
		channel := queue.Events(ctx)
		start(func() bool {
			_, ok := <-channel
			if ok {
				taken.Add(1)
			}
			return ok
		})
		start(func() bool {
			process, ok := queue.Lookup(1)
			return ok && process.Comm == "init"
		})
		start(func() bool { return len(queue.Snapshot()) == 3 })
		start(func() bool { return queue.Stats().Backend != 0 })
		start(func() bool { return queue.Block() == nil })
		start(func() bool { return queue.Hooks() != "" && queue.FallbackReason() != "" })
	}
	for end := time.Now().Add(20 * time.Second); taken.Load() < total; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d events of %d", taken.Load(), total)
		}
	}
	began := time.Now()
	for i := 0; i < 2; i++ {
		start(func() bool {
			queue.Close()
			return false
		})
	}
	group.Wait()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("closing took %v", took)
	}
	if taken.Load() != total {
		t.Errorf("%d events of %d", taken.Load(), total)
	}
}

func TestOpenAndCloseLeakNothing(t *testing.T) {
	goroutines, descriptors := runtime.NumGoroutine(), countDescriptors(t)
	for i := 0; i < 1000; i++ {
		queue := open(t, 10)
		ctx, cancel := context.WithCancel(context.Background())
		<-queue.Events(ctx)
		cancel()
		queue.Close()
	}
	waitForGoroutines(t, goroutines)
	if now := countDescriptors(t); now != descriptors {
		t.Errorf("%d descriptors, %d before", now, descriptors)
	}
}

func countDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// benchmark measures the cost that the package adds to the fake library, which costs little. It measures the CPU time
// of the whole program, with garbage collection, which does not depend on other load of the machine.
func benchmark(b *testing.B, take func(queue *Queue) int) {
	queue := open(b, math.MaxInt32)
	b.ReportAllocs()
	b.ResetTimer()
	began := cpu(b)
	for taken := 0; taken < b.N; {
		taken += take(queue)
	}
	b.ReportMetric(float64(cpu(b)-began)/float64(b.N), "cpu-ns/op")
}

// cpu returns the CPU time of all threads, in nanoseconds.
func cpu(b *testing.B) int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func BenchmarkGetEvent(b *testing.B) {
	benchmark(b, func(queue *Queue) int {
		queue.GetEvent()
		return 1
	})
}

func BenchmarkGetEvents(b *testing.B) {
	var events [batch]Event
	benchmark(b, func(queue *Queue) int { return queue.GetEvents(events[:]) })
}

func BenchmarkEvents(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var channel <-chan Event
	benchmark(b, func(queue *Queue) int {
		if channel == nil {
			channel = queue.Events(ctx)
		}
		<-channel
		return 1
	})
}
