/* getpid(2): a record for each call. It is the cheapest system call, and is meant for measurements. */
#ifndef QUARK_BPF_GETPID
#define QUARK_BPF_GETPID

#include "core/task.bpf.h"

/* The call cannot fail, so its entry is as good as its return. */
static __always_inline int on_getpid(void)
{
	__u64 task = bpf_get_current_task();
	__u32 slot;

	if (stage_get(&slot, WIRE_FAMILY_PROCESS)) {
		task_begin(slot, WIRE_GETPID, task, current_tid(), 0);
		stage_send(slot);
	}
	return 0;
}

/* The symbols of the call for 64-bit and 32-bit programs are aliases of this one: SYSCALL_DEFINE0 of x86. */
SEC("quark_kprobe/__do_sys_getpid")
int getpid_kprobe(struct pt_regs *ctx)
{
	return on_getpid();
}

SEC("quark_fentry/__do_sys_getpid")
int getpid_fentry(__u64 *ctx)
{
	return on_getpid();
}

#endif
