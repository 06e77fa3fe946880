/* The one file of the library that is compiled as a program of QUARK_API 9 is: it knows the layouts, from the header. */
#define QUARK_API 9
#include "quark.h"

#include "generation9.h"

const struct quark_client *generation9_client(void)
{
	static const struct quark_client client = QUARK_CLIENT;

	return &client;
}

size_t generation9_event_tail_offset(void)
{
	return offsetof(struct quark_event, module_load);
}

void generation9_store_stats(void *target, const struct generation9_stats *stats)
{
	struct quark_queue_stats *out = (struct quark_queue_stats *)target;

	memcpy(out, stats->head, sizeof(stats->head));
	out->stalls = stats->stalls;
	out->backend = stats->backend;
	memcpy(&out->malformed, stats->rest, sizeof(*out) - offsetof(struct quark_queue_stats, malformed));
}

_Static_assert(offsetof(struct quark_queue_stats, stalls) == 48 && offsetof(struct quark_queue_stats, backend) == 56 &&
    sizeof(struct quark_queue_stats) == 64 + 8 * (3 + QUARK_FAMILY_COUNT), "the statistics");
