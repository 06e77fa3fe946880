//go:build linux && (amd64 || arm64) && !quark_fake && !quark_replay

package quark

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"reflect"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// attributes returns attributes for a test: events come soon, from one backend.
func attributes(backend int) QueueAttr {
	attr := DefaultQueueAttr()
	attr.Flags = backend | QQ_ENTRY_LEADER
	attr.HoldTime = 100
	return attr
}

func open(t *testing.T, attr QueueAttr) *Queue {
	t.Helper()
	queue, err := OpenQueue(attr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(queue.Close)
	return queue
}

// each runs a test for each backend.
func each(t *testing.T, test func(t *testing.T, backend int)) {
	t.Run("EBPF", func(t *testing.T) { test(t, QQ_EBPF) })
	t.Run("KPROBE", func(t *testing.T) { test(t, QQ_KPROBE) })
}

// run runs a program to its end, and returns its pid.
func run(t *testing.T, command *exec.Cmd) uint32 {
	t.Helper()
	if err := command.Run(); err != nil {
		t.Fatal(err)
	}
	return uint32(command.Process.Pid)
}

// drain returns all events of a process, up to its exit.
func drain(t *testing.T, queue *Queue, pid uint32) []Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	var events []Event
	for {
		event, err := queue.Next(ctx)
		if err != nil {
			t.Fatalf("process %d does not end: %v, %+v", pid, err, events)
		}
		if event.Process.Pid != pid {
			continue
		}
		events = append(events, event)
		if event.Events&QUARK_EV_EXIT != 0 {
			return events
		}
	}
}

// TestReference does what a program for the reference's package, and the test of that package, do.
func TestReference(t *testing.T) {
	each(t, func(t *testing.T, backend int) {
		queue := open(t, attributes(backend))
		if processes := queue.Snapshot(); len(processes) < 2 {
			t.Errorf("a snapshot of %d", len(processes))
		}
		if process, ok := queue.Lookup(1); !ok || process.Comm == "" || process.Cwd == "" {
			t.Errorf("process 1: %+v", process)
		}
		queue.GetEvent()
		run(t, exec.Command("/bin/echo", "hello"))
		var events []Event
		for end := time.Now().Add(time.Second); time.Now().Before(end); {
			event, ok := queue.GetEvent()
			if ok {
				events = append(events, event)
			} else if err := queue.Block(); err != nil {
				t.Fatal(err)
			}
		}
		stats := queue.Stats()
		if stats.Insertions == 0 || stats.Removals == 0 || stats.Aggregations == 0 || stats.Lost != 0 ||
			stats.Backend != backend {
			t.Errorf("%+v", stats)
		}
		if len(events) == 0 {
			t.Error("no events")
		}
		queue.Close()
		if err := queue.Block(); err != ErrClosed {
			t.Errorf("%v", err)
		}
	})
}

func TestProcess(t *testing.T) {
	each(t, func(t *testing.T, backend int) {
		queue := open(t, attributes(backend))
		before := time.Now()
		command := exec.Command("/bin/echo", "two words", "")
		command.Dir = "/tmp"
		command.Env = []string{"A=1", "B="}
		pid := run(t, command)
		events := drain(t, queue, pid)
		event := events[len(events)-1]
		process := event.Process
		if want := []string{"/bin/echo", "two words"}; !reflect.DeepEqual(process.Cmdline, want) {
			t.Errorf("cmdline %q", process.Cmdline)
		}
		if want := []string{"/bin/echo", "two words", ""}; !reflect.DeepEqual(process.Argv(), want) {
			t.Errorf("argv %q", process.Argv())
		}
		// The executed path is a symbolic link.
		if process.Comm != "echo" || process.Exe != "/bin/busybox" || process.Cwd != "/tmp" {
			t.Errorf("%+v", process)
		}
		if backend == QQ_EBPF && !reflect.DeepEqual(process.Environ(), command.Env) {
			t.Errorf("environment %q", process.Environ())
		}
		if !process.Proc.Valid || process.Proc.Ppid != uint32(os.Getpid()) || process.Proc.Uid != 0 {
			t.Errorf("%+v", process.Proc)
		}
		if !process.Exit.Valid || process.Exit.ExitCode != 0 {
			t.Errorf("%+v", process.Exit)
		}
		for _, event := range events {
			if stamp := event.Timestamp(); stamp.Before(before.Add(-time.Second)) || stamp.After(time.Now()) {
				t.Errorf("%v, it began %v", stamp, before)
			}
		}
		// It stays known for some time, with the data of the event.
		found, ok := queue.Lookup(int(pid))
		if !ok || !reflect.DeepEqual(found, process) {
			t.Errorf("found %+v", found)
		}
	})
}

func TestIdChange(t *testing.T) {
	attr := attributes(QQ_EBPF)
	attr.Flags |= QQ_MIN_AGG
	queue := open(t, attr)
	command := exec.Command("/bin/true")
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: &syscall.Credential{Uid: 7, Gid: 8}}
	var changes uint32
	for _, event := range drain(t, queue, run(t, command)) {
		if (event.Events&QUARK_EV_ID_CHANGE != 0) != (event.IdChange != 0) {
			t.Errorf("%+v", event)
		}
		changes |= event.IdChange
		if event.Events&QUARK_EV_EXIT != 0 && (event.Process.Proc.Uid != 7 || event.Process.Proc.Gid != 8) {
			t.Errorf("%+v", event.Process.Proc)
		}
	}
	if changes != QUARK_ID_CHANGE_SETSID|QUARK_ID_CHANGE_SETUID|QUARK_ID_CHANGE_SETGID {
		t.Errorf("changes %#x", changes)
	}
}

