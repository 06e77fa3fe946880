/*
 * Checks times and entity ids of both generations, with both backends, while the clock is set forward and back. It must
 * run only in a guest, because it sets the machine's clock. The last line is PASS.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/types.h>
#include <sys/wait.h>

#include <quark.h>

#include "live.h"

static const long long second = 1000000000LL;
static int failures;

static void check(int condition, const char *what)
{
	printf("%sok - %s\n", condition ? "" : "not ", what);
	failures += !condition;
}

static unsigned long long now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (unsigned long long)time.tv_sec * 1000000000ULL + (unsigned long long)time.tv_nsec;
}

static void step(long seconds)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	time.tv_sec += seconds;
	if (clock_settime(CLOCK_REALTIME, &time) == -1)
		perror("clock_settime");
	/* The library follows within 10 ms, and its coarse clock may tick as seldom. */
	usleep(50000);
}

/* Starts a process that lives until it is killed. */
static pid_t begin(void)
{
	const pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			pause();
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Starts a process, and compares what both queues report of it. */
static pid_t observe(const char *when, struct life *seven, struct life *nine)
{
	const unsigned long long wall = now(CLOCK_REALTIME), boot = now(CLOCK_BOOTTIME);
	const pid_t pid = begin();
	unsigned long long wall_after, boot_after;

	printf("# %s: boot time %llu\n", when, (unsigned long long)quark_get_boottime());
	if (wait_7(pid, seven) == -1 || wait_9(pid, nine) == -1) {
		check(0, "a process is seen");
		return pid;
	}
	wall_after = now(CLOCK_REALTIME);
	boot_after = now(CLOCK_BOOTTIME);
	check(boot <= nine->time && nine->time <= boot_after && nine->start <= nine->time, "a stamp is of the boot clock");
	/* The earlier clock reading may be late by the error of one reading of two clocks. */
	check(wall <= seven->time + 1000000 && seven->time <= wall_after, "a time is what the wall clock said");
	check(nine->start + 10000000 > boot && nine->start <= boot_after, "and so are starts since boot");
	check(seven->start + 11000000 > wall && seven->start <= wall_after, "and since the epoch");
	check(strlen(seven->entity_id) == 16 && strcmp(seven->entity_id, nine->entity_id) == 0, "one id for one process");
	return pid;
}

/* Other queues read them from /proc, and must report the same. */
static void reopen(int flags, const pid_t *pids, const struct life *lives, int count, const struct life *first)
{
	struct life seven, nine;
	int i, same = 0;

	close_7();
	close_9();
	if (open_7(flags) == -1 || open_9(flags) == -1) {
		check(0, "both open again");
		return;
	}
	for (i = 0; i < count; i++)
		same += look_7(pids[i], &seven) == 0 && look_9(pids[i], &nine) == 0 &&
		    strcmp(seven.entity_id, lives[i].entity_id) == 0 &&
		    (flags & LIVE_SALTED_IDS ? strcmp(nine.entity_id, seven.entity_id) == 0 :
		    strcmp(nine.entity_id, seven.entity_id) != 0);
	check(same == count, flags & LIVE_SALTED_IDS ? "ids are those of before" : "and without salt others");
	check(look_7(1, &seven) == 0 && (first->entity_id[0] == '\0' || strcmp(first->entity_id, seven.entity_id) == 0),
	    "so it is with process 1");
}

static void check_backend(int flags, struct life *first)
{
	static const struct { const char *when; long seconds; } steps[] = {
		{ "at first", 0 }, { "an hour on", 3600 }, { "two hours back", -7200 }, { "a second on", 1 },
	};
	enum { COUNT = sizeof(steps) / sizeof(steps[0]) };
	struct life seven[COUNT], nine[COUNT];
	unsigned long long boot;
	pid_t pids[COUNT];
	size_t i;

	flags |= LIVE_SALTED_IDS;
	if (open_7(flags) == -1 || open_9(flags) == -1) {
		check(0, "both open");
		return;
	}
	for (i = 0; i < COUNT; i++) {
		boot = quark_get_boottime();
		if (steps[i].seconds != 0)
			step(steps[i].seconds);
		check(llabs((long long)(quark_get_boottime() - boot) - steps[i].seconds * second) < second / 100,
		    "the boot time follows the clock");
		pids[i] = observe(steps[i].when, &seven[i], &nine[i]);
		check(i == 0 || nine[i].time > nine[i - 1].time, "stamps go on");
	}
	reopen(flags, pids, seven, COUNT, first);
	look_7(1, first);
	reopen(flags & ~LIVE_SALTED_IDS, pids, seven, COUNT, first);
	close_7();
	close_9();
	for (i = 0; i < COUNT; i++)
		end(pids[i]);
}

int main(void)
{
	const unsigned long long boot = quark_get_boottime();
	struct life first = { 0 };
	unsigned long long btime = 0;
	char *line = find_line_p("/proc/stat", "btime ");
	int i, same = 1;

	if (line != NULL)
		btime = strtoull(line + 6, NULL, 10);
	check(boot / 1000000000 == btime && boot % 1000000000 != 0, "the boot time is that of /proc/stat, and more exact");
	printf("# %llu %llu\n", boot, btime);
	for (i = 0; i < 100; i++) {
		usleep(2000);
		same &= quark_get_boottime() == boot;
	}
	check(same, "and the same each time");
	check_backend(LIVE_EBPF, &first);
	check_backend(LIVE_KPROBE, &first);
	puts(failures == 0 ? "PASS" : "FAIL");
	return failures != 0;
}
