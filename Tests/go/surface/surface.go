// The whole interface of the reference's package: each constant with its type and value, each type with its fields in
// order, and each function. If a name is missing or has another type, the program does not compile, or ends.
package main

import (
	"fmt"
	"net/netip"
	"os"
	"reflect"

	"github.com/elastic/go-quark"
)

var constants = []struct {
	name      string
	have      any
	reference any
}{
	{"QQ_THREAD_EVENTS", quark.QQ_THREAD_EVENTS, int(1)},
	{"QQ_KPROBE", quark.QQ_KPROBE, int(2)},
	{"QQ_EBPF", quark.QQ_EBPF, int(4)},
	{"QQ_MIN_AGG", quark.QQ_MIN_AGG, int(8)},
	{"QQ_ENTRY_LEADER", quark.QQ_ENTRY_LEADER, int(16)},
	{"QQ_SOCK_CONN", quark.QQ_SOCK_CONN, int(32)},
	{"QQ_DNS", quark.QQ_DNS, int(64)},
	{"QQ_BYPASS", quark.QQ_BYPASS, int(128)},
	{"QQ_FILE", quark.QQ_FILE, int(256)},
	{"QQ_SHM", quark.QQ_SHM, int(512)},
	{"QQ_TTY", quark.QQ_TTY, int(1024)},
	{"QQ_PTRACE", quark.QQ_PTRACE, int(2048)},
	{"QQ_MODULE_LOAD", quark.QQ_MODULE_LOAD, int(4096)},
	{"QQ_MPROTECT", quark.QQ_MPROTECT, int(32768)},
	{"QUARK_EV_FORK", quark.QUARK_EV_FORK, uint64(1)},
	{"QUARK_EV_EXEC", quark.QUARK_EV_EXEC, uint64(2)},
	{"QUARK_EV_EXIT", quark.QUARK_EV_EXIT, uint64(4)},
	{"QUARK_EV_SETPROCTITLE", quark.QUARK_EV_SETPROCTITLE, uint64(16)},
	{"QUARK_EV_SOCK_CONN_ESTABLISHED", quark.QUARK_EV_SOCK_CONN_ESTABLISHED, uint64(32)},
	{"QUARK_EV_SOCK_CONN_CLOSED", quark.QUARK_EV_SOCK_CONN_CLOSED, uint64(64)},
	{"QUARK_EV_PACKET", quark.QUARK_EV_PACKET, uint64(128)},
	{"QUARK_EV_BYPASS", quark.QUARK_EV_BYPASS, uint64(256)},
	{"QUARK_EV_FILE", quark.QUARK_EV_FILE, uint64(512)},
	{"QUARK_EV_PTRACE", quark.QUARK_EV_PTRACE, uint64(1024)},
	{"QUARK_EV_MODULE_LOAD", quark.QUARK_EV_MODULE_LOAD, uint64(2048)},
	{"QUARK_EV_SHM", quark.QUARK_EV_SHM, uint64(4096)},
	{"QUARK_EV_TTY", quark.QUARK_EV_TTY, uint64(8192)},
	{"QUARK_EV_MPROTECT", quark.QUARK_EV_MPROTECT, uint64(32768)},
	{"QUARK_ELT_UNKNOWN", quark.QUARK_ELT_UNKNOWN, int(0)},
	{"QUARK_ELT_INIT", quark.QUARK_ELT_INIT, int(1)},
	{"QUARK_ELT_KTHREAD", quark.QUARK_ELT_KTHREAD, int(2)},
	{"QUARK_ELT_SSHD", quark.QUARK_ELT_SSHD, int(3)},
	{"QUARK_ELT_SSM", quark.QUARK_ELT_SSM, int(4)},
	{"QUARK_ELT_CONTAINER", quark.QUARK_ELT_CONTAINER, int(5)},
	{"QUARK_ELT_TERM", quark.QUARK_ELT_TERM, int(6)},
	{"QUARK_ELT_CONSOLE", quark.QUARK_ELT_CONSOLE, int(7)},
	{"QUARK_FILE_OP_CREATE", quark.QUARK_FILE_OP_CREATE, uint32(1)},
	{"QUARK_FILE_OP_MODIFY", quark.QUARK_FILE_OP_MODIFY, uint32(2)},
	{"QUARK_FILE_OP_REMOVE", quark.QUARK_FILE_OP_REMOVE, uint32(4)},
	{"QUARK_FILE_OP_MOVE", quark.QUARK_FILE_OP_MOVE, uint32(8)},
	{"QUARK_FILE_CH_CONTENT", quark.QUARK_FILE_CH_CONTENT, uint32(1)},
	{"QUARK_FILE_CH_PERMS", quark.QUARK_FILE_CH_PERMS, uint32(2)},
	{"QUARK_FILE_CH_OWNER", quark.QUARK_FILE_CH_OWNER, uint32(4)},
	{"QUARK_FILE_CH_XATTRS", quark.QUARK_FILE_CH_XATTRS, uint32(8)},
	{"QUARK_SHM_MEMFD_CREATE", quark.QUARK_SHM_MEMFD_CREATE, int(3)},
	{"QUARK_SHM_MEMFD_OPEN", quark.QUARK_SHM_MEMFD_OPEN, int(4)},
	{"QUARK_PACKET_DIR_INVALID", quark.QUARK_PACKET_DIR_INVALID, int(0)},
	{"QUARK_PACKET_DIR_EGRESS", quark.QUARK_PACKET_DIR_EGRESS, int(1)},
	{"QUARK_PACKET_DIR_INGRESS", quark.QUARK_PACKET_DIR_INGRESS, int(2)},
	{"QUARK_PACKET_ORIGIN_INVALID", quark.QUARK_PACKET_ORIGIN_INVALID, int(0)},
	{"QUARK_PACKET_ORIGIN_DNS", quark.QUARK_PACKET_ORIGIN_DNS, int(1)},
	{"QUARK_VL_SILENT", quark.QUARK_VL_SILENT, int(0)},
	{"QUARK_VL_WARN", quark.QUARK_VL_WARN, int(1)},
	{"QUARK_VL_DEBUG", quark.QUARK_VL_DEBUG, int(2)},
}