func TestChannel(t *testing.T) {
	each(t, func(t *testing.T, backend int) {
		goroutines := runtime.NumGoroutine()
		queue := open(t, attributes(backend))
		ctx, cancel := context.WithCancel(context.Background())
		channel := queue.Events(ctx)
		pids := map[uint32]bool{}
		for i := 0; i < 20; i++ {
			pids[run(t, exec.Command("/bin/true"))] = true
		}
		for event := range channel {
			if event.Events&QUARK_EV_EXIT != 0 {
				delete(pids, event.Process.Pid)
			}
			if len(pids) == 0 {
				break
			}
		}
		began := time.Now()
		cancel()
		for range channel {
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("the channel is closed after %v", took)
		}
		// A channel from which no goroutine receives, and a queue that is closed while goroutines wait.
		queue.Events(context.Background())
		waiting := make(chan error)
		go func() {
			for {
				if _, err := queue.Next(context.Background()); err != nil {
					waiting <- err
					return
				}
			}
		}()
		queue.Close()
		if err := <-waiting; err != ErrClosed {
			t.Errorf("%v", err)
		}
		waitForGoroutines(t, goroutines)
	})
}

// TestConcurrency calls all methods of a queue at the same time, for the race detector.
func TestConcurrency(t *testing.T) {
	queue := open(t, attributes(QQ_ALL_BACKENDS))
	stop := make(chan struct{})
	var group sync.WaitGroup
	start := func(work func()) {
		group.Add(1)
		go func() {
			defer group.Done()
			for {
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
					work()
				}
			}
		}()
	}
	seen := make(chan uint32, 1000)
	for i := 0; i < 2; i++ {
		start(func() {
			if event, ok := queue.GetEvent(); ok && event.Events&QUARK_EV_EXIT != 0 {
				seen <- event.Process.Pid
			}
		})
		start(func() { queue.Lookup(os.Getpid()) })
		start(func() { queue.Snapshot() })
		start(func() { queue.Stats() })
		start(func() {
			if err := queue.Block(); err != nil && err != ErrClosed {
				t.Error(err)
			}
		})
	}
	pids := map[uint32]bool{}
	for i := 0; i < 10; i++ {
		pids[run(t, exec.Command("/bin/true"))] = true
	}
	timeout := time.After(120 * time.Second)
	for len(pids) > 0 {
		select {
		case pid := <-seen:
			delete(pids, pid)
		case <-timeout:
			t.Fatalf("%d processes are missing", len(pids))
		}
	}
	queue.Close()
	close(stop)
	group.Wait()
}

func TestOpenErrors(t *testing.T) {
	attr := attributes(QQ_EBPF)
	attr.HoldTime = 1
	if _, err := OpenQueue(attr); !errors.Is(err, syscall.EINVAL) || !strings.Contains(err.Error(), "hold_time") {
		t.Errorf("%v", err)
	}
	attr = attributes(0)
	if _, err := OpenQueue(attr); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("%v", err)
	}
}

// A queue is opened and closed QUARK_ROUNDS times. No descriptor stays open, and the memory does not grow after the
// first rounds. The test must run without the race detector, which uses memory itself. Each thread that opens queues,
// and each huge page, would also use memory: the test has one such thread, and no huge pages.
func TestOpenAndCloseLeakNothing(t *testing.T) {
	if os.Getenv("QUARK_ROUNDS") == "" {
		t.Skip("QUARK_ROUNDS is not set")
	}
	rounds, err := strconv.Atoi(os.Getenv("QUARK_ROUNDS"))
	if err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const setThpDisable = 41 // PR_SET_THP_DISABLE of prctl(2)
	if _, _, errno := syscall.Syscall6(syscall.SYS_PRCTL, setThpDisable, 1, 0, 0, 0, 0); errno != 0 {
		t.Fatal(errno)
	}
	for _, backend := range []int{QQ_EBPF, QQ_KPROBE} {
		round := func() {
			queue, err := OpenQueue(attributes(backend))
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			channel := queue.Events(ctx)
			queue.Snapshot()
			cancel()
			queue.Close()
			for range channel {
			}
		}
		// By then the runtime and the C library have the memory that they keep for themselves.
		for i := 0; i < 5+rounds/10; i++ {
			round()
		}
		goroutines, descriptors, memory := runtime.NumGoroutine(), countDescriptors(t), residentKiB(t)
		for i := 0; i < rounds; i++ {
			round()
		}
		waitForGoroutines(t, goroutines)
		if now := countDescriptors(t); now != descriptors {
			t.Errorf("%d descriptors, %d before", now, descriptors)
		}
		now := residentKiB(t)
		if now > memory+1024 {
			t.Errorf("%d KiB resident, %d before", now, memory)
		}
		t.Logf("%d rounds of backend %d: %d KiB resident, %d before", rounds, backend, now, memory)
	}
}

func waitForGoroutines(t *testing.T, count int) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > count; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), count)
		}
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

// residentKiB returns the resident memory after a garbage collection, without the pages of the program's file.
func residentKiB(t *testing.T) int {
	t.Helper()
	debug.FreeOSMemory()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, line := range strings.Split(string(status), "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && (fields[0] == "RssAnon:" || fields[0] == "RssShmem:") {
			number, err := strconv.Atoi(fields[1])
			if err != nil {
				t.Fatal(err)
			}
			sum += number
		}
	}
	if sum == 0 {
		t.Fatal("/proc/self/status does not say how much memory there is")
	}
	return sum
}
