#include <quark.h>

#include <errno.h>

#include "live.h"

#define NAME_OF(_name, _api)	_name##_##_api
#define NAME(_name, _api)	NAME_OF(_name, _api)

/* Rounds of 100 ms at most, on a machine that may be slow. */
enum { ROUNDS = 600 };

static struct quark_queue queue;

int NAME(open, QUARK_API)(int flags)
{
	struct quark_queue_attr attr;

	quark_queue_default_attr(&attr);
	attr.flags = flags;
	attr.hold_time = 100;
	if (quark_queue_open(&queue, &attr) == 0)
		return 0;
	fprintf(stderr, "%s\n", quark_queue_open_error());
	return -1;
}

void NAME(close, QUARK_API)(void)
{
	quark_queue_close(&queue);
}

static void fill(struct life *life, const struct quark_process *process, u64 time)
{
	life->time = time;
	life->start = process->proc_time_boot;
	memcpy(life->entity_id, process->proc_entity_id, sizeof(life->entity_id));
}

int NAME(wait, QUARK_API)(int pid, struct life *life)
{
	const struct quark_event *event;
	int round = 0;

	while (round < ROUNDS) {
		if ((event = quark_queue_get_event(&queue)) == NULL) {
			if (quark_queue_block(&queue) == -1 && errno != EINTR)
				return -1;
			round++;
		} else if (event->process != NULL && event->process->pid == (u32)pid) {
			fill(life, event->process, event->time);
			return 0;
		}
	}
	return -1;
}

int NAME(look, QUARK_API)(int pid, struct life *life)
{
	const struct quark_process *process = quark_process_lookup(&queue, pid);

	if (process == NULL)
		return -1;
	fill(life, process, 0);
	return 0;
}
