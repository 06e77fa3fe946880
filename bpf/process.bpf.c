/*
 * Fork, exec and exit of processes, as records of wire.h in one ring.
 *
 * Written for the oldest verifier we meet (5.10) and the strictest (7.1 and later refuse a map-value pointer that is
 * out of bounds even for one instruction): records grow upwards only, offsets are masked where they are used, lengths
 * are 32 bits wide from the start, and paths are sent leaf first and turned round by the reader.
 */
#include "kernel_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "wire.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define PF_KTHREAD 0x00200000	/* include/linux/sched.h */

/*
 * A record under construction. Fields begin below STAGE_FIELDS, a power of two, so that masking an offset proves it
 * to be in bounds; the slack after it holds the largest thing one helper call may write there.
 */
#define STAGE_FIELDS 65536
#define STAGE_SLACK (WIRE_ARGV_MAX + 4096)

struct stage {
	struct wire_record record;
	char fields[STAGE_FIELDS + STAGE_SLACK];
	__u32 off;		/* where in `fields` the next field goes */
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wire_ring_stats);
} ring_stats SEC(".maps");

/* One per possible CPU (set before loading): a per-CPU array's values may not exceed 32 KiB. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stage);
} stages SEC(".maps");

/*
 * A stage belongs to a CPU, so nothing else may run there until its record is sent. Tracepoints run with preemption
 * off up to 6.19; where that ended the kernel has these (6.10 and later).
 */
extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;

static __always_inline void stage_lock(void)
{
	if (bpf_preempt_disable)
		bpf_preempt_disable();
}

static __always_inline void stage_unlock(void)
{
	if (bpf_preempt_enable)
		bpf_preempt_enable();
}

static __always_inline struct stage *stage_get(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&stages, &cpu);
}

static __always_inline void count(long error)
{
	struct wire_ring_stats *stats;
	__u32 zero = 0;

	stats = bpf_map_lookup_elem(&ring_stats, &zero);
	if (!stats)
		return;
	if (error)
		stats->lost++;
	else
		stats->sent++;
}

static __always_inline __u64 capability(kernel_cap_t *cap)
{
	__u64 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), cap);
	return word;
}

static __always_inline __u32 pid_number(struct task_struct *leader, enum pid_type type)
{
	struct signal_struct *signal = BPF_CORE_READ(leader, signal);
	struct pid *pid = NULL;

	/* `type` comes from the kernel's BTF too, so the index is not a constant the compiler could fold. */
	bpf_probe_read_kernel(&pid, sizeof(pid), (void *)&signal->pids + type * sizeof(pid));
	return BPF_CORE_READ(pid, numbers[0].nr);
}

static __always_inline void task_fill(struct wire_task *out, struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct cred *cred = BPF_CORE_READ(task, cred);
	struct nsproxy *ns = BPF_CORE_READ(task, nsproxy);
	struct tty_struct *tty = BPF_CORE_READ(leader, signal, tty);

	out->start_boot_ns = BPF_CORE_READ(leader, start_boottime);
	out->cap_inheritable = capability(&cred->cap_inheritable);
	out->cap_permitted = capability(&cred->cap_permitted);
	out->cap_effective = capability(&cred->cap_effective);
	out->cap_bset = capability(&cred->cap_bset);
	out->cap_ambient = capability(&cred->cap_ambient);
	out->ppid = BPF_CORE_READ(leader, real_parent, tgid);
	out->uid = BPF_CORE_READ(cred, uid.val);
	out->gid = BPF_CORE_READ(cred, gid.val);
	out->suid = BPF_CORE_READ(cred, suid.val);
	out->sgid = BPF_CORE_READ(cred, sgid.val);
	out->euid = BPF_CORE_READ(cred, euid.val);
	out->egid = BPF_CORE_READ(cred, egid.val);
	out->pgid = pid_number(leader, bpf_core_enum_value(enum pid_type, PIDTYPE_PGID));
	out->sid = pid_number(leader, bpf_core_enum_value(enum pid_type, PIDTYPE_SID));
	out->tty_major = 0;
	out->tty_minor = 0;
	if (tty) {
		out->tty_major = BPF_CORE_READ(tty, driver, major);
		out->tty_minor = BPF_CORE_READ(tty, driver, minor_start) + BPF_CORE_READ(tty, index);
	}
	/* A process that is being torn down has no nsproxy any more: every read then yields 0. */
	out->uts_inonum = BPF_CORE_READ(ns, uts_ns, ns.inum);
	out->ipc_inonum = BPF_CORE_READ(ns, ipc_ns, ns.inum);
	out->mnt_inonum = BPF_CORE_READ(ns, mnt_ns, ns.inum);
	out->net_inonum = BPF_CORE_READ(ns, net_ns, ns.inum);
	out->exit_code = 0;
	bpf_probe_read_kernel_str(out->comm, sizeof(out->comm), &task->comm);
}

static __always_inline void record_begin(struct wire_record *r, enum wire_type type, struct task_struct *task, __u32 tid)
{
	r->time_boot_ns = bpf_ktime_get_boot_ns();
	r->size = sizeof(*r);
	r->type = type;
	r->nfields = 0;
	r->pid = BPF_CORE_READ(task, tgid);
	r->tid = tid;
	r->cpu = bpf_get_smp_processor_id();
	r->reserved = 0;
	task_fill(&r->task, task);
}

/*
 * The field under construction, at the stage's `off`. Its cursors live in the map, not in registers: what is loaded
 * from a map is unknown to the verifier until it is masked, so that every turn of a loop looks like the last one and
 * is pruned. With `len` in a register a hundred turns are a hundred times a hundred states, over the limit of a
 * million instructions.
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

/*
 * Appends the components of (mnt, dentry), leaf first, up to the task's root: the path as the task itself sees it.
 * prepend_path() in fs/d_path.c is the kernel's own way.
 */
