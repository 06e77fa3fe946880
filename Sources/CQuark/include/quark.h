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

/* Swift: a structure of settings, whose one pointer is only compared and kept. */
#ifdef __swift__
#define QUARK_SWIFT_SAFE __attribute__((swift_attr("safe")))
#else
#define QUARK_SWIFT_SAFE
#endif

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
#define QQ_SELF_TEST		(1 << 15)	/* opening tries the backend on a process of its own */
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
#define QUARK_F_LATE_CWD	(1 << 2)	/* cwd was read after the fact, and may have changed since */
#define QUARK_F_LATE_CMDLINE	(1 << 3)	/* cmdline likewise */

/* quark_event.id_change */
#define QUARK_ID_CHANGE_SETSID	1
#define QUARK_ID_CHANGE_SETUID	2
#define QUARK_ID_CHANGE_SETGID	4

/* quark_file.op_mask */
#define QUARK_FILE_OP_CREATE	1
#define QUARK_FILE_OP_MODIFY	2
#define QUARK_FILE_OP_REMOVE	4
#define QUARK_FILE_OP_MOVE	8

/* what kind of terminal a device number is */
enum {
	QUARK_TTY_UNKNOWN,
	QUARK_TTY_PTS,
	QUARK_TTY_TTY,
	QUARK_TTY_CONSOLE,
};

/* quark_process.proc_entry_leader_type */
enum {
	QUARK_ELT_UNKNOWN,
	QUARK_ELT_INIT,
	QUARK_ELT_KTHREAD,
	QUARK_ELT_SSHD,
	QUARK_ELT_SSM,
	QUARK_ELT_CONTAINER,
	QUARK_ELT_TERM,
	QUARK_ELT_CONSOLE,		/* never assigned */
};

struct quark_container;
struct quark_queue;

struct quark_process {
	struct quark_process *gc_next;	/* the library's own: exited processes, oldest first */
	struct quark_process *gc_previous;
	u32 gc_time;			/* the library's own: when it exited, ms since boot, wrapping */

	u32 pid;
	u64 flags;			/* QUARK_F_* */
	u64 poison_tag;			/* of the rules, and of its parent when it was forked; 0: none */

	/* QUARK_F_PROC */
	u64 proc_cap_inheritable;	/* bit = capability number, capabilities(7) */
	u64 proc_cap_permitted;
	u64 proc_cap_effective;
	u64 proc_cap_bset;
	u64 proc_cap_ambient;
	u64 proc_time_boot;		/* when the process started, ns since the epoch; never changes once known */
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
	u32 proc_entry_leader_type;	/* QUARK_ELT_*; with QQ_ENTRY_LEADER */
	u32 proc_entry_leader;		/* pid; with QQ_ENTRY_LEADER */
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
	char *cgroup;			/* path, or NULL */
	struct quark_container *container;	/* NULL: no kubernetes support yet */
	char *env;			/* NUL-separated, or NULL */
	size_t env_len;			/* bytes, the last NUL included */
	char *script;			/* what exe, an interpreter, runs, as execve(2) was given it; or NULL */
	size_t cmdline_orig_len;	/* bytes there were; more than cmdline_len: the rest was cut off */
	size_t env_orig_len;		/* bytes there were; more than env_len: the rest was cut off */
};

struct quark_event {
	u64 events;			/* QUARK_EV_*: what happened */
	u64 time;			/* of the oldest part, ns since the epoch */
	const struct quark_process *process;	/* all that is known of the process, from earlier events too */
	u32 id_change;			/* QUARK_ID_CHANGE_*; with QUARK_EV_ID_CHANGE */
};

/*
 * Rules: which events a queue hands out, and which processes bear a mark. quark-rules(5) has their language and what
 * they mean.
 */

/* quark_rule.action */
enum quark_rule_action {
	QUARK_RA_INVALID,
	QUARK_RA_DROP,			/* the event is not handed out */
	QUARK_RA_PASS,			/* it is, whatever later rules say */
	QUARK_RA_POISON,		/* its process gets a tag, and the next rule is looked at */
};

