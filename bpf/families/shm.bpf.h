/* Shared memory: segments of System V and memory files. Calls that fail are not told. */
#ifndef QUARK_BPF_SHM
#define QUARK_BPF_SHM

#include "core/call.bpf.h"

#define IPC_SHM_IDS 2				/* ipc/util.h */
#define MEMFD_PREFIX "memfd:"			/* MFD_NAME_PREFIX of mm/memfd.c */
#define MEMFD_PREFIX_SIZE (sizeof(MEMFD_PREFIX) - 1)

SEC("quark_kprobe/shm")
int shm_kprobe(struct pt_regs *ctx)
{
	return call_begin(ctx, WIRE_FAMILY_SHM);
}

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

/*
 * ipcget(ns, ids, ops, params): an int, the id of what was got, or an error. Whoever asks for a segment, a queue of
 * messages or semaphores comes through here, of 64 bits or 32, also by way of ipc(2); whose ids they are says which.
 */
static __always_inline int on_ipcget(__u64 ns, __u64 ids, struct ipc_params *params)
{
	struct wire_shm *body;
	struct stage *s;
	__u32 slot;

	if (ids != ns + bpf_core_field_offset(((struct ipc_namespace *)0)->ids[IPC_SHM_IDS]))
		return 0;
	s = stage_get(&slot, WIRE_FAMILY_SHM);
	if (s) {
		body = shm_begin(s, WIRE_SHMGET);
		body->key = BPF_CORE_READ(params, key);
		body->size = BPF_CORE_READ(params, u.size);
		body->flags = BPF_CORE_READ(params, flg);
		stage_send(slot);
	}
	return 0;
}

static __always_inline bool shmget_failed(long result)
{
	return (int)result < 0;
}

/* The parameters are the caller's, who waits for this. */
static __always_inline int shmget_done(const __u64 *arguments, long result)
{
	return on_ipcget(arguments[0], arguments[1], (struct ipc_params *)arguments[3]);
}
AT_RETURN(shmget, 4, WIRE_FAMILY_SHM)

/* The name that the kernel has for the file of a descriptor. */
static __always_inline const unsigned char *name_of(int descriptor)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct file **files = BPF_CORE_READ(task, files, fdt, fd);
	struct file *file = NULL;

	bpf_probe_read_kernel(&file, sizeof(file), &files[(__u32)descriptor]);
	return BPF_CORE_READ(file, f_path.dentry, d_name.name);
}

/*
 * A descriptor that memfd_create(name, flags) has got. The name is that of the file, which nobody can change; but
 * another thread may have closed the descriptor by now, and then what the call was given says it.
 */
static __always_inline int on_memfd(int descriptor, __u64 name, __u32 flags)
{
	struct wire_shm *body;
	struct stage *s;
	__u32 slot;

	s = stage_get(&slot, WIRE_FAMILY_SHM);
	if (s) {
		body = shm_begin(s, WIRE_MEMFD_CREATE);
		body->flags = flags;
		bpf_probe_read_kernel_str(body->name, sizeof(body->name), name_of(descriptor));
		if (__builtin_memcmp(body->name, MEMFD_PREFIX, MEMFD_PREFIX_SIZE) != 0) {
			__builtin_memcpy(body->name, MEMFD_PREFIX, MEMFD_PREFIX_SIZE + 1);
			bpf_probe_read_user_str(body->name + MEMFD_PREFIX_SIZE, sizeof(body->name) - MEMFD_PREFIX_SIZE,
			    (const void *)name);
		}
		stage_send(slot);
	}
	return 0;
}

/*
 * __x64_sys_memfd_create(regs), __ia32_sys_memfd_create(regs): a descriptor, or an error. What both of them call cannot
 * be hooked: it is inline, which to the kernel means notrace.
 */
static __always_inline bool memfd_create_failed(long result)
{
	return result < 0;
}

static __always_inline int memfd_create_done(const __u64 *arguments, long result)
{
	struct pt_regs *regs = (struct pt_regs *)arguments[0];

	return on_memfd(result, BPF_PROBE_READ(regs, PARM1_REGISTER), BPF_PROBE_READ(regs, PARM2_REGISTER));
}
AT_RETURN(memfd_create, 1, WIRE_FAMILY_SHM)

static __always_inline bool memfd_create_32_failed(long result)
{
	return result < 0;
}

static __always_inline int memfd_create_32_done(const __u64 *arguments, long result)
{
	struct pt_regs *regs = (struct pt_regs *)arguments[0];

	return on_memfd(result, (__u32)BPF_PROBE_READ(regs, PARM1_REGISTER_32),
	    (__u32)BPF_PROBE_READ(regs, PARM2_REGISTER_32));
}
AT_RETURN(memfd_create_32, 1, WIRE_FAMILY_SHM)

#endif
