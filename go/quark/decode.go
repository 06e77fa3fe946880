//go:build linux && (amd64 || arm64)

package quark

// #include "shim.h"
import "C"

import (
	"net/netip"
	"strings"
	"syscall"
	"unsafe"
)

// reader reads the records of a C buffer. Its results do not refer to the buffer: all strings of an event are in one
// allocation.
type reader struct {
	next unsafe.Pointer // the record after this one
	part unsafe.Pointer
	text string
	data []byte // C memory, which must be copied
}

// record begins with the next record.
func (r *reader) record() *C.struct_quarkgo_record {
	record := (*C.struct_quarkgo_record)(r.next)
	start := r.next
	r.part = unsafe.Add(start, C.sizeof_struct_quarkgo_record)
	r.text = string(unsafe.Slice((*byte)(unsafe.Add(start, record.text)), record.data-record.text))
	r.data = unsafe.Slice((*byte)(unsafe.Add(start, record.data)), record.size-record.data)
	r.next = unsafe.Add(start, record.size)
	return record
}

// take returns the next part, which has size bytes.
func (r *reader) take(size uintptr) unsafe.Pointer {
	part := r.part
	r.part = unsafe.Add(part, size)
	return part
}

// string returns the next string.
func (r *reader) string(length C.u32) string {
	text := r.text[:length]
	r.text = r.text[length:]
	return text
}

func (r *reader) event(event *Event) {
	record := r.record()
	*event = Event{
		Events:   uint64(record.events),
		Time:     uint64(record.time),
		IdChange: uint32(record.id_change),
		TtyFlags: uint32(record.tty_flags),
	}
	if record.parts&C.QUARKGO_PROCESS != 0 {
		r.process(&event.Process)
	}
	if record.parts&^C.QUARKGO_PROCESS != 0 {
		r.payload(event, uint32(record.parts))
	}
}

func (r *reader) process(process *Process) {
	part := (*C.struct_quarkgo_process)(r.take(C.sizeof_struct_quarkgo_process))
	from := &part.process
	process.Pid = uint32(from.pid)
	process.PoisonTag = uint64(from.poison_tag)
	if from.flags&C.QUARK_F_PROC != 0 {
		process.Proc = Proc{
			CapInheritable:  uint64(from.proc_cap_inheritable),
			CapPermitted:    uint64(from.proc_cap_permitted),
			CapEffective:    uint64(from.proc_cap_effective),
			CapBset:         uint64(from.proc_cap_bset),
			CapAmbient:      uint64(from.proc_cap_ambient),
			TimeBoot:        uint64(from.proc_time_boot),
			Ppid:            uint32(from.proc_ppid),
			Uid:             uint32(from.proc_uid),
			Gid:             uint32(from.proc_gid),
			Suid:            uint32(from.proc_suid),
			Sgid:            uint32(from.proc_sgid),
			Euid:            uint32(from.proc_euid),
			Egid:            uint32(from.proc_egid),
			Pgid:            uint32(from.proc_pgid),
			Sid:             uint32(from.proc_sid),
			TtyMajor:        uint32(from.proc_tty_major),
			TtyMinor:        uint32(from.proc_tty_minor),
			EntryLeaderType: uint32(from.proc_entry_leader_type),
			EntryLeader:     uint32(from.proc_entry_leader),
			UtsInonum:       uint32(from.proc_uts_inonum),
			IpcInonum:       uint32(from.proc_ipc_inonum),
			MntInonum:       uint32(from.proc_mnt_inonum),
			NetInonum:       uint32(from.proc_net_inonum),
			Valid:           true,
		}
	}
	if from.flags&C.QUARK_F_EXIT != 0 {
		process.Exit = Exit{
			ExitCode:        int32(from.exit_code),
			ExitTimeProcess: uint64(from.exit_time_event),
			ExitSignal:      int32(from.exit_signal),
			Valid:           true,
		}
	}
	process.Comm = r.string(part.comm)
	process.Exe = r.string(part.exe)
	process.Cwd = r.string(part.cwd)
	process.Cgroup = r.string(part.cgroup)
	process.Script = r.string(part.script)
	process.Proc.EntityId = r.string(part.entity_id)
	process.cmdline = r.string(part.cmdline)
	process.env = r.string(part.env)
	if process.cmdline != "" {
		process.Cmdline = strings.Split(strings.TrimRight(process.cmdline, "\x00"), "\x00")
	}
}

