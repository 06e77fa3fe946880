/*
 * Prints what processes do, from now on. This is the example of quark(7): open a queue, take events until there is
 * none, wait, and begin again.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>

#include "quark.h"

int
main(void)
{
	static struct quark_queue	 qq;
	const struct quark_event	*qev;

	if (quark_queue_open(&qq, NULL) == -1)
		errx(1, "%s", quark_queue_open_error());

	for (;;) {
		qev = quark_queue_get_event(&qq);
		if (qev != NULL) {
			quark_event_dump(qev, stdout);
			continue;
		}
		if (quark_queue_block(&qq) == -1 && errno != EINTR)
			break;
	}

	warn("quark_queue_block");
	quark_queue_close(&qq);
	return (1);
}
