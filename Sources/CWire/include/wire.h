/*
 * The records that bpf/ writes into the ring and QuarkCore reads. They are native endian, naturally aligned, and have
 * no holes; the asserts below check this for the BPF target and for every userland target.
 *
 * A record is a wire_record, then the body that kinds.h names for its kind, then `nfields` times a wire_field, each
 * followed by `len` bytes and padding to a multiple of 8. The reader trusts none of it: it checks sizes, kinds and
 * lengths, and counts and drops a bad record. recording.h describes the files that keep records.
 */
#ifndef QUARK_WIRE_H
#define QUARK_WIRE_H

#ifdef __bpf__
typedef unsigned char wire_u8;
typedef unsigned short wire_u16;
typedef unsigned int wire_u32;
typedef int wire_s32;
typedef unsigned long long wire_u64;
typedef long long wire_s64;
#else
#include <stdint.h>
typedef uint8_t wire_u8;
typedef uint16_t wire_u16;
typedef uint32_t wire_u32;
typedef int32_t wire_s32;
typedef uint64_t wire_u64;
typedef int64_t wire_s64;
#endif

#include "kinds.h"

/* wire_id_change.bits; the same values as QUARK_ID_CHANGE_* */
enum wire_id_bits {
	WIRE_SETSID = 1 << 0,
	WIRE_SETUID = 1 << 1,	/* real, effective, saved or file system user id */
	WIRE_SETGID = 1 << 2,
};

/* wire_field.kind */
enum wire_field_kind {
	/* NUL-terminated path components from the leaf to the root; no component means "/" */
	WIRE_FIELD_CWD = 1,
	WIRE_FIELD_EXE = 2,
	/* NUL-separated argument strings as they are in the process's memory */
	WIRE_FIELD_ARGV = 3,
	/* NUL-separated environment variables, also as they are in its memory */
	WIRE_FIELD_ENV = 4,
	/* components of the control group's path, like those of a path */
	WIRE_FIELD_CGROUP = 5,
	/* NUL-terminated: the script's path as given to execve(2), when EXE is its interpreter */
	WIRE_FIELD_SCRIPT = 6,
	/* what was written to a terminal: any bytes */
	WIRE_FIELD_TTY = 8,
};

/* wire_field.flags */
enum wire_field_flag {
	WIRE_FIELD_CUT = 1 << 0,	/* what follows is shorter than orig_len, or a path lacks its head */
	WIRE_FIELD_NAME = 1 << 1,	/* a name that the file system makes up (memfd:x), not a path */
	WIRE_FIELD_PATH = 1 << 2,	/* a path as text, with or without its NUL, in place of components */
	WIRE_FIELD_LATE = 1 << 3,	/* read from /proc later than the event: it may have changed in between */
};

enum wire_limits {
	WIRE_ARGV_MAX = 20480,		/* bytes of arguments kept */
	WIRE_ENV_MAX = 40960,		/* bytes of environment kept at most; max_env may be lower */
	WIRE_SCRIPT_MAX = 4096,		/* bytes of a script's path, with its NUL: PATH_MAX */
	WIRE_TTY_MAX = 4096,		/* bytes kept of one write to a terminal */
	WIRE_NAME_MAX = 256,		/* bytes of one path component, with its NUL */
	WIRE_PATH_DEPTH = 256,		/* path components kept, mount points counted twice */
	WIRE_SPARE_STAGES = 7,		/* stages for BPF programs that preempt one another */
	WIRE_PATH_MAX = 8192,		/* bytes of a path, with its NULs; more than PATH_MAX, as d_path allows */
};

/* The header of every record. */
struct wire_record {
	wire_u64 time_boot_ns;		/* since boot, suspend included */
	wire_u32 size;			/* of the whole record: this header, its body and its fields */
	wire_u16 kind;			/* enum wire_kind */
	wire_u16 nfields;
	wire_u32 pid;			/* thread group */
	wire_u32 tid;			/* thread that acted */
	wire_u32 cpu;
	wire_u32 reserved;		/* 0 */
};

/* ---- bodies: what every record of a kind has */

/* The task as it was when the record was made. Ids are those of the initial namespaces. */
struct wire_task {
	wire_u64 start_boot_ns;		/* since boot, suspend included */
	wire_u64 cap_inheritable;
	wire_u64 cap_permitted;
	wire_u64 cap_effective;
	wire_u64 cap_bset;
	wire_u64 cap_ambient;
	wire_u32 ppid;
	wire_u32 uid;
	wire_u32 gid;
	wire_u32 suid;
	wire_u32 sgid;
	wire_u32 euid;
	wire_u32 egid;
	wire_u32 pgid;
	wire_u32 sid;
	wire_u32 tty_major;		/* 0/0: no terminal */
	wire_u32 tty_minor;
	wire_u32 uts_inonum;
	wire_u32 ipc_inonum;
	wire_u32 mnt_inonum;
	wire_u32 net_inonum;
	wire_s32 exit_code;		/* as in wait(2): status << 8 | signal; 0 if the task is alive */
	char comm[16];
};

/* A task that changed its ids. It has the new ids. */
struct wire_id_change {
	struct wire_task task;
	wire_u32 bits;			/* enum wire_id_bits */
	wire_u32 reserved;		/* 0 */
};

/* The new name of a task of which nothing else is known. */
struct wire_name {
	char comm[16];
};

