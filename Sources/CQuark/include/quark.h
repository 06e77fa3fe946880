/*
 * quark: what the processes of a Linux machine do, in order.
 *
 * The one public header, for C and C++; compile with -D_GNU_SOURCE. These structures are the library's own storage:
 * Swift and C read the same bytes. Pointers handed out belong to the queue and are valid until the next
 * quark_queue_get_event() on it. A function of type int returns 0, or -1 with errno, unless it says otherwise.
 *
 * There are two generations of it, and a program says which one it is written for by defining QUARK_API before it:
 * 7, which is what it has without, or 9. They differ in the times of events and processes, in the layout of some
 * structures, and in how a backend is chosen. Each queue keeps to the generation that it was opened with, so that
 * parts of one program may differ.
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
typedef __u64 u64;	/* unsigned long long everywhere: prints with %llu */
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;

/* Swift: a structure of settings, whose one pointer is only compared and kept. */
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

/* What programs are written with. Swift has its own. */
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
/* Up to the next multiple of `_bytes`, a power of two. */
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
 * Lists with a tail, as queue(3) of the BSDs has them: the same names, also of the members, so that a program may have
 * <sys/queue.h> too, before or behind this.
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
/* A head and an entry are laid out alike: what points to an element is in front of where its own pointer back is. */
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
/* What not every <sys/queue.h> has. The walks that are safe allow the element to be removed, and freed. */
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
 * Balanced trees, as tree(3) of FreeBSD has them under these names: an element is inserted once for each key, its
 * neighbours in order and the search take a time that is logarithmic. Inside it is an AVL tree.
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

/* `replacement`, or nothing, comes to where `node` is below its parent. */
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

/* The higher child of `node` comes to where it is, and `node` below that. */
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

/* Makes the subtrees of `node` and of all above it differ in height by 1 at most. */
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

/* The outermost one below `node`. */
static inline struct quark_rb_node *quark_rb_end(struct quark_rb_node *node, int is_left)
{
	struct quark_rb_node *child = node;

	while (child != NULL) {
		node = child;
		child = is_left ? node->left : node->right;
	}
	return node;
}

/* The next one in order, or with `is_left` the one before. */
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
/* The element of a node, as a pointer of the type of `_element`; NULL for NULL. */
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
/* NULL, or the element there already is that compares equal. */			\
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

/* quark_queue_attr.flags; those of this library's own are from bit 24 up */
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

/* quark_event.events; those of this library's own are from bit 32 up */
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
#define QUARK_F_LATE_CWD	(1 << 2)	/* cwd was read after the fact, and may have changed since */
#define QUARK_F_LATE_CMDLINE	(1 << 3)	/* cmdline likewise */

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

/* what kind of terminal a device number is */
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

/* quark_socket.conn_origin: how a connection became known */
enum sock_conn {
	SOCK_CONN_INVALID,
	SOCK_CONN_CLOSE,
	SOCK_CONN_ACCEPT,
	SOCK_CONN_CONNECT,
	SOCK_CONN_SCRAPE,		/* it was there when the queue was opened */
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

/* quark_verbose, and the priority of what is logged */
enum quark_verbosity_levels {
	QUARK_VL_SILENT,
	QUARK_VL_WARN,
	QUARK_VL_DEBUG,
};

/* The kinds of things that are forgotten after a while. */
enum gc_type {
	GC_INVALID,
	GC_PROCESS,
	GC_SOCKET,
	GC_POD,
};

#define QUARK_MAX_PACKET	2048	/* bytes of a packet that are kept */

/* Bounds of rules that the kernel evaluates: QQ_NOVA, which no kernel can be asked for yet. */
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
	struct quark_process *gc_next;	/* the library's own: exited processes, oldest first */
	struct quark_process *gc_previous;
	u32 gc_time;			/* the library's own: when it exited, ms since boot, wrapping */

	u32 pid;
	u64 flags;			/* QUARK_F_* */
	u64 poison_tag;			/* of the rules, and of its parent when it was forked; 0: none */

	/* QUARK_F_PROC */
	u64 proc_cap_inheritable;	/* bit = capability number, capabilities(7) */
	u64 proc_cap_permitted;
	u64 proc_cap_effective;
	u64 proc_cap_bset;
	u64 proc_cap_ambient;
	u64 proc_time_boot;		/* when the process started, ns; never changes once known */
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
	u32 proc_uts_inonum;		/* namespace inodes; 0: not known */
	u32 proc_ipc_inonum;
	u32 proc_mnt_inonum;
	u32 proc_net_inonum;
	char proc_entity_id[17];	/* of this process alone, in every queue of this boot; or "" */

