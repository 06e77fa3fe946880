#include "clinux_perf.h"

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <stddef.h>
#include <unistd.h>

_Static_assert(offsetof(struct clinux_perf_sample, raw_size) + 4 == CLINUX_PERF_SAMPLE_SIZE, "a hole in a sample");
_Static_assert(CLINUX_PERF_RECORD_LOST == PERF_RECORD_LOST, "");
_Static_assert(CLINUX_PERF_RECORD_SAMPLE == PERF_RECORD_SAMPLE, "");

/* PERF_FORMAT_LOST, which the headers of some distributions lack. */
enum { FORMAT_LOST = 1 << 4 };

static int open_event(struct perf_event_attr *attr, int cpu, int clock)
{
	if (clock >= 0) {
		attr->use_clockid = 1;
		attr->clockid = clock;
	}
	attr->size = sizeof(*attr);
	attr->sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU | PERF_SAMPLE_RAW;
	attr->disabled = 1;
	return (int)syscall(SYS_perf_event_open, attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

int clinux_perf_tracepoint(uint64_t id, int cpu, int clock, int counts_lost, uint32_t wake_bytes)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .config = id, .sample_period = 1 };

	attr.watermark = 1;
	attr.wakeup_watermark = wake_bytes;
	if (counts_lost)
		attr.read_format = FORMAT_LOST;
	return open_event(&attr, cpu, clock);
}

int clinux_perf_cpu_clock(int cpu, int clock, uint64_t period_ns)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_CPU_CLOCK, .sample_period = period_ns,
	};

	return open_event(&attr, cpu, clock);
}

int clinux_perf_enable(int event)
{
	return ioctl(event, PERF_EVENT_IOC_ENABLE, 0);
}

int clinux_perf_sample_once(int event)
{
	return ioctl(event, PERF_EVENT_IOC_REFRESH, 1);
}

int clinux_perf_set_output(int event, int ring_owner)
{
	return ioctl(event, PERF_EVENT_IOC_SET_OUTPUT, ring_owner);
}

int clinux_perf_set_filter(int event, const char *filter)
{
	return ioctl(event, PERF_EVENT_IOC_SET_FILTER, filter);
}

int64_t clinux_perf_lost(int event)
{
	uint64_t values[2];	/* the count, and the number of lost records */

	return read(event, values, sizeof(values)) == sizeof(values) ? (int64_t)values[1] : -1;
}

uint64_t clinux_perf_head(const void *page)
{
	return __atomic_load_n(&((const struct perf_event_mmap_page *)page)->data_head, __ATOMIC_ACQUIRE);
}

void clinux_perf_set_tail(void *page, uint64_t tail)
{
	__atomic_store_n(&((struct perf_event_mmap_page *)page)->data_tail, tail, __ATOMIC_RELEASE);
}
