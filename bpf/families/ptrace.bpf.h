/* ptrace(2): what was done to another task. Calls that fail are not told. */
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
static __always_inline bool ptrace_attach_failed(long result)
{
	return (int)result != 0;
}

static __always_inline int ptrace_attach_done(const __u64 *arguments, long result)
{
	return on_ptrace(arguments[0], arguments[1], arguments[2], arguments[3]);
}
AT_RETURN(ptrace_attach, 4, WIRE_FAMILY_PTRACE)

/* ptrace_traceme(): returns 0 if the parent traces the current task now. */
static __always_inline bool ptrace_traceme_failed(long result)
{
	return (int)result != 0;
}

static __always_inline int ptrace_traceme_done(const __u64 *arguments, long result)
{
	return on_ptrace(bpf_get_current_task(), PTRACE_TRACEME, 0, 0);
}
AT_RETURN(ptrace_traceme, 0, WIRE_FAMILY_PTRACE)

/* arch_ptrace(child, request, addr, data), of all others: a long, below 0 if it failed. */
static __always_inline bool ptrace_request_failed(long result)
{
	return result < 0;
}

static __always_inline int ptrace_request_done(const __u64 *arguments, long result)
{
	return on_request(arguments[0], arguments[1], arguments[2], arguments[3]);
}
AT_RETURN(ptrace_request, 4, WIRE_FAMILY_PTRACE)

/* compat_arch_ptrace(), the same of callers of 32 bits: all but the child have no more than these. */
static __always_inline bool ptrace_request_32_failed(long result)
{
	return result < 0;
}

static __always_inline int ptrace_request_32_done(const __u64 *arguments, long result)
{
	return on_request(arguments[0], (int)arguments[1], (__u32)arguments[2], (__u32)arguments[3]);
}
AT_RETURN(ptrace_request_32, 4, WIRE_FAMILY_PTRACE)

#endif
