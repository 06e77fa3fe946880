/* <sys/queue.h> before quark.h: its macros stay, and quark.h adds those that it lacks. */
#include <sys/queue.h>

#include <quark.h>

struct node { int key; TAILQ_ENTRY(node) link; };
TAILQ_HEAD(list, node);

int main(void)
{
	struct list list = TAILQ_HEAD_INITIALIZER(list);
	struct node one, two, *node, *next;
	int sum = 0;

	one.key = 1;
	two.key = 2;
	TAILQ_INSERT_TAIL(&list, &one, link);
	TAILQ_INSERT_TAIL(&list, &two, link);
	TAILQ_FOREACH_SAFE(node, &list, link, next) {
		sum = 10 * sum + node->key;
		TAILQ_REMOVE(&list, node, link);
	}
	return !(sum == 12 && TAILQ_EMPTY(&list));
}
