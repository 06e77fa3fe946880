// A program for the reference's package that uses every name of it, with its type. It is only compiled.
package main

import (
	"fmt"
	"net/netip"
	"os"

	"github.com/elastic/quark/go/quark"
)

var (
	flags = quark.QQ_THREAD_EVENTS | quark.QQ_KPROBE | quark.QQ_EBPF | quark.QQ_MIN_AGG | quark.QQ_ENTRY_LEADER |
		quark.QQ_SOCK_CONN | quark.QQ_DNS | quark.QQ_BYPASS | quark.QQ_FILE | quark.QQ_SHM | quark.QQ_TTY |
		quark.QQ_PTRACE | quark.QQ_MODULE_LOAD | quark.QQ_ALL_BACKENDS
	events = quark.QUARK_EV_FORK | quark.QUARK_EV_EXEC | quark.QUARK_EV_EXIT | quark.QUARK_EV_SETPROCTITLE |
		quark.QUARK_EV_SOCK_CONN_CLOSED | quark.QUARK_EV_PACKET | quark.QUARK_EV_BYPASS | quark.QUARK_EV_FILE |
		quark.QUARK_EV_PTRACE | quark.QUARK_EV_MODULE_LOAD | quark.QUARK_EV_SHM | quark.QUARK_EV_TTY
	leaders = []int{quark.QUARK_ELT_UNKNOWN, quark.QUARK_ELT_INIT, quark.QUARK_ELT_KTHREAD, quark.QUARK_ELT_SSHD,
		quark.QUARK_ELT_SSM, quark.QUARK_ELT_CONTAINER, quark.QUARK_ELT_TERM, quark.QUARK_ELT_CONSOLE}
	operations = quark.QUARK_FILE_OP_CREATE | quark.QUARK_FILE_OP_MODIFY | quark.QUARK_FILE_OP_REMOVE |
		quark.QUARK_FILE_OP_MOVE
	kinds      = []int{quark.QUARK_SHM_MEMFD_CREATE, quark.QUARK_SHM_MEMFD_OPEN}
	directions = []int{quark.QUARK_PACKET_DIR_INVALID, quark.QUARK_PACKET_DIR_EGRESS, quark.QUARK_PACKET_DIR_INGRESS}
	origins    = []int{quark.QUARK_PACKET_ORIGIN_INVALID, quark.QUARK_PACKET_ORIGIN_DNS}
	levels     = []int{quark.QUARK_VL_SILENT, quark.QUARK_VL_WARN, quark.QUARK_VL_DEBUG}
)

func print(event quark.Event) {
	process := event.Process
	fmt.Println(event.Events&events, process.Pid, process.Comm, process.Exe, process.Cmdline, process.Cwd,
		process.Cgroup)
	if proc := process.Proc; proc.Valid {
		fmt.Println(proc.CapInheritable, proc.CapPermitted, proc.CapEffective, proc.CapBset, proc.CapAmbient,
			proc.TimeBoot, proc.Ppid, proc.Uid, proc.Gid, proc.Suid, proc.Sgid, proc.Euid, proc.Egid, proc.Pgid,
			proc.Sid, proc.TtyMajor, proc.TtyMinor, int(proc.EntryLeaderType) == leaders[0], proc.EntryLeader)
	}
	if exit := process.Exit; exit.Valid {
		fmt.Println(exit.ExitCode, exit.ExitTimeProcess)
	}
	if socket := event.Socket; socket != nil {
		var local, remote netip.AddrPort = socket.Local, socket.Remote
		fmt.Println(local, remote, socket.PidOrigin, socket.PidLastUse, socket.EstablishedTime, socket.CloseTime,
			socket.BytesSent, socket.BytesReceived)
	}
	if packet := event.Packet; packet != nil {
		fmt.Println(packet, directions, origins)
	}
	if file := event.File; file != nil {
		fmt.Println(file.Path, file.OldPath, file.SymTarget, file.Inode, file.Atime, file.Mtime, file.Ctime, file.Size,
			file.Mode, file.Uid, file.Gid, file.OpMask&operations)
	}
	if ptrace := event.Ptrace; ptrace != nil {
		fmt.Println(ptrace.ChildPid, ptrace.Request, ptrace.Addr, ptrace.Data)
	}
	if module := event.ModuleLoad; module != nil {
		fmt.Println(module.Name, module.Version, module.SrcVersion)
	}
	if event.Shm != nil {
		switch shm := (*event.Shm).(type) {
		case quark.ShmGet:
			fmt.Println(shm.Key, shm.Size, shm.Shmflg)
		case quark.ShmOpen:
			fmt.Println(shm.Path)
		case quark.MemFd:
			fmt.Println(shm.Flags, shm.Path, shm.Kind == kinds[0])
		}
	}
	if tty := event.Tty; tty != nil {
		fmt.Println(tty.Major, tty.Minor, tty.Cols, tty.Rows, tty.Cflag, tty.Iflag, tty.Lflag, tty.Oflag, tty.Truncated)
		for _, data := range tty.Data {
			fmt.Println(string(data))
		}
	}
}

func main() {
	quark.SetVerbose(levels[0])
	attr := quark.DefaultQueueAttr()
	attr.Flags |= flags
	attr.MaxLength, attr.CacheGraceTime, attr.HoldTime = 10000, 4000, 1000
	queue, err := quark.OpenQueue(attr)
	if err == quark.ErrUndefined || err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer queue.Close()
	var processes []quark.Process = queue.Snapshot()
	fmt.Println(len(processes))
	var process quark.Process
	process, ok := queue.Lookup(1)
	fmt.Println(process.Comm, ok)
	document, ok, err := queue.GetEventAsECS()
	fmt.Println(string(document), ok, err)
	for {
		event, ok := queue.GetEvent()
		if ok {
			print(event)
			continue
		}
		if err := queue.Block(); err != nil {
			break
		}
	}
	var stats quark.Stats = queue.Stats()
	fmt.Println(stats.Insertions, stats.Removals, stats.Aggregations, stats.NonAggregations, stats.Lost,
		stats.GarbageCollections, stats.Backend)
}
