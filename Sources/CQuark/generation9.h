/* The interface of generation9.c, which is compiled with QUARK_API 9, to the rest of the library. */
#ifndef QUARK_GENERATION9_H
#define QUARK_GENERATION9_H

struct quark_client;

/* The members of struct quark_queue_stats that have another offset, and the parts that are the same. */
struct generation9_stats {
	unsigned long long head[6];	/* up to garbage_collections */
	unsigned long long stalls;
	int backend;
	const unsigned long long *rest;	/* from malformed on, without stalls */
};

const struct quark_client *generation9_client(void);
void generation9_store_stats(void *target, const struct generation9_stats *stats);

#endif
