/* Functions of libc for the benchmark, and a count of the program's heap allocations. */
#ifndef CBENCH_H
#define CBENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* malloc(3), calloc, realloc, posix_memalign and aligned_alloc since the start. The linker wraps them. */
uint64_t cbench_allocations(void);

/* The time since boot, with the time of suspend. */
uint64_t cbench_boot_ns(void);

/* The CPU time of this process, user and system. */
uint64_t cbench_cpu_ns(void);

/* Resident memory in bytes: now, and its maximum. */
uint64_t cbench_resident(void);
uint64_t cbench_peak_resident(void);

/* Calls `body`. `valgrind --toggle-collect=cbench_measure` counts inside this function. */
void cbench_measure(void (*body)(void *context), void *context);

/* The results of a run. */
struct cbench_result {
	const char *load;
	uint64_t raw_events;
	uint64_t events;
	uint64_t late;
	uint64_t wall_ns;
	uint64_t cpu_ns;		/* user and system */
	uint64_t later_allocations;	/* from the heap, after the first tenth of the raw events */
	uint64_t bytes;			/* peak of resident memory, minus the memory before the queue */
};

/* One line of `key=value` words. */
void cbench_print(const struct cbench_result *result);

void cbench_complain(const char *text);

#endif
