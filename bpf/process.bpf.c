/*
 * What processes do, as records of wire.h in one ring: fork, exec, exit, changes of ids, changes of names.
 *
 * Each kind of record has one or more programs, for the ways to hook it; the reader of the ring loads one of them,
 * attaches it where it found a place, and knows by a trial whether it fires. The bodies are shared. A program's section
 * only says its kind: quark_raw/TRACEPOINT, quark_fentry/FUNCTION, quark_kprobe/FUNCTION.
 *
 * Written for the oldest verifier we meet (5.10) and the strictest (7.1 and later refuse a map-value pointer that is
 * out of bounds even for one instruction): records grow upwards only, offsets are masked where they are used, lengths
 * are 32 bits wide from the start, and paths are sent leaf first and turned round by the reader. One step of a walk is
 * a global function: verified once, by itself, and not once per turn of the loop.
 */
#include "kernel_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "wire.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define PF_KTHREAD 0x00200000		/* include/linux/sched.h */
#define SIGNAL_GROUP_EXIT 0x00000004	/* include/linux/sched/signal.h */

/*
 * A record under construction. Fields begin below STAGE_FIELDS, a power of two, so that masking an offset proves it
 * to be in bounds; the slack after it holds the largest thing one helper call may write there.
 */
#define STAGE_FIELDS 65536
#define STAGE_SLACK (WIRE_ENV_MAX + 4096)

struct stage {
	struct wire_record record;
	char fields[STAGE_FIELDS + STAGE_SLACK];
	__u32 off;		/* where in `fields` the next field goes */
	__u32 users;		/* 1: somebody's; see stage_get() */
	/* A walk from a leaf to its root, one component a step. */
	struct dentry *dentry, *root_dentry, *mnt_root;
	struct vfsmount *mnt, *root_mnt;
	struct kernfs_node *node;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);	/* the queue's ring_size, set before loading */
} ring SEC(".maps");

/*
 * One per possible CPU, set before loading. The reader has them mapped: to look one up by bpf(2) would make newer kernels
 * pass over programs while it does.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wire_ring_stats);
} ring_stats SEC(".maps");

/* One per possible CPU and some more, set before loading: a per-CPU array's values may not exceed 32 KiB. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stage);
} stages SEC(".maps");

struct identity {
	__u64 start_boot_ns;
	__u64 pid;
};

/* Processes whose exit was reported while other threads of theirs were about to report it, too. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct identity);
	__type(value, __u32);
} exited SEC(".maps");

/* Set before loading, and constants to the verifier. A section of its own: nothing else is in that map. */
const volatile struct wire_settings settings SEC(".rodata.settings");

/* The reader was woken last. CPUs race for it, and the loser wakes the reader once more. */
__u64 woken_ns;

/* ---- the ring */

static __always_inline void count(long error)
{
	struct wire_ring_stats *stats;
	__u32 cpu = bpf_get_smp_processor_id();

	stats = bpf_map_lookup_elem(&ring_stats, &cpu);
	if (!stats)
		return;
	/*
	 * Atomic: a program may be preempted, and another one run on the same CPU. Relaxed, or clang uses the
	 * kind of operation that kernels have from 5.12 on.
	 */
	if (error)
		__atomic_fetch_add(&stats->lost[WIRE_FAMILY_PROCESS], 1, __ATOMIC_RELAXED);
	else
		__atomic_fetch_add(&stats->sent[WIRE_FAMILY_PROCESS], 1, __ATOMIC_RELAXED);
}

/* Not each record wakes the reader: the first after a quiet time does, and one that finds the ring filling up. */
static __always_inline __u64 wake_flags(__u64 now_ns)
{
	__u64 since_ns = now_ns - woken_ns;

	if (since_ns < settings.wake_interval_ns &&
	    (since_ns < 1000000 || bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) < settings.wake_bytes))
		return BPF_RB_NO_WAKEUP;
	woken_ns = now_ns;
	return BPF_RB_FORCE_WAKEUP;
}

/* ---- stages */

