/*
 * quark: what the processes of a Linux machine do, in order.
 *
 * The one public header. These structures are the library's own storage: Swift and C read the same bytes. Pointers
 * handed out belong to the queue and are valid until the next quark_queue_get_event() on it.
 */
#ifndef QUARK_H
#define QUARK_H

#include <sys/types.h>

#include <stddef.h>
#include <stdio.h>

#include <linux/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;	/* unsigned long long everywhere: prints with %llu */
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;

#define QUARK_VERSION "0.1"

/* quark_queue_attr.flags */
#define QQ_THREAD_EVENTS	(1 << 0)
#define QQ_KPROBE		(1 << 1)
#define QQ_EBPF			(1 << 2)
#define QQ_MIN_AGG		(1 << 3)
#define QQ_ENTRY_LEADER		(1 << 4)
#define QQ_SOCK_CONN		(1 << 5)
#define QQ_DNS			(1 << 6)
#define QQ_BYPASS		(1 << 7)
#define QQ_FILE			(1 << 8)
#define QQ_SHM			(1 << 9)
#define QQ_TTY			(1 << 10)
#define QQ_PTRACE		(1 << 11)
#define QQ_MODULE_LOAD		(1 << 12)
#define QQ_GETPID		(1 << 13)
#define QQ_NOVA			(1 << 14)
#define QQ_ALL_BACKENDS		(QQ_KPROBE | QQ_EBPF)

/* quark_event.events */
#define QUARK_EV_FORK			(1 << 0)
#define QUARK_EV_EXEC			(1 << 1)
#define QUARK_EV_EXIT			(1 << 2)
#define QUARK_EV_ID_CHANGE		(1 << 3)
#define QUARK_EV_SETPROCTITLE		(1 << 4)
#define QUARK_EV_SOCK_CONN_ESTABLISHED	(1 << 5)
#define QUARK_EV_SOCK_CONN_CLOSED	(1 << 6)
#define QUARK_EV_PACKET			(1 << 7)
#define QUARK_EV_BYPASS			(1 << 8)
#define QUARK_EV_FILE			(1 << 9)
#define QUARK_EV_PTRACE			(1 << 10)
#define QUARK_EV_MODULE_LOAD		(1 << 11)
#define QUARK_EV_SHM			(1 << 12)
#define QUARK_EV_TTY			(1 << 13)
#define QUARK_EV_GETPID			(1 << 14)

/* quark_process.flags */
#define QUARK_F_PROC	(1 << 0)	/* the proc_ members are valid */
#define QUARK_F_EXIT	(1 << 1)	/* exit_code and exit_time_event are valid */

struct quark_process {
	struct quark_process *gc_next;	/* the library's own: exited processes, oldest first */
	u64 gc_time;			/* the library's own: when it was marked, ns since boot; 0 = alive */

	u32 pid;
	u64 flags;			/* QUARK_F_* */

	/* QUARK_F_PROC */
	u64 proc_cap_inheritable;	/* bit = capability number, capabilities(7) */
	u64 proc_cap_permitted;
	u64 proc_cap_effective;
	u64 proc_cap_bset;
	u64 proc_cap_ambient;
	u64 proc_time_boot;		/* when the process started, ns since the epoch */
	u32 proc_ppid;
	u32 proc_uid;
	u32 proc_gid;
	u32 proc_suid;
	u32 proc_sgid;
	u32 proc_euid;
	u32 proc_egid;
	u32 proc_pgid;
	u32 proc_sid;
	u32 proc_tty_major;		/* 0/0: no terminal */
	u32 proc_tty_minor;
	u32 proc_entry_leader_type;	/* not computed yet: 0 */
	u32 proc_entry_leader;
	u32 proc_uts_inonum;		/* namespace inodes; 0: not known */
	u32 proc_ipc_inonum;
	u32 proc_mnt_inonum;
	u32 proc_net_inonum;
	char proc_entity_id[17];	/* base64 of pid and proc_time_boot */

