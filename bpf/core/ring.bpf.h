/* The ring to which all programs write, its counters, and the settings from its reader. */
#ifndef QUARK_BPF_RING
#define QUARK_BPF_RING

#include "kernel_types.h"

#include <bpf/bpf_helpers.h>

#include "wire.h"

/* Set before loading; constants for the verifier. They are alone in their section, and so in their map. */
const volatile struct wire_settings settings SEC(".rodata.settings");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);	/* the queue's ring_size, set before loading */
} ring SEC(".maps");

/*
 * One per possible CPU, set before loading. The reader has them mapped: if it looked one up with bpf(2), newer kernels
 * would skip programs during the look-up.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wire_ring_stats);
} ring_stats SEC(".maps");

/* When the reader was last woken. CPUs race for it, and the loser wakes the reader once more. */
__u64 woken_ns;

_Static_assert((WIRE_FAMILY_COUNT & (WIRE_FAMILY_COUNT - 1)) == 0, "families are told apart by a mask");

static __always_inline void count(__u32 family, long error)
{
	struct wire_ring_stats *stats;
	__u32 cpu = bpf_get_smp_processor_id();

	stats = bpf_map_lookup_elem(&ring_stats, &cpu);
	if (!stats)
		return;
	family &= WIRE_FAMILY_COUNT - 1;
	/*
	 * Atomic, because a program may be preempted and another one may run on the same CPU. Relaxed, because
	 * otherwise clang uses an operation that kernels have only from 5.12 on.
	 */
	if (error)
		__atomic_fetch_add(&stats->lost[family], 1, __ATOMIC_RELAXED);
	else
		__atomic_fetch_add(&stats->sent[family], 1, __ATOMIC_RELAXED);
}

/* Not every record wakes the reader: only the first after a quiet time, and a record when the ring is filling up. */
static __always_inline __u64 wake_flags(__u64 now_ns)
{
	__u64 since_ns = now_ns - woken_ns;

	if (since_ns < settings.wake_interval_ns &&
	    (since_ns < 1000000 || bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) < settings.wake_bytes))
		return BPF_RB_NO_WAKEUP;
	woken_ns = now_ns;
	return BPF_RB_FORCE_WAKEUP;
}

#endif
