#include <errno.h>
#include <time.h>

#include "quark.h"

/* How often the clocks are read at most to get one good reading of both. */
enum { TRIES = 16 };
/* In ns: a good reading takes NARROW at most; the clocks are read again after REST; a change of STEP is a step. */
enum { NARROW = 200, REST = 10000000, STEP = 10000000 };

/* The bounds of the difference of two clocks. */
struct bounds {
	u64 low;
	u64 high;
};

/* What quark_get_boottime() returns, and when that was last checked, ns of CLOCK_MONOTONIC_COARSE. */
static u64 published, looked;

static int read_clock(clockid_t clock, u64 *time)
{
	struct timespec now;

	if (clock_gettime(clock, &now) == -1)
		return -1;
	*time = (u64)now.tv_sec * NS_PER_S + (u64)now.tv_nsec;
	return 0;
}

/*
 * Reads the first clock between two readings of the second. The difference changes only when a clock is set, so all
 * readings hold together. It takes up to `tries` readings, until the bounds are close together.
 */
static int compare(clockid_t first, clockid_t second, int tries, struct bounds *bounds)
{
	u64 before, middle, after;
	int try;

	for (try = 0; try < tries; try++) {
		if (read_clock(second, &before) == -1 || read_clock(first, &middle) == -1 ||
		    read_clock(second, &after) == -1)
			return -1;
		if (try == 0 || (s64)(middle - after - bounds->low) > 0)
			bounds->low = middle - after;
		if (try == 0 || (s64)(middle - before - bounds->high) < 0)
			bounds->high = middle - before;
		/* A clock was set in between: earlier readings do not count. */
		if ((s64)(bounds->high - bounds->low) < 0) {
			bounds->low = middle - after;
			bounds->high = middle - before;
		}
		if (bounds->high - bounds->low <= NARROW)
			break;
	}
	return 0;
}

/* True if `boottime` need not change. It may be too small by up to STEP, but never too large. */
static int is_right(u64 boottime, const struct bounds *bounds)
{
	return (s64)(bounds->high - boottime) >= 0 && (s64)(bounds->low - boottime) <= STEP;
}

static int look(void)
{
	u64 before = __atomic_load_n(&published, __ATOMIC_RELAXED);
	struct bounds bounds;

	/* One reading is enough to see that nothing changed. */
	if (before != 0) {
		if (compare(CLOCK_REALTIME, CLOCK_BOOTTIME, 1, &bounds) == -1)
			return -1;
		if (is_right(before, &bounds))
			return 0;
	}
	if (compare(CLOCK_REALTIME, CLOCK_BOOTTIME, TRIES, &bounds) == -1)
		return -1;
	if (before != 0 && is_right(before, &bounds))
		return 0;
	/* If several threads see the change, the value of the first one is used. */
	__atomic_compare_exchange_n(&published, &before, bounds.low, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	return 0;
}

u64 quark_get_boottime(void)
{
	const int cause = errno;
	u64 now;

	if (read_clock(CLOCK_MONOTONIC_COARSE, &now) == 0 && (__atomic_load_n(&published, __ATOMIC_RELAXED) == 0 ||
	    now - __atomic_load_n(&looked, __ATOMIC_RELAXED) >= REST)) {
		__atomic_store_n(&looked, now, __ATOMIC_RELAXED);
		(void)look();
	}
	errno = cause;
	return __atomic_load_n(&published, __ATOMIC_RELAXED);
}

int quark_update_boottime(void)
{
	return look();
}

u64 quark_time_to_wallclock(u64 time)
{
	return quark_get_boottime() + time;
}

u64 clock_diff(clockid_t first, clockid_t second)
{
	struct bounds bounds;

	return compare(first, second, TRIES, &bounds) == -1 ? 0 : bounds.low + (bounds.high - bounds.low) / 2;
}

u64 fetch_boottime(void)
{
	return quark_get_boottime();
}
