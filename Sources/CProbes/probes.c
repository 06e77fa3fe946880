#include "probes.h"

/* #embed is C23; clang and gcc 15 have it in every mode. */
#pragma clang diagnostic ignored "-Wc23-extensions"

/* libbpf reads the object in place and needs it aligned like an ELF header. */
static const unsigned char programs[] __attribute__((aligned(16))) = {
#if __has_embed("quark.bpf.o")
#embed "quark.bpf.o"
#endif
};

const unsigned char *cprobes_programs(size_t *size)
{
	*size = sizeof(programs);
	return programs;
}