/*
 * Takes a stage nobody has: this CPU's, or one of those that stand by for programs that preempt one another (from 6.19
 * on those of tracepoints do). Its number and 1, or 0: there is none. Kernels before 5.12 have no atomic operation that
 * returns something, but adding and then looking does: who reads 1 has it, and until it is given back nobody else can.
 *
 * This and most of what follows are global functions: a verifier looks at each of them once.
 */
__noinline int stage_take(void)
{
	__u32 slot = bpf_get_smp_processor_id();
	__u32 i;

#pragma clang loop unroll(disable)
	for (i = 0; i <= WIRE_SPARE_STAGES; i++) {
		struct stage *s = bpf_map_lookup_elem(&stages, &slot);

		if (!s)
			break;
		__atomic_fetch_add(&s->users, 1, __ATOMIC_RELAXED);
		if (*(volatile __u32 *)&s->users == 1) {
			s->off = 0;
			return slot + 1;
		}
		__atomic_fetch_add(&s->users, -1, __ATOMIC_RELAXED);
		slot = settings.stage_count - 1 - i;
	}
	count(1);
	return 0;
}

static __always_inline struct stage *stage_get(__u32 *slot)
{
	*slot = (__u32)stage_take() - 1;
	return bpf_map_lookup_elem(&stages, slot);
}

/* Sends the record of a stage, and gives it back. */
__noinline int stage_send(__u32 slot)
{
	struct stage *s = bpf_map_lookup_elem(&stages, &slot);
	__u32 off;

	if (!s)
		return 0;
	off = s->off;
	barrier_var(off);
	if (off > STAGE_FIELDS + WIRE_ENV_MAX)
		off = STAGE_FIELDS + WIRE_ENV_MAX;
	s->record.size = sizeof(s->record) + off;
	count(bpf_ringbuf_output(&ring, s, sizeof(s->record) + off, wake_flags(s->record.time_boot_ns)));
	__atomic_fetch_add(&s->users, -1, __ATOMIC_RELAXED);
	return 0;
}

/* ---- what a task is */

static __always_inline __u64 capability(kernel_cap_t *cap)
{
	__u64 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), cap);
	return word;
}

/* Whether a member of struct cred stands so many bytes behind another: constants once the program is loaded. */
#define CRED_FOLLOWS(member, bytes, other) \
	(bpf_core_field_offset(((struct cred *)0)->member) == bpf_core_field_offset(((struct cred *)0)->other) + (bytes))

struct ids {
	__u32 uid, gid, suid, sgid, euid, egid, fsuid, fsgid;
};

#define CRED_PLACE(member) bpf_core_field_offset(((struct cred *)0)->member)

/* In one piece, if they are: a kernel may have been built with the members of its structures shuffled. */
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

	/* `type` comes from the kernel's BTF too, so the index is not a constant the compiler could fold. */
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
	/* A task that is being torn down has no nsproxy any more: every read then yields 0. */
	out->uts_inonum = BPF_CORE_READ(ns, uts_ns, ns.inum);
	out->ipc_inonum = BPF_CORE_READ(ns, ipc_ns, ns.inum);
	out->mnt_inonum = BPF_CORE_READ(ns, mnt_ns, ns.inum);
	out->net_inonum = BPF_CORE_READ(ns, net_ns, ns.inum);
	out->exit_code = 0;
	/* The name of a process is that of its leader: threads may have names of their own. */
	bpf_probe_read_kernel_str(out->comm, sizeof(out->comm), &leader->comm);
}

/*
 * Fills in all but the fields. The addresses are pointers, for a global function of old kernels takes numbers only;
 * without credentials they are the task's objective ones: what /proc shows, and not what a file system has put on for a
 * moment.
 */
__noinline int record_begin(__u32 slot, __u32 type, __u64 task_address, __u32 tid, __u64 cred_address)
{
	struct stage *s = bpf_map_lookup_elem(&stages, &slot);
	struct task_struct *task = (struct task_struct *)task_address;
	struct cred *cred = (struct cred *)cred_address;
	struct wire_record *r;

	if (!s)
		return 0;
	r = &s->record;
	r->time_boot_ns = bpf_ktime_get_boot_ns();
	r->type = type;
	r->nfields = 0;
	r->pid = BPF_CORE_READ(task, tgid);
	r->tid = tid;
	r->cpu = bpf_get_smp_processor_id();
	r->id_change = 0;
	task_fill(&r->task, task, cred ? cred : BPF_CORE_READ(task, real_cred));
	return 0;
}

