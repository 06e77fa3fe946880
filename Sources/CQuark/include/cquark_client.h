/*
 * What differs between the generations of quark.h. This file is private to the library; clients include quark.h only.
 * The library itself is compiled with the default generation.
 */
#ifndef QUARK_CQUARK_CLIENT_H
#define QUARK_CQUARK_CLIENT_H

#include <stdbool.h>

#include "quark.h"

/* The last members of an event. Their offset differs between generations. */
struct cquark_event_tail {
	struct quark_module_load *module_load;
	struct quark_shm *shm;
	struct quark_tty *tty;
	u32 id_change;
	u32 tty_flags;
};

/* What a program of this generation must have to fit this library; NULL if there is no such generation. */
const struct quark_client *cquark_client(u32 api);

/* True if `version` is the version of this library. */
bool cquark_is_version(const char *version);

/* True if the structures of both have the same sizes. */
bool cquark_has_sizes(const struct quark_client *client, const struct quark_client *other);

/* Size of an event of QUARK_API 9, and offset of its tail, in bytes; generation9.c checks them against quark.h. */
enum {
	CQUARK_EVENT_SIZE_9 = 192,
	CQUARK_EVENT_TAIL_9 = 160,
};

/* Stores the counters in the layout of this generation. */
void cquark_store_stats(void *target, const struct quark_queue_stats *stats, u32 api);

#endif
