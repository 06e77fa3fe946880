/*
 * What events tell, field by field, and what a source cannot tell of it. quark_queue_get_capabilities(3) is made of
 * these two tables, of that of kinds (kinds.h), and of what the source in use says of its hooks. For the library's own
 * parts, not for clients.
 */
#ifndef QUARK_CQUARK_FIELDS_H
#define QUARK_CQUARK_FIELDS_H

#include <stdbool.h>

#include "cquark_kinds.h"

/*
 * FIELD(type, name, hook, flag): what a program can know by the events of a type.
 *
 *   type  RAW_<type>: whose records tell it first
 *   name  the member of quark.h, or in words what has none
 *   hook  the one hook that tells it, of several of the type; "": any of them
 *   flag  the flag that asks for it besides that of its type; 0: nobody needs to
 */
#define CQUARK_FIELDS(FIELD)								\
	FIELD(EXEC, "exe", "", 0)							\
	FIELD(EXEC, "cmdline", "", 0)							\
	FIELD(EXEC, "env", "", 0)							\
	FIELD(EXEC, "script", "", 0)							\
	FIELD(WAKE_UP_NEW_TASK, "proc_time_boot", "", 0)				\
	FIELD(WAKE_UP_NEW_TASK, "proc_entity_id", "", 0)				\
	FIELD(WAKE_UP_NEW_TASK, "proc_ppid", "", 0)					\
	FIELD(WAKE_UP_NEW_TASK, "proc_uid", "", 0)					\
	FIELD(WAKE_UP_NEW_TASK, "proc_gid", "", 0)					\
	FIELD(WAKE_UP_NEW_TASK, "proc_suid", "", 0)					\
	FIELD(WAKE_UP_NEW_TASK, "proc_sgid", "", 0)					\
	FIELD(WAKE_UP_NEW_TASK, "proc_euid", "", 0)					\
	FIELD(WAKE_UP_NEW_TASK, "proc_egid", "", 0)					\
	FIELD(WAKE_UP_NEW_TASK, "proc_pgid", "", 0)					\
	FIELD(WAKE_UP_NEW_TASK, "proc_sid", "", 0)					\
	FIELD(WAKE_UP_NEW_TASK, "proc_cap_inheritable", "", 0)				\
	FIELD(WAKE_UP_NEW_TASK, "proc_cap_permitted", "", 0)				\
	FIELD(WAKE_UP_NEW_TASK, "proc_cap_effective", "", 0)				\
	FIELD(WAKE_UP_NEW_TASK, "proc_cap_bset", "", 0)					\
	FIELD(WAKE_UP_NEW_TASK, "proc_cap_ambient", "", 0)				\
	FIELD(WAKE_UP_NEW_TASK, "proc_tty_major", "", 0)				\
	FIELD(WAKE_UP_NEW_TASK, "proc_tty_minor", "", 0)				\
	FIELD(WAKE_UP_NEW_TASK, "proc_uts_inonum", "", 0)				\
	FIELD(WAKE_UP_NEW_TASK, "proc_ipc_inonum", "", 0)				\
	FIELD(WAKE_UP_NEW_TASK, "proc_mnt_inonum", "", 0)				\
	FIELD(WAKE_UP_NEW_TASK, "proc_net_inonum", "", 0)				\
	FIELD(WAKE_UP_NEW_TASK, "proc_entry_leader", "", QQ_ENTRY_LEADER)		\
	FIELD(WAKE_UP_NEW_TASK, "proc_entry_leader_type", "", QQ_ENTRY_LEADER)		\
	FIELD(WAKE_UP_NEW_TASK, "comm", "", 0)						\
	FIELD(WAKE_UP_NEW_TASK, "cwd", "", 0)						\
	FIELD(WAKE_UP_NEW_TASK, "cgroup", "", 0)					\
	FIELD(WAKE_UP_NEW_TASK, "container", "", 0)					\
	FIELD(WAKE_UP_NEW_TASK, "threads", "", QQ_THREAD_EVENTS)			\
	FIELD(EXIT_THREAD, "exit_code", "", 0)						\
	FIELD(EXIT_THREAD, "exit_signal", "", 0)					\
	FIELD(EXIT_THREAD, "exit_time_event", "", 0)					\
	FIELD(EXIT_THREAD, "threads", "", QQ_THREAD_EVENTS)				\
	FIELD(ID_CHANGE, "id_change SETSID", "setsid", 0)				\
	FIELD(ID_CHANGE, "id_change SETUID", "credentials", 0)				\
	FIELD(ID_CHANGE, "id_change SETGID", "credentials", 0)				\
	FIELD(COMM, "comm", "", 0)							\
	FIELD(COMM, "threads", "", QQ_THREAD_EVENTS)					\
	FIELD(PTRACE, "child_pid", "", 0)						\
	FIELD(PTRACE, "request", "", 0)							\
	FIELD(PTRACE, "addr", "", 0)							\
	FIELD(PTRACE, "data", "", 0)							\
	FIELD(MODULE_LOAD, "name", "", 0)						\
	FIELD(MODULE_LOAD, "version", "", 0)						\
	FIELD(MODULE_LOAD, "src_version", "", 0)					\
	FIELD(MODULE_LOAD, "taints", "", 0)						\
	FIELD(SHM, "kind", "", 0)							\
	FIELD(SHM, "shmget_key", "shmget", 0)						\
	FIELD(SHM, "shmget_size", "shmget", 0)						\
	FIELD(SHM, "shmget_shmflg", "shmget", 0)					\
	FIELD(SHM, "memfd_create_flags", "memfd_create", 0)				\
	FIELD(SHM, "path", "memfd_create", 0)						\
	FIELD(TTY, "major", "", 0)							\
	FIELD(TTY, "minor", "", 0)							\
	FIELD(TTY, "cols", "", 0)							\
	FIELD(TTY, "rows", "", 0)							\
	FIELD(TTY, "cflag", "", 0)							\
	FIELD(TTY, "iflag", "", 0)							\
	FIELD(TTY, "lflag", "", 0)							\
	FIELD(TTY, "oflag", "", 0)							\
	FIELD(TTY, "truncated", "", 0)							\
	FIELD(TTY, "data", "", 0)							\
	FIELD(TTY, "tty_flags", "", 0)