// payload reads the parts of an event other than the process.
func (r *reader) payload(event *Event, parts uint32) {
	if parts&C.QUARKGO_SOCKET != 0 {
		event.Socket = r.socket()
	}
	if parts&C.QUARKGO_PACKET != 0 {
		event.Packet = r.packet()
	}
	if parts&C.QUARKGO_FILE != 0 {
		event.File = r.file()
	}
	if parts&C.QUARKGO_PTRACE != 0 {
		from := (*C.struct_quarkgo_ptrace)(r.take(C.sizeof_struct_quarkgo_ptrace))
		event.Ptrace = &Ptrace{
			ChildPid: uint32(from.child_pid),
			Request:  int64(from.request),
			Addr:     uint64(from.addr),
			Data:     uint64(from.data),
		}
	}
	if parts&C.QUARKGO_MODULE_LOAD != 0 {
		from := (*C.struct_quarkgo_module_load)(r.take(C.sizeof_struct_quarkgo_module_load))
		name, version := r.string(from.name), r.string(from.version)
		event.ModuleLoad = &ModuleLoad{Name: name, Version: version, SrcVersion: r.string(from.src_version)}
		event.ModuleTaints = uint64(from.taints)
	}
	if parts&C.QUARKGO_SHM != 0 {
		event.Shm = r.shm()
	}
	if parts&C.QUARKGO_TTY != 0 {
		event.Tty = r.tty()
	}
}

func address(from *C.struct_quarkgo_address) netip.AddrPort {
	bytes := *(*[16]byte)(unsafe.Pointer(&from.bytes))
	var address netip.Addr
	switch from.family {
	case syscall.AF_INET:
		address = netip.AddrFrom4(*(*[4]byte)(bytes[:4]))
	case syscall.AF_INET6:
		address = netip.AddrFrom16(bytes)
	}
	return netip.AddrPortFrom(address, uint16(from.port))
}

func (r *reader) socket() *Socket {
	from := (*C.struct_quarkgo_socket)(r.take(C.sizeof_struct_quarkgo_socket))
	return &Socket{
		Local:           address(&from.local),
		Remote:          address(&from.remote),
		PidOrigin:       uint32(from.pid_origin),
		PidLastUse:      uint32(from.pid_last_use),
		EstablishedTime: uint64(from.established_time),
		CloseTime:       uint64(from.close_time),
		BytesSent:       uint64(from.bytes_sent),
		BytesReceived:   uint64(from.bytes_received),
	}
}

// bytes returns a copy of the next bytes.
func (r *reader) bytes(length C.u64) []byte {
	data := append([]byte{}, r.data[:length]...)
	r.data = r.data[length:]
	return data
}

func (r *reader) packet() *Packet {
	from := (*C.struct_quarkgo_packet)(r.take(C.sizeof_struct_quarkgo_packet))
	return &Packet{
		Direction: int(from.direction),
		Origin:    int(from.origin),
		OrigLen:   int(from.orig_len),
		Data:      r.bytes(from.length),
	}
}

func (r *reader) file() *File {
	from := (*C.struct_quarkgo_file)(r.take(C.sizeof_struct_quarkgo_file))
	path, oldPath := r.string(from.path), r.string(from.old_path)
	return &File{
		Path:       path,
		OldPath:    oldPath,
		SymTarget:  r.string(from.sym_target),
		Inode:      uint64(from.inode),
		Atime:      uint64(from.atime),
		Mtime:      uint64(from.mtime),
		Ctime:      uint64(from.ctime),
		Size:       uint64(from.size),
		Mode:       uint32(from.mode),
		Uid:        uint32(from.uid),
		Gid:        uint32(from.gid),
		OpMask:     uint32(from.op_mask),
		ChangeMask: uint32(from.change_mask),
	}
}

// Values of enum shm_kind of quark.h that the package does not export.
const (
	shmGet  = 1
	shmOpen = 2
)

// shm returns nil for an unknown kind.
func (r *reader) shm() *any {
	from := (*C.struct_quarkgo_shm)(r.take(C.sizeof_struct_quarkgo_shm))
	path := r.string(from.path)
	var shm any
	switch kind := int(from.kind); kind {
	case shmGet:
		shm = ShmGet{Key: int64(from.key), Size: uint64(from.size), Shmflg: int64(from.shmflg)}
	case shmOpen:
		shm = ShmOpen{Path: path}
	case QUARK_SHM_MEMFD_CREATE, QUARK_SHM_MEMFD_OPEN:
		shm = MemFd{Flags: uint32(from.memfd_flags), Path: path, Kind: kind}
	default:
		return nil
	}
	return &shm
}

func (r *reader) tty() *Tty {
	from := (*C.struct_quarkgo_tty)(r.take(C.sizeof_struct_quarkgo_tty))
	tty := &Tty{
		Major:     uint16(from.major),
		Minor:     uint16(from.minor),
		Cols:      uint16(from.cols),
		Rows:      uint16(from.rows),
		Cflag:     uint32(from.cflag),
		Iflag:     uint32(from.iflag),
		Lflag:     uint32(from.lflag),
		Oflag:     uint32(from.oflag),
		Truncated: uint64(from.truncated),
		Data:      make([][]byte, from.writes),
	}
	for i := range tty.Data {
		tty.Data[i] = r.bytes(*(*C.u64)(r.take(C.sizeof_u64)))
	}
	return tty
}
