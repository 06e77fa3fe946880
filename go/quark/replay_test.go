//go:build linux && (amd64 || arm64) && quark_replay

package quark

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestReplay plays what other families than processes told in a guest. Nothing is traced here.
func TestReplay(t *testing.T) {
	attr := DefaultQueueAttr()
	attr.Flags |= QQ_MIN_AGG
	attr.Replay = "../../Tests/Fixtures/recordings/6.1.0-families.rec"
	queue, err := OpenQueue(attr)
	if err != nil {
		t.Fatal(err)
	}
	defer queue.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	var (
		calls   []Ptrace
		modules []ModuleLoad
		shared  []any
		getpids int
		last    Event
	)
	for len(modules) < 2 || last.HasProcess() {
		event, err := queue.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		payloads := 0
		if event.Ptrace != nil {
			calls = append(calls, *event.Ptrace)
			payloads++
		}
		if event.ModuleLoad != nil {
			modules = append(modules, *event.ModuleLoad)
			payloads++
		}
		if event.Shm != nil {
			shared = append(shared, *event.Shm)
			payloads++
		}
		switch event.Events {
		case QUARK_EV_PTRACE, QUARK_EV_MODULE_LOAD, QUARK_EV_SHM:
			if payloads != 1 {
				t.Errorf("%+v has %d payloads", event, payloads)
			}
			last = event
		case QUARK_EV_GETPID:
			getpids++
			fallthrough
		default:
			if payloads != 0 {
				t.Errorf("%+v has %d payloads", event, payloads)
			}
		}
	}
	same := func(what string, got, want any) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
		}
	}
	same("ptrace", calls, []Ptrace{{ChildPid: 101}, {ChildPid: 102, Request: 16}, {ChildPid: 103, Request: 0x4206}})
	same("modules", modules, []ModuleLoad{{Name: "dummy"}, {Name: "dummy"}})
	file := func(name string, flags uint32) MemFd {
		return MemFd{Flags: flags, Path: "memfd:" + name, Kind: QUARK_SHM_MEMFD_CREATE}
	}
	same("shared memory", shared, []any{
		ShmGet{Size: 4096, Shmflg: 0o600}, ShmGet{Key: 0x1234, Size: 8192, Shmflg: 0o1640},
		file("short", 1), file("", 0), file(strings.Repeat("n", 249), 2), file("\xff\n\\", 0),
		file("of somebody older", 0),
	})
	if getpids < 2 {
		t.Errorf("%d calls of getpid", getpids)
	}
}