	/* QUARK_F_EXIT */
	s32 exit_code;			/* exit status; 0 for a death by signal */
	s32 exit_signal;		/* the signal it died of, or 0 */
	u64 exit_time_event;		/* ns */

	char comm[16];			/* "" if not known */
	char *exe;			/* path of the executable, or NULL */
	size_t cmdline_len;		/* bytes, the last NUL included */
	char *cmdline;			/* NUL-separated arguments, or NULL */
	char *cwd;			/* or NULL */
	char *cgroup;			/* path, or NULL */
	struct quark_container *container;	/* NULL: no kubernetes support yet */
	char *env;			/* NUL-separated, or NULL */
	size_t env_len;			/* bytes, the last NUL included */
	char *script;			/* what exe, an interpreter, runs, as execve(2) was given it; or NULL */
	size_t cmdline_orig_len;	/* bytes there were; more than cmdline_len: the rest was cut off */
	size_t env_orig_len;		/* bytes there were; more than env_len: the rest was cut off */
};

struct quark_ptrace {
	u32 child_pid;
	s64 request;			/* of ptrace(2), as the next two */
	u64 addr;
	u64 data;
};

/* Protections as mmap(2) has them. */
struct quark_mprotect {
	u64 vma_start;
	u64 vma_end;
	u64 prev_prot;
	u64 req_prot;			/* as asked for */
	u64 effective_prot;		/* as the kernel takes it */
	u64 inode;			/* 0 unless file_backed, as the next two */
	u32 dev_major;
	u32 dev_minor;
	u32 file_backed;		/* 1: it is of a file */
	char *path;			/* or NULL */
};

/*
 * The families of sockets, packets, files, mprotect and terminals are declared, and have no events yet: their pointers
 * are NULL. What an event points to is valid as the event is.
 */
struct quark_event {
	u64 events;			/* QUARK_EV_*: what happened */
	u64 time;			/* of the oldest part, ns */
	const struct quark_process *process;	/* all that is known of the process, from earlier events too */
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
};

/*
 * Rules: which events a queue hands out, and which processes bear a mark. quark-rules(5) has their language and what
 * they mean.
 */

/* quark_rule.action */
enum quark_rule_action {
	QUARK_RA_INVALID,
	QUARK_RA_DROP,			/* the event is not handed out */
	QUARK_RA_PASS,			/* it is, whatever later rules say */
	QUARK_RA_POISON,		/* its process gets a tag, and the next rule is looked at */
};

/* quark_rule_field.code; those of this library's own are from bit 32 up */
#define QUARK_RF_PID		(1ULL << 0)	/* pid, not 0 */
#define QUARK_RF_PPID		(1ULL << 1)	/* pid, not 0 */
#define QUARK_RF_UID		(1ULL << 2)	/* id: the real one */
#define QUARK_RF_GID		(1ULL << 3)	/* id: the real one */
#define QUARK_RF_SID		(1ULL << 4)	/* id */
#define QUARK_RF_COMM		(1ULL << 5)	/* comm, not "" */
#define QUARK_RF_EXE		(1ULL << 6)	/* wild.pre, a pattern, not "" */
#define QUARK_RF_FILEPATH	(1ULL << 7)	/* wild.pre, likewise; matches nothing: no event has a file yet */
#define QUARK_RF_POISON		(1ULL << 8)	/* poison_tag, not 0 */
#define QUARK_RF_FILE_EXEC_CHANGE (1ULL << 9)	/* nothing to say; matches nothing: no event has a file yet */
#define QUARK_RF_EVENT		(1ULL << 32)	/* events: QUARK_EV_*, one of which the event tells, not 0 */
#define QUARK_RF_PTRACE_CHILD_PID (1ULL << 33)	/* pid: of who is traced, not 0 */
#define QUARK_RF_PTRACE_REQUEST	(1ULL << 34)	/* id: PTRACE_*, of ptrace(2) */
#define QUARK_RF_MODULE_NAME	(1ULL << 35)	/* wild.pre, a pattern, not "" */
#define QUARK_RF_SHM_PATH	(1ULL << 36)	/* wild.pre, likewise: the name of a memory file */

