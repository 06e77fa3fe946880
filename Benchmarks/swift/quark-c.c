/*
 * quark-c rounds recording: takes all events of a recording, so many times, and says how many events that are each time,
 * how many of them exits, the sum of the pids, and what an event cost where it was least: nanoseconds of CPU time.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "quark.h"

static u64
cpu_ns(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ((u64)ts.tv_sec * NS_PER_S + (u64)ts.tv_nsec);
}

int
main(int argc, char *argv[])
{
	static struct quark_queue	 qq;
	struct quark_queue_attr		 attr;
	const struct quark_event	*qev;
	double				 least = 0;
	u64				 began, pids = 0;
	long				 events = 0, exits = 0;

	if (argc != 3 || atoi(argv[1]) < 1)
		errx(2, "usage: quark-c rounds recording");
	quark_queue_default_attr(&attr);
	attr.replay = argv[2];
	for (int round = 0; round < atoi(argv[1]); round++) {
		double	took;

		if (quark_queue_open(&qq, &attr) == -1)
			errx(1, "%s", quark_queue_open_error());
		events = exits = 0;
		pids = 0;
		began = cpu_ns();
		do {
			while ((qev = quark_queue_get_event(&qq)) != NULL) {
				events++;
				if (qev->events & QUARK_EV_EXIT)
					exits++;
				if (qev->process != NULL)
					pids += qev->process->pid;
			}
		} while (quark_queue_block(&qq) == 0);
		took = (double)(cpu_ns() - began) / (double)events;
		if (errno != ENODATA)
			err(1, "quark_queue_block");
		if (round == 0 || took < least)
			least = took;
		quark_queue_close(&qq);
	}
	printf("%ld %ld %llu %.1f\n", events, exits, pids, least);
	return (0);
}
