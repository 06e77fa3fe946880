/* The BPF object as bytes. `make bpf` compiles it; before that it is empty, and opening a backend reports this. */
#ifndef QUARK_CPROBES_H
#define QUARK_CPROBES_H

#include <stddef.h>

/* bpf/quark.bpf.c */
const unsigned char *cprobes_programs(size_t *size);

#endif