/*
 * LIMIT(sources, type, name, state, text): what sources cannot tell, whatever the kernel. It reads on from "It cannot
 * tell". Those of KPROBE alone are the list of quark(7), word for word and in its order.
 *
 *   sources  enum wire_source, of which it is true
 *   type     RAW_<type>, as above
 *   name     a field of the above; "": the event itself
 *   state    QUARK_CAPABILITY_<state>, what is left
 */
#define CQUARK_LIMITS(LIMIT)								\
	LIMIT(WIRE_KPROBE, ID_CHANGE, "", NONE,					\
	    "that the ids of a process changed: there is no such event, and the new ids are known with its next "	\
	    "event")	\
	LIMIT(WIRE_KPROBE, EXEC, "env", NONE,					\
	    "its environment, except what /proc had when the queue was opened")	\
	LIMIT(WIRE_KPROBE, EXEC, "cmdline", PART,					\
	    "arguments beyond 1 KiB, unless the process is still alive when its record is read. Then they are "	\
	    "read from /proc and marked with QUARK_F_LATE_CMDLINE. Otherwise cmdline_orig_len tells how long they"	\
	    " were")	\
	LIMIT(WIRE_KPROBE, WAKE_UP_NEW_TASK, "cwd", PART,					\
	    "more than the last four names of a working directory, and names of more than 31 bytes. The rest is "	\
	    "read from /proc if the process is still alive, completed from what was known before, or taken from "	\
	    "its parent if the path of the parent's directory ends in the same way, and marked with "	\
	    "QUARK_F_LATE_CWD. Otherwise the path lacks its head and begins with \"./\"")	\
	LIMIT(WIRE_KPROBE, WAKE_UP_NEW_TASK, "cwd", PART,					\
	    "where a file system is mounted, if this is not directly below the root directory and the process "	\
	    "shares its mount namespace and root directory neither with the process that opened the queue nor "	\
	    "with its own parent: then the path is treated as if the directory were deeper")	\
	LIMIT(WIRE_KPROBE, EXEC, "exe", PART,					\
	    "more than the last four names of the path of the executable, or three before Linux 5.16. The rest is"	\
	    " completed in the same way. If the head is missing, the name given to execve(2) may be used in its "	\
	    "place, if it is an absolute path that ends in the same way and, before Linux 5.16, is shorter than "	\
	    "64 bytes")	\
	LIMIT(WIRE_KPROBE, EXEC, "script", PART,					\
	    "that a script was executed, if the script names its interpreter without a slash")	\
	LIMIT(WIRE_KPROBE, COMM, "threads", PART,					\
	    "from Linux 5.16 on, the names of threads that the kernel itself makes for a process, such as those "	\
	    "of io_uring")	\
	LIMIT(WIRE_KPROBE, WAKE_UP_NEW_TASK, "cgroup", PART,					\
	    "that a process moved to another control group after its last exec")	\
	LIMIT(WIRE_KPROBE, WAKE_UP_NEW_TASK, "cgroup", PART,					\
	    "a control group that is removed before its record is read, or that is first seen after the queue's "	\
	    "process has dropped CAP_DAC_READ_SEARCH")	\
	LIMIT(WIRE_EBPF, WAKE_UP_NEW_TASK, "threads", NONE, "what threads do")		\
	LIMIT(WIRE_EBPF, EXIT_THREAD, "threads", NONE, "what threads do")		\
	LIMIT(WIRE_EBPF, COMM, "threads", NONE, "what threads do")			\
	LIMIT(WIRE_EBPF, SHM, "", PART, "what is got by shm_open(3)")			\
	LIMIT(WIRE_EBPF, TTY, "", PART,					\
	    "what is typed and not echoed, and what the reader of the events writes itself")	\
	LIMIT(WIRE_EBPF | WIRE_KPROBE, WAKE_UP_NEW_TASK, "container", NONE, "containers, which have no support so far")

