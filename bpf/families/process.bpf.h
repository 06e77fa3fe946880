/* The process family: fork, exec, exit, changes of ids, changes of names. */
#ifndef QUARK_BPF_PROCESS
#define QUARK_BPF_PROCESS

#include "core/call.bpf.h"
#include "core/path.bpf.h"
#include "core/task.bpf.h"

#define SIGNAL_GROUP_EXIT 0x00000004	/* include/linux/sched/signal.h */

struct identity {
	__u64 start_boot_ns;
	__u64 pid;
};

/* Notes about a process. */
enum {
	NOTE_EXITED = 1,	/* its exit was reported while other threads of it were about to report it, too */
	NOTE_HELPER = 2,	/* the kernel made it to execute a program, and its fork was reported */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct identity);
	__type(value, __u32);
} notes SEC(".maps");

static __always_inline struct identity identify(struct task_struct *task)
{
	return (struct identity) {
		.start_boot_ns = BPF_CORE_READ(task, group_leader, start_boottime),
		.pid = BPF_CORE_READ(task, tgid),
	};
}

static __always_inline __u32 note_of(struct task_struct *task)
{
	struct identity identity = identify(task);
	__u32 *note = bpf_map_lookup_elem(&notes, &identity);

	return note ? *note : 0;
}

