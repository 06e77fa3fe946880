/*
 * Shared memory: System V segments and memory files. Calls that fail are not reported. At the return of a system call a
 * program sees its registers and its result, so no state is kept between the entry and the return.
 */
#ifndef QUARK_BPF_SHM
#define QUARK_BPF_SHM

#include "core/task.bpf.h"

#include <bpf/bpf_tracing.h>

#define MEMFD_PREFIX "memfd:"			/* MFD_NAME_PREFIX of mm/memfd.c */
#define MEMFD_PREFIX_SIZE (sizeof(MEMFD_PREFIX) - 1)

static __always_inline struct wire_shm *shm_begin(struct stage *s, __u32 kind)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct wire_shm *body = (struct wire_shm *)s->bytes;

	record_begin(s, kind, task, current_tid());
	__builtin_memset(body, 0, sizeof(*body));
	body->start_boot_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	s->off = sizeof(*body);
	return body;
}

/* __x64_sys_shmget(regs), for shmget(key, size, flags): returns the id of a segment, or an error. */
SEC("quark_fexit/shmget")
int shmget_fexit(__u64 *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)argument(ctx, 0);
	struct wire_shm *body;
	struct stage *s;
	__u32 slot;

	if ((long)argument(ctx, 1) < 0)
		return 0;
	s = stage_get(&slot, WIRE_FAMILY_SHM);
	if (s) {
		body = shm_begin(s, WIRE_SHMGET);
		/* key_t and the flags have 32 bits. */
		body->key = (int)BPF_PROBE_READ(regs, PARM1_REGISTER);
		body->size = BPF_PROBE_READ(regs, PARM2_REGISTER);
		body->flags = (int)BPF_PROBE_READ(regs, PARM3_REGISTER);
		stage_send(slot);
	}
	return 0;
}

/* The kernel's name for the file of a descriptor. */
static __always_inline const unsigned char *name_of(int descriptor)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct file **files = BPF_CORE_READ(task, files, fdt, fd);
	struct file *file = NULL;

	bpf_probe_read_kernel(&file, sizeof(file), &files[(__u32)descriptor]);
	return BPF_CORE_READ(file, f_path.dentry, d_name.name);
}

/*
 * __x64_sys_memfd_create(regs), for memfd_create(name, flags): returns a descriptor, or an error. The name is that of
 * the file, which cannot change. But another thread may have closed the descriptor by now; then the argument of the
 * call is used.
 */
SEC("quark_fexit/memfd_create")
int memfd_create_fexit(__u64 *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)argument(ctx, 0);
	long descriptor = (long)argument(ctx, 1);
	struct wire_shm *body;
	struct stage *s;
	__u32 slot;

	if (descriptor < 0)
		return 0;
	s = stage_get(&slot, WIRE_FAMILY_SHM);
	if (s) {
		body = shm_begin(s, WIRE_MEMFD_CREATE);
		body->flags = (__u32)BPF_PROBE_READ(regs, PARM2_REGISTER);
		bpf_probe_read_kernel_str(body->name, sizeof(body->name), name_of(descriptor));
		if (__builtin_memcmp(body->name, MEMFD_PREFIX, MEMFD_PREFIX_SIZE) != 0) {
			__builtin_memcpy(body->name, MEMFD_PREFIX, MEMFD_PREFIX_SIZE + 1);
			bpf_probe_read_user_str(body->name + MEMFD_PREFIX_SIZE, sizeof(body->name) - MEMFD_PREFIX_SIZE,
			    (const void *)BPF_PROBE_READ(regs, PARM1_REGISTER));
		}
		stage_send(slot);
	}
	return 0;
}

#endif
