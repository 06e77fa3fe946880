/* The data that each half of the program gives to main(), which knows no structure of either generation. */
#ifndef HALF_H
#define HALF_H

#ifdef __cplusplus
extern "C" {
#endif

struct seen {
	unsigned long long events, time, start, end;
	unsigned int pid, id_change;
	char entity_id[17];
	char shown[300];	/* the name of a module or a memory file, and what was done by ptrace(2) */
	char text[300];		/* the line about that of quark_event_dump(3); "": none */
};

struct counted {
	unsigned long long insertions, removals, collections, malformed, late, refused, lost_of_processes, stalls;
	int backend;
};

/* Opens a recording; -1 with errno. Each half has at most one open queue. */
int open_7(const char *recording);
int open_9(const char *recording);
/* Opens a queue with these flags of quark.h; returns errno, or 0. */
int try_7(int flags);
int try_9(int flags);
/* The next event; 0 at the end. */
int next_7(struct seen *event);
int next_9(struct seen *event);
void count_7(struct counted *counters);
void count_9(struct counted *counters);
void close_7(void);
void close_9(void);

/* Tries to open with a header of another version; returns errno or 0, and the message. */
int open_other(const char **words);

#ifdef __cplusplus
}
#endif

#endif
