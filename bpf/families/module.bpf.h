/* Kernel modules, once they are in use: a module whose initialisation fails is not reported. */
#ifndef QUARK_BPF_MODULE
#define QUARK_BPF_MODULE

#include "core/task.bpf.h"

#include <bpf/bpf_tracing.h>

static __always_inline int on_module(struct module *module)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct wire_module *body;
	struct stage *s;
	__u32 slot;

	s = stage_get(&slot, WIRE_FAMILY_MODULE);
	if (s) {
		record_begin(s, WIRE_MODULE_LOAD, task, current_tid());
		body = (struct wire_module *)s->bytes;
		__builtin_memset(body, 0, sizeof(*body));
		body->start_boot_ns = BPF_CORE_READ(task, group_leader, start_boottime);
		body->taints = BPF_CORE_READ(module, taints);
		bpf_probe_read_kernel_str(body->name, sizeof(body->name), &module->name);
		/* A module may have no version; then these are NULL, and nothing is read. */
		bpf_probe_read_kernel_str(body->version, sizeof(body->version), BPF_CORE_READ(module, version));
		bpf_probe_read_kernel_str(
		    body->src_version, sizeof(body->src_version), BPF_CORE_READ(module, srcversion));
		s->off = sizeof(*body);
		stage_send(slot);
	}
	return 0;
}

/*
 * module_arch_freeing_init(module): do_init_module() calls it when the module's own beginning has succeeded. Others
 * call it for a module that goes, which is not in use then.
 */
SEC("quark_kprobe/module_arch_freeing_init")
int module_kprobe(struct pt_regs *ctx)
{
	struct module *module = (struct module *)PT_REGS_PARM1(ctx);

	return BPF_CORE_READ(module, state) == MODULE_STATE_LIVE ? on_module(module) : 0;
}

/* do_init_module(module): an int, 0 or an error. */
SEC("quark_fexit/do_init_module")
int module_fexit(__u64 *ctx)
{
	return (int)argument(ctx, 1) ? 0 : on_module((struct module *)argument(ctx, 0));
}

#endif
