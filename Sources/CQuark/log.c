#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quark.h"
#include "cquark_log.h"

/* The highest level that QUARK_VERBOSE can set. */
enum { MOST_VERBOSE = 1000 };

int quark_verbose;

void cquark_log_configure(void)
{
	/* secure_getenv(3) ignores the variable if the caller has fewer rights than the program. */
	const char *text = secure_getenv("QUARK_VERBOSE");
	u64 number;

	if (text == NULL)
		return;
	if (*text == '\0')
		number = 0;
	else if (strspn(text, "0123456789") != strlen(text) || strlen(text) > 4)
		number = MOST_VERBOSE;
	else
		number = strtoul(text, NULL, 10);
	quark_verbose = number > MOST_VERBOSE ? MOST_VERBOSE : (int)number;
}

void qlog_func(int pri, int do_errno, const char *func, int line, const char *fmt, ...)
{
	const int cause = errno;
	char *message = NULL;
	va_list arguments;

	if (pri > quark_verbose)
		return;
	va_start(arguments, fmt);
	/* Formatted first, so that a line is one write, also where several processes share stderr. */
	if (vasprintf(&message, fmt, arguments) == -1)
		message = NULL;
	va_end(arguments);
	fprintf(stderr, "%s: %s:%d: %s%s%s\n", program_invocation_short_name, func, line,
	    message == NULL ? fmt : message, do_errno ? ": " : "", do_errno ? strerror(cause) : "");
	free(message);
	errno = cause;
}

void cquark_log_text(int priority, const char *function, int line, const char *text)
{
	qlog_func(priority, 0, function, line, "%s", text);
}

void cquark_log_libbpf(int level, const char *format, va_list arguments)
{
	const int cause = errno;
	char *message = NULL;

	if ((level <= 1 ? QUARK_VL_WARN : QUARK_VL_DEBUG) > quark_verbose)
		return;
	if (vasprintf(&message, format, arguments) == -1)
		message = NULL;
	/* Its messages end with a newline already. */
	fprintf(stderr, "%s: %s", program_invocation_short_name, message == NULL ? format : message);
	free(message);
	errno = cause;
}
