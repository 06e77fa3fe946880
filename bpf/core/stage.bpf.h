/* The memory in which records are built before they are sent. */
#ifndef QUARK_BPF_STAGE
#define QUARK_BPF_STAGE

#include "core/ring.bpf.h"

/*
 * A record that is being built: its header, followed by its body and its fields. Fields begin below STAGE_BYTES, a
 * power of two, so a masked offset is proven to be in bounds; the space after it has room for the most that one helper
 * call may write there.
 */
#define STAGE_BYTES 65536
#define STAGE_SLACK (WIRE_ENV_MAX + 4096)

struct stage {
	struct wire_record record;
	char bytes[STAGE_BYTES + STAGE_SLACK];
	__u32 off;		/* offset in `bytes` of the next field */
	__u32 users;		/* 1: the stage is in use; see stage_take() */
	__u32 family;		/* the family for which its record is counted */
	/* A walk from a leaf to its root, one component per step. */
	struct dentry *dentry, *root_dentry, *mnt_root;
	struct vfsmount *mnt, *root_mnt;
	struct kernfs_node *node;
};

/* One per possible CPU and some more, set before loading: values of a per-CPU array may not exceed 32 KiB. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stage);
} stages SEC(".maps");

/*
 * Takes a free stage: that of this CPU, or a spare one for programs that preempt one another (from 6.19 on, programs of
 * tracepoints do). Returns its number plus 1, or 0 if there is none. Kernels before 5.12 have no atomic operation that
 * returns a value, so the program increments `users` and then reads it: if it reads 1, the stage belongs to it, and no
 * other program can take the stage until it is released.
 *
 * This and most of the following functions are global: the verifier checks each of them once.
 */
__noinline int stage_take(__u32 family)
{
	__u32 slot = bpf_get_smp_processor_id();
	__u32 i;

#pragma clang loop unroll(disable)
	for (i = 0; i <= WIRE_SPARE_STAGES; i++) {
		struct stage *s = bpf_map_lookup_elem(&stages, &slot);

		if (!s)
			break;
		__atomic_fetch_add(&s->users, 1, __ATOMIC_RELAXED);
		if (*(volatile __u32 *)&s->users == 1) {
			s->family = family;
			return slot + 1;
		}
		__atomic_fetch_add(&s->users, -1, __ATOMIC_RELAXED);
		slot = settings.stage_count - 1 - i;
	}
	count(family, 1);
	return 0;
}

static __always_inline struct stage *stage_get(__u32 *slot, __u32 family)
{
	*slot = (__u32)stage_take(family) - 1;
	return bpf_map_lookup_elem(&stages, slot);
}

/* Sends the record of a stage, and releases the stage. */
__noinline int stage_send(__u32 slot)
{
	struct stage *s = bpf_map_lookup_elem(&stages, &slot);
	__u32 off;

	if (!s)
		return 0;
	off = s->off;
	barrier_var(off);
	if (off > STAGE_BYTES + WIRE_ENV_MAX)
		off = STAGE_BYTES + WIRE_ENV_MAX;
	s->record.size = sizeof(s->record) + off;
	count(s->family, bpf_ringbuf_output(&ring, s, sizeof(s->record) + off, wake_flags(s->record.time_boot_ns)));
	__atomic_fetch_add(&s->users, -1, __ATOMIC_RELAXED);
	return 0;
}

#endif
