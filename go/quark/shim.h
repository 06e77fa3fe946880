/*
 * What the Go package needs from the library, one C call for each. A call from Go to C takes as long as copying an
 * event, so one call takes many events. Events and processes are written one after the other into a buffer, as records
 * without pointers, which Go reads in place.
 */
#ifndef QUARKGO_SHIM_H
#define QUARKGO_SHIM_H

#include <quark.h>

/* quarkgo_record.parts */
#define QUARKGO_PROCESS		(1 << 0)
#define QUARKGO_SOCKET		(1 << 1)
#define QUARKGO_PACKET		(1 << 2)
#define QUARKGO_FILE		(1 << 3)
#define QUARKGO_PTRACE		(1 << 4)
#define QUARKGO_MODULE_LOAD	(1 << 5)
#define QUARKGO_SHM		(1 << 6)
#define QUARKGO_TTY		(1 << 7)

/*
 * An event, or a process that was looked up. After it come its parts, in the order of their bits; then the strings, in
 * the order of their lengths in the parts, without NULs between them; then the bytes of packets and terminals. A record
 * begins at a multiple of 8.
 */
struct quarkgo_record {
	u64 events;
	u64 time;
	u32 id_change;
	u32 parts;
	u32 size;		/* bytes up to the next record */
	u32 text;		/* offset of the strings, bytes */
	u32 data;		/* offset of their end */
	u32 tty_flags;
};

struct quarkgo_process {
	struct quark_process process;	/* Go ignores its pointers */
	u32 comm;			/* lengths of strings, like all u32 that follow */
	u32 exe;
	u32 cwd;
	u32 cgroup;
	u32 script;
	u32 entity_id;
	u32 cmdline;			/* with the last NUL, like the next one */
	u32 env;
};

struct quarkgo_address {
	u8 bytes[16];			/* AF_INET uses 4 of them */
	u16 port;			/* in the byte order of this machine */
	u16 family;			/* AF_INET, AF_INET6 */
	u32 padding;
};

struct quarkgo_socket {
	struct quarkgo_address local;
	struct quarkgo_address remote;
	u64 established_time;
	u64 close_time;
	u64 bytes_sent;
	u64 bytes_received;
	u32 pid_origin;
	u32 pid_last_use;
};

struct quarkgo_packet {
	u64 orig_len;
	u32 direction;
	u32 origin;
	u64 length;			/* length of its bytes */
};

struct quarkgo_file {
	u64 inode;
	u64 atime;
	u64 mtime;
	u64 ctime;
	u64 size;
	u32 mode;
	u32 uid;
	u32 gid;
	u32 op_mask;
	u32 path;			/* lengths, like the next two */
	u32 old_path;
	u32 sym_target;
	u32 change_mask;
};

struct quarkgo_ptrace {
	s64 request;
	u64 addr;
	u64 data;
	u64 child_pid;
};

struct quarkgo_module_load {
	u32 name;			/* lengths */
	u32 version;
	u32 src_version;
	u32 padding;
	u64 taints;
};

struct quarkgo_shm {
	s64 key;
	u64 size;
	s64 shmflg;
	u32 kind;
	u32 memfd_flags;
	u32 path;			/* length */
	u32 padding;
};

/* The lengths of the writes follow, a u64 each. */
struct quarkgo_tty {
	u64 truncated;
	u64 writes;
	u32 cflag;
	u32 iflag;
	u32 lflag;
	u32 oflag;
	u16 major;
	u16 minor;
	u16 cols;
	u16 rows;
};

struct quarkgo_queue {
	struct quark_queue queue;
	const struct quark_event *pending;	/* taken, but not delivered because there was no memory */
	char *buffer;				/* the records of the last call */
	size_t size;				/* its size, bytes */
	size_t used;
	char *ecs;				/* JSON of the last quarkgo_next_ecs() */
	size_t ecs_length;
	char *open_error;			/* why opening failed; NULL if the queue is open */
	struct quark_ruleset *rules;		/* or NULL */
};

/* Parses rules. NULL, with a message in `words`, if the text has an error. */
struct quark_ruleset *quarkgo_rules(const char *text, size_t length, char *words, size_t size);

/*
 * NULL with errno when there is no memory; one that has open_error failed with errno. quarkgo_close() ends either. The
 * rules, which may be NULL, are the queue's from then on. `max_env` 0: the default, -1: none. `replay`: a file, or NULL.
 */
struct quarkgo_queue *quarkgo_open(int flags, int max_length, int cache_grace_time, int hold_time, ssize_t max_env,
    size_t ring_size, struct quark_ruleset *rules, const char *replay);
void quarkgo_close(struct quarkgo_queue *queue);

/* Puts the events that are ready into the buffer, `max` at most. Their number, or -1 with errno without memory. */
int quarkgo_drain(struct quarkgo_queue *queue, int max);

/* Puts the process into the buffer. Returns 1; 0 if there is none; -1 with errno. */
int quarkgo_lookup(struct quarkgo_queue *queue, int pid);

/* Puts all processes into the buffer. Returns their number, or -1 with errno. */
int quarkgo_snapshot(struct quarkgo_queue *queue);

/* Stores the next event as JSON in ecs. Returns 1; 0 if there is none; -1 with errno, and that event is lost. */
int quarkgo_next_ecs(struct quarkgo_queue *queue);

/* From now on nothing is joined. Returns 0, or -1 with errno. */
int quarkgo_disable_aggregation(struct quarkgo_queue *queue);

void quarkgo_set_verbose(int level);

#endif
