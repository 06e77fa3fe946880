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
	uint32_t pid;		/* PERF_SAMPLE_TID, in the PID namespace of the process that opened the event */
	uint32_t tid;
	uint64_t time;		/* PERF_SAMPLE_TIME */
	uint32_t cpu;		/* PERF_SAMPLE_CPU */
	uint32_t reserved;
	uint32_t raw_size;	/* PERF_SAMPLE_RAW; the raw data follow */
};
enum { CLINUX_PERF_SAMPLE_SIZE = 36 };	/* of the above, without the padding at its end */

enum { CLINUX_PERF_RECORD_LOST = 2, CLINUX_PERF_RECORD_SAMPLE = 9 };

/*
 * Counts and samples every occurrence of the tracepoint `id` on one CPU, for all processes; disabled at first.
 * `clock`: the clockid_t of time stamps, or -1 for the clock of perf. `counts_lost`: reading the descriptor returns the
 * number of lost records, PERF_FORMAT_LOST (Linux 6.0). A ring made of it becomes readable when `wake_bytes` wait in
 * it. -1 with errno.
 */
int clinux_perf_tracepoint(uint64_t id, int cpu, int clock, int counts_lost, uint32_t wake_bytes);

/* Samples the clock of one CPU, also in idle; disabled at first. All events of a ring have one `clock`. -1: errno. */
int clinux_perf_cpu_clock(int cpu, int clock, uint64_t period_ns);

/* How events are made of kprobes: their type, and the bit of `config` for one at a function's return. */
struct clinux_perf_probes {
	uint32_t type;
	uint32_t return_bit;
};

/* Reads it from /sys/bus/event_source. 0, or -1 with errno. */
int clinux_perf_probes(struct clinux_perf_probes *probes);

/*
 * An event at the entry, or at the return, of a kernel function, which has no records of its own: programs that are
 * attached to it run on all CPUs. -1 with errno.
 */
int clinux_perf_kprobe(const struct clinux_perf_probes *probes, const char *function, int is_return);

/* Attaches a BPF program to an event, until that is closed. 0, or -1 with errno. */
int clinux_perf_set_program(int event, int program);

/* 0, or -1 with errno. */
int clinux_perf_enable(int event);
int clinux_perf_sample_once(int event);			/* after one sample it is disabled again */
int clinux_perf_set_output(int event, int ring_owner);	/* sends its records to that ring */
int clinux_perf_set_filter(int event, const char *filter);

/* The number of records lost so far, for an event that counts them. -1 with errno. */
int64_t clinux_perf_lost(int event);

/* Positions of a mapped ring, by its first page. They pair with the kernel's barriers (kernel/events/ring_buffer.c). */
uint64_t clinux_perf_head(const void *page);
void clinux_perf_set_tail(void *page, uint64_t tail);

#endif