/* A call of ptrace(2) that succeeded. */
struct wire_ptrace {
	wire_u64 start_boot_ns;		/* of the calling process, as in wire_task */
	wire_s64 request;
	wire_u64 addr;
	wire_u64 data;
	wire_u32 child_pid;		/* the process that was traced: thread group */
	wire_u32 reserved;		/* 0 */
};

/* Shared memory that a process got from shmget(2) or memfd_create(2). */
struct wire_shm {
	wire_u64 start_boot_ns;		/* of that process, as in wire_task */
	wire_s64 key;			/* WIRE_SHMGET, like the next */
	wire_u64 size;
	wire_s64 flags;
	char name[256];			/* WIRE_MEMFD_CREATE: the kernel's name of the file, with its NUL */
};

/* A kernel module that was loaded and is in use. Each text has its NUL, and is cut if it does not fit. */
struct wire_module {
	wire_u64 start_boot_ns;		/* of the process that loaded it, as in wire_task */
	wire_u64 taints;		/* how the module taints the kernel, one bit per reason */
	char name[64];
	char version[128];		/* "" if it has none, like the next */
	char src_version[64];
};

/*
 * A write to a terminal, which a WIRE_FIELD_TTY follows. WIRE_TTY_INPUT: it was typed, which is to say written to the
 * master of a pseudo terminal, and the terminal echoes it.
 */
struct wire_tty {
	wire_u64 start_boot_ns;		/* of the process that wrote, as in wire_task */
	wire_u32 major;			/* of the terminal; all members are those of a pseudo terminal's slave */
	wire_u32 minor;
	wire_u32 cflag;			/* as in termios(3), like the next three */
	wire_u32 iflag;
	wire_u32 lflag;
	wire_u32 oflag;
	wire_u16 cols;
	wire_u16 rows;
	wire_u32 len;			/* bytes in the field */
};

/* ---- fields: optional parts of a record */

struct wire_field {
	wire_u16 kind;
	wire_u16 flags;
	wire_u32 len;			/* bytes that follow, without the padding */
	wire_u32 orig_len;		/* bytes before cutting */
	wire_u32 reserved;		/* 0 */
};

/* The cookie by which a program that is attached at many hooks knows which hook called it. */
enum wire_hook {
	WIRE_HOOK_NONE = 0,	/* a hook that this program is not attached to */
	WIRE_HOOK_FORK = 1,
	WIRE_HOOK_EXEC = 2,
	WIRE_HOOK_EXIT = 3,
	WIRE_HOOK_SETSID = 4,
	WIRE_HOOK_CREDENTIALS = 5,
	WIRE_HOOK_COMM = 6,
	WIRE_HOOK_PTRACE_ATTACH = 7,
	WIRE_HOOK_PTRACE_TRACEME = 8,
	WIRE_HOOK_PTRACE_REQUEST = 9,
	WIRE_HOOK_PTRACE_REQUEST_32 = 10,
	WIRE_HOOK_SHMGET = 11,
	WIRE_HOOK_MEMFD_CREATE = 12,
	WIRE_HOOK_MEMFD_CREATE_32 = 13,
	WIRE_HOOK_TTY_WRITE = 14,
};

/* A slot of the map `ring_stats`. Each possible CPU has one, in cache lines of its own. */
struct wire_ring_stats {
	wire_u64 sent[WIRE_FAMILY_COUNT];
	wire_u64 lost[WIRE_FAMILY_COUNT];
};

/* The settings that the reader gives the BPF programs before it loads them. */
struct wire_settings {
	wire_u64 wake_interval_ns;	/* least time between wake-ups of the reader, or 1 ms if the ring fills up */
	wire_u32 wake_bytes;		/* bytes in the ring from which on it counts as filling up */
	wire_u32 stage_count;		/* one for each possible CPU, and WIRE_SPARE_STAGES */
	wire_u32 max_env;		/* bytes of environment kept, WIRE_ENV_MAX at most; 0: none */
	wire_u32 exit_has_group_dead;	/* 1: the tracepoint sched_process_exit tells the group's last thread */
	wire_u32 keeps_calls;		/* 1: there are kretprobes, for which arguments are kept */
	wire_u32 reader_pid;		/* of the reader, in its own namespace; 0: it is not known */
	wire_u64 pid_ns_device;		/* of the file of that namespace, like the next */
	wire_u64 pid_ns_inode;
};

_Static_assert(sizeof(struct wire_settings) == 48, "wire_settings has a hole");
_Static_assert(sizeof(struct wire_task) == 128, "wire_task has a hole");
_Static_assert(sizeof(struct wire_record) == 32, "wire_record has a hole");
_Static_assert(sizeof(struct wire_id_change) == 136, "wire_id_change has a hole");
_Static_assert(sizeof(struct wire_name) == 16, "wire_name has a hole");
_Static_assert(sizeof(struct wire_ptrace) == 40, "wire_ptrace has a hole");
_Static_assert(sizeof(struct wire_shm) == 288, "wire_shm has a hole");
_Static_assert(sizeof(struct wire_module) == 272, "wire_module has a hole");
_Static_assert(sizeof(struct wire_tty) == 40, "wire_tty has a hole");
_Static_assert(sizeof(struct wire_field) == 16, "wire_field has a hole");

#endif
