#include "quark.h"

#include "cquark_client.h"
#include "generation9.h"

const struct quark_client *cquark_client(u32 api)
{
	static const struct quark_client client = QUARK_CLIENT;

	switch (api) {
	case QUARK_API: return &client;
	case 9: return generation9_client();
	default: return NULL;
	}
}

bool cquark_is_version(const char *version)
{
	return strcmp(version, QUARK_VERSION) == 0;
}

bool cquark_has_sizes(const struct quark_client *client, const struct quark_client *other)
{
	const size_t first = offsetof(struct quark_client, client_size);

	/* The size of this structure is compared first: a shorter one differs there. */
	return client->client_size == other->client_size && memcmp((const char *)client + first,
	    (const char *)other + first, sizeof(*client) - first) == 0;
}

void cquark_store_stats(void *target, const struct quark_queue_stats *stats, u32 api)
{
	struct generation9_stats other = { .stalls = stats->stalls, .backend = stats->backend, .rest = &stats->malformed };

	if (api != 9) {
		memcpy(target, stats, sizeof(*stats));
		return;
	}
	memcpy(other.head, stats, sizeof(other.head));
	generation9_store_stats(target, &other);
}

_Static_assert(sizeof(((struct generation9_stats *)0)->head) == offsetof(struct quark_queue_stats, backend) &&
    offsetof(struct quark_queue_stats, stalls) + 8 == sizeof(struct quark_queue_stats), "the statistics");
/* Both ends have the same members in the same order. */
_Static_assert(sizeof(struct cquark_event_tail) ==
    sizeof(struct quark_event) - offsetof(struct quark_event, module_load) &&
    offsetof(struct cquark_event_tail, id_change) ==
    offsetof(struct quark_event, id_change) - offsetof(struct quark_event, module_load), "an event's tail");
