/*
 * All BPF programs, in one object. They write what happens on the machine as records of wire.h into one ring. core/ has
 * the shared code, families/ the programs, one file for each family of events.
 *
 * Each kind of record has one or more programs, for the ways to hook it; the reader of the ring loads one of them,
 * attaches it where it found a place, and knows by a trial whether it fires. The bodies are shared. A program's section
 * only says its kind: quark_raw/TRACEPOINT, quark_fentry/FUNCTION, quark_fexit/FUNCTION, quark_kprobe/FUNCTION,
 * quark_kretprobe/FUNCTION.
 *
 * The programs are written for the oldest supported verifier (5.10) and for the strictest (7.1 and later refuse a
 * map-value pointer that is out of bounds even for one instruction): records only grow upwards, offsets are masked
 * where they are used, lengths always have 32 bits, and paths are sent leaf first and reversed by the reader. One step
 * of a walk is a global function, so it is verified once, and not once per turn of the loop.
 */
#include "core/call.bpf.h"
#include "core/path.bpf.h"
#include "core/task.bpf.h"
#include "families/getpid.bpf.h"
#include "families/module.bpf.h"
#include "families/process.bpf.h"
#include "families/ptrace.bpf.h"
#include "families/shm.bpf.h"
#include "families/tty.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* ---- all of them */

/* One program for all kprobe hooks; the cookie tells which hook called it. Shared code is verified once. */
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
		call_forget();
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

/* The same for the returns of functions, whose arguments any_call() has kept. */
SEC("quark_kretprobe/any")
int any_kretprobe(struct pt_regs *ctx)
{
	switch (bpf_get_attach_cookie(ctx)) {
	case WIRE_HOOK_PTRACE_ATTACH:
		return ptrace_attach_return(ctx);
	case WIRE_HOOK_PTRACE_TRACEME:
		return ptrace_traceme_return(ctx);
	case WIRE_HOOK_PTRACE_REQUEST:
		return ptrace_request_return(ctx);
	case WIRE_HOOK_PTRACE_REQUEST_32:
		return ptrace_request_32_return(ctx);
	case WIRE_HOOK_SHMGET:
		return shmget_return(ctx);
	case WIRE_HOOK_MEMFD_CREATE:
		return memfd_create_return(ctx);
	case WIRE_HOOK_MEMFD_CREATE_32:
		return memfd_create_32_return(ctx);
	case WIRE_HOOK_TTY_WRITE:
		return tty_write_return(ctx);
	}
	return 0;
}