/*
 * An argument of an fentry program, as a number: loaded from the context it would be a typed pointer, which a global
 * function of ours does not take.
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

/* ---- fields */

/*
 * The field under construction, at the stage's `off`. Its cursors live in the map, not in registers: what is loaded
 * from a map is unknown to the verifier until it is masked, so that every turn of a loop looks like the last one.
 */
#define FIELD(s) ((struct wire_field *)&(s)->fields[(s)->off & (STAGE_FIELDS - 8)])
#define FIELD_BYTES(s) ((char *)FIELD(s) + sizeof(struct wire_field))

static __always_inline void field_begin(struct stage *s, __u16 kind)
{
	struct wire_field *f = FIELD(s);

	f->kind = kind;
	f->flags = 0;
	f->len = 0;
	f->orig_len = 0;
	f->reserved = 0;
}

static __always_inline void field_end(struct stage *s)
{
	s->record.nfields++;
	s->off += sizeof(struct wire_field) + ((FIELD(s)->len + 7) & ~7u);
}

/* Appends the name of one component. False: that was the last one there is room for. */
static __always_inline bool component_append(struct stage *s, const void *name)
{
	struct wire_field *f = FIELD(s);
	__u32 len = f->len & (WIRE_PATH_MAX - 1);
	long n;

	n = bpf_probe_read_kernel_str(FIELD_BYTES(s) + len, WIRE_NAME_MAX, name);
	if (n <= 0)
		return false;
	f->len = len + (__u32)n;
	return f->len <= WIRE_PATH_MAX - WIRE_NAME_MAX;
}

/* One step from a leaf up to the task's root, prepend_path() in fs/d_path.c being the kernel's own way. 0: done. */
__noinline int path_step(__u32 slot)
{
	struct stage *s = bpf_map_lookup_elem(&stages, &slot);
	struct dentry *dentry, *parent;
	struct vfsmount *mnt;

	if (!s)
		return 0;
	dentry = s->dentry;
	mnt = s->mnt;
	if (dentry == s->root_dentry && mnt == s->root_mnt) {
		FIELD(s)->flags = 0;
		return 0;
	}
	parent = BPF_CORE_READ(dentry, d_parent);
	if (dentry == s->mnt_root || dentry == parent) {
		struct mount *mount = (void *)mnt - bpf_core_field_offset(((struct mount *)0)->mnt);
		struct mount *up = BPF_CORE_READ(mount, mnt_parent);

		if (up != mount) {
			/* A mount's root: go on from where it is mounted. */
			s->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			s->mnt = &up->mnt;
			s->mnt_root = BPF_CORE_READ(up, mnt.mnt_root);
			return 1;
		}
		/* The top of a tree outside the task's root, or an unmounted file such as a memfd. */
		FIELD(s)->flags = 0;
		if (FIELD(s)->len > 0 || !BPF_CORE_READ(dentry, d_op, d_dname))
			return 0;
		FIELD(s)->flags = WIRE_FIELD_NAME;
		component_append(s, BPF_CORE_READ(dentry, d_name.name));
		return 0;
	}
	s->dentry = parent;
	return component_append(s, BPF_CORE_READ(dentry, d_name.name));
}

/* Loops within loops: each is verified once, and has few turns. */
#define WALK_TURNS 16
_Static_assert(WALK_TURNS * WALK_TURNS == WIRE_PATH_DEPTH, "the depth of a walk is its turns");

__noinline int path_steps(__u32 slot)
{
	int i;

	for (i = 0; i < WALK_TURNS; i++)
		if (!path_step(slot))
			return 0;
	return 1;
}

/*
 * Appends the components of (mnt, dentry), leaf first, up to the task's root: the path as the task itself sees it. The
 * last three arguments are pointers.
 */