/*
 * A pattern: the string to compare with, or with one `*` in it, which stands for any string, "/" and "" among them.
 * Given as `pre`, of less than PATH_MAX bytes, the other members not looked at. In a rule it is taken apart: what comes
 * before the `*`, and what comes behind it, are NUL-terminated and in memory of the rule's own.
 */
struct quark_wild {
	char *pre;
	size_t pre_len;			/* bytes; without a `*` the NUL is one of them */
	char *post;
	size_t post_len;		/* bytes, the NUL included unless there are no others */
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
	struct quark_rule_field *fields;	/* all must match; none always do */
	size_t n_fields;
	int action;			/* enum quark_rule_action */
	u64 poison_tag;			/* what QUARK_RA_POISON marks with; 0 takes a mark away */
	u64 evals;			/* events that were compared with it */
	u64 hits;			/* those of them that it matched */
	unsigned int number;		/* its place, from 0 */
};

/* Looked at in their order. All that it points to is the library's, until quark_ruleset_clear(). */
struct quark_ruleset {
	struct quark_rule *rules;
	size_t n_rules;
};

/* One end of a connection, in network byte order. The union has a name, for cgo reaches no other. */
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
	u32 pid_origin;			/* who had it first */
	u32 pid_last_use;
	u64 established_time;		/* ns since boot, as the next */
	u64 close_time;			/* 0: open */
	enum sock_conn conn_origin;
	u64 bytes_received;		/* known when it is closed, as the next */
	u64 bytes_sent;
};

struct quark_packet {
	enum quark_packet_direction direction;
	enum quark_packet_origin origin;
	size_t orig_len;		/* bytes there were */
	size_t cap_len;			/* bytes of data, QUARK_MAX_PACKET at most */
	char data[];			/* from the IP header on */
};

struct quark_module_load {
	char *name;
	char *version;			/* "": it has none, as the next */
	char *src_version;
	u64 taints;			/* of the kernel by it, a bit each */
};

struct quark_shm {
	enum shm_kind kind;
	s64 shmget_key;			/* of shmget(2), as the next two; QUARK_SHM_SHMGET */
	u64 shmget_size;
	s64 shmget_shmflg;
	u32 memfd_create_flags;		/* of memfd_create(2); QUARK_SHM_MEMFD_CREATE */
	const char *path;		/* NULL for QUARK_SHM_SHMGET */
};

struct quark_file {
	const char *path;
	const char *old_path;		/* NULL unless moved */
	const char *sym_target;		/* NULL unless a symbolic link with its target in the inode */
	u64 inode;
	u64 atime;			/* ns since the epoch, as the next two */
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

struct quark_tty {
	struct quark_tty *next;		/* later writes of the same event */
	size_t total_len;		/* bytes of data in the whole chain; in its head */
	u16 major;
	u16 minor;
	u16 cols;
	u16 rows;
	u32 cflag;
	u32 iflag;
	u32 lflag;
	u32 oflag;
	u64 truncated;			/* bytes that were not kept */
	size_t data_len;		/* bytes, the NUL behind them left out */
	char data[];
};

/* raw_event.type; those of this library's own are from 64 up */
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

/* raw_event.flags, as they are named elsewhere: a task came with the exec. */
#define RAW_EXEC_F_EXT	(1 << 0)

/* A task as a record found it. Ids are those of the initial namespaces. */
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
	u32 uts_inonum;			/* 0 in a task that is being torn down, as the next three */
	u32 ipc_inonum;
	u32 mnt_inonum;
	u32 net_inonum;
	s32 exit_code;			/* as wait(2) has it: status << 8 | signal; RAW_EXIT_THREAD */
	char comm[16];
};

/* The library's own: a place in a tree, and in the list of its nodes in order. */
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
#define RAW_F_IMAGE	(1 << 1)	/* of an exec: what args, env and script do not tell, there is not */
#define RAW_F_LATE_CWD	(1 << 2)	/* cwd was read after the fact, and may have changed since */
#define RAW_F_LATE_ARGS	(1 << 3)	/* args likewise */
#define RAW_F_CUT_CWD	(1 << 4)	/* cwd begins with "./": where that is, is not known */
#define RAW_F_THREAD	(1 << 5)	/* of the thread tid alone: what is known of its process stays as it is */