// The fields of the reference, in its order. Ours may have more fields after them.
type (
	proc struct {
		CapInheritable, CapPermitted, CapEffective, CapBset, CapAmbient, TimeBoot uint64
		Ppid, Uid, Gid, Suid, Sgid, Euid, Egid, Pgid, Sid                         uint32
		EntryLeader, EntryLeaderType, TtyMajor, TtyMinor                          uint32
		UtsInonum, IpcInonum, MntInonum, NetInonum                                uint32
		Valid                                                                     bool
	}
	exit struct {
		ExitCode        int32
		ExitTimeProcess uint64
		Valid           bool
	}
	process struct {
		Pid         uint32
		Proc        quark.Proc
		Exit        quark.Exit
		Comm, Exe   string
		Cmdline     []string
		Cwd, Cgroup string
		PoisonTag   uint64
	}
	event struct {
		Events     uint64
		Process    quark.Process
		Socket     *quark.Socket
		Packet     *quark.Packet
		File       *quark.File
		Ptrace     *quark.Ptrace
		Mprotect   *quark.Mprotect
		ModuleLoad *quark.ModuleLoad
		Shm        *any
		Tty        *quark.Tty
	}
	packet    struct{ Direction, Origin, OrigLen int }
	queueAttr struct {
		Flags, MaxLength, CacheGraceTime, HoldTime int
		RuleText                                   string
	}
	stats struct {
		Insertions, Removals, Aggregations, NonAggregations, Lost, GarbageCollections, Stalls uint64
		Backend                                                                               int
	}
)

