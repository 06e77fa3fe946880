/* The interface of main.c to each generation of quark.h: live.c, compiled twice. Times are nanoseconds. */
#ifndef LIVE_H
#define LIVE_H

struct life {
	unsigned long long time;	/* of the event, 0 for one that was looked up */
	unsigned long long start;
	char entity_id[17];
};

enum { LIVE_KPROBE = 1 << 1, LIVE_EBPF = 1 << 2, LIVE_SALTED_IDS = 1 << 26 };

/* Opens a queue of this generation; -1 with errno, and a message on standard error. */
int open_7(int flags);
int open_9(int flags);
void close_7(void);
void close_9(void);
/* Waits for an event of the process. -1 if none came. */
int wait_7(int pid, struct life *life);
int wait_9(int pid, struct life *life);
/* Looks up the process. -1 if it is not known. */
int look_7(int pid, struct life *life);
int look_9(int pid, struct life *life);

#endif