/* quark_rule_field.code */
#define QUARK_RF_PID		(1ULL << 0)	/* pid, not 0 */
#define QUARK_RF_PPID		(1ULL << 1)	/* pid, not 0 */
#define QUARK_RF_UID		(1ULL << 2)	/* id: the real one */
#define QUARK_RF_GID		(1ULL << 3)	/* id: the real one */
#define QUARK_RF_SID		(1ULL << 4)	/* id */
#define QUARK_RF_COMM		(1ULL << 5)	/* comm, not "" */
#define QUARK_RF_EXE		(1ULL << 6)	/* wild.pre, a pattern, not "" */
#define QUARK_RF_FILEPATH	(1ULL << 7)	/* wild.pre, likewise; matches nothing: no event has a file yet */
#define QUARK_RF_POISON		(1ULL << 8)	/* poison_tag, not 0 */

/*
 * A pattern: the string to compare with, or with one `*` in it, which stands for any string, "/" and "" among them.
 * Given as `pre`, of less than PATH_MAX bytes, the other members not looked at. In a rule it is taken apart: what comes
 * before the `*`, and what comes behind it, are NUL-terminated and in memory of the rule's own.
 */
struct quark_wild {
	char *pre;
	size_t pre_len;			/* bytes; without a `*` the NUL is one of them */
	char *post;
	size_t post_len;		/* bytes, the NUL included unless there are no others */
};

struct quark_rule_field {
	u64 code;			/* one of QUARK_RF_* */
	union {
		u32 pid;
		u64 poison_tag;
		struct quark_wild wild;
		u32 id;
		char comm[16];
	};
};

struct quark_rule {
	struct quark_rule_field *fields;	/* all must match; none always do */
	size_t n_fields;
	int action;			/* enum quark_rule_action */
	u64 poison_tag;			/* what QUARK_RA_POISON marks with; 0 takes a mark away */
	u64 evals;			/* events that were compared with it */
	u64 hits;			/* those of them that it matched */
	unsigned int number;		/* its place, from 0 */
};

/* Looked at in their order. All that it points to is the library's, until quark_ruleset_clear(). */
struct quark_ruleset {
	struct quark_rule *rules;
	size_t n_rules;
};

struct quark_file {
	const char *path;
	const char *old_path;		/* NULL unless moved */
	const char *sym_target;		/* NULL unless a symbolic link with its target in the inode */
	u64 inode;
	u64 atime;			/* ns since the epoch, as the next two */
	u64 mtime;
	u64 ctime;
	u64 size;			/* bytes */
	u32 mode;			/* st_mode of stat(2) */
	u32 uid;
	u32 gid;
	u32 op_mask;			/* QUARK_FILE_OP_* */
	char storage[];			/* the paths */
};

struct quark_tty {
	struct quark_tty *next;		/* later writes of the same event */
	size_t total_len;		/* bytes of data in the whole chain; in its head */
	u16 major;
	u16 minor;
	u16 cols;
	u16 rows;
	u32 cflag;
	u32 iflag;
	u32 lflag;
	u32 oflag;
	u64 truncated;			/* bytes that were not kept */
	size_t data_len;		/* bytes, the NUL behind them left out */
	char data[];
};

/* raw_event.type */
enum raw_types {
	RAW_INVALID,
	RAW_EXEC,
	RAW_WAKE_UP_NEW_TASK,		/* fork */
	RAW_EXIT_THREAD,
	RAW_ID_CHANGE,
	RAW_COMM,
	RAW_EXEC_CONNECTOR,
	RAW_SOCK_CONN,
	RAW_PACKET,
	RAW_FILE,
	RAW_PTRACE,
	RAW_MODULE_LOAD,
	RAW_SHM,
	RAW_TTY,
	RAW_GETPID,
	RAW_NUM_TYPES
};

/* A task as a record found it. Ids are those of the initial namespaces. */
struct raw_task {
	u64 start_boottime;		/* ns since boot, suspend included */
	u64 cap_inheritable;
	u64 cap_permitted;
	u64 cap_effective;
	u64 cap_bset;
	u64 cap_ambient;
	u32 ppid;
	u32 uid;
	u32 gid;
	u32 suid;
	u32 sgid;
	u32 euid;
	u32 egid;
	u32 pgid;
	u32 sid;
	u32 tty_major;
	u32 tty_minor;
	u32 uts_inonum;			/* 0 in a task that is being torn down, as the next three */
	u32 ipc_inonum;
	u32 mnt_inonum;
	u32 net_inonum;
	s32 exit_code;			/* as wait(2) has it: status << 8 | signal; RAW_EXIT_THREAD */
	char comm[16];
};

