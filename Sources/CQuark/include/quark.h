/*
 * quark: reports what the processes of a Linux machine do, in order.
 *
 * This is the only public header, for C and C++; compile with -D_GNU_SOURCE. These structures are the library's own
 * storage: Swift and C read the same bytes. Pointers that the library returns belong to the queue and are valid until
 * the next quark_queue_get_event() on it. A function of type int returns 0, or -1 with errno, unless its comment says
 * otherwise.
 *
 * The header has two generations. A program chooses one by defining QUARK_API before it includes the header: 7 (the
 * default) or 9. They differ in the times of events and processes, in the layout of some structures, and in how a
 * backend is chosen. Each queue keeps the generation that it was opened with, so parts of one program may use different
 * generations.
 */
#ifndef QUARK_H
#define QUARK_H

#include <sys/socket.h>
#include <sys/types.h>

#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <netinet/in.h>

#include <linux/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;	/* unsigned long long on every machine: print it with %llu */
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;

/* Tells Swift that a structure of settings is safe: its only pointer is compared and stored, never followed. */
#ifdef __swift__
#define QUARK_SWIFT_SAFE __attribute__((swift_attr("safe")))
#else
#define QUARK_SWIFT_SAFE
#endif

#define QUARK_VERSION "0.1"

/* 7: times are ns since the epoch. 9: they are ns since boot, suspend included. */
#ifndef QUARK_API
#define QUARK_API 7
#endif
#if QUARK_API != 7 && QUARK_API != 9
#error "QUARK_API is 7 or 9"
#endif

/* Helper macros for C programs. Swift has its own. */
#ifndef __swift__

#ifndef nitems
#define nitems(_array)		(sizeof(_array) / sizeof((_array)[0]))
#endif
#ifndef likely
#define likely(_condition)	__builtin_expect(!!(_condition), 1)
#endif
#ifndef unlikely
#define unlikely(_condition)	__builtin_expect(!!(_condition), 0)
#endif
#ifndef __aligned
#define __aligned(_bytes)	__attribute__((aligned(_bytes)))
#endif
#ifndef __weak
#define __weak			__attribute__((weak))
#endif
/* Rounds up to the next multiple of `_bytes`, which is a power of two. */
#ifndef ALIGN_UP
#define ALIGN_UP(_value, _bytes) (((u64)(_value) + ((u64)(_bytes) - 1)) & ~((u64)(_bytes) - 1))
#endif

#ifndef NS_PER_S
#define NS_PER_S		1000000000ULL
#endif
#ifndef NS_PER_MS
#define NS_PER_MS		1000000ULL
#endif
#ifndef MS_TO_NS
#define MS_TO_NS(_ms)		((u64)(_ms) * NS_PER_MS)
#endif
#ifndef NS_TO_S
#define NS_TO_S(_ns)		((u64)(_ns) / NS_PER_S)
#endif

/*
 * Tail queues as in queue(3) of the BSDs. All names are the same, those of the members too, so a program may also
 * include <sys/queue.h>, before or after this header.
 */
#ifndef TAILQ_HEAD
#define TAILQ_HEAD(_name, _type)	struct _name { struct _type *tqh_first; struct _type **tqh_last; }
#define TAILQ_ENTRY(_type)		struct { struct _type *tqe_next; struct _type **tqe_prev; }
#define TAILQ_HEAD_INITIALIZER(_head)	{ NULL, &(_head).tqh_first }
#define TAILQ_INIT(_head) do {								\
	(_head)->tqh_first = NULL;							\
	(_head)->tqh_last = &(_head)->tqh_first;					\
} while (0)
#define TAILQ_EMPTY(_head)		((_head)->tqh_first == NULL)
#define TAILQ_FIRST(_head)		((_head)->tqh_first)
#define TAILQ_NEXT(_element, _field)	((_element)->_field.tqe_next)
/* A head and an entry have the same layout: first the pointer to an element, then the pointer back. */
#define TAILQ_LAST(_head, _name)	(*((struct _name *)(void *)(_head)->tqh_last)->tqh_last)
#define TAILQ_PREV(_element, _name, _field)						\
	(*((struct _name *)(void *)(_element)->_field.tqe_prev)->tqh_last)
#define TAILQ_INSERT_HEAD(_head, _element, _field) do {					\
	if (((_element)->_field.tqe_next = (_head)->tqh_first) != NULL)			\
		(_head)->tqh_first->_field.tqe_prev = &(_element)->_field.tqe_next;	\
	else										\
		(_head)->tqh_last = &(_element)->_field.tqe_next;			\
	(_head)->tqh_first = (_element);						\
	(_element)->_field.tqe_prev = &(_head)->tqh_first;				\
} while (0)
#define TAILQ_INSERT_TAIL(_head, _element, _field) do {					\
	(_element)->_field.tqe_next = NULL;						\
	(_element)->_field.tqe_prev = (_head)->tqh_last;				\
	*(_head)->tqh_last = (_element);						\
	(_head)->tqh_last = &(_element)->_field.tqe_next;				\
} while (0)
#define TAILQ_INSERT_AFTER(_head, _at, _element, _field) do {				\
	if (((_element)->_field.tqe_next = (_at)->_field.tqe_next) != NULL)		\
		(_at)->_field.tqe_next->_field.tqe_prev = &(_element)->_field.tqe_next;	\
	else										\
		(_head)->tqh_last = &(_element)->_field.tqe_next;			\
	(_at)->_field.tqe_next = (_element);						\
	(_element)->_field.tqe_prev = &(_at)->_field.tqe_next;				\
} while (0)
#define TAILQ_INSERT_BEFORE(_at, _element, _field) do {					\
	(_element)->_field.tqe_prev = (_at)->_field.tqe_prev;				\
	(_element)->_field.tqe_next = (_at);						\
	*(_at)->_field.tqe_prev = (_element);						\
	(_at)->_field.tqe_prev = &(_element)->_field.tqe_next;				\
} while (0)
#define TAILQ_REMOVE(_head, _element, _field) do {					\
	if ((_element)->_field.tqe_next != NULL)					\
		(_element)->_field.tqe_next->_field.tqe_prev = (_element)->_field.tqe_prev;	\
	else										\
		(_head)->tqh_last = (_element)->_field.tqe_prev;			\
	*(_element)->_field.tqe_prev = (_element)->_field.tqe_next;			\
} while (0)
#define TAILQ_CONCAT(_head, _other, _field) do {					\
	if ((_other)->tqh_first != NULL) {						\
		*(_head)->tqh_last = (_other)->tqh_first;				\
		(_other)->tqh_first->_field.tqe_prev = (_head)->tqh_last;		\
		(_head)->tqh_last = (_other)->tqh_last;					\
		TAILQ_INIT(_other);							\
	}										\
} while (0)
#define TAILQ_FOREACH(_element, _head, _field)						\
	for ((_element) = TAILQ_FIRST(_head); (_element) != NULL; (_element) = TAILQ_NEXT(_element, _field))
#define TAILQ_FOREACH_REVERSE(_element, _head, _name, _field)				\
	for ((_element) = TAILQ_LAST(_head, _name); (_element) != NULL;			\
	    (_element) = TAILQ_PREV(_element, _name, _field))
#endif /* !TAILQ_HEAD */
/* Macros that some <sys/queue.h> lack. During a _SAFE walk the current element may be removed and freed. */
#ifndef TAILQ_FOREACH_FROM
#define TAILQ_FOREACH_FROM(_element, _head, _field)					\
	for ((_element) = (_element) != NULL ? (_element) : TAILQ_FIRST(_head); (_element) != NULL;	\
	    (_element) = TAILQ_NEXT(_element, _field))
#endif
#ifndef TAILQ_FOREACH_SAFE
#define TAILQ_FOREACH_SAFE(_element, _head, _field, _next)				\
	for ((_element) = TAILQ_FIRST(_head);						\
	    (_element) != NULL && ((_next) = TAILQ_NEXT(_element, _field), 1); (_element) = (_next))
#endif
#ifndef TAILQ_FOREACH_REVERSE_SAFE
#define TAILQ_FOREACH_REVERSE_SAFE(_element, _head, _name, _field, _next)		\
	for ((_element) = TAILQ_LAST(_head, _name);					\
	    (_element) != NULL && ((_next) = TAILQ_PREV(_element, _name, _field), 1); (_element) = (_next))
#endif

/*
 * Balanced trees with the names of tree(3) of FreeBSD. Each key is in the tree once. A search, and a step to the next
 * element in order, take logarithmic time. The implementation is an AVL tree.
 */
#ifndef RB_HEAD
struct quark_rb_node {
	struct quark_rb_node *left;
	struct quark_rb_node *right;
	struct quark_rb_node *parent;
	int height;			/* of the subtree, 1 for a leaf */
};