__noinline int path_append(__u32 slot, __u32 kind, __u64 fs_address, __u64 mnt_address, __u64 dentry_address)
{
	struct stage *s = bpf_map_lookup_elem(&stages, &slot);
	struct fs_struct *fs = (struct fs_struct *)fs_address;
	struct vfsmount *mnt = (struct vfsmount *)mnt_address;
	int i;

	if (!s || !mnt || !dentry_address)
		return 0;
	s->dentry = (struct dentry *)dentry_address;
	s->mnt = mnt;
	s->mnt_root = BPF_CORE_READ(mnt, mnt_root);
	s->root_dentry = BPF_CORE_READ(fs, root.dentry);
	s->root_mnt = BPF_CORE_READ(fs, root.mnt);
	field_begin(s, kind);
	FIELD(s)->flags = WIRE_FIELD_CUT;
	for (i = 0; i < WALK_TURNS; i++)
		if (!path_steps(slot))
			break;
	FIELD(s)->orig_len = FIELD(s)->len;
	field_end(s);
	return 0;
}

__noinline int cwd_append(__u32 slot, __u64 task_address)
{
	struct fs_struct *fs = BPF_CORE_READ((struct task_struct *)task_address, fs);

	if (fs)
		path_append(slot, WIRE_FIELD_CWD, (__u64)fs, (__u64)BPF_CORE_READ(fs, pwd.mnt),
		    (__u64)BPF_CORE_READ(fs, pwd.dentry));
	return 0;
}

static __always_inline struct kernfs_node *node_parent(struct kernfs_node *node)
{
	struct kernfs_node___before_6_15 *old = (void *)node;

	if (bpf_core_field_exists(old->parent))
		return (void *)BPF_CORE_READ(old, parent);
	return BPF_CORE_READ(node, __parent);
}

/* One step from a control group up to its hierarchy's root. 0: done. */
__noinline int cgroup_step(__u32 slot)
{
	struct stage *s = bpf_map_lookup_elem(&stages, &slot);
	struct kernfs_node *node, *parent;

	if (!s)
		return 0;
	node = s->node;
	parent = node_parent(node);
	if (!parent) {
		FIELD(s)->flags = 0;
		return 0;
	}
	s->node = parent;
	return component_append(s, BPF_CORE_READ(node, name));
}

__noinline int cgroup_steps(__u32 slot)
{
	int i;

	for (i = 0; i < WALK_TURNS; i++)
		if (!cgroup_step(slot))
			return 0;
	return 1;
}

/*
 * The control group in the unified hierarchy; for a task that is in the root of that, in the hierarchy that has the
 * pids controller, as on machines with version 1 only.
 */
__noinline int cgroup_append(__u32 slot, __u64 task_address)
{
	struct stage *s = bpf_map_lookup_elem(&stages, &slot);
	struct css_set *set = BPF_CORE_READ((struct task_struct *)task_address, cgroups);
	struct kernfs_node *node = BPF_CORE_READ(set, dfl_cgrp, kn);
	int i;

	if (!s || !node)
		return 0;
	if (!node_parent(node) && bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id)) {
		struct cgroup_subsys_state *css = NULL;
		__u64 index = bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id);

		bpf_probe_read_kernel(&css, sizeof(css), (void *)&set->subsys + index * sizeof(css));
		if (css)
			node = BPF_CORE_READ(css, cgroup, kn);
	}
	s->node = node;
	field_begin(s, WIRE_FIELD_CGROUP);
	FIELD(s)->flags = WIRE_FIELD_CUT;
	for (i = 0; i < WALK_TURNS; i++)
		if (!cgroup_steps(slot))
			break;
	FIELD(s)->orig_len = FIELD(s)->len;
	field_end(s);
	return 0;
}

static __always_inline void memory_append(
    struct stage *s, __u16 kind, unsigned long start, unsigned long end, __u32 max)
{
	__u32 orig = end - start;
	struct wire_field *f = FIELD(s);
	__u32 len = orig;

	/* Keeps clang from proving things about `len` that old verifiers cannot follow. */
	barrier_var(len);
	if (len > max)
		len = max;
	if (bpf_probe_read_user(FIELD_BYTES(s), len, (void *)start) != 0)
		return;
	field_begin(s, kind);
	f->flags = len < orig ? WIRE_FIELD_CUT : 0;
	f->len = len;
	f->orig_len = orig;
	field_end(s);
}

