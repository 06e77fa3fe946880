/*
 * Functions of the BSDs. They are weak: if a program defines its own strlcpy() after including quark.h, the macro gives
 * that function our name. Swift cannot define weak functions.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quark.h"

/* Bytes that one line of a dump shows. */
enum { DUMP_WIDTH = 16 };

/* Used here in place of quark_strlcpy(), since a program may replace that. */
static size_t copy(char *target, const char *source, size_t size)
{
	const size_t length = strlen(source);

	if (size > 0) {
		const size_t kept = length < size ? length : size - 1;

		memcpy(target, source, kept);
		target[kept] = '\0';
	}
	return length;
}

__weak size_t quark_strlcpy(char *target, const char *source, size_t size)
{
	return copy(target, source, size);
}

__weak size_t quark_strlcat(char *target, const char *source, size_t size)
{
	const size_t length = strnlen(target, size);

	return length + copy(target + length, source, size - length);
}

/* Converts `text` to a decimal number in this range. On an error: 0 with a reason, and errno EINVAL or ERANGE. */
__weak long long quark_strtonum(const char *text, long long minimum, long long maximum, const char **reason)
{
	const int before = errno;
	const char *words = NULL;
	long long number = 0;
	int cause = ERANGE;
	char *end;

	errno = 0;
	if (minimum <= maximum)
		number = strtoll(text, &end, 10);
	if (minimum > maximum || end == text || *end != '\0') {
		words = "invalid";
		cause = EINVAL;
	} else if (number < minimum || (errno == ERANGE && number < 0)) {
		words = "too small";
	} else if (number > maximum || errno == ERANGE) {
		words = "too large";
	}
	errno = words == NULL ? before : cause;
	if (reason != NULL)
		*reason = words;
	return words == NULL ? number : 0;
}

__weak void *quark_reallocarray(void *memory, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(memory, bytes);
}

__weak void quark_sshbuf_dump_data(const void *bytes, size_t length, FILE *file)
{
	const unsigned char *byte = (const unsigned char *)bytes;

	for (size_t start = 0; start < length; start += DUMP_WIDTH) {
		fprintf(file, "%.4zu: ", start);
		for (size_t i = start; i < start + DUMP_WIDTH; i++) {
			if (i < length)
				fprintf(file, "%02x ", byte[i]);
			else
				fputs("   ", file);
		}
		fputc(' ', file);
		for (size_t i = start; i < start + DUMP_WIDTH && i < length; i++)
			fputc(byte[i] >= ' ' && byte[i] <= '~' ? byte[i] : '.', file);
		fputc('\n', file);
	}
}
