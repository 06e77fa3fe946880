/* Different forms of declarations, for names.sh. */
#include <stdio.h>
#define API __attribute__((visibility("default"), aligned(8)))
#define LIST(name) struct name { struct name *next; }
typedef int (*callback)(void);
enum { LEFT = (1 << 2), RIGHT };
extern int one, two[4], *three;
static inline int hidden(int a) { if (a) { return 1; } return 0; }
static const char text[] = "};\"", character = '"';
static inline void hidden_too(void)
{
	puts("}{;");
}
API const char *four(int (*callback)(int), void *pointer) __attribute__((format(printf, 1, 2)));
int (*five(void))(int);
extern int (*six)(int);
LIST(list);
struct functions { int (*member)(int); };
_Static_assert(sizeof(int) == 4, "a function's parentheses");
extern struct functions seven API;
