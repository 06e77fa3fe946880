/* Compiled with a quark.h that says it is of another version. */
#include <quark.h>

#include <errno.h>

#include "half.h"

int open_other(const char **words)
{
	static struct quark_queue queue;
	struct quark_queue_attr attr;

	memset(&attr, 0, sizeof(attr));
	quark_queue_default_attr(&attr);
	queue.flags = 17;
	if (quark_queue_open(&queue, &attr) == 0)
		return 0;
	*words = quark_queue_open_error();
	/* The library must not write to a structure whose size it does not know. */
	return queue.flags == 17 && attr.max_length == 0 ? errno : -1;
}