static __always_inline void argv_append(struct stage *s, struct mm_struct *mm)
{
	memory_append(s, WIRE_FIELD_ARGV, BPF_CORE_READ(mm, arg_start), BPF_CORE_READ(mm, arg_end), WIRE_ARGV_MAX);
}

static __always_inline void env_append(struct stage *s, struct mm_struct *mm)
{
	__u32 max = settings.max_env;

	if (max == 0)
		return;
	barrier_var(max);
	if (max > WIRE_ENV_MAX)
		max = WIRE_ENV_MAX;
	memory_append(s, WIRE_FIELD_ENV, BPF_CORE_READ(mm, env_start), BPF_CORE_READ(mm, env_end), max);
}

/* The kernel changes `interp` when what was to be executed names an interpreter: fs/binfmt_script.c. */
static __always_inline void script_append(struct stage *s, struct linux_binprm *bprm)
{
	const char *filename = BPF_CORE_READ(bprm, filename);
	struct wire_field *f = FIELD(s);
	long n;

	if (filename == BPF_CORE_READ(bprm, interp))
		return;
	n = bpf_probe_read_kernel_str(FIELD_BYTES(s), WIRE_SCRIPT_MAX, filename);
	if (n <= 0)
		return;
	field_begin(s, WIRE_FIELD_SCRIPT);
	f->len = (__u32)n & (2 * WIRE_SCRIPT_MAX - 1);
	f->orig_len = f->len;
	field_end(s);
}

/* ---- fork */

static __always_inline int on_fork(struct task_struct *child)
{
	struct stage *s;
	__u32 slot;

	/* Threads share their group's identity; kernel threads have no process to report. */
	if (BPF_CORE_READ(child, group_leader) != child || is_kernel_thread(child))
		return 0;
	s = stage_get(&slot);
	if (s) {
		record_begin(slot, WIRE_FORK, (__u64)child, BPF_CORE_READ(child, pid), 0);
		cwd_append(slot, (__u64)child);
		cgroup_append(slot, (__u64)child);
		stage_send(slot);
	}
	return 0;
}

SEC("quark_raw/sched_process_fork")
int fork_raw(struct bpf_raw_tracepoint_args *ctx)
{
	return on_fork((struct task_struct *)ctx->args[1]);
}

SEC("quark_kprobe/wake_up_new_task")
int fork_kprobe(struct pt_regs *ctx)
{
	return on_fork((struct task_struct *)PT_REGS_PARM1(ctx));
}

/* ---- exec */

static __always_inline int on_exec(struct task_struct *task, __u32 old_pid, struct linux_binprm *bprm)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct file *exe = BPF_CORE_READ(mm, exe_file);
	struct stage *s;
	__u32 slot;

	s = stage_get(&slot);
	if (s) {
		/* A thread that executes takes over its leader's identity: old_pid is who it was. */
		record_begin(slot, WIRE_EXEC, (__u64)task, old_pid, 0);
		path_append(slot, WIRE_FIELD_EXE, (__u64)fs, (__u64)BPF_CORE_READ(exe, f_path.mnt),
		    (__u64)BPF_CORE_READ(exe, f_path.dentry));
		cwd_append(slot, (__u64)task);
		cgroup_append(slot, (__u64)task);
		if (bprm)
			script_append(s, bprm);
		argv_append(s, mm);
		env_append(s, mm);
		stage_send(slot);
	}
	return 0;
}

SEC("quark_raw/sched_process_exec")
int exec_raw(struct bpf_raw_tracepoint_args *ctx)
{
	return on_exec((struct task_struct *)ctx->args[0], (__u32)ctx->args[1], (struct linux_binprm *)ctx->args[2]);
}

/* finalize_exec(binprm): a binary format calls it last, when nothing can fail any more. Who it was is not to be had. */
SEC("quark_kprobe/finalize_exec")
int exec_kprobe(struct pt_regs *ctx)
{
	return on_exec((struct task_struct *)bpf_get_current_task(), current_tid(),
	    (struct linux_binprm *)PT_REGS_PARM1(ctx));
}

/* Nor is the script here. */
SEC("quark_kprobe/proc_exec_connector")
int exec_kprobe_late(struct pt_regs *ctx)
{
	return on_exec((struct task_struct *)PT_REGS_PARM1(ctx), current_tid(), NULL);
}

