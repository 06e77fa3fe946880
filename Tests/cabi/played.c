/*
 * A program's quark_queue_open(), compiled with -Dquark_queue_open_api=open_recording, plays a recording: the program
 * sees the same events each time, and nothing of the machine it runs on.
 */
#include <stdlib.h>

#include "quark.h"

int open_recording(struct quark_queue *queue, struct quark_queue_attr *attr, const struct quark_client *client);

int open_recording(struct quark_queue *queue, struct quark_queue_attr *attr, const struct quark_client *client)
{
	struct quark_queue_attr defaults;

	if (attr == NULL) {
		quark_queue_default_attr(&defaults);
		attr = &defaults;
	}
	attr->replay = getenv("RECORDING");
	return quark_queue_open_api(queue, attr, client);
}
