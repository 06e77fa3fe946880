/* The only file of the library that is compiled with QUARK_API 9. It gets that generation's layouts from quark.h. */
#define QUARK_API 9
#include "quark.h"

#include "cquark_client.h"
#include "generation9.h"

const struct quark_client *generation9_client(void)
{
	static const struct quark_client client = QUARK_CLIENT;

	return &client;
}

void generation9_store_stats(void *target, const struct generation9_stats *stats)
{
	struct quark_queue_stats *out = (struct quark_queue_stats *)target;

	memcpy(out, stats->head, sizeof(stats->head));
	out->stalls = stats->stalls;
	out->backend = stats->backend;
	memcpy(&out->malformed, stats->rest, sizeof(*out) - offsetof(struct quark_queue_stats, malformed));
}

_Static_assert(sizeof(struct quark_event) == CQUARK_EVENT_SIZE_9 &&
    offsetof(struct quark_event, module_load) == CQUARK_EVENT_TAIL_9 &&
    offsetof(struct quark_event, id_change) == CQUARK_EVENT_TAIL_9 + offsetof(struct cquark_event_tail, id_change) &&
    offsetof(struct quark_event, ptrace) == 56, "an event");
_Static_assert(offsetof(struct quark_queue_stats, stalls) == 48 && offsetof(struct quark_queue_stats, backend) == 56 &&
    sizeof(struct quark_queue_stats) == 64 + 8 * (3 + QUARK_FAMILY_COUNT), "the statistics");
