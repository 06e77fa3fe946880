/* The BPF objects as bytes. `make bpf` compiles them; before that they are empty, and opening a backend says so. */
#ifndef QUARK_CPROBES_H
#define QUARK_CPROBES_H

#include <stddef.h>

/* bpf/process.bpf.c */
const unsigned char *cprobes_process(size_t *size);

#endif
