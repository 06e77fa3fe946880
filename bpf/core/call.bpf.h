/*
 * The arguments of functions that are on their way, for programs of their returns where the kernel has no trampolines:
 * the registers of a kretprobe have what a function returns, and nothing that it was called with.
 *
 * One call for each thread, as none of these functions calls another of them. It is forgotten when the function
 * returns. The kernel skips returns: it has room for few calls on their way of each function, where tasks are not
 * preempted for one for each CPU. Then the call is forgotten, and counted as lost, when the thread makes another one
 * or ends. There are never more than the map has room for: those that are oldest make room.
 */
#ifndef QUARK_BPF_CALL
#define QUARK_BPF_CALL

#include "core/task.bpf.h"

#include <bpf/bpf_tracing.h>

struct call {
	__u64 arguments[4];
	__u32 family;			/* of the record that is to come of it */
	__u32 reserved;			/* 0 */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);		/* more, set before loading, if there are kretprobes */
	__type(key, __u32);		/* the thread */
	__type(value, struct call);
} calls SEC(".maps");

/* At the end of a thread, and before another call of it. */
static __always_inline void call_forget(void)
{
	__u32 tid = current_tid();
	struct call *kept;

	if (!settings.keeps_calls)
		return;
	kept = bpf_map_lookup_elem(&calls, &tid);
	if (kept) {
		count(kept->family, 1);
		bpf_map_delete_elem(&calls, &tid);
	}
}

/* At the entry of a function whose return has a kretprobe. */
static __always_inline int call_begin(struct pt_regs *ctx, __u32 family)
{
	struct call call = {
		.arguments = { PT_REGS_PARM1(ctx), PT_REGS_PARM2(ctx), PT_REGS_PARM3(ctx), PT_REGS_PARM4(ctx) },
		.family = family,
	};
	__u32 tid = current_tid();

	call_forget();
	bpf_map_update_elem(&calls, &tid, &call, BPF_ANY);
	return 0;
}

/*
 * At a function's return. False: it failed, and there is nothing to tell; or its arguments were not kept, and a record
 * of `family` is lost.
 */
static __always_inline bool call_end(struct call *call, bool has_failed, __u32 family)
{
	__u32 tid = current_tid();
	struct call *kept = bpf_map_lookup_elem(&calls, &tid);

	if (kept) {
		*call = *kept;
		bpf_map_delete_elem(&calls, &tid);
	} else if (!has_failed) {
		count(family, 1);
	}
	return kept && !has_failed;
}

#endif