/* ---- exit */

static __always_inline int on_exit(struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct stage *s;
	__u32 slot;

	if (is_kernel_thread(task))
		return 0;
	s = stage_get(&slot);
	if (s) {
		record_begin(slot, WIRE_EXIT, (__u64)task, BPF_CORE_READ(task, pid), 0);
		/* What wait(2) is told: wait_task_zombie() in kernel/exit.c. */
		s->record.task.exit_code = BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT ?
		    BPF_CORE_READ(signal, group_exit_code) : BPF_CORE_READ(task, group_leader, exit_code);
		cwd_append(slot, (__u64)task);
		cgroup_append(slot, (__u64)task);
		stage_send(slot);
	}
	return 0;
}

/* The tracepoint comes for each thread, before the process lets go of its files, directories and namespaces. */
SEC("quark_raw/sched_process_exit")
int exit_raw(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx->args[0];
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct identity identity = {};
	__u32 one = 1;

	if (settings.exit_has_group_dead) {
		if (!(ctx->args[1] & 0xff))
			return 0;
	} else {
		if (BPF_CORE_READ(signal, live.counter) != 0)
			return 0;
		/*
		 * Two threads that end together both find that none lives: the first of them tells. When the
		 * second looks, the first may be gone, and the group one thread.
		 */
		identity.start_boot_ns = BPF_CORE_READ(task, group_leader, start_boottime);
		identity.pid = BPF_CORE_READ(task, tgid);
		if (BPF_CORE_READ(signal, nr_threads) > 1) {
			/* Without memory for the entry both tell, which the reader takes for one exit. */
			if (bpf_map_update_elem(&exited, &identity, &one, BPF_NOEXIST) == -EEXIST)
				return 0;
		} else if (bpf_map_lookup_elem(&exited, &identity)) {
			return 0;
		}
	}
	return on_exit(task);
}

/* taskstats_exit(task, group_dead), of each thread. */
SEC("quark_kprobe/taskstats_exit")
int exit_kprobe(struct pt_regs *ctx)
{
	if (!(int)PT_REGS_PARM2(ctx))
		return 0;
	return on_exit((struct task_struct *)PT_REGS_PARM1(ctx));
}

/* do_exit() calls disassociate_ctty(1) once per thread group, from its last thread; its directory is gone then. */
SEC("quark_kprobe/disassociate_ctty")
int exit_kprobe_late(struct pt_regs *ctx)
{
	if (!(int)PT_REGS_PARM1(ctx))
		return 0;
	return on_exit((struct task_struct *)bpf_get_current_task());
}

/* ---- ids */

static __always_inline int on_id_change(struct task_struct *task, __u32 change, struct cred *cred)
{
	struct stage *s;
	__u32 slot;

	s = stage_get(&slot);
	if (s) {
		record_begin(slot, WIRE_ID_CHANGE, (__u64)task, current_tid(), (__u64)cred);
		s->record.id_change = change;
		cwd_append(slot, (__u64)task);
		stage_send(slot);
	}
	return 0;
}

/* proc_sid_connector(leader), sched_autogroup_create_attach(leader): ksys_setsid() calls both when all is done. */
SEC("quark_fentry/proc_sid_connector")
int setsid_fentry(__u64 *ctx)
{
	return on_id_change((struct task_struct *)argument(ctx, 0), WIRE_SETSID, NULL);
}

SEC("quark_kprobe/proc_sid_connector")
int setsid_kprobe(struct pt_regs *ctx)
{
	return on_id_change((struct task_struct *)PT_REGS_PARM1(ctx), WIRE_SETSID, NULL);
}

/* commit_creds(new): all changes of credentials come through here, those of an exec included. */
static __always_inline int on_credentials(struct cred *new)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct ids old_ids = {}, new_ids = {};
	__u32 change = 0;

	read_ids(&old_ids, BPF_CORE_READ(task, real_cred));
	read_ids(&new_ids, new);
	if (old_ids.uid != new_ids.uid || old_ids.euid != new_ids.euid || old_ids.suid != new_ids.suid ||
	    old_ids.fsuid != new_ids.fsuid)
		change |= WIRE_SETUID;
	if (old_ids.gid != new_ids.gid || old_ids.egid != new_ids.egid || old_ids.sgid != new_ids.sgid ||
	    old_ids.fsgid != new_ids.fsgid)
		change |= WIRE_SETGID;
	if (!change || is_kernel_thread(task))
		return 0;
	return on_id_change(task, change, new);
}