// Types with exactly the same fields can be converted.
var (
	_ = struct {
		Name     string
		Uid, Gid uint32
	}(quark.Passwd{})
	_ = struct {
		Name string
		Gid  uint32
	}(quark.Group{})
	_ = struct {
		Local, Remote                                        netip.AddrPort
		PidOrigin, PidLastUse                                uint32
		EstablishedTime, CloseTime, BytesSent, BytesReceived uint64
	}(quark.Socket{})
	_ = struct {
		Path, OldPath, SymTarget           string
		Inode, Atime, Mtime, Ctime, Size   uint64
		Mode, Uid, Gid, OpMask, ChangeMask uint32
	}(quark.File{})
	_ = struct {
		ChildPid   uint32
		Request    int64
		Addr, Data uint64
	}(quark.Ptrace{})
	_ = struct {
		VmaStart, VmaEnd, PrevProt, ReqProt, EffectiveProt, Inode uint64
		DevMajor, DevMinor                                        uint32
		FileBacked                                                bool
		Path                                                      string
	}(quark.Mprotect{})
	_ = struct{ Name, Version, SrcVersion string }(quark.ModuleLoad{})
	_ = struct {
		Key    int64
		Size   uint64
		Shmflg int64
	}(quark.ShmGet{})
	_ = struct {
		Flags uint32
		Path  string
		Kind  int
	}(quark.MemFd{})
	_ = struct{ Path string }(quark.ShmOpen{})
	_ = struct {
		Major, Minor, Cols, Rows   uint16
		Cflag, Iflag, Lflag, Oflag uint32
		Truncated                  uint64
		Data                       [][]byte
	}(quark.Tty{})
)

var (
	_ func() quark.QueueAttr                          = quark.DefaultQueueAttr
	_ func(quark.QueueAttr) (*quark.Queue, error)     = quark.OpenQueue
	_ func(*quark.Queue)                              = (*quark.Queue).Close
	_ func(*quark.Queue) (quark.Event, bool)          = (*quark.Queue).GetEvent
	_ func(*quark.Queue) ([]byte, bool, error)        = (*quark.Queue).GetEventAsECS
	_ func(*quark.Queue, int) (quark.Process, bool)   = (*quark.Queue).Lookup
	_ func(*quark.Queue, uint32) (quark.Passwd, bool) = (*quark.Queue).PasswdLookup
	_ func(*quark.Queue, uint32) (quark.Group, bool)  = (*quark.Queue).GroupLookup
	_ func(*quark.Queue) error                        = (*quark.Queue).Block
	_ func(*quark.Queue) []quark.Process              = (*quark.Queue).Snapshot
	_ func(*quark.Queue) quark.Stats                  = (*quark.Queue).Stats
	_ func(*quark.Queue) error                        = (*quark.Queue).DisableAggregation
	_ func(int)                                       = quark.SetVerbose
	_ func() uint64                                   = quark.Boottime
	_ func() error                                    = quark.UpdateBoottime
	_ func(uint64) uint64                             = quark.TimeToWallclock
	_ error                                           = quark.ErrUndefined
)

var failed bool

func complain(format string, values ...any) {
	fmt.Printf(format+"\n", values...)
	failed = true
}

func compare(ours, reference any) {
	have, want := reflect.TypeOf(ours), reflect.TypeOf(reference)
	for i := 0; i < want.NumField(); i++ {
		if i >= have.NumField() || have.Field(i).Name != want.Field(i).Name || have.Field(i).Type != want.Field(i).Type {
			complain("%v: field %d is not %v %v", have, i, want.Field(i).Name, want.Field(i).Type)
		}
	}
}

func main() {
	for _, constant := range constants {
		if constant.have != constant.reference {
			complain("%s is a %T %v, and not a %T %v", constant.name, constant.have, constant.have, constant.reference,
				constant.reference)
		}
	}
	compare(quark.Proc{}, proc{})
	compare(quark.Exit{}, exit{})
	compare(quark.Process{}, process{})
	compare(quark.Event{}, event{})
	compare(quark.Packet{}, packet{})
	compare(quark.QueueAttr{}, queueAttr{})
	compare(quark.Stats{}, stats{})
	attr := quark.DefaultQueueAttr()
	if attr.Flags&quark.QQ_EBPF == 0 || attr.MaxLength != 10000 || attr.CacheGraceTime != 4000 || attr.HoldTime != 1000 ||
		attr.RuleText != "" {
		complain("defaults: %+v", attr)
	}
	attr.RuleText = "pass on nothing that there is"
	if _, err := quark.OpenQueue(attr); err == nil || len(err.Error()) < 25 || err.Error()[:22] != "can't parse ruleset: q" {
		complain("rules that are none: %v", err)
	}
	if boot := quark.Boottime(); boot == 0 || boot != quark.Boottime() || quark.TimeToWallclock(5) != boot+5 {
		complain("boot time: %v", boot)
	}
	if failed {
		os.Exit(1)
	}
	fmt.Println(len(constants), "constants")
}