static inline int quark_rb_height(const struct quark_rb_node *node)
{
	return node == NULL ? 0 : node->height;
}

static inline void quark_rb_measure(struct quark_rb_node *node)
{
	const int left = quark_rb_height(node->left), right = quark_rb_height(node->right);

	node->height = (left > right ? left : right) + 1;
}

/* Puts `replacement`, which may be NULL, in the place of `node` below its parent. */
static inline void quark_rb_replace(struct quark_rb_node **root, struct quark_rb_node *node,
    struct quark_rb_node *replacement)
{
	if (node->parent == NULL)
		*root = replacement;
	else if (node->parent->left == node)
		node->parent->left = replacement;
	else
		node->parent->right = replacement;
	if (replacement != NULL)
		replacement->parent = node->parent;
}

/* Puts `child`, the higher child of `node`, in the place of `node`, and `node` below it. */
static inline struct quark_rb_node *quark_rb_rotate(struct quark_rb_node **root, struct quark_rb_node *node,
    struct quark_rb_node *child)
{
	struct quark_rb_node **up = child == node->left ? &child->right : &child->left;
	struct quark_rb_node **down = child == node->left ? &node->left : &node->right;

	quark_rb_replace(root, node, child);
	if ((*down = *up) != NULL)
		(*down)->parent = node;
	*up = node;
	node->parent = child;
	quark_rb_measure(node);
	quark_rb_measure(child);
	return child;
}

/* Rebalances `node` and all nodes above it, so that the two subtrees of each differ in height by 1 at most. */
static inline void quark_rb_balance(struct quark_rb_node **root, struct quark_rb_node *node)
{
	for (; node != NULL; node = node->parent) {
		const int lean = quark_rb_height(node->left) - quark_rb_height(node->right);
		struct quark_rb_node *child = lean > 0 ? node->left : node->right;

		if (lean > 1 || lean < -1) {
			struct quark_rb_node *inner = lean > 0 ? child->right : child->left;
			struct quark_rb_node *outer = lean > 0 ? child->left : child->right;

			if (quark_rb_height(inner) > quark_rb_height(outer))
				child = quark_rb_rotate(root, child, inner);
			node = quark_rb_rotate(root, node, child);
		} else {
			quark_rb_measure(node);
		}
	}
}

static inline void quark_rb_insert(struct quark_rb_node **root, struct quark_rb_node *parent, int is_left,
    struct quark_rb_node *node)
{
	node->left = node->right = NULL;
	node->parent = parent;
	node->height = 1;
	if (parent == NULL)
		*root = node;
	else if (is_left)
		parent->left = node;
	else
		parent->right = node;
	quark_rb_balance(root, parent);
}

/* The outermost node below `node` on one side. */
static inline struct quark_rb_node *quark_rb_end(struct quark_rb_node *node, int is_left)
{
	struct quark_rb_node *child = node;

	while (child != NULL) {
		node = child;
		child = is_left ? node->left : node->right;
	}
	return node;
}

/* The next node in order, or the previous one if `is_left`. */
static inline struct quark_rb_node *quark_rb_step(struct quark_rb_node *node, int is_left)
{
	struct quark_rb_node *below = is_left ? node->left : node->right;

	if (below != NULL)
		return quark_rb_end(below, !is_left);
	while (node->parent != NULL && node == (is_left ? node->parent->left : node->parent->right))
		node = node->parent;
	return node->parent;
}

static inline void quark_rb_remove(struct quark_rb_node **root, struct quark_rb_node *node)
{
	struct quark_rb_node *lowest;

	if (node->left == NULL || node->right == NULL) {
		lowest = node->parent;
		quark_rb_replace(root, node, node->left != NULL ? node->left : node->right);
	} else {
		struct quark_rb_node *next = quark_rb_end(node->right, 1);

		lowest = next->parent == node ? next : next->parent;
		quark_rb_replace(root, next, next->right);
		quark_rb_replace(root, node, next);
		next->left = node->left;
		next->left->parent = next;
		if ((next->right = node->right) != NULL)
			next->right->parent = next;
	}
	quark_rb_balance(root, lowest);
}

#define RB_HEAD(_name, _type)		struct _name { struct _type *rbh_root; }
#define RB_ENTRY(_type)			struct quark_rb_node
#define RB_INITIALIZER(_head)		{ NULL }
#define RB_INIT(_head)			do { (_head)->rbh_root = NULL; } while (0)
#define RB_ROOT(_head)			((_head)->rbh_root)
#define RB_EMPTY(_head)			((_head)->rbh_root == NULL)
/* The element that contains a node, as a pointer of the type of `_element`; NULL if the node is NULL. */
#define QUARK_RB_ELEMENT(_node, _element, _field)					\
	((__typeof__(_element))quark_rb_element(_node, (size_t)((char *)&(_element)->_field - (char *)(_element))))
static inline void *quark_rb_element(struct quark_rb_node *node, size_t offset)
{
	return node == NULL ? NULL : (void *)((char *)node - offset);
}
#define RB_LEFT(_element, _field)	QUARK_RB_ELEMENT((_element)->_field.left, _element, _field)
#define RB_RIGHT(_element, _field)	QUARK_RB_ELEMENT((_element)->_field.right, _element, _field)
#define RB_PARENT(_element, _field)	QUARK_RB_ELEMENT((_element)->_field.parent, _element, _field)

#define RB_PROTOTYPE(_name, _type, _field, _compare)	QUARK_RB_PROTOTYPE(_name, _type, )
#define RB_PROTOTYPE_STATIC(_name, _type, _field, _compare)				\
	QUARK_RB_PROTOTYPE(_name, _type, static __attribute__((unused)))
#define QUARK_RB_PROTOTYPE(_name, _type, _linkage)					\
_linkage struct _type *_name##_RB_INSERT(struct _name *head, struct _type *element);	\
_linkage struct _type *_name##_RB_REMOVE(struct _name *head, struct _type *element);	\
_linkage struct _type *_name##_RB_FIND(struct _name *head, struct _type *key);		\
_linkage struct _type *_name##_RB_NFIND(struct _name *head, struct _type *key);		\
_linkage struct _type *_name##_RB_MINMAX(struct _name *head, int side);			\
_linkage struct _type *_name##_RB_NEXT(struct _type *element);				\
_linkage struct _type *_name##_RB_PREV(struct _type *element);

#define RB_GENERATE(_name, _type, _field, _compare) QUARK_RB_GENERATE(_name, _type, _field, _compare, )
#define RB_GENERATE_STATIC(_name, _type, _field, _compare)				\
	QUARK_RB_GENERATE(_name, _type, _field, _compare, static __attribute__((unused)))
#define QUARK_RB_GENERATE(_name, _type, _field, _compare, _linkage)			\
static inline struct _type *_name##_RB_ELEMENT(struct quark_rb_node *node)		\
{											\
	return (struct _type *)quark_rb_element(node, offsetof(struct _type, _field));	\
}											\
/* Returns NULL, or the element already in the tree that compares equal. */		\
_linkage struct _type *_name##_RB_INSERT(struct _name *head, struct _type *element)	\
{											\
	struct quark_rb_node *root = NULL;						\
	struct _type *parent = NULL, *next = head->rbh_root;				\
	int order = 0;									\
											\
	while (next != NULL) {								\
		parent = next;								\
		order = (_compare)(element, parent);					\
		if (order == 0)								\
			return parent;							\
		next = _name##_RB_ELEMENT(order < 0 ? parent->_field.left : parent->_field.right);	\
	}										\
	if (head->rbh_root != NULL)							\
		root = &head->rbh_root->_field;						\
	quark_rb_insert(&root, parent == NULL ? NULL : &parent->_field, order < 0, &element->_field);	\
	head->rbh_root = _name##_RB_ELEMENT(root);					\
	return NULL;									\
}											\
_linkage struct _type *_name##_RB_REMOVE(struct _name *head, struct _type *element)	\
{											\
	struct quark_rb_node *root = &head->rbh_root->_field;				\
											\
	quark_rb_remove(&root, &element->_field);					\
	head->rbh_root = _name##_RB_ELEMENT(root);					\
	return element;									\
}											\
_linkage struct _type *_name##_RB_FIND(struct _name *head, struct _type *key)		\
{											\
	struct _type *next = head->rbh_root;						\
	int order;									\
											\
	while (next != NULL && (order = (_compare)(key, next)) != 0)			\
		next = _name##_RB_ELEMENT(order < 0 ? next->_field.left : next->_field.right);	\
	return next;									\
}											\
/* The first element that is not below the key. */					\
_linkage struct _type *_name##_RB_NFIND(struct _name *head, struct _type *key)		\
{											\
	struct _type *result = NULL, *next = head->rbh_root;				\
	int order;									\
											\
	while (next != NULL && (order = (_compare)(key, next)) != 0) {			\
		if (order < 0)								\
			result = next;							\
		next = _name##_RB_ELEMENT(order < 0 ? next->_field.left : next->_field.right);	\
	}										\
	return next != NULL ? next : result;						\
}											\
_linkage struct _type *_name##_RB_MINMAX(struct _name *head, int side)			\
{											\
	if (head->rbh_root == NULL)							\
		return NULL;								\
	return _name##_RB_ELEMENT(quark_rb_end(&head->rbh_root->_field, side < 0));	\
}											\
_linkage struct _type *_name##_RB_NEXT(struct _type *element)				\
{											\
	return _name##_RB_ELEMENT(quark_rb_step(&element->_field, 0));			\
}											\
_linkage struct _type *_name##_RB_PREV(struct _type *element)				\
{											\
	return _name##_RB_ELEMENT(quark_rb_step(&element->_field, 1));			\
}

