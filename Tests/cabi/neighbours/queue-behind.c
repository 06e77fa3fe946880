/* <sys/queue.h> after quark.h, with a list that was declared before: both have the same layout. */
#include <quark.h>

struct node { int key; TAILQ_ENTRY(node) link; };
TAILQ_HEAD(list, node);

#include <sys/queue.h>

int main(void)
{
	struct list list = TAILQ_HEAD_INITIALIZER(list);
	struct node one, two, *node;
	int sum = 0;

	one.key = 1;
	two.key = 2;
	TAILQ_INSERT_TAIL(&list, &two, link);
	TAILQ_INSERT_HEAD(&list, &one, link);
	TAILQ_FOREACH_REVERSE(node, &list, list, link)
		sum = 10 * sum + node->key;
	return sum != 21;
}
