// A program like agents that were written for the reference's module: one part keeps data of sessions, another lists
// processes and their events. The differences between the versions of that module are in times*.go.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/elastic/go-quark"
)

// provider looks up processes while another goroutine takes the events.
type provider struct {
	queue *quark.Queue
	mutex sync.Mutex
	ended map[uint32]quark.Process
}

// open tries EBPF, then KPROBE, because there is no fallback.
func open(flags int) (*quark.Queue, error) {
	attr := quark.DefaultQueueAttr()
	attr.HoldTime = 100
	attr.Flags = quark.QQ_EBPF | flags
	queue, err := quark.OpenQueue(attr)
	if err == nil {
		return queue, nil
	}
	attr.Flags &^= quark.QQ_EBPF
	attr.Flags |= quark.QQ_KPROBE
	queue, second := quark.OpenQueue(attr)
	if second != nil {
		return nil, fmt.Errorf("%v; %w", err, second)
	}
	return queue, nil
}

// run takes events until `done` is closed.
func (p *provider) run(done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		default:
		}
		p.mutex.Lock()
		event, ok := p.queue.GetEvent()
		if ok && event.Events&(quark.QUARK_EV_FORK|quark.QUARK_EV_EXEC|quark.QUARK_EV_EXIT) != 0 && event.Process.Exit.Valid {
			p.ended[event.Process.Pid] = event.Process
		}
		p.mutex.Unlock()
		if !ok {
			if err := p.queue.Block(); err != nil {
				fail("block: %v", err)
			}
		}
	}
}

// lookup tries for some time, because a process may not have been reported yet.
func (p *provider) lookup(pid int) (quark.Process, bool) {
	for try := 0; try < 100; try++ {
		p.mutex.Lock()
		process, ok := p.queue.Lookup(pid)
		p.mutex.Unlock()
		if ok {
			return process, true
		}
		time.Sleep(50 * time.Millisecond)
	}
	return quark.Process{}, false
}

func leaderName(kind uint32) string {
	switch int(kind) {
	case quark.QUARK_ELT_INIT:
		return "init"
	case quark.QUARK_ELT_SSHD:
		return "sshd"
	case quark.QUARK_ELT_SSM:
		return "ssm"
	case quark.QUARK_ELT_CONTAINER:
		return "container"
	case quark.QUARK_ELT_TERM:
		return "terminal"
	case quark.QUARK_ELT_CONSOLE:
		return "console"
	case quark.QUARK_ELT_KTHREAD:
		return "kthread"
	case quark.QUARK_ELT_UNKNOWN:
	}
	return "unknown"
}

func fail(format string, values ...any) {
	fmt.Printf("FAIL: "+format+"\n", values...)
	os.Exit(1)
}

// within compares a time of a process with the clock of this program.
func within(what string, stamp uint64, before, after time.Time) {
	moment := wall(stamp)
	// /proc rounds a start time down by up to 10 ms; no time may be too late.
	if moment.Before(before.Add(-20*time.Millisecond)) || moment.After(after) {
		fail("%s: %v is not from %v to %v", what, moment, before, after)
	}
}

func backend(stats quark.Stats) string {
	switch stats.Backend {
	case quark.QQ_EBPF:
		return "EBPF"
	case quark.QQ_KPROBE:
		return "KPROBE"
	}
	return "?"
}

func sessions() {
	queue, err := open(quark.QQ_ENTRY_LEADER)
	if err != nil {
		fail("open: %v", err)
	}
	defer queue.Close()
	p := &provider{queue: queue, ended: map[uint32]quark.Process{}}
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		p.run(done)
		close(stopped)
	}()
	before := time.Now()
	command := exec.Command("/bin/sh", "-c", "exit 3")
	_ = command.Run()
	after := time.Now()
	pid := command.ProcessState.Pid()
	if _, ok := p.lookup(pid); !ok {
		fail("process %d is not known", pid)
	}
	var process quark.Process
	for end := time.Now().Add(20 * time.Second); !process.Exit.Valid; time.Sleep(20 * time.Millisecond) {
		p.mutex.Lock()
		process = p.ended[uint32(pid)]
		p.mutex.Unlock()
		if time.Now().After(end) {
			fail("process %d does not end", pid)
		}
	}
	close(done)
	<-stopped
	if process.Exit.ExitCode != 3 || process.Comm == "" || process.Exe == "" || len(process.Cmdline) != 3 ||
		process.Cwd == "" || int(process.Proc.Ppid) != os.Getpid() {
		fail("%+v", process)
	}
	within("start", process.Proc.TimeBoot, before, after)
	within("end", process.Exit.ExitTimeProcess, before, after)
	stats := queue.Stats()
	if stats.Insertions == 0 || stats.Removals == 0 || stats.Lost != 0 || backend(stats) == "?" {
		fail("%+v", stats)
	}
	fmt.Println("sessions:", backend(stats), leaderName(process.Proc.EntryLeaderType), process.Proc.EntryLeader, stats)
}

func processes() {
	queue, err := open(0)
	if err != nil {
		fail("open: %v", err)
	}
	defer queue.Close()
	known := queue.Snapshot()
	if len(known) < 2 {
		fail("a snapshot of %d", len(known))
	}
	now := time.Now()
	for _, process := range known {
		if process.Proc.Valid && wall(process.Proc.TimeBoot).After(now) {
			fail("%+v has not begun yet", process)
		}
	}
	document, ok, err := queue.GetEventAsECS()
	if ok != (document != nil) {
		fail("%q %v %v", document, ok, err)
	}
	fmt.Println("processes:", len(known))
}

func main() {
	sessions()
	processes()
	fmt.Println("PASS")
}
