/* The process that reads the ring. */
#ifndef QUARK_BPF_READER
#define QUARK_BPF_READER

#include "core/ring.bpf.h"

/*
 * True in the reader itself: if it writes to a terminal what was written to a terminal, this must not be told again.
 * The pid is that in the reader's namespace, because another namespace may have a process with the same pid.
 */
static __always_inline bool is_reader(void)
{
	struct bpf_pidns_info who = {};

	return settings.reader_pid &&
	    bpf_get_ns_current_pid_tgid(settings.pid_ns_device, settings.pid_ns_inode, &who, sizeof(who)) == 0 &&
	    who.tgid == settings.reader_pid;
}

#endif