#define RB_NEGINF			(-1)
#define RB_INF				1
#define RB_INSERT(_name, _head, _element)	_name##_RB_INSERT(_head, _element)
#define RB_REMOVE(_name, _head, _element)	_name##_RB_REMOVE(_head, _element)
#define RB_FIND(_name, _head, _key)		_name##_RB_FIND(_head, _key)
#define RB_NFIND(_name, _head, _key)		_name##_RB_NFIND(_head, _key)
#define RB_NEXT(_name, _head, _element)		_name##_RB_NEXT(_element)
#define RB_PREV(_name, _head, _element)		_name##_RB_PREV(_element)
#define RB_MIN(_name, _head)			_name##_RB_MINMAX(_head, RB_NEGINF)
#define RB_MAX(_name, _head)			_name##_RB_MINMAX(_head, RB_INF)
#define RB_FOREACH(_element, _name, _head)						\
	for ((_element) = RB_MIN(_name, _head); (_element) != NULL; (_element) = _name##_RB_NEXT(_element))
#define RB_FOREACH_FROM(_element, _name, _next)						\
	for ((_element) = (_next); (_element) != NULL; (_element) = _name##_RB_NEXT(_element))
#define RB_FOREACH_SAFE(_element, _name, _head, _next)					\
	for ((_element) = RB_MIN(_name, _head);						\
	    (_element) != NULL && ((_next) = _name##_RB_NEXT(_element), 1); (_element) = (_next))
#define RB_FOREACH_REVERSE(_element, _name, _head)					\
	for ((_element) = RB_MAX(_name, _head); (_element) != NULL; (_element) = _name##_RB_PREV(_element))
#define RB_FOREACH_REVERSE_FROM(_element, _name, _next)					\
	for ((_element) = (_next); (_element) != NULL; (_element) = _name##_RB_PREV(_element))
#define RB_FOREACH_REVERSE_SAFE(_element, _name, _head, _next)				\
	for ((_element) = RB_MAX(_name, _head);						\
	    (_element) != NULL && ((_next) = _name##_RB_PREV(_element), 1); (_element) = (_next))
#endif /* !RB_HEAD */

#endif /* !__swift__ */

/* quark_queue_attr.flags; bits from 24 up are flags that only this library has */
#define QQ_THREAD_EVENTS	(1 << 0)
#define QQ_KPROBE		(1 << 1)
#define QQ_EBPF			(1 << 2)
#define QQ_MIN_AGG		(1 << 3)
#define QQ_ENTRY_LEADER		(1 << 4)
#define QQ_SOCK_CONN		(1 << 5)
#define QQ_DNS			(1 << 6)
#define QQ_BYPASS		(1 << 7)
#define QQ_FILE			(1 << 8)
#define QQ_SHM			(1 << 9)
#define QQ_TTY			(1 << 10)
#define QQ_PTRACE		(1 << 11)
#define QQ_MODULE_LOAD		(1 << 12)
#define QQ_GETPID		(1 << 13)
#define QQ_NOVA			(1 << 14)
#define QQ_MPROTECT		(1 << 15)
#define QQ_SELF_TEST		(1 << 24)	/* opening tries the backend on a process of its own */
#define QQ_FALLBACK		(1 << 25)	/* of several backends the first that works; 7: it is so anyway */
#define QQ_SALTED_IDS		(1 << 26)	/* entity ids that no other boot or machine has; 7: they are so anyway */
#define QQ_STRICT		(1 << 27)	/* opening fails where less would be told than is asked for */
#if QUARK_API < 9
#define QQ_ALL_BACKENDS		(QQ_KPROBE | QQ_EBPF)
#endif

/* quark_event.events; bits from 32 up are events that only this library has */
#define QUARK_EV_FORK			(1 << 0)
#define QUARK_EV_EXEC			(1 << 1)
#define QUARK_EV_EXIT			(1 << 2)
#define QUARK_EV_ID_CHANGE		(1 << 3)
#define QUARK_EV_SETPROCTITLE		(1 << 4)
#define QUARK_EV_SOCK_CONN_ESTABLISHED	(1 << 5)
#define QUARK_EV_SOCK_CONN_CLOSED	(1 << 6)
#define QUARK_EV_PACKET			(1 << 7)
#define QUARK_EV_BYPASS			(1 << 8)
#define QUARK_EV_FILE			(1 << 9)
#define QUARK_EV_PTRACE			(1 << 10)
#define QUARK_EV_MODULE_LOAD		(1 << 11)
#define QUARK_EV_SHM			(1 << 12)
#define QUARK_EV_TTY			(1 << 13)
#define QUARK_EV_GETPID			(1 << 14)
#define QUARK_EV_MPROTECT		(1 << 15)

/* quark_process.flags */
#define QUARK_F_PROC	(1 << 0)	/* the proc_ members are valid */
#define QUARK_F_EXIT	(1 << 1)	/* exit_code and exit_time_event are valid */
#define QUARK_F_LATE_CWD	(1 << 2)	/* cwd was read later than the event, and may have changed in between */
#define QUARK_F_LATE_CMDLINE	(1 << 3)	/* the same for cmdline */

/* quark_event.id_change */
#define QUARK_ID_CHANGE_SETSID	1
#define QUARK_ID_CHANGE_SETUID	2
#define QUARK_ID_CHANGE_SETGID	4

/* quark_file.op_mask */
#define QUARK_FILE_OP_CREATE	1
#define QUARK_FILE_OP_MODIFY	2
#define QUARK_FILE_OP_REMOVE	4
#define QUARK_FILE_OP_MOVE	8

/* quark_file.change_mask */
#define QUARK_FILE_CH_CONTENT	(1 << 0)
#define QUARK_FILE_CH_PERMS	(1 << 1)
#define QUARK_FILE_CH_OWNER	(1 << 2)
#define QUARK_FILE_CH_XATTRS	(1 << 3)

/* the kind of terminal that a device number stands for */
enum {
	QUARK_TTY_UNKNOWN,
	QUARK_TTY_PTS,
	QUARK_TTY_TTY,
	QUARK_TTY_CONSOLE,
};

/* quark_process.proc_entry_leader_type */
enum {
	QUARK_ELT_UNKNOWN,
	QUARK_ELT_INIT,
	QUARK_ELT_KTHREAD,
	QUARK_ELT_SSHD,
	QUARK_ELT_SSM,
	QUARK_ELT_CONTAINER,
	QUARK_ELT_TERM,
	QUARK_ELT_CONSOLE,		/* never assigned */
};

/* quark_socket.conn_origin: how the library learned of a connection */
enum sock_conn {
	SOCK_CONN_INVALID,
	SOCK_CONN_CLOSE,
	SOCK_CONN_ACCEPT,
	SOCK_CONN_CONNECT,
	SOCK_CONN_SCRAPE,		/* it existed when the queue was opened */
};

enum quark_packet_direction {
	QUARK_PACKET_DIR_INVALID,
	QUARK_PACKET_DIR_EGRESS,
	QUARK_PACKET_DIR_INGRESS,
};

enum quark_packet_origin {
	QUARK_PACKET_ORIGIN_INVALID,
	QUARK_PACKET_ORIGIN_DNS,
};

/* quark_shm.kind */
enum shm_kind {
	QUARK_SHM_INVALID,
	QUARK_SHM_SHMGET,
	QUARK_SHM_SHM_OPEN,
	QUARK_SHM_MEMFD_CREATE,
	QUARK_SHM_MEMFD_OPEN,		/* never in an event */
};

/* quark_verbose, and the priority of a log message */
enum quark_verbosity_levels {
	QUARK_VL_SILENT,
	QUARK_VL_WARN,
	QUARK_VL_DEBUG,
};

/* The kinds of things that the library forgets after a while. */
enum gc_type {
	GC_INVALID,
	GC_PROCESS,
	GC_SOCKET,
	GC_POD,
};

#define QUARK_MAX_PACKET	2048	/* bytes kept of a packet */

/* Bounds of rules that the kernel evaluates (QQ_NOVA); no backend supports them yet. */
#define NOVA_MAX_RULES		1024
#define NOVA_PATH_FIELDS	2
#define NOVA_MAX_PATHS		4096
#define NOVA_PATHLEN		250
#define META_RF_EXE		1
#define META_RF_FILEPATH	2

struct bpf_probes;
struct btf;
struct quark_container;
struct quark_queue;

struct quark_process {
	struct quark_process *gc_next;	/* private: exited processes, oldest first */
	struct quark_process *gc_previous;
	u32 gc_time;			/* private: when it exited, ms since boot, wraps around */

	u32 pid;
	u64 flags;			/* QUARK_F_* */
	u64 poison_tag;			/* set by a rule, or inherited from the parent at fork; 0: none */

	/* QUARK_F_PROC */
	u64 proc_cap_inheritable;	/* bit number = capability number, capabilities(7) */
	u64 proc_cap_permitted;
	u64 proc_cap_effective;
	u64 proc_cap_bset;
	u64 proc_cap_ambient;
	u64 proc_time_boot;		/* when the process started, ns; does not change once known */
	u32 proc_ppid;
	u32 proc_uid;
	u32 proc_gid;
	u32 proc_suid;
	u32 proc_sgid;
	u32 proc_euid;
	u32 proc_egid;
	u32 proc_pgid;
	u32 proc_sid;
	u32 proc_tty_major;		/* 0/0: no terminal */
	u32 proc_tty_minor;
	u32 proc_entry_leader_type;	/* QUARK_ELT_*; with QQ_ENTRY_LEADER */
	u32 proc_entry_leader;		/* pid; with QQ_ENTRY_LEADER */
	u32 proc_uts_inonum;		/* inode numbers of the namespaces; 0: not known */
	u32 proc_ipc_inonum;
	u32 proc_mnt_inonum;
	u32 proc_net_inonum;
	char proc_entity_id[17];	/* unique to this process, and equal in all queues of this boot; or "" */

	/* QUARK_F_EXIT */
	s32 exit_code;			/* exit status; 0 if a signal killed it */
	s32 exit_signal;		/* the signal that killed it, or 0 */
	u64 exit_time_event;		/* ns */

	char comm[16];			/* "" if not known */
	char *exe;			/* path of the executable, or NULL */
	size_t cmdline_len;		/* bytes, including the last NUL */
	char *cmdline;			/* NUL-separated arguments, or NULL */
	char *cwd;			/* working directory, or NULL */
	char *cgroup;			/* path, or NULL */
	struct quark_container *container;	/* NULL: no kubernetes support yet */
	char *env;			/* NUL-separated, or NULL */
	size_t env_len;			/* bytes, including the last NUL */
	char *script;			/* path of the script that exe runs, as given to execve(2); or NULL */
	size_t cmdline_orig_len;	/* bytes before cutting; if more than cmdline_len, the rest was cut off */
	size_t env_orig_len;		/* bytes before cutting; if more than env_len, the rest was cut off */
};

struct quark_ptrace {
	u32 child_pid;
	s64 request;			/* argument of ptrace(2), like the next two */
	u64 addr;
	u64 data;
};

/* The protections are those of mmap(2). */
struct quark_mprotect {
	u64 vma_start;
	u64 vma_end;
	u64 prev_prot;
	u64 req_prot;			/* what the process asked for */
	u64 effective_prot;		/* what the kernel made of it */
	u64 inode;			/* 0 unless file_backed, like the next two */
	u32 dev_major;
	u32 dev_minor;
	u32 file_backed;		/* 1: a file is mapped there */
	char *path;			/* of that file, or NULL */
};

/*
 * The families socket, packet, file and mprotect are declared, but have no events yet: their pointers are NULL. What an
 * event points to is valid as long as the event.
 */
struct quark_event {
	u64 events;			/* QUARK_EV_*: what happened */
	u64 time;			/* of the oldest raw event in it, ns */
	const struct quark_process *process;	/* all that is known of the process, also from earlier events */
	const struct quark_socket *socket;	/* QUARK_EV_SOCK_CONN_* */
	struct quark_packet *packet;		/* QUARK_EV_PACKET */
	const void *bypass;			/* QUARK_EV_BYPASS */
	struct quark_file *file;		/* QUARK_EV_FILE */
	struct quark_ptrace ptrace;		/* QUARK_EV_PTRACE */
#if QUARK_API >= 9
	struct quark_mprotect mprotect;		/* QUARK_EV_MPROTECT */
#endif
	struct quark_module_load *module_load;	/* QUARK_EV_MODULE_LOAD */
	struct quark_shm *shm;			/* QUARK_EV_SHM */
	struct quark_tty *tty;			/* QUARK_EV_TTY */
	u32 id_change;			/* QUARK_ID_CHANGE_*; with QUARK_EV_ID_CHANGE */
	u32 tty_flags;			/* QUARK_TTY_F_*; with QUARK_EV_TTY */
};

/*
 * Rules decide which events a queue delivers, and which processes get a tag. quark-rules(5) describes their language
 * and meaning.
 */

/* quark_rule.action */
enum quark_rule_action {
	QUARK_RA_INVALID,
	QUARK_RA_DROP,			/* the event is not delivered */
	QUARK_RA_PASS,			/* the event is delivered; later rules are not looked at */
	QUARK_RA_POISON,		/* its process gets a tag; the next rule is looked at */
};

/* quark_rule_field.code; bits from 32 up are fields that only this library has */
#define QUARK_RF_PID		(1ULL << 0)	/* pid, not 0 */
#define QUARK_RF_PPID		(1ULL << 1)	/* pid, not 0 */
#define QUARK_RF_UID		(1ULL << 2)	/* id: the real user id */
#define QUARK_RF_GID		(1ULL << 3)	/* id: the real group id */
#define QUARK_RF_SID		(1ULL << 4)	/* id */
#define QUARK_RF_COMM		(1ULL << 5)	/* comm, not "" */
#define QUARK_RF_EXE		(1ULL << 6)	/* wild.pre: a pattern, not "" */
#define QUARK_RF_FILEPATH	(1ULL << 7)	/* wild.pre: the same; never matches, since no event has a file yet */
#define QUARK_RF_POISON		(1ULL << 8)	/* poison_tag, not 0 */
#define QUARK_RF_FILE_EXEC_CHANGE (1ULL << 9)	/* nothing to say; matches nothing: no event has a file yet */
#define QUARK_RF_EVENT		(1ULL << 32)	/* events: QUARK_EV_*, one of which the event tells, not 0 */
#define QUARK_RF_PTRACE_CHILD_PID (1ULL << 33)	/* pid: of who is traced, not 0 */
#define QUARK_RF_PTRACE_REQUEST	(1ULL << 34)	/* id: PTRACE_*, of ptrace(2) */
#define QUARK_RF_MODULE_NAME	(1ULL << 35)	/* wild.pre, a pattern, not "" */
#define QUARK_RF_SHM_PATH	(1ULL << 36)	/* wild.pre, likewise: the name of a memory file */

/*
 * A pattern: a string to compare with. It may have one `*`, which stands for any string, also for "/" and "". A caller
 * stores it in `pre`, shorter than PATH_MAX bytes; the other members are ignored. A rule keeps its own copy in two
 * parts, both NUL-terminated: what comes before the `*`, and what comes after it.
 */
struct quark_wild {
	char *pre;
	size_t pre_len;			/* bytes; includes the NUL if there is no `*` */
	char *post;
	size_t post_len;		/* bytes including the NUL, or 0 if `post` is empty */
};

struct quark_rule_field {
	u64 code;			/* one of QUARK_RF_* */
	union {
		u32 pid;
		u64 poison_tag;
		u64 events;
		struct quark_wild wild;
		u32 id;
		char comm[16];
	};
};

struct quark_rule {
	struct quark_rule_field *fields;	/* all must match; a rule without fields always matches */
	size_t n_fields;
	int action;			/* enum quark_rule_action */
	u64 poison_tag;			/* the tag that QUARK_RA_POISON sets; 0 removes the tag */
	u64 evals;			/* events that were compared with it */
	u64 hits;			/* events that it matched */
	unsigned int number;		/* position in the set, from 0 */
};

/* Rules are looked at in order. What this points to belongs to the library and is valid until quark_ruleset_clear(). */
struct quark_ruleset {
	struct quark_rule *rules;
	size_t n_rules;
};

/* One end of a connection, in network byte order. The union has a name because cgo cannot reach an unnamed one. */
struct quark_sockaddr {
	int af;				/* AF_INET, AF_INET6 */
	union {
		u32 addr4;
		u8 addr6[16];
	} u;
	u16 port;
};

struct quark_socket {
	struct quark_sockaddr local;
	struct quark_sockaddr remote;
	u32 pid_origin;			/* the first process that had it */
	u32 pid_last_use;
	u64 established_time;		/* ns since boot, like the next */
	u64 close_time;			/* 0: open */
	enum sock_conn conn_origin;
	u64 bytes_received;		/* known when it is closed, like the next */
	u64 bytes_sent;
};

struct quark_packet {
	enum quark_packet_direction direction;
	enum quark_packet_origin origin;
	size_t orig_len;		/* bytes of the whole packet */
	size_t cap_len;			/* bytes of data, QUARK_MAX_PACKET at most */
	char data[];			/* begins with the IP header */
};

struct quark_module_load {
	char *name;
	char *version;			/* "" if it has none, like the next */
	char *src_version;
	u64 taints;			/* how the module taints the kernel, one bit per reason */
};

struct quark_shm {
	enum shm_kind kind;
	s64 shmget_key;			/* argument of shmget(2), like the next two; QUARK_SHM_SHMGET */
	u64 shmget_size;
	s64 shmget_shmflg;
	u32 memfd_create_flags;		/* argument of memfd_create(2); QUARK_SHM_MEMFD_CREATE */
	const char *path;		/* NULL for QUARK_SHM_SHMGET */
};

struct quark_file {
	const char *path;
	const char *old_path;		/* NULL unless moved */
	const char *sym_target;		/* NULL unless it is a symbolic link with its target in the inode */
	u64 inode;
	u64 atime;			/* ns since the epoch, like the next two */
	u64 mtime;
	u64 ctime;
	u64 size;			/* bytes */
	u32 mode;			/* st_mode of stat(2) */
	u32 uid;
	u32 gid;
	u32 op_mask;			/* QUARK_FILE_OP_* */
	u32 change_mask;		/* QUARK_FILE_CH_* */
	char storage[];			/* the paths */
};

/* quark_event.tty_flags */
#define QUARK_TTY_F_INPUT	(1 << 0)	/* typed: written to a pseudo terminal's master, and echoed by the slave */

/* One write to a terminal; for a pseudo terminal all members are those of the slave. */
struct quark_tty {
	struct quark_tty *next;		/* later writes of the same event */
	size_t total_len;		/* bytes of data in the whole chain; valid in its head */
	u16 major;
	u16 minor;
	u16 cols;
	u16 rows;
	u32 cflag;
	u32 iflag;
	u32 lflag;
	u32 oflag;
	u64 truncated;			/* bytes that were not kept */
	size_t data_len;		/* bytes, without the NUL after them */
	char data[];
};

/* raw_event.type; numbers from 64 up are types that only this library has */
enum raw_types {
	RAW_INVALID,
	RAW_EXEC,
	RAW_WAKE_UP_NEW_TASK,		/* fork */
	RAW_EXIT_THREAD,
	RAW_ID_CHANGE,
	RAW_COMM,
	RAW_EXEC_CONNECTOR,
	RAW_SOCK_CONN,
	RAW_PACKET,
	RAW_FILE,
	RAW_PTRACE,
	RAW_MODULE_LOAD,
	RAW_SHM,
	RAW_TTY,
	RAW_GETPID,
	RAW_MPROTECT,
	RAW_NUM_TYPES
};

/* raw_event.flags, under the reference's name: a task came with the exec. */
#define RAW_EXEC_F_EXT	(1 << 0)

/* A task as it was when the record was made. Ids are those of the initial namespaces. */
struct raw_task {
	u64 start_boottime;		/* ns since boot, suspend included */
	u64 cap_inheritable;
	u64 cap_permitted;
	u64 cap_effective;
	u64 cap_bset;
	u64 cap_ambient;
	u32 ppid;
	u32 uid;
	u32 gid;
	u32 suid;
	u32 sgid;
	u32 euid;
	u32 egid;
	u32 pgid;
	u32 sid;
	u32 tty_major;
	u32 tty_minor;
	u32 uts_inonum;			/* 0 while the task is being torn down, like the next three */
	u32 ipc_inonum;
	u32 mnt_inonum;
	u32 net_inonum;
	s32 exit_code;			/* as in wait(2): status << 8 | signal; RAW_EXIT_THREAD */
	char comm[16];
};

/* Private: links of a node in a tree, and in the ordered list of the tree's nodes. */
struct raw_event_links {
	struct raw_event_links *left;
	struct raw_event_links *right;
	struct raw_event_links *parent;
	struct raw_event_links *previous;
	struct raw_event_links *next;
	long rank;
};

/* raw_event.flags */
#define RAW_F_TASK	(1 << 0)	/* task is valid */
#define RAW_F_IMAGE	(1 << 1)	/* exec: a NULL in args, env or script means that the process has none */
#define RAW_F_LATE_CWD	(1 << 2)	/* cwd was read later than the event, and may have changed in between */
#define RAW_F_LATE_ARGS	(1 << 3)	/* the same for args */
#define RAW_F_CUT_CWD	(1 << 4)	/* cwd begins with "./": its head is not known */
#define RAW_F_THREAD	(1 << 5)	/* concerns only the thread tid: what is known of its process does not change */
#define RAW_F_INPUT	(1 << 6)	/* RAW_TTY: QUARK_TTY_F_INPUT */

/* A record of the kernel that waits in the queue. Aggregation callbacks may read it, and must not change it. */
struct raw_event {
	struct raw_event_links by_time;
	struct raw_event_links by_pid_time;
	u64 time;			/* ns since boot, suspend included */
	u64 sequence;			/* order of arrival: decides between equal times */
	u32 type;			/* enum raw_types */
	u32 pid;			/* thread group */
	u32 tid;			/* thread that acted */
	u32 cpu;
	u32 flags;			/* RAW_F_* */
	u32 agg_types;			/* types joined to it so far, one bit each: 1 << type */
	u32 id_change;			/* QUARK_ID_CHANGE_*; RAW_ID_CHANGE */
	u32 variable_bytes;		/* bytes of the strings below and of the payload */
	char *exe;			/* RAW_EXEC; NULL if not known, like the strings below */
	char *args;			/* NUL-separated; RAW_EXEC, RAW_EXEC_CONNECTOR */
	char *cwd;
	char *cgroup;
	char *env;			/* NUL-separated */
	char *script;			/* RAW_EXEC of a script: its path as given to execve(2) */
	union {
		void *payload;			/* the one of these that its type has; NULL if it has none */
		struct quark_packet *packet;	/* RAW_PACKET */
		struct quark_file *file;	/* RAW_FILE */
		struct quark_ptrace *ptrace;	/* RAW_PTRACE */
		struct quark_module_load *module_load;	/* RAW_MODULE_LOAD */
		struct quark_shm *shm;		/* RAW_SHM */
		struct quark_tty *tty;		/* RAW_TTY */
	};
	u32 args_len;			/* bytes, including the last NUL */
	u32 env_len;
	u32 args_orig_len;		/* bytes before it was cut */
	u32 env_orig_len;
	struct raw_task task;
};

/* 1: `child` joins the event of `parent`; 0: the event ends before `child`. */
typedef int (*quark_can_aggregate_fn)(struct quark_queue *queue, struct raw_event *parent, struct raw_event *child);

struct QUARK_SWIFT_SAFE quark_queue_attr {
	int flags;			/* QQ_*; QQ_ALL_BACKENDS, or from QUARK_API 9 on QQ_EBPF */
	int max_length;			/* maximum of raw events held, 1 or more; 10000 */
	int cache_grace_time;		/* how long an exited process stays known, ms, 0 or more; 4000 */
	int hold_time;			/* how long events may be held for ordering, ms, 10 or more; 1000 */
	size_t max_env;			/* bytes of environment kept per process, 0 for none; 4096 */
	int kubefd;			/* -1; any other value fails with ENOTSUP so far */
	struct quark_ruleset *ruleset;	/* not copied: must outlive the queue; NULL for none */
	size_t ring_size;		/* bytes of a ring, a power of two from 4096; 0: EBPF 4 MiB, KPROBE 1 MiB a CPU */
	const char *replay;		/* a file, quark-recording(5), to play in place of a backend; or NULL */
};

/* The families of events. Losses are counted for each. */
enum quark_family {
	QUARK_FAMILY_PROCESS,
	QUARK_FAMILY_SOCKET,
	QUARK_FAMILY_PACKET,
	QUARK_FAMILY_FILE,
	QUARK_FAMILY_PTRACE,
	QUARK_FAMILY_MODULE,
	QUARK_FAMILY_SHM,
	QUARK_FAMILY_TTY,
	QUARK_FAMILY_COUNT
};

/* quark_capability.state */
enum quark_capability_state {
	QUARK_CAPABILITY_NONE,		/* it is not told */
	QUARK_CAPABILITY_PART,		/* not in all cases, or not all of it */
	QUARK_CAPABILITY_EXACT,		/* as the kernel has it; what is cut says so */
};

/* An event, or what is known by it, as a queue tells it. No text is NULL; a reason may be several lines. */
struct quark_capability {
	enum quark_family family;	/* QUARK_FAMILY_COUNT: it has none yet */
	enum quark_capability_state state;
	u64 event;			/* QUARK_EV_*: which one */
	int flag;			/* QQ_*, which asks for it; 0: nobody needs to */
	const char *family_name;	/* "process" */
	const char *field;		/* a member of its structure, such as "env"; "": the event itself */
	const char *means;		/* "raw_tp/sched_process_exec": the hooks of the kernel that tell it; "": none */
	const char *reason;		/* why it is not told, or not all of it; "" */
};

struct quark_capabilities {
	int backend;			/* QQ_EBPF or QQ_KPROBE; 0: it is a recording */
	const char *backend_name;	/* "ebpf", "kprobe" or "replay" */
	const struct quark_capability *list;	/* of each event, and behind it of what is known by it */
	size_t count;
};

struct quark_queue_stats {
	u64 insertions;			/* raw events that entered the queue */
	u64 removals;			/* raw events that left it */
	u64 aggregations;		/* events made of several raw events */
	u64 non_aggregations;		/* events made of one raw event */
	u64 lost;			/* records the kernel had no room for */
	u64 garbage_collections;	/* processes forgotten */
#if QUARK_API >= 9
	u64 stalls;			/* rings whose content made no sense, once or more often */
#endif
	int backend;			/* QQ_EBPF or QQ_KPROBE; 0 when none is open */
	u64 malformed;			/* records dropped because they made no sense */
	u64 late;			/* raw events that arrived after a younger one had left */
	u64 refused;			/* records, or strings of a process, dropped because a bound was reached */
	u64 lost_by_family[QUARK_FAMILY_COUNT];	/* `lost`, as far as the family is known */
#if QUARK_API < 9
	u64 stalls;			/* rings whose content made no sense, once or more often */
#endif
};

/* The machine as it was when the queue was opened. NULL: not known. */
struct quark_sysinfo {
	char *boot_id;
	char *hostname;
	char **ip_addrs;		/* of all interfaces, as text */
	size_t ip_addrs_len;
	char **mac_addrs;		/* "0:1b:44:11:3a:b7", without leading zeros */
	size_t mac_addrs_len;
	char *uts_sysname;		/* uname(2) */
	char *uts_nodename;
	char *uts_release;
	char *uts_version;
	char *uts_machine;
	char *os_name;			/* os-release(5) */
	char *os_version;
	char *os_release_type;
	char *os_id;
	char *os_version_id;
	char *os_version_codename;
	char *os_pretty_name;
};

struct quark_passwd {
	uid_t uid;
	gid_t gid;
	char *name;
};

struct quark_group {
	gid_t gid;
	char *name;
};

/* Kubernetes: declared, but not supported yet. */
struct label_node {
	char *key;
	char *value;
	int seen;
};

struct quark_pod {
	char *name;
	char *ns;
	char *uid;
	char *phase;
	struct in_addr addr4;
	struct in6_addr addr6;
	char addr4_a[INET6_ADDRSTRLEN];
	char addr6_a[INET6_ADDRSTRLEN];
};

struct quark_container {
	char *container_id;
	struct quark_pod *pod;
	char *name;
	char *image;
	char *image_id;
	char *image_name;
	char *image_tag;
	char *image_hash;
	int linked_by_id;
	int linked_by_pod;
};

struct quark_kube_node {
	char *name;
	char *uid;
	char *zone;
	char *region;
	char *provider;
	char *project;
	char *project_id;
	char *cluster_name;
	char *cluster_uid;
	char *cluster_version;
};

/* Allocated by the caller; must not be moved or copied while it is open. */
struct quark_queue {
	int flags;			/* as asked for */
	int length;			/* raw events held now */
	int epollfd;			/* -1 when closed */
	struct quark_queue_stats stats;
	struct quark_sysinfo sysinfo;
	struct quark_ruleset *ruleset;	/* may be replaced: used by the next get_event(); NULL when closed */
	void *driver;			/* private */
	char *hooks;			/* private */
	char *fallback_reason;		/* private */
	struct quark_passwd *passwds;	/* private: by uid */
	struct quark_group *groups;	/* private: by gid */
	size_t passwds_len;
	size_t groups_len;
	struct quark_capabilities *capabilities;	/* the library's own */
};

struct quark_process_iter {
	struct quark_queue *queue;	/* private */
	u64 next_pid;
};

struct quark_socket_iter {
	struct quark_queue *queue;	/* private */
	u64 next;
};

struct quark_cmdline_iter {
	const char *cursor;
	const char *end;
};

/* What a program was compiled with: the version and generation of this header, and sizes of its structures in bytes. */
struct QUARK_SWIFT_SAFE quark_client {
	const char *version;
	u32 api;
	u32 client_size;
	u32 queue_size;
	u32 attr_size;
	u32 stats_size;
	u32 event_size;
	u32 process_size;
	u32 raw_event_size;
	u32 capability_size;
};

#ifndef __swift__
#define QUARK_CLIENT {									\
	QUARK_VERSION, QUARK_API, (u32)sizeof(struct quark_client), (u32)sizeof(struct quark_queue),	\
	(u32)sizeof(struct quark_queue_attr), (u32)sizeof(struct quark_queue_stats),		\
	(u32)sizeof(struct quark_event), (u32)sizeof(struct quark_process), (u32)sizeof(struct raw_event),	\
	(u32)sizeof(struct quark_capability) }
#endif

/* The next two functions call these, and pass what the program was compiled with. */
void quark_queue_default_attr_api(struct quark_queue_attr *attr, const struct quark_client *client);
int quark_queue_open_api(struct quark_queue *queue, struct quark_queue_attr *attr, const struct quark_client *client);

#ifndef __swift__
/* Stores the defaults: the last value in the comments of struct quark_queue_attr. */
static inline void quark_queue_default_attr(struct quark_queue_attr *attr)
{
	static const struct quark_client client = QUARK_CLIENT;

	quark_queue_default_attr_api(attr, &client);
}

/*
 * Opens a queue; a NULL `attr` means the defaults. Returns 0, or -1 with errno, and then there is nothing to close:
 * EINVAL if an attribute is out of range; EPERM or EACCES if a privilege is missing; ENOTSUP if no backend of this
 * build can do what is asked for; EPROTO if this header and the library are of different versions; else the errno of
 * what failed. quark_queue_open_error() returns the message.
 */
static inline int quark_queue_open(struct quark_queue *queue, struct quark_queue_attr *attr)
{
	static const struct quark_client client = QUARK_CLIENT;

	return quark_queue_open_api(queue, attr, &client);
}
#endif

/*
 * Why the last quark_queue_open() of this thread failed: one or more lines, NUL-terminated; "" if it did not fail.
 * Valid until this thread calls quark_queue_open() again.
 */
const char *quark_queue_open_error(void);

/*
 * Which kernel hook delivers each kind of record, one line each: "fork: raw_tp/sched_process_fork". For a kind without
 * a hook the line is "comm: none", with what was tried and why it failed. NUL-terminated; valid until the queue is
 * closed. NULL with EINVAL when the queue is closed.
 */
const char *quark_queue_get_hooks(struct quark_queue *queue);

/*
 * Why EBPF is not in use although it was allowed; "" if it is in use, or was not allowed. NUL-terminated; valid until
 * the queue is closed. NULL with EINVAL when the queue is closed.
 */
const char *quark_queue_get_fallback_reason(struct quark_queue *queue);

/*
 * What the queue tells, by family and field, by which means, and what it does not and why. Valid until the queue is
 * closed. NULL with EINVAL when it is closed, or ENOMEM.
 */
const struct quark_capabilities *quark_queue_get_capabilities(struct quark_queue *queue);

void quark_queue_close(struct quark_queue *queue);

/* The next event, or NULL when none is ready: then block and try again. */
const struct quark_event *quark_queue_get_event(struct quark_queue *queue);

/*
 * Waits until there may be something to do, 100 ms at most. Returns 0, or -1 with errno: EINTR if a signal came,
 * ENODATA when all events of a recording have been delivered, and others.
 */
int quark_queue_block(struct quark_queue *queue);

/* A descriptor for clients that wait themselves, 100 ms at most at a time. -1 with EINVAL when the queue is closed. */
int quark_queue_get_epollfd(struct quark_queue *queue);

/*
 * Takes the records that the kernel has ready into the queue, as many as fit, without delivering an event.
 * quark_queue_get_event() also does this. Returns their number, or -1 with EINVAL when the queue is closed.
 */
int quark_queue_populate(struct quark_queue *queue);

void quark_queue_get_stats(struct quark_queue *queue, struct quark_queue_stats *stats);

/* What is known of a process, also of one that exited less than cache_grace_time ago; or NULL with ESRCH. */
const struct quark_process *quark_process_lookup(struct quark_queue *queue, int pid);

/*
 * Begins a walk over all processes that quark_process_lookup() finds, in ascending order of pid. Begin again after
 * each quark_queue_get_event().
 */
void quark_process_iter_init(struct quark_process_iter *iterator, struct quark_queue *queue);

/* The next process, or NULL at the end. */
const struct quark_process *quark_process_iter_next(struct quark_process_iter *iterator);

/* There are no socket events yet: the walk ends at once. */
void quark_socket_iter_init(struct quark_socket_iter *iterator, struct quark_queue *queue);
const struct quark_socket *quark_socket_iter_next(struct quark_socket_iter *iterator);

/*
 * Always NULL: with ESRCH, since there are no sockets yet, or with EINVAL unless both addresses are AF_INET or both are
 * AF_INET6.
 */
const struct quark_socket *quark_socket_lookup(struct quark_queue *queue, struct quark_sockaddr *local,
    struct quark_sockaddr *remote);

/*
 * Entries of /etc/passwd and /etc/group as they were when the queue was opened; NULL with ESRCH if there is none. The
 * files are not read if the environment variable VALGRIND is set.
 */
struct quark_passwd *quark_passwd_lookup(struct quark_queue *queue, uid_t uid);
struct quark_group *quark_group_lookup(struct quark_queue *queue, gid_t gid);

/*
 * Raw events that a program makes itself. An allocated one is all zero except for its type and, for a type with a task,
 * an exit_code of -1 and RAW_F_TASK in flags; NULL with EINVAL for a type outside of enum raw_types. The caller fills
 * in pid, time and strings. Strings come from malloc(3), and raw_event_free() frees them. A length of 0 means the
 * length of the string with its NUL.
 *
 * An inserted raw event belongs to the queue, and is delivered as if the kernel had sent it. On an error, -1 with
 * errno, it still belongs to the caller: EINVAL if the queue is closed or the pid makes no sense, ENOBUFS if the queue
 * is full, E2BIG if the strings are more than 128 KiB, ENOTSUP if its family is not the process family.
 */
struct raw_event *raw_event_alloc(int type);
void raw_event_free(struct raw_event *event);
int raw_event_insert(struct quark_queue *queue, struct raw_event *event);

/*
 * Always NULL with EINVAL: this library does not use a bpftool skeleton, so it has no such structure.
 * quark_queue_get_hooks() says what is loaded.
 */
struct bpf_probes *quark_get_bpf_probes(struct quark_queue *queue);

/*
 * Marks processes whose file and socket events are not to be reported. There are no such events yet, so this has no
 * effect. Returns 0, or -1 with EINVAL when EBPF is not in use, or for pid 0.
 */
int quark_queue_trusted_pid_add(struct quark_queue *queue, u32 pid);
int quark_queue_trusted_pid_reset(struct quark_queue *queue);

/* Not supported yet: -1 with ENOTSUP, or EINVAL for NULL. */
int quark_start_kube_talker(const char *kube_config, pid_t *pid);

/* Not supported yet: -1 with ENOTSUP; `*buf` and `*len` are not changed. */
int quark_event_to_ecs(struct quark_queue *queue, const struct quark_event *event, char **buf, size_t *len);

/*
 * Replaces one cell of the queue's aggregation matrix. `fn` decides whether a raw event of `child_type` may join an
 * event of the same process that begins with a raw event of `parent_type`; NULL means never. Returns 0, or -1 with
 * EINVAL when a type is outside [0, RAW_NUM_TYPES) or the queue is closed.
 */
int quark_queue_set_agg_matrix(struct quark_queue *queue, int parent_type, int child_type, quark_can_aggregate_fn fn);

/* The offset of one thing that kprobes read, in a kernel. */
struct quark_btf_target {
	const char *dotname;		/* like "task_struct.comm"; NULL after the last one */
	ssize_t offset;			/* bytes, or the value of a constant; -1 if this kernel does not have it */
};

struct quark_btf {
	char *kname;			/* the kernel's release, or "sys" */
	struct quark_btf_target targets[];
};

/*
 * quark_btf_open(): the offsets of the running kernel, from its own types or else from the compiled-in table.
 * quark_btf_open2(): those of a file of types (BTF, or ELF with BTF in it); a NULL path means the running kernel's
 * file, and a NULL name means "sys". quark_btf_open_hub(): those that the table has for a release, which must be in it,
 * or lie between two releases of its series and flavour that agree. NULL with errno: ENOTSUP when offsets are missing,
 * ENOENT when the table has no answer.
 */
struct quark_btf *quark_btf_open(void);
struct quark_btf *quark_btf_open2(const char *path, const char *kname);
struct quark_btf *quark_btf_open_hub(const char *version);
void quark_btf_close(struct quark_btf *btf);

/* One offset by its name. It also finds names that are not in the list because kernels may lack them. -1: none. */
ssize_t quark_btf_offset(struct quark_btf *btf, const char *dotname);

/*
 * These look into types that libbpf has read. btf_root_offset(): the offset of a member in bytes, or the value of a
 * constant, by its dotname; with `alternatives` also by the names that other kernels use. Then: the number of
 * parameters of a function, or of the function that a member points to; the position of a parameter by its name, from
 * 0. -1 if there is none.
 */
s32 btf_root_offset(struct btf *btf, const char *dotname, int alternatives);
int btf_number_of_params(struct btf *btf, const char *func);
int btf_number_of_params_of_ptr(struct btf *btf, const char *strct, const char *member);
int btf_index_of_param(struct btf *btf, const char *func, const char *param);

/* The functions of the default aggregation matrices. */
int quark_can_aggregate_single(struct quark_queue *queue, struct raw_event *parent, struct raw_event *child);
int quark_can_aggregate_mult(struct quark_queue *queue, struct raw_event *parent, struct raw_event *child);
int quark_can_aggregate_fork_exec(struct quark_queue *queue, struct raw_event *parent, struct raw_event *child);
int quark_can_aggregate_file(struct quark_queue *queue, struct raw_event *parent, struct raw_event *child);
int quark_can_aggregate_tty(struct quark_queue *queue, struct raw_event *parent, struct raw_event *child);

/*
 * The container that the path of a control group names, as "runtime://id" and a NUL; only for the systemd driver's
 * layout. Returns 0, or -1 when it names none or `size` bytes are too few.
 */
int parse_container_cgroup(const char *cgroup, char *out, size_t size);

/* Writes the event as text. Returns 0, or -1 when the event has no process or writing failed. */
int quark_event_dump(const struct quark_event *event, FILE *file);

/*
 * Writes the processes that quark_process_iter_next() would return, as a graph in the DOT language. Returns 0, or -1
 * with errno: EINVAL when the queue is closed, else the errno of writing.
 */
int quark_dump_process_cache_graph(struct quark_queue *queue, FILE *file);

/*
 * Writes two graphs in the DOT language: the balanced trees of the raw events that wait in the queue, one ordered by
 * time, one by process and time. Returns 0, or -1 with errno, as above.
 */
int quark_dump_raw_event_graph(struct quark_queue *queue, FILE *by_time, FILE *by_pidtime);

/* Makes an empty set of rules. */
void quark_ruleset_init(struct quark_ruleset *ruleset);

/* Frees the rules and leaves an empty set. No queue may be using it. */
void quark_ruleset_clear(struct quark_ruleset *ruleset);

/*
 * Makes a set of the rules in `file`, which is read to its end and not closed. `ruleset` need not be initialised; what
 * was in it is not looked at, so clear a set that has been in use first, or its rules are never freed. Returns 0, or -1
 * with errno and an empty set: EINVAL if the text has a syntax error; else the errno of reading. On an error `err`,
 * unless it is NULL, gets the message, cut to `errlen` bytes with its NUL: "quark_parse: MESSAGE at line N column N".
 */
int quark_ruleset_parse(struct quark_ruleset *ruleset, FILE *file, char *err, size_t errlen);

/*
 * Adds a rule without conditions after the others. `poison_tag` is for QUARK_RA_POISON. The returned pointer is valid
 * until the next call. NULL with EINVAL if there is no such action.
 */
struct quark_rule *quark_ruleset_append_rule(struct quark_ruleset *ruleset, int action, u64 poison_tag);

/* Adds a copy of a condition to a rule. Returns 0, or -1 with EINVAL for a value that QUARK_RF_* above excludes. */
int quark_rule_match_field(struct quark_rule *rule, struct quark_rule_field field);

/*
 * Applies the rules to an event, as quark_queue_get_event() does to each event of its queue: it tags the process and
 * counts. Returns the QUARK_RA_PASS or QUARK_RA_DROP rule that decided, valid as long as the set's rules, or NULL if
 * none did.
 */
struct quark_rule *quark_ruleset_match(struct quark_ruleset *ruleset, struct quark_event *event);

/* Splits a NUL-separated buffer such as quark_process.cmdline. A tail without a NUL is not returned. */
void quark_cmdline_iter_init(struct quark_cmdline_iter *iterator, const char *cmdline, size_t length);

/* The next argument, or NULL at the end. */
const char *quark_cmdline_iter_next(struct quark_cmdline_iter *iterator);

/*
 * The log, on stderr: messages with a priority of `quark_verbose` or less. It is 0 at first; opening a queue sets it
 * from the environment variable QUARK_VERBOSE.
 */
extern int quark_verbose;

/* Writes "program: function:line: message", then ": " and strerror(errno) if `do_errno`. Does not change errno. */
void qlog_func(int pri, int do_errno, const char *func, int line, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* qlog() and qlogx() are the same: `_do_errno` decides. Of the others, those with an x do not print errno. */
#ifndef __swift__
#define qlog(_pri, _do_errno, ...) qlog_func(_pri, _do_errno, __func__, __LINE__, __VA_ARGS__)
#define qlogx(_pri, _do_errno, ...) qlog_func(_pri, _do_errno, __func__, __LINE__, __VA_ARGS__)
#define qwarn(...)	qlog(QUARK_VL_WARN, 1, __VA_ARGS__)
#define qwarnx(...)	qlog(QUARK_VL_WARN, 0, __VA_ARGS__)
#define qdebug(...)	qlog(QUARK_VL_DEBUG, 1, __VA_ARGS__)
#define qdebugx(...)	qlog(QUARK_VL_DEBUG, 0, __VA_ARGS__)
#endif

/* Sends libbpf's messages to the log: warnings and informations at QUARK_VL_WARN, the rest at QUARK_VL_DEBUG. */
void setup_libbpf_logs(void);

/* read(2), repeated when a signal interrupts it. */
ssize_t qread(int fd, void *buf, size_t count);

/* Writes all `count` bytes. EPIPE: the descriptor takes no more. */
int qwrite(int fd, const void *buf, size_t count);

/*
 * Stores the target of a symbolic link, NUL-terminated. Returns its length, or `bufsiz` when it did not fit; -1 with
 * errno: EINVAL for a `bufsiz` below 2, else that of readlinkat(2).
 */
ssize_t qreadlinkat(int dfd, const char *pathname, char *buf, size_t bufsiz);

/* Closes all descriptors from `lowfd` up, except `keep`; -1 keeps none. */
int qclosefrom(int lowfd, int keep);

/* 1 if all characters are digits, also for "". */
int isnumber(const char *text);

/*
 * Reads a file of one line, without its last byte, which is the newline. Returns the length, or -1 with errno. At most
 * `bufsiz` bytes are read.
 */
ssize_t readlineat(int dfd, const char *pathname, char *buf, size_t bufsiz);

/* Converts the whole of `text` as strtoull(3) does; a minus sign wraps around. Fails with EINVAL or ERANGE. */
int strtou64(u64 *number, const char *text, int base);

/* The first line that begins with `prefix`, without its newline; the caller frees it. NULL if there is none. */
char *find_line(FILE *file, const char *prefix);
char *find_line_p(const char *path, const char *prefix);

/*
 * All that can be read, and a NUL that `*total` does not count; the caller frees it. `total` may be NULL. Returns NULL
 * with errno on an error, and NULL with a `*total` of 0 and an errno of 0 for an empty file.
 */
char *load_file_nostat(int fd, size_t *total);
char *load_file_path_nostat(const char *path, size_t *total);

/* 1 if the machine has sockets of AF_INET6. */
int ipv6_supported(void);

/* What follows the last slash; NULL if there is no slash, or nothing after it. */
const char *safe_basename(const char *path);

/*
 * The wall-clock time of the boot, ns since the epoch: the sum of this and a time since boot is a wall-clock time. The
 * value is the same from call to call unless the clock is set; it follows within 10 ms, and a time never comes out
 * later than it was. Any thread may call this at any time, also without a queue. 0: not known.
 */
u64 quark_get_boottime(void);

/* Checks at once whether the clock was set; a program need not call this. Returns 0, or -1 with errno. */
int quark_update_boottime(void);

/* Converts `time` since boot to wall-clock time. */
u64 quark_time_to_wallclock(u64 time);

/* How far the first clock is ahead of the second, ns, modulo 2^64; 0 if one of them cannot be read. */
u64 clock_diff(clockid_t first, clockid_t second);

#if QUARK_API < 9
/* Another name of quark_get_boottime(). */
u64 fetch_boottime(void);
#endif

/* Base64: returns the length of the text without its NUL, or of the bytes; -1 if there is no room or no base64. */
int qb64_ntop(const unsigned char *source, size_t length, char *target, size_t size);
int qb64_pton(const char *source, unsigned char *target, size_t size);

/*
 * Functions of the BSDs that libc lacks. They have names of this library, so that they do not clash with a program's
 * functions; a program that has its own strlcpy() and so on keeps using them.
 */
size_t quark_strlcpy(char *target, const char *source, size_t size);
size_t quark_strlcat(char *target, const char *source, size_t size);
long long quark_strtonum(const char *text, long long minimum, long long maximum, const char **reason);
void *quark_reallocarray(void *memory, size_t count, size_t size);
/* Writes "0000: 68 65 6c 6c 6f …  hello…" for each 16 bytes; the offset is decimal. */
void quark_sshbuf_dump_data(const void *bytes, size_t length, FILE *file);

#ifndef __swift__
#if defined(__GLIBC__) && defined(__GLIBC_PREREQ)
#if !__GLIBC_PREREQ(2, 38)
#define QUARK_NO_STRLCPY
#endif
#if !__GLIBC_PREREQ(2, 26)
#define QUARK_NO_REALLOCARRAY
#endif
#endif
#if defined(QUARK_NO_STRLCPY) && !defined(HAVE_STRLCPY) && !defined(strlcpy)
#define strlcpy		quark_strlcpy
#endif
#if defined(QUARK_NO_STRLCPY) && !defined(HAVE_STRLCAT) && !defined(strlcat)
#define strlcat		quark_strlcat
#endif
#if defined(QUARK_NO_REALLOCARRAY) && !defined(HAVE_REALLOCARRAY) && !defined(reallocarray)
#define reallocarray	quark_reallocarray
#endif
#if !defined(HAVE_STRTONUM) && !defined(strtonum)
#define strtonum	quark_strtonum
#endif
#if !defined(sshbuf_dump_data)
#define sshbuf_dump_data quark_sshbuf_dump_data
#endif
#endif /* !__swift__ */

/*
 * Writes JSON. hanson_open() begins an object. hanson_close() ends it and stores the text, which the caller frees, and
 * its length without the NUL. The caller closes the arrays and objects that it opened in between. `*first` says whether
 * this is the first one in its object or array, and is set to 0; a comma comes before all others. With a NULL `first`
 * there is no comma. In strings, `"`, `\` and control characters are escaped; bytes from 0x7f up are not changed.
 *
 * -1 means that there is no memory. An error stays, and hanson_close() returns it too, so callers may check only there.
 * It then stores no text.
 */
struct hanson {
	int error;
	char *buf;
	char *buf_w;			/* where the next byte goes */
	size_t buf_len;			/* bytes there is room for */
};

int hanson_open(struct hanson *h);
int hanson_close(struct hanson *h, char **buf, size_t *len);
int hanson_add_ascii(struct hanson *h, char character);			/* not escaped */
int hanson_add_escaped(struct hanson *h, const char *text);		/* without quotes */
int hanson_add_string(struct hanson *h, const char *text, int *first);
int hanson_add_integer(struct hanson *h, int64_t number, int *first);
int hanson_add_boolean(struct hanson *h, int boolean, int *first);
int hanson_add_key_value(struct hanson *h, const char *key, const char *value, int *first);
int hanson_add_key_value_int(struct hanson *h, const char *key, int64_t value, int *first);
int hanson_add_key_value_bool(struct hanson *h, const char *key, int value, int *first);
int hanson_add_array(struct hanson *h, const char *name, int *first);
int hanson_close_array(struct hanson *h);
int hanson_add_object(struct hanson *h, const char *name, int *first);
int hanson_close_object(struct hanson *h);

#ifdef __cplusplus
}
#endif

#endif