/* One record of the kernel, waiting in the queue. Aggregation callbacks look at these; nobody changes them. */
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
	u32 agg_types;			/* types swallowed so far, a bit each: 1 << type */
	u32 id_change;			/* QUARK_ID_CHANGE_*; RAW_ID_CHANGE */
	u32 variable_bytes;		/* sizes of the strings below, and of the payload */
	char *exe;			/* RAW_EXEC; NULL if not known, as the strings below */
	char *args;			/* NUL-separated; RAW_EXEC, RAW_EXEC_CONNECTOR */
	char *cwd;
	char *cgroup;
	char *env;			/* NUL-separated */
	char *script;			/* RAW_EXEC, of a script: its path as given to execve(2) */
	union {
		void *payload;			/* whichever of these it is; NULL: it has none */
		struct quark_packet *packet;	/* RAW_PACKET */
		struct quark_file *file;	/* RAW_FILE */
		struct quark_ptrace *ptrace;	/* RAW_PTRACE */
		struct quark_module_load *module_load;	/* RAW_MODULE_LOAD */
		struct quark_shm *shm;		/* RAW_SHM */
		struct quark_tty *tty;		/* RAW_TTY */
	};
	u32 args_len;			/* bytes, the last NUL included */
	u32 env_len;
	u32 args_orig_len;		/* bytes there were before it was cut */
	u32 env_orig_len;
	struct raw_task task;
};

/* 1: `parent` swallows `child`; 0: the event ends before `child`. */
typedef int (*quark_can_aggregate_fn)(struct quark_queue *queue, struct raw_event *parent, struct raw_event *child);

struct QUARK_SWIFT_SAFE quark_queue_attr {
	int flags;			/* QQ_*; QQ_ALL_BACKENDS, or from QUARK_API 9 on QQ_EBPF */
	int max_length;			/* raw events held at most, 1 or more; 10000 */
	int cache_grace_time;		/* how long an exited process stays known, ms, 0 or more; 4000 */
	int hold_time;			/* how long an event may be held for ordering, ms, 10 or more; 1000 */
	size_t max_env;			/* bytes of environment kept per process, 0 for none; 4096 */
	int kubefd;			/* -1; anything else is ENOTSUP so far */
	struct quark_ruleset *ruleset;	/* not copied: must outlive the queue; NULL for none */
	size_t ring_size;		/* bytes of a ring, a power of two from 4096; 0: EBPF 4 MiB, KPROBE 1 MiB a CPU */
	const char *replay;		/* a file, quark-recording(5), to be played in place of a backend; or NULL */
};

/* The families of events, by which losses are told apart. */
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
	u64 non_aggregations;		/* events made of one */
	u64 lost;			/* records the kernel had no room for */
	u64 garbage_collections;	/* processes forgotten */
#if QUARK_API >= 9
	u64 stalls;			/* rings that made no sense, once or more often */
#endif
	int backend;			/* QQ_EBPF or QQ_KPROBE; 0 when none is open */
	u64 malformed;			/* records dropped because they made no sense */
	u64 late;			/* raw events older than one that had left before they arrived */
	u64 refused;			/* records, or strings of a process, dropped because a bound was reached */
	u64 lost_by_family[QUARK_FAMILY_COUNT];	/* `lost`, as far as it can be told apart */
#if QUARK_API < 9
	u64 stalls;			/* rings that made no sense, once or more often */
#endif
};

/* The machine, when the queue was opened. NULL: not known. */
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

/* Kubernetes: declared, and not supported yet. */
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
	struct quark_ruleset *ruleset;	/* in force from the next quark_queue_get_event() on; NULL when closed */
	void *driver;			/* the library's own */
	char *hooks;			/* the library's own */
	char *fallback_reason;		/* the library's own */
	struct quark_passwd *passwds;	/* the library's own: by uid */
	struct quark_group *groups;	/* the library's own: by gid */
	size_t passwds_len;
	size_t groups_len;
	struct quark_capabilities *capabilities;	/* the library's own */
};

struct quark_process_iter {
	struct quark_queue *queue;	/* the library's own */
	u64 next_pid;
};

struct quark_socket_iter {
	struct quark_queue *queue;	/* the library's own */
	u64 next;
};

struct quark_cmdline_iter {
	const char *cursor;
	const char *end;
};

/* What a program was compiled with: this header's version and generation, and the sizes of structures in it, in bytes. */
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

