/*
 * What is written to terminals. All of it comes to the line discipline, n_tty_write(), whatever way it took: write(2),
 * writev(2), splice(2), io_uring, /dev/console. Whatever the pieces were in the memory of the process, there it is in
 * one piece of the kernel's own memory, of 2 KiB at most; and what the function returns is how much of it was taken. The
 * rest comes again.
 */
#ifndef QUARK_BPF_TTY
#define QUARK_BPF_TTY

#include "core/call.bpf.h"
#include "core/field.bpf.h"
#include "core/reader.bpf.h"

/* include/uapi/linux/major.h: the old pseudo terminals, and those of devpts, which have eight numbers. */
#define PTY_MASTER_MAJOR 2
#define UNIX98_PTY_MASTER_MAJOR 128
#define UNIX98_PTY_MAJOR_COUNT 8

#define ECHO 0000010				/* include/uapi/asm-generic/termbits.h */

SEC("quark_kprobe/tty_write")
int tty_write_kprobe(struct pt_regs *ctx)
{
	return call_begin(ctx, WIRE_FAMILY_TTY);
}

static __always_inline bool is_master(struct tty_struct *tty)
{
	__u32 major = BPF_CORE_READ(tty, driver, major);

	return major == PTY_MASTER_MAJOR || major - UNIX98_PTY_MASTER_MAJOR < UNIX98_PTY_MAJOR_COUNT;
}

static __always_inline void tty_append(struct stage *s, const void *data, __u32 orig)
{
	struct wire_field *f = FIELD(s);
	__u32 len = orig;

	/* As in memory_append(). */
	barrier_var(len);
	if (len > WIRE_TTY_MAX)
		len = WIRE_TTY_MAX;
	if (bpf_probe_read_kernel(FIELD_BYTES(s), len, data) != 0)
		len = 0;
	field_begin(s, WIRE_FIELD_TTY);
	f->flags = len < orig ? WIRE_FIELD_CUT : 0;
	f->len = len;
	f->orig_len = orig;
	((struct wire_tty *)s->bytes)->len = len;
	field_end(s);
}

/* Global, as stage_take() is: the addresses are pointers. */
__noinline int on_tty_write(__u64 tty_address, __u64 data, __u32 written)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct tty_struct *tty = (struct tty_struct *)tty_address;
	bool is_input = is_master(tty);
	struct wire_tty *body;
	struct stage *s;
	__u32 slot, lflag;

	/* What is typed goes to the slave, which echoes it or does not: a password. */
	if (is_input)
		tty = BPF_CORE_READ(tty, link);
	lflag = BPF_CORE_READ(tty, termios.c_lflag);
	if ((is_input && !(lflag & ECHO)) || is_reader())
		return 0;
	s = stage_get(&slot, WIRE_FAMILY_TTY);
	if (s) {
		record_begin(s, is_input ? WIRE_TTY_INPUT : WIRE_TTY, task, current_tid());
		body = (struct wire_tty *)s->bytes;
		body->start_boot_ns = BPF_CORE_READ(task, group_leader, start_boottime);
		body->major = BPF_CORE_READ(tty, driver, major);
		body->minor = BPF_CORE_READ(tty, driver, minor_start) + BPF_CORE_READ(tty, index);
		body->cflag = BPF_CORE_READ(tty, termios.c_cflag);
		body->iflag = BPF_CORE_READ(tty, termios.c_iflag);
		body->lflag = lflag;
		body->oflag = BPF_CORE_READ(tty, termios.c_oflag);
		body->cols = BPF_CORE_READ(tty, winsize.ws_col);
		body->rows = BPF_CORE_READ(tty, winsize.ws_row);
		s->off = sizeof(*body);
		tty_append(s, (const void *)data, written);
		stage_send(slot);
	}
	return 0;
}

/* n_tty_write(tty, file, data, length): how much of it was taken, or an error. */
static __always_inline bool tty_write_failed(long result)
{
	return result <= 0;
}

static __always_inline int tty_write_done(const __u64 *arguments, long result)
{
	return on_tty_write(arguments[0], arguments[2], result);
}
AT_RETURN(tty_write, 4, WIRE_FAMILY_TTY)

#endif
