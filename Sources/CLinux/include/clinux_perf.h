/*
 * perf_event_open(2) as tracing needs it: its structures have bit-fields, its ioctls are variadic, and the positions of
 * its rings need ordered accesses. Nothing here has a policy.
 */
#ifndef QUARK_CLINUX_PERF_H
#define QUARK_CLINUX_PERF_H

#include <sys/types.h>

#include <stdint.h>

/* The parts of a record that this library asks for, in the order the kernel writes them. */
struct clinux_perf_sample {
	uint32_t record_type;	/* struct perf_event_header */
	uint16_t misc;
	uint16_t size;
	uint32_t pid;		/* PERF_SAMPLE_TID, in the pid namespace of who opened the event */
	uint32_t tid;
	uint64_t time;		/* PERF_SAMPLE_TIME */
	uint32_t cpu;		/* PERF_SAMPLE_CPU */
	uint32_t reserved;
	uint32_t raw_size;	/* PERF_SAMPLE_RAW; the raw data follow */
};
enum { CLINUX_PERF_SAMPLE_SIZE = 36 };	/* of the above, which has no tail in the ring */

enum { CLINUX_PERF_RECORD_LOST = 2, CLINUX_PERF_RECORD_SAMPLE = 9 };

/*
 * Counts and samples every occurrence of the tracepoint `id` on one CPU, for all processes; disabled at first.
 * `clock`: clockid_t of the stamps, or -1 for perf's own. `counts_lost`: reading the descriptor tells what was lost,
 * PERF_FORMAT_LOST (Linux 6.0). A ring made of it becomes readable when `wake_bytes` wait in it. -1 with errno.
 */
int clinux_perf_tracepoint(uint64_t id, int cpu, int clock, int counts_lost, uint32_t wake_bytes);

/* Samples one CPU's own clock, in idle, too; disabled at first. Events of one ring have one `clock`. -1 with errno. */
int clinux_perf_cpu_clock(int cpu, int clock, uint64_t period_ns);

/* 0, or -1 with errno. */
int clinux_perf_enable(int event);
int clinux_perf_sample_once(int event);			/* then it is disabled again */
int clinux_perf_set_output(int event, int ring_owner);	/* its records go there */
int clinux_perf_set_filter(int event, const char *filter);

/* Records lost so far, of an event that counts them. -1 with errno. */
int64_t clinux_perf_lost(int event);

/* Of a mapped ring, by its first page. Pair with the kernel's barriers (kernel/events/ring_buffer.c). */
uint64_t clinux_perf_head(const void *page);
void clinux_perf_set_tail(void *page, uint64_t tail);

#endif
