//go:build linux && (amd64 || arm64)

package quark

import (
	"net/netip"
	"strings"
	"time"
)

// Event is something that happened: one or more things that belong together, with all that is known of the process.
type Event struct {
	Events     uint64      // QUARK_EV_*: what happened
	Process    Process     // all that is known of the process, also from earlier events; see HasProcess
	Socket     *Socket     // QUARK_EV_SOCK_CONN_ESTABLISHED, QUARK_EV_SOCK_CONN_CLOSED
	Packet     *Packet     // QUARK_EV_PACKET
	File       *File       // QUARK_EV_FILE
	Ptrace     *Ptrace     // QUARK_EV_PTRACE
	Mprotect   *Mprotect   // QUARK_EV_MPROTECT
	ModuleLoad *ModuleLoad // QUARK_EV_MODULE_LOAD
	Shm        *any        // QUARK_EV_SHM: a ShmGet, ShmOpen or MemFd
	Tty        *Tty        // QUARK_EV_TTY
	Time       uint64      // the time of its oldest raw event, nanoseconds; see Timestamp
	IdChange   uint32      // QUARK_EV_ID_CHANGE: QUARK_ID_CHANGE_*
	TtyFlags   uint32      // QUARK_EV_TTY: QUARK_TTY_F_*

	ModuleTaints uint64 // QUARK_EV_MODULE_LOAD: what the module taints the kernel with, bits of /proc/sys/kernel/tainted
}

// HasProcess tells whether the process is known. Events of sockets, packets, files, shared memory, terminals, modules
// and ptrace can have an unknown process; Process is then zero.
func (e *Event) HasProcess() bool { return e.Process.Pid != 0 }

// Timestamp returns Time as a time.Time, in UTC.
func (e *Event) Timestamp() time.Time { return time.Unix(0, int64(wallclock(e.Time))).UTC() }

// Process is what is known of a process at the time of an event, a look-up or a snapshot.
type Process struct {
	Pid       uint32 // id in the initial PID namespace
	Proc      Proc
	Exit      Exit
	Comm      string   // "" if not known, like the next ones
	Exe       string   // path of the executable
	Cmdline   []string // arguments without empty ones at the end; Argv has those too
	Cwd       string
	Cgroup    string // path of the control group
	PoisonTag uint64 // set by a rule, or inherited from the parent at fork; 0: none
	Script    string // path of the script that Exe runs, as given to execve(2)

	cmdline string // NUL-separated, like env
	env     string
}

// Argv returns the arguments, also empty ones at the end; nil if they are not known. If a process has overwritten its
// arguments to show a title, there are often many empty ones at the end.
func (p *Process) Argv() []string { return split(p.cmdline) }

// Environ returns the environment with which the program was executed, cut to QueueAttr.MaxEnv.
func (p *Process) Environ() []string { return split(p.env) }

// split splits a text in which each string ends with a NUL.
func split(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\x00"), "\x00")
}

// Proc is what the kernel knows of a process. Ids are those of the initial namespaces.
type Proc struct {
	CapInheritable  uint64 // bit number = capability number, capabilities(7)
	CapPermitted    uint64
	CapEffective    uint64
	CapBset         uint64
	CapAmbient      uint64
	TimeBoot        uint64 // when the process started, nanoseconds since boot or the epoch, like Event.Time
	Ppid            uint32
	Uid             uint32
	Gid             uint32
	Suid            uint32
	Sgid            uint32
	Euid            uint32
	Egid            uint32
	Pgid            uint32
	Sid             uint32
	EntryLeader     uint32 // pid, with QQ_ENTRY_LEADER
	EntryLeaderType uint32 // QUARK_ELT_*, with QQ_ENTRY_LEADER
	TtyMajor        uint32 // 0/0: no terminal
	TtyMinor        uint32
	UtsInonum       uint32 // inode numbers of namespaces; 0: not known
	IpcInonum       uint32
	MntInonum       uint32
	NetInonum       uint32
	Valid           bool   // whether any of this is known
	EntityId        string // unique to this process, even if the pid is used again; "" if not computed
}

// Exit is how a process ended.
type Exit struct {
	ExitCode        int32  // exit status; 0 if a signal killed it
	ExitTimeProcess uint64 // nanoseconds, like Proc.TimeBoot
	Valid           bool   // whether the process has exited
	ExitSignal      int32  // the signal that killed it, or 0
}

// Socket is a TCP connection.
type Socket struct {
	Local           netip.AddrPort
	Remote          netip.AddrPort
	PidOrigin       uint32 // the process that opened it
	PidLastUse      uint32
	EstablishedTime uint64 // nanoseconds since boot, like the next one
	CloseTime       uint64 // 0: open
	BytesSent       uint64 // known when it is closed, like the next one
	BytesReceived   uint64
}

// Packet is a network packet.
type Packet struct {
	Direction int    // QUARK_PACKET_DIR_*
	Origin    int    // QUARK_PACKET_ORIGIN_*
	OrigLen   int    // bytes of the whole packet; if more than Data, the rest was cut off
	Data      []byte // begins with the IP header
}

// File is what was done to a file.
type File struct {
	Path       string
	OldPath    string // set if the file was moved
	SymTarget  string // set for a symbolic link with its target in the inode
	Inode      uint64
	Atime      uint64 // nanoseconds since the epoch, like the next two
	Mtime      uint64
	Ctime      uint64
	Size       uint64 // bytes
	Mode       uint32 // st_mode of stat(2)
	Uid        uint32
	Gid        uint32
	OpMask     uint32 // QUARK_FILE_OP_*
	ChangeMask uint32 // QUARK_FILE_CH_*
}

// Ptrace is a call of ptrace(2).
type Ptrace struct {
	ChildPid uint32
	Request  int64
	Addr     uint64
	Data     uint64
}

// Mprotect is a request to make memory executable. Protections are those of mmap(2).
type Mprotect struct {
	VmaStart      uint64
	VmaEnd        uint64
	PrevProt      uint64
	ReqProt       uint64 // what the process asked for
	EffectiveProt uint64 // what the kernel made of it
	Inode         uint64 // 0 unless FileBacked, like the next two
	DevMajor      uint32
	DevMinor      uint32
	FileBacked    bool
	Path          string
}

// ModuleLoad is a kernel module that was loaded.
type ModuleLoad struct {
	Name       string
	Version    string
	SrcVersion string
}

// ShmGet is a call of shmget(2).
type ShmGet struct {
	Key    int64
	Size   uint64 // bytes
	Shmflg int64
}

// ShmOpen is a call of shm_open(3).
type ShmOpen struct {
	Path string
}

// MemFd is a call of memfd_create(2).
type MemFd struct {
	Flags uint32
	Path  string
	Kind  int // QUARK_SHM_MEMFD_*
}

// Tty is data that was written to a terminal.
type Tty struct {
	Major     uint16
	Minor     uint16
	Cols      uint16
	Rows      uint16
	Cflag     uint32 // termios(3), like the next three
	Iflag     uint32
	Lflag     uint32
	Oflag     uint32
	Truncated uint64   // bytes that were not kept
	Data      [][]byte // one slice for each write
}