/* What the next two functions call, with what the program was compiled with. */
void quark_queue_default_attr_api(struct quark_queue_attr *attr, const struct quark_client *client);
int quark_queue_open_api(struct quark_queue *queue, struct quark_queue_attr *attr, const struct quark_client *client);

#ifndef __swift__
/* Stores the defaults named above. */
static inline void quark_queue_default_attr(struct quark_queue_attr *attr)
{
	static const struct quark_client client = QUARK_CLIENT;

	quark_queue_default_attr_api(attr, &client);
}

/*
 * Opens a queue; a NULL `attr` means the defaults. 0, or -1 with errno, and then nothing is left to close:
 * EINVAL an attribute out of range; EPERM or EACCES missing privilege; ENOTSUP no backend of this build can do what
 * is asked for; EPROTO this header and the library are of different versions; else the errno of what failed.
 * quark_queue_open_error() has the words.
 */
static inline int quark_queue_open(struct quark_queue *queue, struct quark_queue_attr *attr)
{
	static const struct quark_client client = QUARK_CLIENT;

	return quark_queue_open_api(queue, attr, &client);
}
#endif

/*
 * Why the newest quark_queue_open() of this thread failed, a line or more, NUL-terminated; "" if it did not. Valid
 * until the thread's next call of it.
 */
const char *quark_queue_open_error(void);

/*
 * By which means of the kernel each kind of record is had, a line each: "fork: raw_tp/sched_process_fork", and for one
 * that cannot be had "comm: none", what was tried and why it failed. NUL-terminated; valid until the queue is closed.
 * NULL with EINVAL when it is closed.
 */
const char *quark_queue_get_hooks(struct quark_queue *queue);

/*
 * Why EBPF, though it was allowed, is not in use; "" if it is, or was not allowed. NUL-terminated; valid until the
 * queue is closed. NULL with EINVAL when it is closed.
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
 * Waits until there may be something to do, 100 ms at most. 0, or -1 with errno: EINTR among them, and ENODATA when all
 * of a recording that is played has been handed out.
 */
int quark_queue_block(struct quark_queue *queue);

/* For clients that wait themselves, 100 ms at most at a time. -1 with EINVAL when the queue is closed. */
int quark_queue_get_epollfd(struct quark_queue *queue);

/*
 * Takes the records that the kernel has ready into the queue, as far as they fit, without handing out an event:
 * quark_queue_get_event() does so by itself. Their number, or -1 with EINVAL when the queue is closed.
 */
int quark_queue_populate(struct quark_queue *queue);

void quark_queue_get_stats(struct quark_queue *queue, struct quark_queue_stats *stats);

/* What is known of a process, exited ones within cache_grace_time included, or NULL with ESRCH. */
const struct quark_process *quark_process_lookup(struct quark_queue *queue, int pid);

/* Walks all that quark_process_lookup() finds, in ascending pid. Starts over after each quark_queue_get_event(). */
void quark_process_iter_init(struct quark_process_iter *iterator, struct quark_queue *queue);

/* The next process, or NULL at the end. */
const struct quark_process *quark_process_iter_next(struct quark_process_iter *iterator);

/* There are no socket events yet: the walk ends at once. */
void quark_socket_iter_init(struct quark_socket_iter *iterator, struct quark_queue *queue);
const struct quark_socket *quark_socket_iter_next(struct quark_socket_iter *iterator);

/*
 * NULL, with ESRCH since there are no sockets yet, or EINVAL for addresses that are not both AF_INET or both AF_INET6.
 */
const struct quark_socket *quark_socket_lookup(struct quark_queue *queue, struct quark_sockaddr *local,
    struct quark_sockaddr *remote);

/*
 * Of /etc/passwd and /etc/group as they were when the queue was opened; NULL with ESRCH. With VALGRIND in the
 * environment they are not read.
 */
struct quark_passwd *quark_passwd_lookup(struct quark_queue *queue, uid_t uid);
struct quark_group *quark_group_lookup(struct quark_queue *queue, gid_t gid);

/*
 * Raw events of a program's own. What is allocated is zero except for its type and, where there is a task, an exit_code
 * of -1 and RAW_F_TASK in flags; NULL with EINVAL for a type outside of enum raw_types. The caller fills in pid and
 * time, and strings, which malloc(3) gave and raw_event_free() frees; a length of 0 is that of the string and its NUL.
 *
 * A raw event that was inserted belongs to the queue, and is delivered as if the kernel had sent it. -1 with errno, and
 * it still is the caller's: EINVAL the queue is closed or the pid makes no sense, ENOBUFS the queue is full, E2BIG more
 * than 128 KiB of strings, ENOTSUP its family is another one than that of processes.
 */
