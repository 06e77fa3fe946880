/*
 * Two tables: one with a row for each kind of record, one with a row for each type of raw event. All code that depends
 * on the list of kinds expands these tables with a macro of its own. bpf/ includes this file too, so columns that need
 * quark.h are bare words, which CQuark's cquark_kinds.h gives a meaning.
 */
#ifndef QUARK_KINDS_H
#define QUARK_KINDS_H

/*
 * RAW(type, family, event, flag, label): the raw events, which wait in a queue.
 *
 *   type    RAW_<type> of quark.h
 *   family  WIRE_FAMILY_<family>: which file of Families/ handles it, and where its losses are counted
 *   event   QUARK_EV_<event>: the bit that it sets in an event
 *   flag    the flag of a queue's attributes that asks for it; 0: every queue gets it
 *   label   its name in a graph of raw events
 */
#define WIRE_RAW_TYPES(RAW)									\
	RAW(EXEC,             PROCESS, EXEC,                  0,              "EXEC")		\
	RAW(WAKE_UP_NEW_TASK, PROCESS, FORK,                  0,              "NEW_TASK")	\
	RAW(EXIT_THREAD,      PROCESS, EXIT,                  0,              "EXIT")		\
	RAW(ID_CHANGE,        PROCESS, ID_CHANGE,             0,              "ID_CHANGE")	\
	RAW(COMM,             PROCESS, SETPROCTITLE,          0,              "COMM")		\
	RAW(EXEC_CONNECTOR,   PROCESS, EXEC,                  0,              "EXEC_CONNECTOR")	\
	RAW(SOCK_CONN,        SOCKET,  SOCK_CONN_ESTABLISHED, QQ_SOCK_CONN,   "SOCK_CONN")	\
	RAW(PACKET,           PACKET,  PACKET,                QQ_DNS,         "PACKET")	\
	RAW(FILE,             FILE,    FILE,                  QQ_FILE,        "FILE")		\
	RAW(PTRACE,           PTRACE,  PTRACE,                QQ_PTRACE,      "PTRACE")	\
	RAW(MODULE_LOAD,      MODULE,  MODULE_LOAD,           QQ_MODULE_LOAD, "MODULE_LOAD")	\
	RAW(SHM,              SHM,     SHM,                   QQ_SHM,         "SHM")		\
	RAW(TTY,              TTY,     TTY,                   QQ_TTY,         "TTY")		\
	RAW(GETPID,           PROCESS, GETPID,                QQ_GETPID,      "GETPID")	\
	RAW(MPROTECT,         NONE,    MPROTECT,              QQ_MPROTECT,    "MPROTECT")

/*
 * KIND(kind, number, body, type, flags, sources): the records, which come from a source.
 *
 *   kind     WIRE_<kind>
 *   number   its number in rings and recordings, ascending; a number is never used again for another kind
 *   body     struct wire_<body> follows the header; none: there is no body
 *   type     RAW_<type>: the raw event that it becomes, a row of the table above
 *   flags    RAW_F_* of that raw event
 *   sources  enum wire_source: the sources that send it; 0: none does any more, but old recordings may have it
 *
 * THREAD_* concerns a thread whose process lives before and after; pid is the process. BARE_*: nothing is known of the
 * task.
 */
#define WIRE_KINDS(KIND)									\
	KIND(FORK,            1, task,      WAKE_UP_NEW_TASK, RAW_F_TASK,               WIRE_EBPF | WIRE_KPROBE)	\
	KIND(EXEC,            2, task,      EXEC,             RAW_F_TASK | RAW_F_IMAGE, WIRE_EBPF | WIRE_KPROBE)	\
	KIND(EXIT,            3, task,      EXIT_THREAD,      RAW_F_TASK,               WIRE_EBPF | WIRE_KPROBE)	\
	KIND(ID_CHANGE,       4, id_change, ID_CHANGE,        RAW_F_TASK,               WIRE_EBPF)	\
	KIND(COMM,            5, task,      COMM,             RAW_F_TASK,               WIRE_EBPF)	\
	KIND(EXEC_CONNECTOR,  6, task,      EXEC_CONNECTOR,   RAW_F_TASK | RAW_F_IMAGE, 0)	\
	KIND(THREAD_FORK,     7, none,      WAKE_UP_NEW_TASK, RAW_F_THREAD,             WIRE_KPROBE)	\
	KIND(THREAD_EXIT,     8, none,      EXIT_THREAD,      RAW_F_THREAD,             WIRE_KPROBE)	\
	KIND(THREAD_COMM,     9, name,      COMM,             RAW_F_THREAD,             WIRE_KPROBE)	\
	KIND(BARE_EXEC,      10, none,      EXEC,             0,                        0)	\
	KIND(BARE_COMM,      11, name,      COMM,             0,                        WIRE_KPROBE)	\
	KIND(GETPID,         12, task,      GETPID,           RAW_F_TASK,               WIRE_EBPF)	\
	KIND(PTRACE,         13, ptrace,    PTRACE,           0,                        WIRE_EBPF | WIRE_KPROBE)	\
	KIND(SHMGET,         14, shm,       SHM,              0,                        WIRE_EBPF)	\
	KIND(MEMFD_CREATE,   15, shm,       SHM,              0,                        WIRE_EBPF)	\
	KIND(MODULE_LOAD,    16, module,    MODULE_LOAD,      0,                        WIRE_EBPF | WIRE_KPROBE)	\
	KIND(TTY,            18, tty,       TTY,              0,                        WIRE_EBPF)	\
	KIND(TTY_INPUT,      19, tty,       TTY,              RAW_F_INPUT,              WIRE_EBPF)

#define WIRE_NUMBERED(kind, number, body, type, flags, sources) WIRE_##kind = number,
enum wire_kind {
	WIRE_KINDS(WIRE_NUMBERED)
	WIRE_KIND_END
};
#undef WIRE_NUMBERED

/* Where records come from, one bit each. */
enum wire_source {
	WIRE_EBPF = 1 << 0,
	WIRE_KPROBE = 1 << 1,
};

/* The values of enum quark_family. */
enum wire_family {
	WIRE_FAMILY_PROCESS,
	WIRE_FAMILY_SOCKET,
	WIRE_FAMILY_PACKET,
	WIRE_FAMILY_FILE,
	WIRE_FAMILY_PTRACE,
	WIRE_FAMILY_MODULE,
	WIRE_FAMILY_SHM,
	WIRE_FAMILY_TTY,
	WIRE_FAMILY_COUNT,
	WIRE_FAMILY_NONE = WIRE_FAMILY_COUNT,	/* for a type that no source sends and that has no family in quark.h */
};

#endif