/* Returns the error of bpf_map_update_elem(): -EEXIST with BPF_NOEXIST if there is a note already. */
static __always_inline long note(struct task_struct *task, __u32 note, __u64 flags)
{
	struct identity identity = identify(task);

	return bpf_map_update_elem(&notes, &identity, &note, flags);
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

/* The kernel changes `interp` when the executed file names an interpreter: fs/binfmt_script.c. */
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

/* kthreadd, which makes all kernel threads: rest_init() in init/main.c. */
#define KTHREADD_PID 2

static __always_inline int on_fork(struct task_struct *child)
{
	struct stage *s;
	__u32 slot;

	/* A new thread is not a new process. */
	if (BPF_CORE_READ(child, group_leader) != child)
		return 0;
	/*
	 * Kernel threads are not reported. A child of a kernel thread other than kthreadd is about to execute a
	 * program, for example that of core_pattern: kernel/umh.c. Before 5.19 it is a kernel thread until then.
	 */
	if (is_kernel_thread(child)) {
		if (bpf_get_current_pid_tgid() >> 32 == KTHREADD_PID)
			return 0;
		note(child, NOTE_HELPER, BPF_ANY);
	}
	s = stage_get(&slot, WIRE_FAMILY_PROCESS);
	if (s) {
		task_begin(slot, WIRE_FORK, (__u64)child, BPF_CORE_READ(child, pid), 0);
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

	s = stage_get(&slot, WIRE_FAMILY_PROCESS);
	if (s) {
		/* A thread that executes a program takes over the pid of its leader: old_pid is its own former id. */
		task_begin(slot, WIRE_EXEC, (__u64)task, old_pid, 0);
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

/* finalize_exec(binprm): a binary format calls it last, when nothing can fail any more. The former id is not known. */
SEC("quark_kprobe/finalize_exec")
int exec_kprobe(struct pt_regs *ctx)
{
	return on_exec((struct task_struct *)bpf_get_current_task(), current_tid(),
	    (struct linux_binprm *)PT_REGS_PARM1(ctx));
}

/* Here the script is not known either. */
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

	/* A helper that could not execute its program is a kernel thread until its end. */
	if (is_kernel_thread(task) && note_of(task) != NOTE_HELPER)
		return 0;
	s = stage_get(&slot, WIRE_FAMILY_PROCESS);
	if (s) {
		task_begin(slot, WIRE_EXIT, (__u64)task, BPF_CORE_READ(task, pid), 0);
		/* The status that wait(2) returns: wait_task_zombie() in kernel/exit.c. */
		TASK(s)->exit_code = BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT ?
		    BPF_CORE_READ(signal, group_exit_code) : BPF_CORE_READ(task, group_leader, exit_code);
		cwd_append(slot, (__u64)task);
		cgroup_append(slot, (__u64)task);
		stage_send(slot);
	}
	return 0;
}

/* The tracepoint fires for each thread, before the process releases its files, directories and namespaces. */
SEC("quark_raw/sched_process_exit")
int exit_raw(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx->args[0];
	struct signal_struct *signal = BPF_CORE_READ(task, signal);

	call_forget();
	if (settings.exit_has_group_dead) {
		if (!(ctx->args[1] & 0xff))
			return 0;
	} else {
		if (BPF_CORE_READ(signal, live.counter) != 0)
			return 0;
		/*
		 * If two threads end at the same time, both find no other living thread; the first one reports the
		 * exit. When the second one looks, the first may be gone, and the group may have one thread.
		 */
		if (BPF_CORE_READ(signal, nr_threads) > 1) {
			/*
			 * If there is no room for the note, or another note exists, both report the exit, which the
			 * reader treats as one exit.
			 */
			if (note(task, NOTE_EXITED, BPF_NOEXIST) == -EEXIST && note_of(task) == NOTE_EXITED)
				return 0;
		} else if (note_of(task) == NOTE_EXITED) {
			return 0;
		}
	}
	return on_exit(task);
}

/* taskstats_exit(task, group_dead), called for each thread. */
SEC("quark_kprobe/taskstats_exit")
int exit_kprobe(struct pt_regs *ctx)
{
	call_forget();
	if (!(int)PT_REGS_PARM2(ctx))
		return 0;
	return on_exit((struct task_struct *)PT_REGS_PARM1(ctx));
}

/*
 * do_exit() calls disassociate_ctty(1) once per thread group, from its last thread; its directory is gone then. What the
 * other threads left of their calls stays until it has to make room.
 */
SEC("quark_kprobe/disassociate_ctty")
int exit_kprobe_late(struct pt_regs *ctx)
{
	call_forget();
	if (!(int)PT_REGS_PARM1(ctx))
		return 0;
	return on_exit((struct task_struct *)bpf_get_current_task());
}

/* ---- ids */

static __always_inline int on_id_change(struct task_struct *task, __u32 change, struct cred *cred)
{
	struct wire_id_change *body;
	struct stage *s;
	__u32 slot;

	s = stage_get(&slot, WIRE_FAMILY_PROCESS);
	if (s) {
		task_begin(slot, WIRE_ID_CHANGE, (__u64)task, current_tid(), (__u64)cred);
		body = (struct wire_id_change *)s->bytes;
		body->bits = change;
		body->reserved = 0;
		s->off = sizeof(*body);
		cwd_append(slot, (__u64)task);
		stage_send(slot);
	}
	return 0;
}

/* proc_sid_connector(leader), sched_autogroup_create_attach(leader): ksys_setsid() calls both at its end. */
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

/* commit_creds(new): all changes of credentials call it, also those of an exec. */
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

/* The change of name by an exec is part of the exec. */
static __always_inline int on_comm(struct task_struct *task, const char *name, bool exec)
{
	struct stage *s;
	__u32 slot;

	if (exec || BPF_CORE_READ(task, group_leader) != task || is_kernel_thread(task))
		return 0;
	s = stage_get(&slot, WIRE_FAMILY_PROCESS);
	if (s) {
		task_begin(slot, WIRE_COMM, (__u64)task, current_tid(), 0);
		bpf_probe_read_kernel_str(TASK(s)->comm, sizeof(TASK(s)->comm), name);
		cwd_append(slot, (__u64)task);
		stage_send(slot);
	}
	return 0;
}

/* Before an exec changes the name, it locks a mutex of its process: prepare_bprm_creds() in fs/exec.c. */
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

/* task_rename(task, name), in __set_task_comm(), before the change. */
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

#endif
