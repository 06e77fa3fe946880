/* What the benchmark asks of libc, and a count of what the program takes from the heap. */
#ifndef CBENCH_H
#define CBENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* malloc(3), calloc, realloc, posix_memalign and aligned_alloc since the start. The linker wraps them. */
uint64_t cbench_allocations(void);

/* Since boot, suspend included. */
uint64_t cbench_boot_ns(void);

/* Used by this process, user and system. */
uint64_t cbench_cpu_ns(void);

/* Resident memory, bytes: now, and the most it has been. */
uint64_t cbench_resident(void);
uint64_t cbench_peak_resident(void);

/* Calls `body`. A name that `valgrind --toggle-collect=cbench_measure` knows what to count by. */
void cbench_measure(void (*body)(void *context), void *context);

/* What a run found. */
struct cbench_result {
	const char *load;
	uint64_t raw_events;
	uint64_t events;
	uint64_t late;
	uint64_t wall_ns;
	uint64_t cpu_ns;		/* user and system */
	uint64_t later_allocations;	/* from the heap, after the first tenth of the raw events */
	uint64_t bytes;			/* resident at the peak, beyond what was there before the queue */
};

/* One line of `key=value` words. */
void cbench_print(const struct cbench_result *result);

void cbench_complain(const char *text);

#endif
