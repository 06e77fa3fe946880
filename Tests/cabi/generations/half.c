/* One source for two halves of a program: it is compiled once for each generation of quark.h. */
#include <quark.h>

#include <errno.h>

#include "half.h"

#define NAME_OF(_name, _api)	_name##_##_api
#define NAME(_name, _api)	NAME_OF(_name, _api)

static struct quark_queue queue;

int NAME(open, QUARK_API)(const char *recording)
{
	struct quark_queue_attr attr;
	struct raw_event *change;

	quark_queue_default_attr(&attr);
	attr.replay = recording;
	/* The older generation has them anyway. */
	attr.flags |= QQ_SALTED_IDS;
	if (quark_queue_open(&queue, &attr) == -1)
		return -1;
	/* A recording need not have this one: the last members of an event have other offsets in each generation. */
	if ((change = raw_event_alloc(RAW_ID_CHANGE)) == NULL)
		return -1;
	change->pid = 4000000;
	change->time = 1;
	change->id_change = QUARK_ID_CHANGE_SETSID | QUARK_ID_CHANGE_SETGID;
	return raw_event_insert(&queue, change);
}

int NAME(try, QUARK_API)(int flags)
{
	static struct quark_queue other;
	struct quark_queue_attr attr;

	quark_queue_default_attr(&attr);
	attr.flags = flags;
	attr.replay = "/nowhere";
	return quark_queue_open(&other, &attr) == -1 ? errno : 0;
}

static void show(const struct quark_event *event, struct seen *out)
{
	char *text = NULL, *line;
	size_t length = 0;
	FILE *file;

	if (event->module_load != NULL)
		snprintf(out->shown, sizeof(out->shown), "%s", event->module_load->name);
	if (event->shm != NULL)
		snprintf(out->shown, sizeof(out->shown), "%s", event->shm->path == NULL ? "a segment" : event->shm->path);
	if (event->events & QUARK_EV_PTRACE)
		snprintf(out->shown, sizeof(out->shown), "%d", (int)event->ptrace.request);
	if ((file = open_memstream(&text, &length)) == NULL)
		return;
	quark_event_dump(event, file);
	fclose(file);
	line = strchr(text, '\n');
	if (line != NULL && (strncmp(line, "\n  SHM\t", 7) == 0 || strncmp(line, "\n  MODU\t", 8) == 0 ||
	    strncmp(line, "\n  PTRA\t", 8) == 0))
		snprintf(out->text, sizeof(out->text), "%.*s", (int)strcspn(line + 1, "\n"), line + 1);
	free(text);
}

int NAME(next, QUARK_API)(struct seen *out)
{
	const struct quark_event *event;

	while ((event = quark_queue_get_event(&queue)) == NULL)
		if (quark_queue_block(&queue) == -1)
			return 0;
	memset(out, 0, sizeof(*out));
	out->events = event->events;
	out->time = event->time;
	out->id_change = event->id_change;
	show(event, out);
	if (event->process != NULL) {
		out->pid = event->process->pid;
		out->start = event->process->proc_time_boot;
		out->end = event->process->exit_time_event;
		memcpy(out->entity_id, event->process->proc_entity_id, sizeof(out->entity_id));
	}
	return 1;
}

void NAME(count, QUARK_API)(struct counted *out)
{
	struct quark_queue_stats stats;

	quark_queue_get_stats(&queue, &stats);
	out->insertions = stats.insertions;
	out->removals = stats.removals;
	out->collections = stats.garbage_collections;
	out->malformed = stats.malformed;
	out->late = stats.late;
	out->refused = stats.refused;
	out->lost_of_processes = stats.lost_by_family[QUARK_FAMILY_PROCESS];
	out->stalls = stats.stalls;
	out->backend = stats.backend | queue.stats.backend;
}

void NAME(close, QUARK_API)(void)
{
	quark_queue_close(&queue);
}
