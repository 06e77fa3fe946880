//go:build linux && (amd64 || arm64)

package quark

// QueueAttr.Flags: which backends may be used, which events are wanted, and how they are joined.
const (
	QQ_THREAD_EVENTS = int(1 << 0)  // KPROBE: also report threads
	QQ_KPROBE        = int(1 << 1)  // the KPROBE backend may be used
	QQ_EBPF          = int(1 << 2)  // the EBPF backend may be used
	QQ_MIN_AGG       = int(1 << 3)  // join as few raw events as possible
	QQ_ENTRY_LEADER  = int(1 << 4)  // find the entry leader of each process
	QQ_SOCK_CONN     = int(1 << 5)  // TCP connections
	QQ_DNS           = int(1 << 6)  // DNS packets
	QQ_BYPASS        = int(1 << 7)  // deliver the backend's records as they are
	QQ_FILE          = int(1 << 8)  // files that are created, changed, moved, removed
	QQ_SHM           = int(1 << 9)  // shared memory
	QQ_TTY           = int(1 << 10) // data that is written to terminals
	QQ_PTRACE        = int(1 << 11) // ptrace(2)
	QQ_MODULE_LOAD   = int(1 << 12) // kernel modules that are loaded
	QQ_GETPID        = int(1 << 13) // an event for each getpid(2), for measurements
	QQ_NOVA          = int(1 << 14) // the NOVA backend may be used
	QQ_MPROTECT      = int(1 << 15) // memory that becomes executable
	QQ_SELF_TEST     = int(1 << 24) // opening tries the backend on a process of its own
	QQ_FALLBACK      = int(1 << 25) // of several backends the first that works may be used
	QQ_SALTED_IDS    = int(1 << 26) // entity ids that no other boot or machine has
	QQ_STRICT        = int(1 << 27) // opening fails where less would be told than is asked for
)

// Capability.State: how well something is told.
const (
	QUARK_CAPABILITY_NONE  = int(0) // it is not
	QUARK_CAPABILITY_PART  = int(1) // not in all cases, or not all of it
	QUARK_CAPABILITY_EXACT = int(2) // as the kernel has it; what is cut says so
)

// Event.Events: what happened.
const (
	QUARK_EV_FORK                  = uint64(1 << 0)
	QUARK_EV_EXEC                  = uint64(1 << 1)
	QUARK_EV_EXIT                  = uint64(1 << 2)
	QUARK_EV_ID_CHANGE             = uint64(1 << 3)
	QUARK_EV_SETPROCTITLE          = uint64(1 << 4)
	QUARK_EV_SOCK_CONN_ESTABLISHED = uint64(1 << 5)
	QUARK_EV_SOCK_CONN_CLOSED      = uint64(1 << 6)
	QUARK_EV_PACKET                = uint64(1 << 7)
	QUARK_EV_BYPASS                = uint64(1 << 8)
	QUARK_EV_FILE                  = uint64(1 << 9)
	QUARK_EV_PTRACE                = uint64(1 << 10)
	QUARK_EV_MODULE_LOAD           = uint64(1 << 11)
	QUARK_EV_SHM                   = uint64(1 << 12)
	QUARK_EV_TTY                   = uint64(1 << 13)
	QUARK_EV_GETPID                = uint64(1 << 14)
	QUARK_EV_MPROTECT              = uint64(1 << 15)
)

// Event.IdChange: which ids changed.
const (
	QUARK_ID_CHANGE_SETSID = uint32(1)
	QUARK_ID_CHANGE_SETUID = uint32(2)
	QUARK_ID_CHANGE_SETGID = uint32(4)
)

// Proc.EntryLeaderType, a uint32: the kind of the entry leader.
const (
	QUARK_ELT_UNKNOWN   = int(0)
	QUARK_ELT_INIT      = int(1)
	QUARK_ELT_KTHREAD   = int(2)
	QUARK_ELT_SSHD      = int(3)
	QUARK_ELT_SSM       = int(4)
	QUARK_ELT_CONTAINER = int(5)
	QUARK_ELT_TERM      = int(6)
	QUARK_ELT_CONSOLE   = int(7) // never used
)

// File.OpMask: what was done to a file.
const (
	QUARK_FILE_OP_CREATE = uint32(1)
	QUARK_FILE_OP_MODIFY = uint32(2)
	QUARK_FILE_OP_REMOVE = uint32(4)
	QUARK_FILE_OP_MOVE   = uint32(8)
)

// File.ChangeMask: what was changed of a file.
const (
	QUARK_FILE_CH_CONTENT = uint32(1)
	QUARK_FILE_CH_PERMS   = uint32(2)
	QUARK_FILE_CH_OWNER   = uint32(4)
	QUARK_FILE_CH_XATTRS  = uint32(8)
)

// MemFd.Kind.
const (
	QUARK_SHM_MEMFD_CREATE = int(3)
	QUARK_SHM_MEMFD_OPEN   = int(4) // never used
)

// Event.TtyFlags: what was typed, which is to say written to the master of a pseudo terminal, and echoed.
const QUARK_TTY_F_INPUT = uint32(1)

// Packet.Direction.
const (
	QUARK_PACKET_DIR_INVALID = int(0)
	QUARK_PACKET_DIR_EGRESS  = int(1)
	QUARK_PACKET_DIR_INGRESS = int(2)
)

// Packet.Origin.
const (
	QUARK_PACKET_ORIGIN_INVALID = int(0)
	QUARK_PACKET_ORIGIN_DNS     = int(1)
)

// SetVerbose: how much the library writes to standard error.
const (
	QUARK_VL_SILENT = int(0)
	QUARK_VL_WARN   = int(1)
	QUARK_VL_DEBUG  = int(2)
)
