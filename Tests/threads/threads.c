/*
 * Opens, plays and closes queues on several threads at once, with one in between that cannot be opened: for a tool that
 * finds races between threads. The argument is a recording.
 */
#include <quark.h>

#include <errno.h>
#include <pthread.h>

#define THREADS		4
#define ROUNDS		3

static const char *path;
static long counts[THREADS][ROUNDS];

/* The number of events in the recording, or -1. */
static long play(void)
{
	struct quark_queue_attr attr;
	struct quark_queue queue;
	struct quark_queue_stats stats;
	const struct quark_event *event;
	long count = 0;

	quark_queue_default_attr(&attr);
	attr.replay = "/nonexistent";
	if (quark_queue_open(&queue, &attr) != -1 || errno != ENOENT)
		return -1;
	attr.replay = path;
	if (quark_queue_open(&queue, &attr) == -1)
		return -1;
	do {
		while ((event = quark_queue_get_event(&queue)) != NULL)
			count += event->process != NULL;
	} while (quark_queue_block(&queue) == 0);
	if (errno != ENODATA)
		count = -1;
	quark_queue_get_stats(&queue, &stats);
	quark_queue_close(&queue);
	return stats.insertions == stats.removals ? count : -1;
}

static void *run(void *argument)
{
	long *mine = argument;
	int round;

	for (round = 0; round < ROUNDS; round++)
		mine[round] = play();
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	long expected;
	int number, round, failed = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: threads recording\n");
		return 2;
	}
	path = argv[1];
	for (number = 0; number < THREADS; number++)
		failed |= pthread_create(&threads[number], NULL, run, counts[number]);
	for (number = 0; number < THREADS; number++)
		failed |= pthread_join(threads[number], NULL);
	expected = play();
	for (number = 0; number < THREADS; number++)
		for (round = 0; round < ROUNDS; round++)
			failed |= counts[number][round] != expected;
	if (failed || expected <= 0) {
		fprintf(stderr, "not %ld events each time\n", expected);
		return 1;
	}
	printf("%d threads played %d queues each, of %ld events\n", THREADS, ROUNDS, expected);
	return 0;
}