/* The library's own: a place in a tree, and in the list of its nodes in order. */
struct raw_event_links {
	struct raw_event_links *left;
	struct raw_event_links *right;
	struct raw_event_links *parent;
	struct raw_event_links *previous;
	struct raw_event_links *next;
	long rank;
};

/* raw_event.flags */
#define RAW_F_TASK	(1 << 0)	/* task is valid */
#define RAW_F_IMAGE	(1 << 1)	/* of an exec: what args, env and script do not tell, there is not */
#define RAW_F_LATE_CWD	(1 << 2)	/* cwd was read after the fact, and may have changed since */
#define RAW_F_LATE_ARGS	(1 << 3)	/* args likewise */
#define RAW_F_CUT_CWD	(1 << 4)	/* cwd begins with "./": where that is, is not known */

/* One record of the kernel, waiting in the queue. Aggregation callbacks look at these; nobody changes them. */
struct raw_event {
	struct raw_event_links by_time;
	struct raw_event_links by_pid_time;
	u64 time;			/* ns since boot, suspend included */
	u64 sequence;			/* order of arrival: decides between equal times */
	u32 type;			/* enum raw_types */
	u32 pid;			/* thread group */
	u32 tid;			/* thread that acted */
	u32 cpu;
	u32 flags;			/* RAW_F_* */
	u32 agg_types;			/* types swallowed so far, a bit each: 1 << type */
	u32 id_change;			/* QUARK_ID_CHANGE_*; RAW_ID_CHANGE */
	u32 variable_bytes;		/* sizes of the strings below, together */
	char *exe;			/* RAW_EXEC; NULL if not known, as the strings below */
	char *args;			/* NUL-separated; RAW_EXEC, RAW_EXEC_CONNECTOR */
	char *cwd;
	char *cgroup;
	char *env;			/* NUL-separated */
	char *script;			/* RAW_EXEC, of a script: its path as given to execve(2) */
	union {
		struct quark_file *file;	/* RAW_FILE */
		struct quark_tty *tty;		/* RAW_TTY */
	};
	u32 args_len;			/* bytes, the last NUL included */
	u32 env_len;
	u32 args_orig_len;		/* bytes there were before it was cut */
	u32 env_orig_len;
	struct raw_task task;
};

/* 1: `parent` swallows `child`; 0: the event ends before `child`. */
typedef int (*quark_can_aggregate_fn)(struct quark_queue *queue, struct raw_event *parent, struct raw_event *child);

struct QUARK_SWIFT_SAFE quark_queue_attr {
	int flags;			/* QQ_*; QQ_ALL_BACKENDS */
	int max_length;			/* raw events held at most, 1 or more; 10000 */
	int cache_grace_time;		/* how long an exited process stays known, ms, 0 or more; 4000 */
	int hold_time;			/* how long an event may be held for ordering, ms, 10 or more; 1000 */
	size_t max_env;			/* bytes of environment kept per process, 0 for none; 4096 */
	int kubefd;			/* -1; anything else is ENOTSUP so far */
	struct quark_ruleset *ruleset;	/* not copied: must outlive the queue; NULL for none */
	size_t ring_size;		/* bytes of a ring, a power of two from 4096; 0: EBPF 4 MiB, KPROBE 1 MiB a CPU */
};

/* The families of events, by which losses are told apart. */
enum quark_family {
	QUARK_FAMILY_PROCESS,
	QUARK_FAMILY_SOCKET,
	QUARK_FAMILY_PACKET,
	QUARK_FAMILY_FILE,
	QUARK_FAMILY_PTRACE,
	QUARK_FAMILY_MODULE,
	QUARK_FAMILY_SHM,
	QUARK_FAMILY_TTY,
	QUARK_FAMILY_COUNT
};

