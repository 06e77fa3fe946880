/*
 * The tables of kinds.h as values. The words in them that come from quark.h get their meaning here. This file is
 * private to the library.
 */
#ifndef QUARK_CQUARK_KINDS_H
#define QUARK_CQUARK_KINDS_H

#include "kinds.h"
#include "quark.h"
#include "wire.h"

/* What the library knows of a kind of record. */
struct cquark_kind {
	u32 type;	/* RAW_*: the raw event that it becomes; RAW_INVALID if there is no such kind */
	u32 flags;	/* RAW_F_* of that raw event */
	u32 family;	/* enum wire_family */
	u32 body_size;	/* bytes between its header and its fields */
};

/* What the library knows of a type of raw event. */
struct cquark_type {
	u64 event;	/* QUARK_EV_*; 0 if there is no such type */
	u32 family;	/* enum wire_family */
	int flag;	/* QQ_*: asks for it; 0: every queue gets it */
	const char *label;
};

/* The body of a record without one: in C its size is 0. */
struct wire_none {
};

#define CQUARK_ROW(type, family, event, flag, label) CQUARK_FAMILY_OF_##type = WIRE_FAMILY_##family,
enum { WIRE_RAW_TYPES(CQUARK_ROW) };
#undef CQUARK_ROW

/* `kind` is wire_record.kind, and may be any number. */
static inline const struct cquark_kind *cquark_kind(u32 kind)
{
#define CQUARK_ROW(kind, number, body, type, flags, sources) \
	[number] = { RAW_##type, (flags), CQUARK_FAMILY_OF_##type, sizeof(struct wire_##body) },
	static const struct cquark_kind kinds[] = { WIRE_KINDS(CQUARK_ROW) };
#undef CQUARK_ROW

	return &kinds[kind < WIRE_KIND_END ? kind : 0];
}

/* `type` is raw_event.type, and may be any number. */
static inline const struct cquark_type *cquark_type(u32 type)
{
#define CQUARK_ROW(type, family, event, flag, label) \
	[RAW_##type] = { QUARK_EV_##event, WIRE_FAMILY_##family, (flag), (label) },
	static const struct cquark_type types[RAW_NUM_TYPES] = { WIRE_RAW_TYPES(CQUARK_ROW) };
#undef CQUARK_ROW

	return &types[type < RAW_NUM_TYPES ? type : RAW_INVALID];
}

/* The raw types of a family, one bit each: 1 << type. */
static inline u32 cquark_types_of(u32 family)
{
#define CQUARK_BIT(type, row_family, event, flag, label) \
	| (family == WIRE_FAMILY_##row_family ? (u32)1 << RAW_##type : 0)
	return 0 WIRE_RAW_TYPES(CQUARK_BIT);
#undef CQUARK_BIT
}

/* The raw types that at least one of these sources delivers, one bit each. `from`: bits of enum wire_source. */
static inline u32 cquark_types_from(u32 from)
{
#define CQUARK_BIT(kind, number, body, type, flags, sources) | (from & (sources) ? (u32)1 << RAW_##type : 0)
	return 0 WIRE_KINDS(CQUARK_BIT);
#undef CQUARK_BIT
}

/* The flags that ask for at least one of these raw types. `types`: one bit each. */
static inline int cquark_flags_for(u32 types)
{
#define CQUARK_BIT(type, family, event, flag, label) | (types & (u32)1 << RAW_##type ? (flag) : 0)
	return 0 WIRE_RAW_TYPES(CQUARK_BIT);
#undef CQUARK_BIT
}

/* The raw types that a queue with these flags gets, one bit each, with those that every queue gets. */
static inline u32 cquark_types_for(int flags)
{
#define CQUARK_BIT(type, family, event, flag, label) | ((flag) == 0 || flags & (flag) ? (u32)1 << RAW_##type : 0)
	return 0 WIRE_RAW_TYPES(CQUARK_BIT);
#undef CQUARK_BIT
}

/* The flags that ask for at least one of these events. `events`: QUARK_EV_*. */
static inline int cquark_flags_for_events(u64 events)
{
#define CQUARK_BIT(type, family, event, flag, label) | (events & QUARK_EV_##event ? (flag) : 0)
	return 0 WIRE_RAW_TYPES(CQUARK_BIT);
#undef CQUARK_BIT
}

/* The flags that ask for raw events that a backend delivers. `backend`: QQ_EBPF or QQ_KPROBE. */
static inline int cquark_flags_of(int backend)
{
	return cquark_flags_for(cquark_types_from(backend == QQ_EBPF ? WIRE_EBPF : WIRE_KPROBE));
}

/* The name of a flag that asks for raw events; NULL if it asks for none. */
static inline const char *cquark_flag_name(int flag)
{
#define CQUARK_NAME(type, family, event, row_flag, label) if ((row_flag) != 0 && flag == (row_flag)) return #row_flag;
	WIRE_RAW_TYPES(CQUARK_NAME)
#undef CQUARK_NAME
	return NULL;
}

/* All bits of quark_event.events, also those that no event has yet. */
#define CQUARK_EVENTS(EVENT) \
	EVENT(FORK) EVENT(EXEC) EVENT(EXIT) EVENT(ID_CHANGE) EVENT(SETPROCTITLE) EVENT(SOCK_CONN_ESTABLISHED)	\
	EVENT(SOCK_CONN_CLOSED) EVENT(PACKET) EVENT(BYPASS) EVENT(FILE) EVENT(PTRACE) EVENT(MODULE_LOAD)	\
	EVENT(SHM) EVENT(TTY) EVENT(GETPID) EVENT(MPROTECT)

/* QUARK_EV_<name>, for one bit of quark_event.events. */
static inline const char *cquark_event_name(u64 bit)
{
	switch (bit) {
#define CQUARK_CASE(name) case QUARK_EV_##name: return #name;
	CQUARK_EVENTS(CQUARK_CASE)
#undef CQUARK_CASE
	default: return "?";
	}
}

#endif
