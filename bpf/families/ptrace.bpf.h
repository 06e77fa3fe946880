/*
 * ptrace(2): what was done to another task. Calls that fail are not told. An fexit program has a function's arguments
 * beside what it returns; for a kretprobe they are kept from the entry on: core/call.bpf.h.
 */
#ifndef QUARK_BPF_PTRACE
#define QUARK_BPF_PTRACE

#include "core/call.bpf.h"

#define PTRACE_TRACEME 0		/* include/uapi/linux/ptrace.h */

static __always_inline int on_ptrace(__u64 tracee, __u64 request, __u64 addr, __u64 data)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct wire_ptrace *body;
	struct stage *s;
	__u32 slot;

	s = stage_get(&slot, WIRE_FAMILY_PTRACE);
	if (s) {
		record_begin(s, WIRE_PTRACE, task, current_tid());
		body = (struct wire_ptrace *)s->bytes;
		body->start_boot_ns = BPF_CORE_READ(task, group_leader, start_boottime);
		body->request = request;
		body->addr = addr;
		body->data = data;
		body->child_pid = BPF_CORE_READ((struct task_struct *)tracee, tgid);
		body->reserved = 0;
		s->off = sizeof(*body);
		stage_send(slot);
	}
	return 0;
}

/*
 * A debugger that started what it traces makes thousands of requests, which say nothing that its beginning has not
 * said.
 */
static __always_inline int on_request(__u64 tracee, __u64 request, __u64 addr, __u64 data)
{
	if (BPF_CORE_READ((struct task_struct *)tracee, real_parent, tgid) == (int)(bpf_get_current_pid_tgid() >> 32))
		return 0;
	return on_ptrace(tracee, request, addr, data);
}

SEC("quark_kprobe/ptrace")
int ptrace_kprobe(struct pt_regs *ctx)
{
	return call_begin(ctx, WIRE_FAMILY_PTRACE);
}

/* ptrace_attach(task, request, addr, flags), of PTRACE_ATTACH and PTRACE_SEIZE: an int, 0 if the task is traced now. */
SEC("quark_fexit/ptrace_attach")
int ptrace_attach_fexit(__u64 *ctx)
{
	if ((int)argument(ctx, 4) != 0)
		return 0;
	return on_ptrace(argument(ctx, 0), argument(ctx, 1), argument(ctx, 2), argument(ctx, 3));
}

SEC("quark_kretprobe/ptrace_attach")
int ptrace_attach_kretprobe(struct pt_regs *ctx)
{
	struct call call;

	if (!call_end(&call, (int)PT_REGS_RC(ctx) != 0, WIRE_FAMILY_PTRACE))
		return 0;
	return on_ptrace(call.arguments[0], call.arguments[1], call.arguments[2], call.arguments[3]);
}

/* ptrace_traceme(): returns 0 if the parent traces the current task now. */
SEC("quark_fexit/ptrace_traceme")
int ptrace_traceme_fexit(__u64 *ctx)
{
	return (int)argument(ctx, 0) == 0 ? on_ptrace(bpf_get_current_task(), PTRACE_TRACEME, 0, 0) : 0;
}

SEC("quark_kretprobe/ptrace_traceme")
int ptrace_traceme_kretprobe(struct pt_regs *ctx)
{
	struct call call;

	if (!call_end(&call, (int)PT_REGS_RC(ctx) != 0, WIRE_FAMILY_PTRACE))
		return 0;
	return on_ptrace(bpf_get_current_task(), PTRACE_TRACEME, 0, 0);
}

/* arch_ptrace(child, request, addr, data), of all others: a long, below 0 if it failed. */
SEC("quark_fexit/arch_ptrace")
int ptrace_request_fexit(__u64 *ctx)
{
	if ((long)argument(ctx, 4) < 0)
		return 0;
	return on_request(argument(ctx, 0), argument(ctx, 1), argument(ctx, 2), argument(ctx, 3));
}

SEC("quark_kretprobe/arch_ptrace")
int ptrace_request_kretprobe(struct pt_regs *ctx)
{
	struct call call;

	if (!call_end(&call, (long)PT_REGS_RC(ctx) < 0, WIRE_FAMILY_PTRACE))
		return 0;
	return on_request(call.arguments[0], call.arguments[1], call.arguments[2], call.arguments[3]);
}

/* compat_arch_ptrace(), the same of callers of 32 bits: all but the child have no more than these. */
SEC("quark_fexit/compat_arch_ptrace")
int ptrace_request_32_fexit(__u64 *ctx)
{
	if ((long)argument(ctx, 4) < 0)
		return 0;
	return on_request(argument(ctx, 0), (int)argument(ctx, 1), (__u32)argument(ctx, 2), (__u32)argument(ctx, 3));
}

SEC("quark_kretprobe/compat_arch_ptrace")
int ptrace_request_32_kretprobe(struct pt_regs *ctx)
{
	struct call call;

	if (!call_end(&call, (long)PT_REGS_RC(ctx) < 0, WIRE_FAMILY_PTRACE))
		return 0;
	return on_request(call.arguments[0], (int)call.arguments[1], (__u32)call.arguments[2],
	    (__u32)call.arguments[3]);
}

#endif