SEC("quark_fentry/commit_creds")
int creds_fentry(__u64 *ctx)
{
	return on_credentials((struct cred *)argument(ctx, 0));
}

SEC("quark_kprobe/commit_creds")
int creds_kprobe(struct pt_regs *ctx)
{
	return on_credentials((struct cred *)PT_REGS_PARM1(ctx));
}

/* ---- names */

/* An exec's own change of name is part of the exec. */
static __always_inline int on_comm(struct task_struct *task, const char *name, bool exec)
{
	struct stage *s;
	__u32 slot;

	if (exec || BPF_CORE_READ(task, group_leader) != task || is_kernel_thread(task))
		return 0;
	s = stage_get(&slot);
	if (s) {
		record_begin(slot, WIRE_COMM, (__u64)task, current_tid(), 0);
		bpf_probe_read_kernel_str(s->record.task.comm, sizeof(s->record.task.comm), name);
		cwd_append(slot, (__u64)task);
		stage_send(slot);
	}
	return 0;
}

/* An exec holds a mutex of its process from before it changes the name: prepare_bprm_creds() in fs/exec.c. */
static __always_inline bool is_executing(struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct mutex *mutex = &signal->cred_guard_mutex;
	__u64 owner;

	if (bpf_core_field_exists(mutex->owner))
		owner = BPF_CORE_READ(mutex, owner.counter);
	else
		owner = (__u64)BPF_CORE_READ((struct mutex___rt *)mutex, rtmutex.owner);
	/* The lowest bits are flags of the mutex. */
	return (owner & ~7ull) == bpf_get_current_task();
}

/* task_rename(task, name), in __set_task_comm(), before it is done. */
SEC("quark_raw/task_rename")
int comm_raw(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx->args[0];

	return on_comm(task, (const char *)ctx->args[1], is_executing(task));
}

/* __set_task_comm(task, name, exec) */
SEC("quark_fentry/__set_task_comm")
int comm_fentry(__u64 *ctx)
{
	return on_comm((struct task_struct *)argument(ctx, 0), (const char *)argument(ctx, 1),
	    argument(ctx, 2) & 0xff);
}

SEC("quark_kprobe/__set_task_comm")
int comm_kprobe(struct pt_regs *ctx)
{
	return on_comm((struct task_struct *)PT_REGS_PARM1(ctx), (const char *)PT_REGS_PARM2(ctx),
	    PT_REGS_PARM3(ctx) & 0xff);
}

/* ---- all of them */

/* One program for all places, by the number each was attached with: what they share is verified once. */
SEC("quark_kprobe/any")
int any_kprobe(struct pt_regs *ctx)
{
	struct task_struct *current = (struct task_struct *)bpf_get_current_task();

	switch (bpf_get_attach_cookie(ctx)) {
	case WIRE_HOOK_FORK:
		return on_fork((struct task_struct *)PT_REGS_PARM1(ctx));
	case WIRE_HOOK_EXEC:
		return on_exec(current, current_tid(), (struct linux_binprm *)PT_REGS_PARM1(ctx));
	case WIRE_HOOK_EXIT:
		return (int)PT_REGS_PARM2(ctx) ? on_exit((struct task_struct *)PT_REGS_PARM1(ctx)) : 0;
	case WIRE_HOOK_SETSID:
		return on_id_change((struct task_struct *)PT_REGS_PARM1(ctx), WIRE_SETSID, NULL);
	case WIRE_HOOK_CREDENTIALS:
		return on_credentials((struct cred *)PT_REGS_PARM1(ctx));
	case WIRE_HOOK_COMM:
		return on_comm((struct task_struct *)PT_REGS_PARM1(ctx), (const char *)PT_REGS_PARM2(ctx),
		    PT_REGS_PARM3(ctx) & 0xff);
	}
	return 0;
}
