/*
 * What differs between the generations of quark.h, for the library's own parts. Clients have no need of this file:
 * they have quark.h. The library itself is compiled with the default generation.
 */
#ifndef QUARK_CQUARK_CLIENT_H
#define QUARK_CQUARK_CLIENT_H

#include <stdbool.h>

#include "quark.h"

/* The end of an event, which is elsewhere in each generation. */
struct cquark_event_tail {
	struct quark_module_load *module_load;
	struct quark_shm *shm;
	struct quark_tty *tty;
	u32 id_change;
};

/* What a program of this generation has that fits this library; NULL: there is no such generation. */
const struct quark_client *cquark_client(u32 api);

/* Is it this library's? */
bool cquark_is_version(const char *version);

/* Are the structures of both of the same sizes? */
bool cquark_has_sizes(const struct quark_client *client, const struct quark_client *other);

/* Bytes of an event of QUARK_API 9, and where in it its tail is; generation9.c holds them to quark.h. */
enum {
	CQUARK_EVENT_SIZE_9 = 192,
	CQUARK_EVENT_TAIL_9 = 160,
};

/* Stores counters as a program of this generation has them. */
void cquark_store_stats(void *target, const struct quark_queue_stats *stats, u32 api);

#endif
