/* The body of a record for a task, and functions that read tasks. */
#ifndef QUARK_BPF_TASK
#define QUARK_BPF_TASK

#include "core/stage.bpf.h"

#include <bpf/bpf_core_read.h>

#define PF_KTHREAD 0x00200000		/* include/linux/sched.h */

static __always_inline __u64 capability(kernel_cap_t *cap)
{
	__u64 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), cap);
	return word;
}

/* True if a member of struct cred is `bytes` after another; a constant once the program is loaded. */
#define CRED_FOLLOWS(member, bytes, other) \
	(bpf_core_field_offset(((struct cred *)0)->member) == bpf_core_field_offset(((struct cred *)0)->other) + (bytes))

struct ids {
	__u32 uid, gid, suid, sgid, euid, egid, fsuid, fsgid;
};

#define CRED_PLACE(member) bpf_core_field_offset(((struct cred *)0)->member)

/* Reads the ids in one piece if they are adjacent: a kernel may be built with shuffled members of structures. */
static __always_inline void read_ids(struct ids *ids, struct cred *cred)
{
	__u32 i;

	if (CRED_FOLLOWS(gid, 4, uid) && CRED_FOLLOWS(suid, 8, uid) && CRED_FOLLOWS(sgid, 12, uid) &&
	    CRED_FOLLOWS(euid, 16, uid) && CRED_FOLLOWS(egid, 20, uid) && CRED_FOLLOWS(fsuid, 24, uid) &&
	    CRED_FOLLOWS(fsgid, 28, uid)) {
		bpf_probe_read_kernel(ids, sizeof(*ids), &cred->uid);
	} else {
		const __u32 places[] = {
			CRED_PLACE(uid), CRED_PLACE(gid), CRED_PLACE(suid), CRED_PLACE(sgid),
			CRED_PLACE(euid), CRED_PLACE(egid), CRED_PLACE(fsuid), CRED_PLACE(fsgid),
		};

#pragma clang loop unroll(disable)
		for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
			bpf_probe_read_kernel((__u32 *)ids + i, sizeof(__u32), (void *)cred + places[i]);
	}
}

static __always_inline void read_capabilities(struct wire_task *out, struct cred *cred)
{
	if (CRED_FOLLOWS(cap_permitted, 8, cap_inheritable) && CRED_FOLLOWS(cap_effective, 16, cap_inheritable) &&
	    CRED_FOLLOWS(cap_bset, 24, cap_inheritable) && CRED_FOLLOWS(cap_ambient, 32, cap_inheritable)) {
		bpf_probe_read_kernel(&out->cap_inheritable, 5 * sizeof(__u64), &cred->cap_inheritable);
		return;
	}
	out->cap_inheritable = capability(&cred->cap_inheritable);
	out->cap_permitted = capability(&cred->cap_permitted);
	out->cap_effective = capability(&cred->cap_effective);
	out->cap_bset = capability(&cred->cap_bset);
	out->cap_ambient = capability(&cred->cap_ambient);
}

static __always_inline __u32 pid_number(struct signal_struct *signal, enum pid_type type)
{
	struct pid *pid = NULL;

	/* `type` comes from the kernel's BTF too, so the index is not a constant for the compiler. */
	bpf_probe_read_kernel(&pid, sizeof(pid), (void *)&signal->pids + type * sizeof(pid));
	return BPF_CORE_READ(pid, numbers[0].nr);
}

static __always_inline void task_fill(struct wire_task *out, struct task_struct *task, struct cred *cred)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct nsproxy *ns = BPF_CORE_READ(task, nsproxy);
	struct tty_struct *tty = BPF_CORE_READ(signal, tty);
	struct ids ids = {};

	out->start_boot_ns = BPF_CORE_READ(leader, start_boottime);
	read_capabilities(out, cred);
	read_ids(&ids, cred);
	out->ppid = BPF_CORE_READ(leader, real_parent, tgid);
	out->uid = ids.uid;
	out->gid = ids.gid;
	out->suid = ids.suid;
	out->sgid = ids.sgid;
	out->euid = ids.euid;
	out->egid = ids.egid;
	out->pgid = pid_number(signal, bpf_core_enum_value(enum pid_type, PIDTYPE_PGID));
	out->sid = pid_number(signal, bpf_core_enum_value(enum pid_type, PIDTYPE_SID));
	out->tty_major = 0;
	out->tty_minor = 0;
	if (tty) {
		out->tty_major = BPF_CORE_READ(tty, driver, major);
		out->tty_minor = BPF_CORE_READ(tty, driver, minor_start) + BPF_CORE_READ(tty, index);
	}
	/* A task that is being torn down has no nsproxy any more: then every read returns 0. */
	out->uts_inonum = BPF_CORE_READ(ns, uts_ns, ns.inum);
	out->ipc_inonum = BPF_CORE_READ(ns, ipc_ns, ns.inum);
	out->mnt_inonum = BPF_CORE_READ(ns, mnt_ns, ns.inum);
	out->net_inonum = BPF_CORE_READ(ns, net_ns, ns.inum);
	out->exit_code = 0;
	/* The name of a process is the name of its leader, because threads may have other names. */
	bpf_probe_read_kernel_str(out->comm, sizeof(out->comm), &leader->comm);
}

static __always_inline void record_begin(struct stage *s, __u32 kind, struct task_struct *task, __u32 tid)
{
	struct wire_record *r = &s->record;

	r->time_boot_ns = bpf_ktime_get_boot_ns();
	r->kind = kind;
	r->nfields = 0;
	r->pid = BPF_CORE_READ(task, tgid);
	r->tid = tid;
	r->cpu = bpf_get_smp_processor_id();
}

/* The task of a record whose body begins with one. */
#define TASK(s) ((struct wire_task *)(s)->bytes)

/*
 * Begins a record whose body is a task; a program with a larger body writes the rest, and moves `off`. The addresses
 * are
 * pointers: on old kernels a global function takes only numbers. If no credentials are passed, the task's objective
 * ones are used, which /proc shows, and not those that a file system uses for a moment.
 */
__noinline int task_begin(__u32 slot, __u32 kind, __u64 task_address, __u32 tid, __u64 cred_address)
{
	struct stage *s = bpf_map_lookup_elem(&stages, &slot);
	struct task_struct *task = (struct task_struct *)task_address;
	struct cred *cred = (struct cred *)cred_address;

	if (!s)
		return 0;
	record_begin(s, kind, task, tid);
	task_fill(TASK(s), task, cred ? cred : BPF_CORE_READ(task, real_cred));
	s->off = sizeof(struct wire_task);
	return 0;
}

/*
 * An argument of an fentry program, as a number: a direct load from the context would be a typed pointer, which our
 * global functions do not accept.
 */
static __always_inline __u64 argument(__u64 *ctx, int number)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), &ctx[number]);
	return value;
}

static __always_inline __u32 current_tid(void)
{
	return (__u32)bpf_get_current_pid_tgid();
}

static __always_inline bool is_kernel_thread(struct task_struct *task)
{
	return BPF_CORE_READ(task, flags) & PF_KTHREAD;
}

#endif
