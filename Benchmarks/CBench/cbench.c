#include "cbench.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static uint64_t allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
int __real_posix_memalign(void **result, size_t alignment, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);

void *__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	allocations++;
	return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	allocations++;
	return __real_realloc(old, size);
}

int __wrap_posix_memalign(void **result, size_t alignment, size_t size)
{
	allocations++;
	return __real_posix_memalign(result, alignment, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	allocations++;
	return __real_aligned_alloc(alignment, size);
}

uint64_t cbench_allocations(void)
{
	return allocations;
}

static uint64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t cbench_boot_ns(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

uint64_t cbench_cpu_ns(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t cbench_resident(void)
{
	unsigned long size, resident = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (file != NULL) {
		if (fscanf(file, "%lu %lu", &size, &resident) != 2)
			resident = 0;
		fclose(file);
	}
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t cbench_peak_resident(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)usage.ru_maxrss * 1024;
}

__attribute__((noinline)) void cbench_measure(void (*body)(void *context), void *context)
{
	body(context);
	/* Prevents a tail call, with which the count would end at once. */
	__asm__ volatile("" ::: "memory");
}

void cbench_print(const struct cbench_result *result)
{
	double count = (double)result->raw_events;

	printf("load=%s raw_events=%llu events=%llu late=%llu ns=%.1f cpu_ns=%.1f later_allocations=%llu kib=%llu\n",
	    result->load, (unsigned long long)result->raw_events, (unsigned long long)result->events,
	    (unsigned long long)result->late, (double)result->wall_ns / count, (double)result->cpu_ns / count,
	    (unsigned long long)result->later_allocations, (unsigned long long)result->bytes / 1024);
}

void cbench_complain(const char *text)
{
	fputs(text, stderr);
}
