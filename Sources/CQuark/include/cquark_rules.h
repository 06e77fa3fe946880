/*
 * What rules can ask, in one table, which the text of rules, what programs add and what is freed depend on. For the
 * library's own parts, not for clients.
 */
#ifndef QUARK_CQUARK_RULES_H
#define QUARK_CQUARK_RULES_H

#include <stddef.h>

#include "quark.h"

/* What a condition compares with, and in which member of quark_rule_field that is. */
enum cquark_rule_value {
	CQUARK_VALUE_NONE,	/* nothing */
	CQUARK_VALUE_PID,	/* pid, not 0 */
	CQUARK_VALUE_NUMBER,	/* id */
	CQUARK_VALUE_TAG,	/* poison_tag, not 0 */
	CQUARK_VALUE_NAME,	/* comm, not "" */
	CQUARK_VALUE_PATTERN,	/* wild, not "" */
	CQUARK_VALUE_EVENTS,	/* events, not 0 */
};

/*
 * CONDITION(code, value, word)
 *
 *   code   QUARK_RF_<code> of quark.h
 *   value  CQUARK_VALUE_<value>
 *   word   how a text of rules spells it; NULL: it cannot ask that
 */
#define CQUARK_CONDITIONS(CONDITION)					\
	CONDITION(PID,              PID,     "process.pid")		\
	CONDITION(PPID,             PID,     "process.ppid")		\
	CONDITION(UID,              NUMBER,  "process.uid")		\
	CONDITION(GID,              NUMBER,  "process.gid")		\
	CONDITION(SID,              NUMBER,  "process.sid")		\
	CONDITION(COMM,             NAME,    NULL)			\
	CONDITION(EXE,              PATTERN, "process.exe")		\
	CONDITION(POISON,           TAG,     "poison")			\
	CONDITION(FILEPATH,         PATTERN, "file.path")		\
	CONDITION(FILE_EXEC_CHANGE, NONE,    "file.exec_change")	\
	CONDITION(EVENT,            EVENTS,  "event.type")		\
	CONDITION(PTRACE_CHILD_PID, PID,     "ptrace.child_pid")	\
	CONDITION(PTRACE_REQUEST,   NUMBER,  "ptrace.request")		\
	CONDITION(MODULE_NAME,      PATTERN, "module.name")		\
	CONDITION(SHM_PATH,         PATTERN, "shm.path")

struct cquark_condition {
	u64 code;			/* QUARK_RF_* */
	enum cquark_rule_value value;
	const char *word;		/* NULL: a text of rules cannot ask it */
};

/* The one at `index`, from 0; NULL: there are no more. */
static inline const struct cquark_condition *cquark_condition(size_t index)
{
#define CQUARK_ROW(code, value, word) { QUARK_RF_##code, CQUARK_VALUE_##value, (word) },
	static const struct cquark_condition rows[] = { CQUARK_CONDITIONS(CQUARK_ROW) };
#undef CQUARK_ROW

	return index < sizeof(rows) / sizeof(rows[0]) ? &rows[index] : NULL;
}

#endif
