/*
 * quark-c rounds recording: takes all events of a recording, `rounds` times, and prints the number of events of each
 * round, how many of them are exits, and the sum of the pids; and for each 1024 events, and for the rest, the lowest
 * cost in nanoseconds of CPU time.
 *
 * quark-c rounds processes load [argument ...]: opens a queue that holds all events back, runs the load, in which at
 * least `processes` processes must end, waits until the events are old enough, and takes them; `rounds` times. Each
 * time it prints the cost of an event: `c round events nanoseconds-of-CPU-time`.
 */
#include <err.h>
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "quark.h"

#define PART	1024		/* events */
#define PARTS	1024
#define HOLD	20		/* seconds, more than the load takes */

static u64	least[PARTS], last;
static size_t	parts;

static u64
cpu_ns(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ((u64)ts.tv_sec * NS_PER_S + (u64)ts.tv_nsec);
}

/* The time since the last call belongs to the next part. */
static void
mark(void)
{
	u64	now = cpu_ns();

	if (parts == PARTS)
		errx(1, "too many events");
	if (least[parts] == 0 || now - last < least[parts])
		least[parts] = now - last;
	parts++;
	last = now;
}

static void
run(char *argv[])
{
	pid_t	pid;
	int	status;

	if ((errno = posix_spawn(&pid, argv[0], NULL, NULL, argv, environ)) != 0)
		err(1, "%s", argv[0]);
	if (waitpid(pid, &status, 0) == -1 || status != 0)
		errx(1, "%s fails", argv[0]);
}

static void
live(int rounds, long processes, char *load[])
{
	static struct quark_queue	 qq;
	struct quark_queue_attr		 attr;
	const struct quark_event	*qev;
	u64				 began;

	quark_queue_default_attr(&attr);
	attr.flags = QQ_EBPF;
	attr.hold_time = HOLD * 1000;
	attr.max_length = (int)processes * 10;
	attr.ring_size = 128 << 20;
	for (int round = 1; round <= rounds; round++) {
		long	events = 0, exits = 0;

		if (quark_queue_open(&qq, &attr) == -1)
			errx(1, "%s", quark_queue_open_error());
		run(load);
		sleep(HOLD + 1);
		began = cpu_ns();
		while (exits < processes) {
			if ((qev = quark_queue_get_event(&qq)) == NULL)
				errx(1, "%ld processes are missing", processes - exits);
			events++;
			if (qev->events & QUARK_EV_EXIT)
				exits++;
		}
		printf("c %d %ld %llu\n", round, events, (cpu_ns() - began) / (u64)events);
		quark_queue_close(&qq);
	}
}

static void
replay(int rounds, const char *path)
{
	static struct quark_queue	 qq;
	struct quark_queue_attr		 attr;
	const struct quark_event	*qev;
	u64				 pids = 0;
	long				 events = 0, exits = 0;

	quark_queue_default_attr(&attr);
	attr.replay = path;
	for (int round = 0; round < rounds; round++) {
		if (quark_queue_open(&qq, &attr) == -1)
			errx(1, "%s", quark_queue_open_error());
		events = exits = 0;
		pids = 0;
		parts = 0;
		last = cpu_ns();
		do {
			while ((qev = quark_queue_get_event(&qq)) != NULL) {
				events++;
				if (qev->events & QUARK_EV_EXIT)
					exits++;
				if (qev->process != NULL)
					pids += qev->process->pid;
				if (events % PART == 0)
					mark();
			}
		} while (quark_queue_block(&qq) == 0);
		mark();
		if (errno != ENODATA)
			err(1, "quark_queue_block");
		quark_queue_close(&qq);
	}
	printf("%ld %ld %llu", events, exits, pids);
	for (size_t part = 0; part < parts; part++)
		printf(" %llu", least[part]);
	printf("\n");
}

int
main(int argc, char *argv[])
{
	int	rounds = argc > 1 ? atoi(argv[1]) : 0;

	if (argc == 3 && rounds > 0)
		replay(rounds, argv[2]);
	else if (argc > 3 && rounds > 0 && atol(argv[2]) > 0)
		live(rounds, atol(argv[2]), argv + 3);
	else
		errx(2, "usage: quark-c rounds recording | quark-c rounds processes load [argument ...]");
	return (0);
}