static __always_inline void path_append(struct stage *s, __u16 kind, struct task_struct *task, struct vfsmount *mnt,
    struct dentry *dentry)
{
	struct dentry *root_dentry = BPF_CORE_READ(task, fs, root.dentry);
	struct vfsmount *root_mnt = BPF_CORE_READ(task, fs, root.mnt);
	struct wire_field *f = FIELD(s);
	struct dentry *parent;
	struct mount *mount;
	__u32 len;
	long n;
	int i;

	if (!mnt || !dentry)
		return;
	field_begin(s, kind);
	f->flags = WIRE_FIELD_CUT;
	mount = (void *)mnt - bpf_core_field_offset(((struct mount *)0)->mnt);
	for (i = 0; i < WIRE_PATH_DEPTH; i++) {
		if (dentry == root_dentry && mnt == root_mnt) {
			f->flags = 0;
			break;
		}
		parent = BPF_CORE_READ(dentry, d_parent);
		if (dentry == BPF_CORE_READ(mnt, mnt_root) || dentry == parent) {
			struct mount *up = BPF_CORE_READ(mount, mnt_parent);

			if (up != mount) {
				/* A mount's root: go on from where it is mounted. */
				dentry = BPF_CORE_READ(mount, mnt_mountpoint);
				mount = up;
				mnt = &mount->mnt;
				continue;
			}
			/* The top of a tree outside the task's root, or an unmounted file such as a memfd. */
			f->flags = 0;
			if (i > 0 || !BPF_CORE_READ(dentry, d_op, d_dname))
				break;
			f->flags = WIRE_FIELD_NAME;
		}
		len = f->len & (WIRE_PATH_MAX - 1);
		n = bpf_probe_read_kernel_str(FIELD_BYTES(s) + len, WIRE_NAME_MAX, BPF_CORE_READ(dentry, d_name.name));
		if (n <= 0)
			break;
		f->len = len + (__u32)n;
		if (f->len > WIRE_PATH_MAX - WIRE_NAME_MAX || f->flags == WIRE_FIELD_NAME)
			break;
		dentry = parent;
	}
	f->orig_len = f->len;
	field_end(s);
}

static __always_inline void argv_append(struct stage *s, struct task_struct *task)
{
	unsigned long start = BPF_CORE_READ(task, mm, arg_start);
	__u32 orig = BPF_CORE_READ(task, mm, arg_end) - start;
	struct wire_field *f = FIELD(s);
	__u32 len = orig;

	/* Keeps clang from proving things about `len` that old verifiers cannot follow. */
	barrier_var(len);
	if (len > WIRE_ARGV_MAX)
		len = WIRE_ARGV_MAX;
	if (bpf_probe_read_user(FIELD_BYTES(s), len, (void *)start) != 0)
		return;
	field_begin(s, WIRE_FIELD_ARGV);
	f->flags = len < orig ? WIRE_FIELD_CUT : 0;
	f->len = len;
	f->orig_len = orig;
	field_end(s);
}

static __always_inline void stage_send(struct stage *s)
{
	__u32 off = s->off;

	barrier_var(off);
	if (off > STAGE_FIELDS)
		off = STAGE_FIELDS;
	s->record.size = sizeof(s->record) + off;
	count(bpf_ringbuf_output(&ring, s, sizeof(s->record) + off, 0));
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
	struct task_struct *leader = BPF_CORE_READ(child, group_leader);
	struct stage *s;

	/* Threads share their group's identity; kernel threads have no process to report. */
	if (leader != child || BPF_CORE_READ(child, flags) & PF_KTHREAD)
		return 0;
	stage_lock();
	s = stage_get();
	if (s) {
		record_begin(&s->record, WIRE_FORK, child, BPF_CORE_READ(child, pid));
		s->off = 0;
		path_append(s, WIRE_FIELD_CWD, child, BPF_CORE_READ(child, fs, pwd.mnt),
		    BPF_CORE_READ(child, fs, pwd.dentry));
		stage_send(s);
	}
	stage_unlock();
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct stage *s;

	stage_lock();
	s = stage_get();
	if (s) {
		/* A thread that executes takes over its leader's identity: old_pid is who it was. */
		record_begin(&s->record, WIRE_EXEC, task, old_pid);
		s->off = 0;
		path_append(s, WIRE_FIELD_EXE, task, BPF_CORE_READ(bprm, file, f_path.mnt),
		    BPF_CORE_READ(bprm, file, f_path.dentry));
		path_append(s, WIRE_FIELD_CWD, task, BPF_CORE_READ(task, fs, pwd.mnt),
		    BPF_CORE_READ(task, fs, pwd.dentry));
		argv_append(s, task);
		stage_send(s);
	}
	stage_unlock();
	return 0;
}

/*
 * do_exit() calls disassociate_ctty(1) once per thread group, from its last thread, when the exit code is final.
 * sched_process_exit comes for every thread, and two of them may both see the group dead.
 */
SEC("fentry/disassociate_ctty")
int BPF_PROG(process_exit, int on_exit)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct wire_record *r;

	if (!on_exit || BPF_CORE_READ(task, flags) & PF_KTHREAD)
		return 0;
	r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	count(!r);
	if (!r)
		return 0;
	record_begin(r, WIRE_EXIT, task, BPF_CORE_READ(task, pid));
	r->task.exit_code = BPF_CORE_READ(task, exit_code);
	bpf_ringbuf_submit(r, 0);
	return 0;
}