struct raw_event *raw_event_alloc(int type);
void raw_event_free(struct raw_event *event);
int raw_event_insert(struct quark_queue *queue, struct raw_event *event);

/*
 * NULL with EINVAL: the programs of this library are not those of a bpftool skeleton, so there is no such structure to
 * hand out. quark_queue_get_hooks() tells what is loaded.
 */
struct bpf_probes *quark_get_bpf_probes(struct quark_queue *queue);

/*
 * Processes whose files and sockets are nobody's business. There are no such events yet, so nothing needs to be kept
 * quiet. 0, or -1 with EINVAL when EBPF is not in use, or for pid 0.
 */
int quark_queue_trusted_pid_add(struct quark_queue *queue, u32 pid);
int quark_queue_trusted_pid_reset(struct quark_queue *queue);

/* Not supported yet: -1 with ENOTSUP, or EINVAL for NULL. */
int quark_start_kube_talker(const char *kube_config, pid_t *pid);

/* Not supported yet: -1 with ENOTSUP, and `*buf` and `*len` are as they were. */
int quark_event_to_ecs(struct quark_queue *queue, const struct quark_event *event, char **buf, size_t *len);

/*
 * Replaces one cell of the queue's aggregation matrix: may an event that begins with a raw event of `parent_type`
 * swallow the next one of the same process, if that is of `child_type`? NULL: never. 0, or -1 with EINVAL when a type
 * is outside [0, RAW_NUM_TYPES) or the queue is closed.
 */
int quark_queue_set_agg_matrix(struct quark_queue *queue, int parent_type, int child_type, quark_can_aggregate_fn fn);

/* Where a kernel has one thing that kprobes read. */
struct quark_btf_target {
	const char *dotname;		/* "task_struct.comm"; NULL after the last one */
	ssize_t offset;			/* in bytes, or the value of a constant; -1: this kernel has none */
};

struct quark_btf {
	char *kname;			/* the kernel's release, or "sys" */
	struct quark_btf_target targets[];
};

/*
 * The offsets of the running kernel, from its own types or else from the compiled-in table; those of a file of types
 * (BTF, or ELF with BTF in it), where a NULL path is the running kernel's, and a NULL name is "sys"; those of the table
 * for a release, which must be in it, or between two of its series and flavour that agree. NULL with errno: ENOTSUP when
 * there are too few, ENOENT when the table has no answer.
 */
struct quark_btf *quark_btf_open(void);
struct quark_btf *quark_btf_open2(const char *path, const char *kname);
struct quark_btf *quark_btf_open_hub(const char *version);
void quark_btf_close(struct quark_btf *btf);

/* One of them by its name, also of those that are not in the list since kernels may lack them; -1: there is none. */
ssize_t quark_btf_offset(struct quark_btf *btf, const char *dotname);

/*
 * Of types that libbpf has read. The offset of a member in bytes, or the value of a constant, by its dotname; with
 * `alternatives` also by what other kernels call it. How many parameters a function has, or the function that a member
 * points to; the place of a parameter by its name, from 0. -1: there is none.
 */
s32 btf_root_offset(struct btf *btf, const char *dotname, int alternatives);
int btf_number_of_params(struct btf *btf, const char *func);
int btf_number_of_params_of_ptr(struct btf *btf, const char *strct, const char *member);
int btf_index_of_param(struct btf *btf, const char *func, const char *param);

/* What the stock matrices are made of. */
int quark_can_aggregate_single(struct quark_queue *queue, struct raw_event *parent, struct raw_event *child);
int quark_can_aggregate_mult(struct quark_queue *queue, struct raw_event *parent, struct raw_event *child);
int quark_can_aggregate_fork_exec(struct quark_queue *queue, struct raw_event *parent, struct raw_event *child);
int quark_can_aggregate_file(struct quark_queue *queue, struct raw_event *parent, struct raw_event *child);
int quark_can_aggregate_tty(struct quark_queue *queue, struct raw_event *parent, struct raw_event *child);

