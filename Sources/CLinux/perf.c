#include "clinux_perf.h"

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
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

/* The number behind a prefix that a small file begins with. -1 with errno. */
static int read_number(const char *path, const char *prefix, uint32_t *number)
{
	const size_t length = strlen(prefix);
	const int file = open(path, O_RDONLY | O_CLOEXEC);
	char text[64];
	ssize_t count;

	if (file < 0)
		return -1;
	count = read(file, text, sizeof(text) - 1);
	close(file);
	if (count < 0)
		return -1;
	text[count] = '\0';
	if (strncmp(text, prefix, length) != 0) {
		errno = EINVAL;
		return -1;
	}
	*number = (uint32_t)strtoul(text + length, NULL, 10);
	return 0;
}

#define PROBES "/sys/bus/event_source/devices/kprobe/"

int clinux_perf_probes(struct clinux_perf_probes *probes)
{
	if (read_number(PROBES "type", "", &probes->type) != 0)
		return -1;
	return read_number(PROBES "format/retprobe", "config:", &probes->return_bit);
}

int clinux_perf_kprobe(const struct clinux_perf_probes *probes, const char *function, int is_return)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = probes->type,
		.config = is_return ? UINT64_C(1) << probes->return_bit : 0,
		.kprobe_func = (uintptr_t)function,
	};

	/* An event needs a CPU; what is attached to it does not. */
	return (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
}

int clinux_perf_set_program(int event, int program)
{
	return ioctl(event, PERF_EVENT_IOC_SET_BPF, program);
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
