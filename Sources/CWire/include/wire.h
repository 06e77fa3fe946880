/*
 * The records that bpf/ writes into the ring and QuarkCore reads. Native endian, naturally aligned, no holes: the
 * asserts below hold for the BPF target and for every userland target alike.
 *
 * A record is a wire_record, then the body that kinds.h names for its kind, then `nfields` times a wire_field, each
 * followed by `len` bytes and padding to a multiple of 8. The reader trusts none of it: sizes, kinds and lengths are
 * checked, and a bad record is counted and dropped. recording.h keeps records in files.
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

/* wire_id_change.bits: those of QUARK_ID_CHANGE_* */
enum wire_id_bits {
	WIRE_SETSID = 1 << 0,
	WIRE_SETUID = 1 << 1,	/* real, effective, saved or file system user id */
	WIRE_SETGID = 1 << 2,
};

/* wire_field.kind */
enum wire_field_kind {
	/* NUL-terminated path components from the leaf to the root; none at all is "/" */
	WIRE_FIELD_CWD = 1,
	WIRE_FIELD_EXE = 2,
	/* NUL-separated argument strings as they stand in the process's memory */
	WIRE_FIELD_ARGV = 3,
	/* NUL-separated variables, likewise */
	WIRE_FIELD_ENV = 4,
	/* components of the control group's path, as a path's */
	WIRE_FIELD_CGROUP = 5,
	/* NUL-terminated: the script as execve(2) was given it, when EXE is its interpreter */
	WIRE_FIELD_SCRIPT = 6,
};

/* wire_field.flags */
enum wire_field_flag {
	WIRE_FIELD_CUT = 1 << 0,	/* what follows is shorter than orig_len, or a path lacks its head */
	WIRE_FIELD_NAME = 1 << 1,	/* a name the file system makes up (memfd:x), not a path */
	WIRE_FIELD_PATH = 1 << 2,	/* a path as it is written, its NUL included or not, in place of components */
	WIRE_FIELD_LATE = 1 << 3,	/* read after the fact, from /proc: it may have changed since */
};

enum wire_limits {
	WIRE_ARGV_MAX = 20480,		/* bytes of arguments kept */
	WIRE_ENV_MAX = 40960,		/* bytes of environment kept at most; max_env may say less */
	WIRE_SCRIPT_MAX = 4096,		/* bytes of a script's path, NUL included: PATH_MAX */
	WIRE_NAME_MAX = 256,		/* bytes of one path component, NUL included */
	WIRE_PATH_DEPTH = 256,		/* path components kept, mount points counted twice */
	WIRE_SPARE_STAGES = 7,		/* for programs that preempt one another */
	WIRE_PATH_MAX = 8192,		/* bytes of a path, NULs included; more than PATH_MAX, as d_path allows */
};

/* How every record begins. */
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

/* ---- bodies: what a record of some kind always has */

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
	wire_s32 exit_code;		/* as wait(2) has it: status << 8 | signal; 0 of a task that lives */
	char comm[16];
};

/* A task that has changed its ids, with the new ones. */
struct wire_id_change {
	struct wire_task task;
	wire_u32 bits;			/* enum wire_id_bits */
	wire_u32 reserved;		/* 0 */
};

/* What a task is called now, where nothing else is known of it. */
struct wire_name {
	char comm[16];
};

/* A call of ptrace(2) that succeeded. */
struct wire_ptrace {
	wire_u64 start_boot_ns;		/* of the process that made it, as wire_task has it */
	wire_s64 request;
	wire_u64 addr;
	wire_u64 data;
	wire_u32 child_pid;		/* to whom it was done: thread group */
	wire_u32 reserved;		/* 0 */
};

/* Shared memory that a process got by shmget(2) or memfd_create(2). */
struct wire_shm {
	wire_u64 start_boot_ns;		/* of that process, as wire_task has it */
	wire_s64 key;			/* WIRE_SHMGET, as the next */
	wire_u64 size;
	wire_s64 flags;
	char name[256];			/* WIRE_MEMFD_CREATE: what the kernel calls the file, its NUL included */
};

/* A module of the kernel that is in use. Each text has its NUL, and is cut where there is no more room. */
struct wire_module {
	wire_u64 start_boot_ns;		/* of the process that loaded it, as wire_task has it */
	wire_u64 taints;		/* of the kernel by it, a bit each */
	char name[64];
	char version[128];		/* "": it has none, as the next */
	char src_version[64];
};

/* ---- fields: what a record may have beyond that */

struct wire_field {
	wire_u16 kind;
	wire_u16 flags;
	wire_u32 len;			/* bytes that follow, without the padding */
	wire_u32 orig_len;		/* bytes there were */
	wire_u32 reserved;		/* 0 */
};

/* By what the program that is attached at all places knows where it is. */
enum wire_hook {
	WIRE_HOOK_NONE = 0,	/* of a hook that this program is not attached for */
	WIRE_HOOK_FORK = 1,
	WIRE_HOOK_EXEC = 2,
	WIRE_HOOK_EXIT = 3,
	WIRE_HOOK_SETSID = 4,
	WIRE_HOOK_CREDENTIALS = 5,
	WIRE_HOOK_COMM = 6,
};

/* A slot of the map `ring_stats`: one for each possible CPU, in cache lines of its own. */
struct wire_ring_stats {
	wire_u64 sent[WIRE_FAMILY_COUNT];
	wire_u64 lost[WIRE_FAMILY_COUNT];
};

/* What the reader tells the programs before it loads them. */
struct wire_settings {
	wire_u64 wake_interval_ns;	/* the reader is woken at most this often, unless the ring fills up */
	wire_u32 wake_bytes;		/* what waits in the ring when it does */
	wire_u32 stage_count;		/* one for each possible CPU, and WIRE_SPARE_STAGES */
	wire_u32 max_env;		/* bytes of environment kept, WIRE_ENV_MAX at most; 0: none */
	wire_u32 exit_has_group_dead;	/* 1: the tracepoint sched_process_exit tells the group's last thread */
	wire_u32 keeps_calls;		/* 1: there are kretprobes, for which arguments are kept */
	wire_u32 reserved;		/* 0 */
};

_Static_assert(sizeof(struct wire_settings) == 32, "wire_settings has a hole");
_Static_assert(sizeof(struct wire_task) == 128, "wire_task has a hole");
_Static_assert(sizeof(struct wire_record) == 32, "wire_record has a hole");
_Static_assert(sizeof(struct wire_id_change) == 136, "wire_id_change has a hole");
_Static_assert(sizeof(struct wire_name) == 16, "wire_name has a hole");
_Static_assert(sizeof(struct wire_ptrace) == 40, "wire_ptrace has a hole");
_Static_assert(sizeof(struct wire_shm) == 288, "wire_shm has a hole");
_Static_assert(sizeof(struct wire_module) == 272, "wire_module has a hole");
_Static_assert(sizeof(struct wire_field) == 16, "wire_field has a hole");

#endif
