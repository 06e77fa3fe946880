/*
 * Programs at the returns of functions. An fexit program has a function's arguments beside what it returns. The
 * registers of a kretprobe have only what it returns, so its arguments are kept from its entry on, while it is on its
 * way.
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

/* The entries of all functions whose returns any_kretprobe() sees. The cookie is the family of their records. */
SEC("quark_kprobe/any_call")
int any_call(struct pt_regs *ctx)
{
	return call_begin(ctx, bpf_get_attach_cookie(ctx));
}

/*
 * The programs at the return of a function of `parameters` parameters, four at most. NAME_failed(result) says whether
 * the call failed, which is not told; if not, NAME_done(arguments, result) sends a record of `of_family`. For
 * any_kretprobe() there is NAME_return(ctx).
 */
#define AT_RETURN(name, parameters, of_family)								\
SEC("quark_fexit/" #name)										\
int name##_fexit(__u64 *ctx)										\
{													\
	__u64 values[(parameters) + 1] = {};								\
													\
	bpf_probe_read_kernel(values, sizeof(values), ctx);						\
	return name##_failed(values[parameters]) ? 0 : name##_done(values, values[parameters]);		\
}													\
													\
static __always_inline int name##_return(struct pt_regs *ctx)						\
{													\
	long result = PT_REGS_RC(ctx);									\
	struct call call;										\
													\
	return call_end(&call, name##_failed(result), of_family) ? name##_done(call.arguments, result) : 0; \
}													\
													\
SEC("quark_kretprobe/" #name)										\
int name##_kretprobe(struct pt_regs *ctx)								\
{													\
	return name##_return(ctx);									\
}

#endif