struct quark_queue_stats {
	u64 insertions;			/* raw events that entered the queue */
	u64 removals;			/* raw events that left it */
	u64 aggregations;		/* events made of several raw events */
	u64 non_aggregations;		/* events made of one */
	u64 lost;			/* records the kernel had no room for */
	u64 garbage_collections;	/* processes forgotten */
	int backend;			/* QQ_EBPF or QQ_KPROBE; 0 when none is open */
	u64 malformed;			/* records dropped because they made no sense */
	u64 late;			/* raw events older than one that had left before they arrived */
	u64 refused;			/* records, or strings of a process, dropped because a bound was reached */
	u64 lost_by_family[QUARK_FAMILY_COUNT];	/* `lost`, as far as it can be told apart */
};

/* Allocated by the caller; must not be moved or copied while it is open. */
struct quark_queue {
	int flags;			/* as asked for */
	int length;			/* raw events held now */
	int epollfd;			/* -1 when closed */
	struct quark_queue_stats stats;
	struct quark_ruleset *ruleset;	/* in force from the next quark_queue_get_event() on; NULL when closed */
	void *driver;			/* the library's own */
	char *hooks;			/* the library's own */
	char *fallback_reason;		/* the library's own */
};

struct quark_process_iter {
	struct quark_queue *queue;	/* the library's own */
	u64 next_pid;
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

/*
 * By which means of the kernel each kind of record is had, a line each: "fork: raw_tp/sched_process_fork", and for one
 * that cannot be had "comm: none", what was tried and why it failed. NUL-terminated; valid until the queue is closed.
 * NULL with EINVAL when it is closed.
 */
const char *quark_queue_get_hooks(struct quark_queue *queue);

/*
 * Why EBPF, though it was allowed, is not in use; "" if it is, or was not allowed. NUL-terminated; valid until the
 * queue is closed. NULL with EINVAL when it is closed.
 */
const char *quark_queue_get_fallback_reason(struct quark_queue *queue);

void quark_queue_close(struct quark_queue *queue);

/* The next event, or NULL when none is ready: then block and try again. */
const struct quark_event *quark_queue_get_event(struct quark_queue *queue);

/* Waits until there may be something to do, 100 ms at most. 0, or -1 with errno (EINTR among them). */
int quark_queue_block(struct quark_queue *queue);

/* For clients that wait themselves, 100 ms at most at a time. -1 with EINVAL when the queue is closed. */
int quark_queue_get_epollfd(struct quark_queue *queue);

/*
 * Takes the records that the kernel has ready into the queue, as far as they fit, without handing out an event:
 * quark_queue_get_event() does so by itself. Their number, or -1 with EINVAL when the queue is closed.
 */
int quark_queue_populate(struct quark_queue *queue);

void quark_queue_get_stats(struct quark_queue *queue, struct quark_queue_stats *stats);

/* What is known of a process, exited ones within cache_grace_time included, or NULL with ESRCH. */
const struct quark_process *quark_process_lookup(struct quark_queue *queue, int pid);

/* Walks all that quark_process_lookup() finds, in ascending pid. Starts over after each quark_queue_get_event(). */
void quark_process_iter_init(struct quark_process_iter *iterator, struct quark_queue *queue);

/* The next process, or NULL at the end. */
const struct quark_process *quark_process_iter_next(struct quark_process_iter *iterator);

/*
 * Replaces one cell of the queue's aggregation matrix: may an event that begins with a raw event of `parent_type`
 * swallow the next one of the same process, if that is of `child_type`? NULL: never. 0, or -1 with EINVAL when a type
 * is outside [0, RAW_NUM_TYPES) or the queue is closed.
 */
int quark_queue_set_agg_matrix(struct quark_queue *queue, int parent_type, int child_type, quark_can_aggregate_fn fn);

/* Where a kernel has one thing that kprobes read. */
struct quark_btf_target {
	const char *dotname;		/* "task_struct.comm"; NULL after the last one */
	ssize_t offset;			/* in bytes, or the value of a constant; -1: this kernel has none */
};

struct quark_btf {
	char *kname;			/* the kernel's release, or "sys" */
	struct quark_btf_target targets[];
};

/*
 * The offsets of the running kernel, from its own types or else from the compiled-in table; those of a file of types
 * (BTF, or ELF with BTF in it), where a NULL path is the running kernel's, and a NULL name is "sys"; those of the table
 * for a release, which must be in it, or between two of its series and flavour that agree. NULL with errno: ENOTSUP when
 * there are too few, ENOENT when the table has no answer.
 */
struct quark_btf *quark_btf_open(void);
struct quark_btf *quark_btf_open2(const char *path, const char *kname);
struct quark_btf *quark_btf_open_hub(const char *version);
void quark_btf_close(struct quark_btf *btf);

/* One of them by its name, also of those that are not in the list since kernels may lack them; -1: there is none. */
ssize_t quark_btf_offset(struct quark_btf *btf, const char *dotname);

/* What the stock matrices are made of. */
int quark_can_aggregate_single(struct quark_queue *queue, struct raw_event *parent, struct raw_event *child);
int quark_can_aggregate_mult(struct quark_queue *queue, struct raw_event *parent, struct raw_event *child);
int quark_can_aggregate_fork_exec(struct quark_queue *queue, struct raw_event *parent, struct raw_event *child);
int quark_can_aggregate_file(struct quark_queue *queue, struct raw_event *parent, struct raw_event *child);
int quark_can_aggregate_tty(struct quark_queue *queue, struct raw_event *parent, struct raw_event *child);

/*
 * Which container the path of a control group names, as "runtime://id" and a NUL; the systemd driver's layout only.
 * 0, or -1 when it names none or `size` bytes are too few.
 */
int parse_container_cgroup(const char *cgroup, char *out, size_t size);

/* Writes the event as text. 0, or -1 when the event has no process or writing failed. */
int quark_event_dump(const struct quark_event *event, FILE *file);

/*
 * Writes the processes that quark_process_iter_next() would walk as a graph in the DOT language. 0, or -1 with errno:
 * EINVAL when the queue is closed, else that of writing.
 */
int quark_dump_process_cache_graph(struct quark_queue *queue, FILE *file);

/*
 * Writes the two balanced trees of the raw events that wait in the queue, ordered by time, and by process and time, as
 * graphs in the DOT language. 0, or -1 with errno, as above.
 */
int quark_dump_raw_event_graph(struct quark_queue *queue, FILE *by_time, FILE *by_pidtime);

/* Makes an empty set of rules. */
void quark_ruleset_init(struct quark_ruleset *ruleset);

/* Frees what the rules are made of, and leaves an empty set. No queue may be using it. */
void quark_ruleset_clear(struct quark_ruleset *ruleset);

/*
 * Makes a set of the rules in `file`, read to its end and not closed. What was in `ruleset` is not looked at, and need
 * not be initialised: clear one that has been in use first, or its rules are never freed. 0, or -1 with errno and an
 * empty set: EINVAL, the text is not one of rules; else the errno of reading. Then `err`, unless it is NULL, has the
 * words, as many as fit in `errlen` bytes with a NUL behind them: "quark_parse: MESSAGE at line N column N".
 */
int quark_ruleset_parse(struct quark_ruleset *ruleset, FILE *file, char *err, size_t errlen);

/*
 * Adds a rule without conditions behind the others. `poison_tag` is for QUARK_RA_POISON. The pointer is valid until
 * the next call of it. NULL with EINVAL: there is no such action.
 */
struct quark_rule *quark_ruleset_append_rule(struct quark_ruleset *ruleset, int action, u64 poison_tag);

/* Adds one more condition to a rule, which gets a copy of it. 0, or -1 with EINVAL: a field that the above excludes. */
int quark_rule_match_field(struct quark_rule *rule, struct quark_rule_field field);

/*
 * Applies the rules to an event, as quark_queue_get_event() does to each one of its queue: marks its process, and
 * counts. The QUARK_RA_PASS or QUARK_RA_DROP rule that decided, valid as the set's rules are, or NULL: none did.
 */
struct quark_rule *quark_ruleset_match(struct quark_ruleset *ruleset, struct quark_event *event);

/* Splits a NUL-separated buffer such as quark_process.cmdline; an unterminated tail is not returned. */
void quark_cmdline_iter_init(struct quark_cmdline_iter *iterator, const char *cmdline, size_t length);

/* The next argument, or NULL at the end. */
const char *quark_cmdline_iter_next(struct quark_cmdline_iter *iterator);

#ifdef __cplusplus
}
#endif

#endif
