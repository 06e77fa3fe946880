/*
 * ptrace(2): calls that reach another task. Calls that fail are not reported. At the return of a function a program
 * sees its arguments and its result, so no state is kept between the entry and the return.
 */
#ifndef QUARK_BPF_PTRACE
#define QUARK_BPF_PTRACE

#include "core/task.bpf.h"

#define PTRACE_TRACEME 0		/* include/uapi/linux/ptrace.h */

static __always_inline int on_ptrace(struct task_struct *tracee, __u64 request, __u64 addr, __u64 data)
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
		body->child_pid = BPF_CORE_READ(tracee, tgid);
		body->reserved = 0;
		s->off = sizeof(*body);
		stage_send(slot);
	}
	return 0;
}

/* ptrace_attach(task, request, addr, flags), for PTRACE_ATTACH and PTRACE_SEIZE: 0 if the task is traced now. */
SEC("quark_fexit/ptrace_attach")
int ptrace_attach_fexit(__u64 *ctx)
{
	if ((int)argument(ctx, 4) != 0)
		return 0;
	return on_ptrace((struct task_struct *)argument(ctx, 0), argument(ctx, 1), argument(ctx, 2), argument(ctx, 3));
}

/* ptrace_traceme(): returns 0 if the parent traces the current task now. */
SEC("quark_fexit/ptrace_traceme")
int ptrace_traceme_fexit(__u64 *ctx)
{
	if ((int)argument(ctx, 0) != 0)
		return 0;
	return on_ptrace((struct task_struct *)bpf_get_current_task(), PTRACE_TRACEME, 0, 0);
}

/*
 * arch_ptrace(child, request, addr, data), for all other requests: returns a negative number if it failed. A debugger
 * that traces its own child makes thousands of these calls, which are not reported, because the begin was reported.
 */
SEC("quark_fexit/arch_ptrace")
int ptrace_request_fexit(__u64 *ctx)
{
	struct task_struct *tracee = (struct task_struct *)argument(ctx, 0);

	if ((long)argument(ctx, 4) < 0 ||
	    BPF_CORE_READ(tracee, real_parent, tgid) == (int)(bpf_get_current_pid_tgid() >> 32))
		return 0;
	return on_ptrace(tracee, argument(ctx, 1), argument(ctx, 2), argument(ctx, 3));
}

#endif
