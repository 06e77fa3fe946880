/*
 * The log inside the library. Private: clients include quark.h only.
 */
#ifndef QUARK_CQUARK_LOG_H
#define QUARK_CQUARK_LOG_H

#include <stdarg.h>

/*
 * Sets quark_verbose from the environment variable QUARK_VERBOSE: a number up to 1000, 0 for "", 1000 for anything
 * else. If it is unset, nothing changes.
 */
void cquark_log_configure(void);

/* qlog_func() for Swift, which cannot call variadic functions: `text` is not a format. */
void cquark_log_text(int priority, const char *function, int line, const char *text);

/* Logs a message of libbpf. `level`: 0 for a warning, 1 for an information, 2 for the rest. */
void cquark_log_libbpf(int level, const char *format, va_list arguments);

#endif
