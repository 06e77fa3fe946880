/* A program's own global functions of the BSDs, after quark.h: they are used, and no symbol is defined twice. */
#include <quark.h>

#ifdef __cplusplus
extern "C" {
#endif
size_t strlcpy(char *target, const char *source, size_t size);
long long strtonum(const char *text, long long minimum, long long maximum, const char **reason);
#ifdef __cplusplus
}
#endif

size_t strlcpy(char *target, const char *source, size_t size)
{
	(void)target;
	(void)source;
	return size + 1;
}

long long strtonum(const char *text, long long minimum, long long maximum, const char **reason)
{
	(void)text;
	(void)reason;
	return minimum + maximum;
}

int main(void)
{
	char text[8] = "";

	/* The library is linked, too. */
	if (quark_verbose != 0 || quark_queue_get_epollfd(NULL) != -1)
		return 1;
	return !(strlcpy(text, "x", 8) == 9 && text[0] == '\0' && strtonum("1", 3, 4, NULL) == 7 &&
	    strlcat(text, "y", sizeof(text)) == 1 && text[0] == 'y');
}