/*
 * Which container the path of a control group names, as "runtime://id" and a NUL; the systemd driver's layout only.
 * 0, or -1 when it names none or `size` bytes are too few.
 */
int parse_container_cgroup(const char *cgroup, char *out, size_t size);

/* Writes the event as text. 0, or -1 when the event has no process or writing failed. */
int quark_event_dump(const struct quark_event *event, FILE *file);

/*
 * Writes the processes that quark_process_iter_next() would walk as a graph in the DOT language. 0, or -1 with errno:
 * EINVAL when the queue is closed, else that of writing.
 */
int quark_dump_process_cache_graph(struct quark_queue *queue, FILE *file);

/*
 * Writes the two balanced trees of the raw events that wait in the queue, ordered by time, and by process and time, as
 * graphs in the DOT language. 0, or -1 with errno, as above.
 */
int quark_dump_raw_event_graph(struct quark_queue *queue, FILE *by_time, FILE *by_pidtime);

/* Makes an empty set of rules. */
void quark_ruleset_init(struct quark_ruleset *ruleset);

/* Frees what the rules are made of, and leaves an empty set. No queue may be using it. */
void quark_ruleset_clear(struct quark_ruleset *ruleset);

/*
 * Makes a set of the rules in `file`, read to its end and not closed. What was in `ruleset` is not looked at, and need
 * not be initialised: clear one that has been in use first, or its rules are never freed. 0, or -1 with errno and an
 * empty set: EINVAL, the text is not one of rules; else the errno of reading. Then `err`, unless it is NULL, has the
 * words, as many as fit in `errlen` bytes with a NUL behind them: "quark_parse: MESSAGE at line N column N".
 */
int quark_ruleset_parse(struct quark_ruleset *ruleset, FILE *file, char *err, size_t errlen);

/*
 * Adds a rule without conditions behind the others. `poison_tag` is for QUARK_RA_POISON. The pointer is valid until
 * the next call of it. NULL with EINVAL: there is no such action.
 */
struct quark_rule *quark_ruleset_append_rule(struct quark_ruleset *ruleset, int action, u64 poison_tag);

/* Adds one more condition to a rule, which gets a copy of it. 0, or -1 with EINVAL: a field that the above excludes. */
int quark_rule_match_field(struct quark_rule *rule, struct quark_rule_field field);

/*
 * Applies the rules to an event, as quark_queue_get_event() does to each one of its queue: marks its process, and
 * counts. The QUARK_RA_PASS or QUARK_RA_DROP rule that decided, valid as the set's rules are, or NULL: none did.
 */
struct quark_rule *quark_ruleset_match(struct quark_ruleset *ruleset, struct quark_event *event);

/* Splits a NUL-separated buffer such as quark_process.cmdline; an unterminated tail is not returned. */
void quark_cmdline_iter_init(struct quark_cmdline_iter *iterator, const char *cmdline, size_t length);

/* The next argument, or NULL at the end. */
const char *quark_cmdline_iter_next(struct quark_cmdline_iter *iterator);

/*
 * The log, on stderr: what has a priority of `quark_verbose` or less, which is 0 at first and QUARK_VERBOSE of the
 * environment when a queue is opened.
 */
extern int quark_verbose;

