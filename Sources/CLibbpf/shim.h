#ifndef QUARK_CLIBBPF_SHIM_H
#define QUARK_CLIBBPF_SHIM_H

#include <stdarg.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* CLinux keeps the text; a va_list cannot pass through Swift. */
extern int clinux_log_vprint(int level, const char *format, va_list arguments);

static inline int clibbpf_print(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return level == LIBBPF_DEBUG ? 0 : clinux_log_vprint((int)level, format, arguments);
}

/* libbpf's messages go to CLinux's buffer instead of stderr. */
static inline void clibbpf_capture_log(void)
{
	libbpf_set_print(clibbpf_print);
}

#endif