	/* QUARK_F_EXIT */
	s32 exit_code;			/* exit status; 0 for a death by signal */
	s32 exit_signal;		/* the signal it died of, or 0 */
	u64 exit_time_event;		/* ns since the epoch */

	char comm[16];			/* "" if not known */
	char *exe;			/* path of the executable, or NULL */
	size_t cmdline_len;		/* bytes, the last NUL included */
	char *cmdline;			/* NUL-separated arguments, or NULL */
	char *cwd;			/* or NULL */
};

struct quark_event {
	u64 events;			/* QUARK_EV_*: what happened */
	u64 time;			/* of the oldest part, ns since the epoch */
	const struct quark_process *process;	/* all that is known of the process, from earlier events too */
};

struct quark_queue_attr {
	int flags;			/* QQ_*; QQ_ALL_BACKENDS */
	int max_length;			/* raw events held at most, 1 or more; 10000 */
	int cache_grace_time;		/* how long an exited process stays known, ms, 0 or more; 4000 */
	int hold_time;			/* how long an event may be held for ordering, ms, 10 or more; 1000 */
};

struct quark_queue_stats {
	u64 insertions;			/* raw events that entered the queue */
	u64 removals;			/* raw events that left it */
	u64 aggregations;		/* events made of several raw events */
	u64 non_aggregations;		/* events made of one */
	u64 lost;			/* records the kernel had no room for */
	u64 garbage_collections;	/* processes forgotten */
	u64 malformed;			/* records dropped because they made no sense */
	int backend;			/* QQ_EBPF; 0 when no backend is open */
};

/* Allocated by the caller; must not be moved or copied while it is open. */
struct quark_queue {
	int flags;			/* as asked for */
	int length;			/* raw events held now */
	int epollfd;			/* -1 when closed */
	struct quark_queue_stats stats;
	void *driver;			/* the library's own */
};

struct quark_cmdline_iter {
	const char *cursor;
	const char *end;
};

/* Stores the defaults named above. */
void quark_queue_default_attr(struct quark_queue_attr *attr);

/*
 * Opens a queue; a NULL `attr` means the defaults. 0, or -1 with errno, and then nothing is left to close:
 * EINVAL an attribute out of range; EPERM or EACCES missing privilege; ENOTSUP no backend of this build can do what
 * is asked for; else the errno of what failed. quark_queue_open_error() has the words.
 */
int quark_queue_open(struct quark_queue *queue, struct quark_queue_attr *attr);

/*
 * Why the newest quark_queue_open() of this program failed, a line or more, NUL-terminated; "" if it did not. Valid
 * until the next call of it.
 */
const char *quark_queue_open_error(void);

void quark_queue_close(struct quark_queue *queue);

/* The next event, or NULL when none is ready: then block and try again. */
const struct quark_event *quark_queue_get_event(struct quark_queue *queue);

/* Waits until there may be something to do, 100 ms at most. 0, or -1 with errno (EINTR among them). */
int quark_queue_block(struct quark_queue *queue);

/* For clients that wait themselves, 100 ms at most at a time. -1 with EINVAL when the queue is closed. */
int quark_queue_get_epollfd(struct quark_queue *queue);

void quark_queue_get_stats(struct quark_queue *queue, struct quark_queue_stats *stats);

/* What is known of a process, exited ones within cache_grace_time included, or NULL with ESRCH. */
const struct quark_process *quark_process_lookup(struct quark_queue *queue, int pid);

/* Writes the event as text. 0, or -1 when the event has no process or writing failed. */
int quark_event_dump(const struct quark_event *event, FILE *file);

/* Splits a NUL-separated buffer such as quark_process.cmdline; an unterminated tail is not returned. */
void quark_cmdline_iter_init(struct quark_cmdline_iter *iterator, const char *cmdline, size_t length);

/* The next argument, or NULL at the end. */
const char *quark_cmdline_iter_next(struct quark_cmdline_iter *iterator);

#ifdef __cplusplus
}
#endif

#endif
