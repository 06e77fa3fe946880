/*
 * The log, for the library's own parts. Not for clients: they have quark.h.
 */
#ifndef QUARK_CQUARK_LOG_H
#define QUARK_CQUARK_LOG_H

#include <stdarg.h>

/* What QUARK_VERBOSE of the environment says: a number to 1000, "" is 0, anything else 1000; unset changes nothing. */
void cquark_log_configure(void);

/* qlog_func() for who cannot call variadic functions: `text` is no format. */
void cquark_log_text(int priority, const char *function, int line, const char *text);

/* A message of libbpf, whose levels count from the most important: 0 warnings, 1 informations, 2 the rest. */
void cquark_log_libbpf(int level, const char *format, va_list arguments);

#endif
