/* The fields of a record. */
#ifndef QUARK_BPF_FIELD
#define QUARK_BPF_FIELD

#include "core/stage.bpf.h"

#include <bpf/bpf_core_read.h>

/*
 * The field that is being written, at the stage's `off`. Its cursors are in the map and not in registers: a value that
 * is loaded from a map is unknown to the verifier until it is masked, so every turn of a loop looks the same to it.
 */
#define FIELD(s) ((struct wire_field *)&(s)->bytes[(s)->off & (STAGE_BYTES - 8)])
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

/* Appends the name of one component. Returns false if there is no room for another one. */
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

static __always_inline void memory_append(
    struct stage *s, __u16 kind, unsigned long start, unsigned long end, __u32 max)
{
	__u32 orig = end - start;
	struct wire_field *f = FIELD(s);
	__u32 len = orig;

	/* Prevents clang from optimizing with facts about `len` that old verifiers cannot prove. */
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

#endif