/* "program: function:line: message", and ": " and the words of errno if `do_errno`. Leaves errno as it is. */
void qlog_func(int pri, int do_errno, const char *func, int line, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* qlog() and qlogx() are the same, and leave it to `_do_errno`. Of the others those with an x do without errno. */
#ifndef __swift__
#define qlog(_pri, _do_errno, ...) qlog_func(_pri, _do_errno, __func__, __LINE__, __VA_ARGS__)
#define qlogx(_pri, _do_errno, ...) qlog_func(_pri, _do_errno, __func__, __LINE__, __VA_ARGS__)
#define qwarn(...)	qlog(QUARK_VL_WARN, 1, __VA_ARGS__)
#define qwarnx(...)	qlog(QUARK_VL_WARN, 0, __VA_ARGS__)
#define qdebug(...)	qlog(QUARK_VL_DEBUG, 1, __VA_ARGS__)
#define qdebugx(...)	qlog(QUARK_VL_DEBUG, 0, __VA_ARGS__)
#endif

/* libbpf's messages go to the log: its warnings and informations at QUARK_VL_WARN, the rest at QUARK_VL_DEBUG. */
void setup_libbpf_logs(void);

/* read(2), again when a signal interrupts it. */
ssize_t qread(int fd, void *buf, size_t count);

/* Writes all of it. EPIPE: the descriptor takes no more. */
int qwrite(int fd, const void *buf, size_t count);

/*
 * The target of a symbolic link, NUL-terminated. Its length, or `bufsiz` when it did not fit; -1 with errno: EINVAL for
 * a `bufsiz` below 2, else that of readlinkat(2).
 */
ssize_t qreadlinkat(int dfd, const char *pathname, char *buf, size_t bufsiz);

/* Closes all descriptors from `lowfd` on, but not `keep`; -1 keeps none. */
int qclosefrom(int lowfd, int keep);

/* 1: all characters are digits, as in "". */
int isnumber(const char *text);

/*
 * What a file of one line has, without its last byte, which is the line's end. The length, or -1 with errno. No more
 * than `bufsiz` bytes are read.
 */
ssize_t readlineat(int dfd, const char *pathname, char *buf, size_t bufsiz);

/* The whole of `text` as a number, strtoull(3); a minus sign wraps around. EINVAL, or ERANGE. */
int strtou64(u64 *number, const char *text, int base);

/* The first line that begins so, without its end, to be freed. NULL: there is none. */
char *find_line(FILE *file, const char *prefix);
char *find_line_p(const char *path, const char *prefix);

/*
 * All that can be read, and a NUL that `*total` does not count, to be freed; `total` may be NULL. NULL with errno, and
 * for an empty file NULL with a `*total` of 0 and an errno of 0.
 */
char *load_file_nostat(int fd, size_t *total);
char *load_file_path_nostat(const char *path, size_t *total);

/* 1: there are sockets of AF_INET6. */
int ipv6_supported(void);

/* What stands behind the last slash; NULL: there is no slash, or nothing behind it. */
const char *safe_basename(const char *path);

/*
 * What the wall clock said when the machine was booted, ns since the epoch: added to any time since boot it gives the
 * wall clock's. It is the same from call to call unless the clock is set, which it follows within 10 ms, and never
 * such that a time comes out later than it was. For any thread at any time, also without a queue. 0: not known.
 */
u64 quark_get_boottime(void);

/* Looks at once whether the clock was set: there is no need to. 0, or -1 with errno. */
int quark_update_boottime(void);

/* `time` since boot as the wall clock has it. */
u64 quark_time_to_wallclock(u64 time);

/* How far the first clock is ahead of the second, ns, modulo 2^64; 0: one of them cannot be read. */
u64 clock_diff(clockid_t first, clockid_t second);

#if QUARK_API < 9
/* Another name of quark_get_boottime(). */
u64 fetch_boottime(void);
#endif

/* Base64: the length of the text without its NUL, or of the bytes; -1: there is no room, or it is no base64. */
int qb64_ntop(const unsigned char *source, size_t length, char *target, size_t size);
int qb64_pton(const char *source, unsigned char *target, size_t size);

/*
 * Functions of the BSDs that libc lacks. They have names of our own, so that they meet nobody else's of these names; a
 * program that has its own goes on with its own.
 */
size_t quark_strlcpy(char *target, const char *source, size_t size);
size_t quark_strlcat(char *target, const char *source, size_t size);
long long quark_strtonum(const char *text, long long minimum, long long maximum, const char **reason);
void *quark_reallocarray(void *memory, size_t count, size_t size);
/* "0000: 68 65 6c 6c 6f …  hello…" for each 16 bytes; the offset is decimal. */
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
 * Writes JSON: hanson_open() begins an object, hanson_close() ends it, and hands out the text, to be freed, with its
 * length, the NUL not counted; what was opened in between the caller closes. `first` says whether it is the first
 * one in its object or array, and then is 0: before all others comes a comma. NULL: no comma. Of strings `"`, `\` and
 * control characters are escaped; bytes from 0x7f on are as they are.
 *
 * -1: there is no memory. An error stays, and hanson_close() returns it, too: callers need look no earlier. It then
 * hands out nothing.
 */
struct hanson {
	int error;
	char *buf;
	char *buf_w;			/* where the next byte goes */
	size_t buf_len;			/* bytes there is room for */
};

int hanson_open(struct hanson *h);
int hanson_close(struct hanson *h, char **buf, size_t *len);
int hanson_add_ascii(struct hanson *h, char character);			/* as it is */
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
