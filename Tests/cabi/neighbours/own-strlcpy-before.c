/* A program's own functions of the BSDs, defined before quark.h is included: the program still uses them. */
#include <stddef.h>
#include <stdlib.h>

static size_t strlcpy(char *target, const char *source, size_t size)
{
	(void)source;
	if (size > 1) {
		target[0] = '*';
		target[1] = '\0';
	}
	return 17;
}
static size_t before(char *target)
{
	return strlcpy(target, "x", 2);
}
#define likely(_condition) (_condition)

#include <quark.h>

int main(void)
{
	char text[8];

	if (before(text) != 17 || text[0] != '*')
		return 1;
	/* After quark.h the name is ours. */
	return !(likely(strlcpy(text, "hello", sizeof(text)) == 5) && text[0] == 'h');
}