struct cquark_field {
	u32 type;
	int flag;
	const char *name;
	const char *hook;
};

struct cquark_limit {
	u32 sources;
	u32 type;
	enum quark_capability_state state;
	const char *name;
	const char *text;
};

/* The rows of the table one after another, from 0; NULL behind the last. */
static inline const struct cquark_field *cquark_field(u32 index)
{
#define CQUARK_ROW(type, name, hook, flag) { RAW_##type, (flag), (name), (hook) },
	static const struct cquark_field fields[] = { CQUARK_FIELDS(CQUARK_ROW) };
#undef CQUARK_ROW

	return index < sizeof(fields) / sizeof(fields[0]) ? &fields[index] : NULL;
}

static inline const struct cquark_limit *cquark_limit(u32 index)
{
#define CQUARK_ROW(sources, type, name, state, text) \
	{ (sources), RAW_##type, QUARK_CAPABILITY_##state, (name), (text) },
	static const struct cquark_limit limits[] = { CQUARK_LIMITS(CQUARK_ROW) };
#undef CQUARK_ROW

	return index < sizeof(limits) / sizeof(limits[0]) ? &limits[index] : NULL;
}

/* What a flag is called that asks for a type or a field; NULL: it asks for none. */
static inline const char *cquark_asking_name(int flag)
{
#define CQUARK_NAME(type, name, hook, row_flag) if ((row_flag) != 0 && flag == (row_flag)) return #row_flag;
	CQUARK_FIELDS(CQUARK_NAME)
#undef CQUARK_NAME
	return cquark_flag_name(flag);
}

/* enum wire_source. `backend`: QQ_EBPF or QQ_KPROBE; 0, that of a recording: none. */
static inline u32 cquark_source(int backend)
{
	return backend == QQ_EBPF ? WIRE_EBPF : backend == QQ_KPROBE ? WIRE_KPROBE : 0;
}

/* Is it true of this source? What none can tell no recording tells either. */
static inline bool cquark_is_limit(const struct cquark_limit *limit, int backend)
{
	return limit->sources == (WIRE_EBPF | WIRE_KPROBE) || (limit->sources & cquark_source(backend)) != 0;
}

/* What a family is called. `family`: enum wire_family. */
static inline const char *cquark_family_name(u32 family)
{
	static const char *const names[] = {
		[WIRE_FAMILY_PROCESS] = "process",
		[WIRE_FAMILY_SOCKET] = "socket",
		[WIRE_FAMILY_PACKET] = "packet",
		[WIRE_FAMILY_FILE] = "file",
		[WIRE_FAMILY_PTRACE] = "ptrace",
		[WIRE_FAMILY_MODULE] = "module",
		[WIRE_FAMILY_SHM] = "shm",
		[WIRE_FAMILY_TTY] = "tty",
		[WIRE_FAMILY_NONE] = "none",
	};

	return names[family <= WIRE_FAMILY_NONE ? family : WIRE_FAMILY_NONE];
}

#endif
