/*
 * A client in C or C++ that needs no privilege and opens nothing. It checks what a compiler and a link can check of
 * quark.h. Prints TAP.
 */
#include <quark.h>

#include <errno.h>
#include <string.h>

static int count, failures;

static void check(int condition, const char *what)
{
	printf("%sok %d - %s\n", condition ? "" : "not ", ++count, what);
	failures += !condition;
}

static void check_defaults(void)
{
	struct quark_queue_attr attr;

	memset(&attr, 0xff, sizeof(attr));
	quark_queue_default_attr(&attr);
	check(attr.flags == QQ_ALL_BACKENDS, "flags default to both backends");
	check(attr.max_length == 10000, "max_length defaults to 10000");
	check(attr.cache_grace_time == 4000, "cache_grace_time defaults to 4000");
	check(attr.hold_time == 1000, "hold_time defaults to 1000");
	check(attr.max_env == 4096, "max_env defaults to 4096");
	check(attr.kubefd == -1 && attr.ruleset == NULL, "no kubefd and no ruleset by default");
}

static void check_refusal(void)
{
	struct quark_queue queue;
	struct quark_queue_attr attr;
	struct quark_queue_stats stats;
	struct quark_process_iter iter;

	quark_queue_default_attr(&attr);
	attr.hold_time = 9;
	errno = 0;
	check(quark_queue_open(&queue, &attr) == -1 && errno == EINVAL, "hold_time 9 is EINVAL");
	check(strstr(quark_queue_open_error(), "hold_time") != NULL, "and the words name it");
	attr.hold_time = 10;
	attr.flags = QQ_EBPF | QQ_DNS;
	check(quark_queue_open(&queue, &attr) == -1 && errno == ENOTSUP, "QQ_DNS is ENOTSUP");
	quark_queue_default_attr(&attr);
	attr.kubefd = 0;
	check(quark_queue_open(&queue, &attr) == -1 && errno == ENOTSUP, "kubefd is ENOTSUP");
	check(queue.epollfd == -1, "a queue that did not open has no epollfd");
	check(quark_queue_get_event(&queue) == NULL, "and no events");
	check(quark_queue_block(&queue) == -1 && errno == EINVAL, "and cannot be waited for");
	check(quark_queue_get_epollfd(&queue) == -1 && errno == EINVAL, "and no descriptor");
	check(quark_process_lookup(&queue, 1) == NULL && errno == ESRCH, "and no processes");
	quark_process_iter_init(&iter, &queue);
	check(quark_process_iter_next(&iter) == NULL, "nor any to walk");
	errno = 0;
	check(quark_queue_set_agg_matrix(&queue, RAW_EXEC, RAW_EXEC, NULL) == -1 && errno == EINVAL, "and no matrix");
	quark_queue_get_stats(&queue, &stats);
	check(stats.backend == 0 && stats.insertions == 0, "and empty statistics");
	quark_queue_close(&queue);
	check(1, "and closing it is harmless");
}

static void check_cmdline(void)
{
	static const char cmdline[] = "ls\0\0-l\0tail";
	struct quark_cmdline_iter iter;
	const char *argument;

	quark_cmdline_iter_init(&iter, cmdline, sizeof(cmdline) - 1);
	argument = quark_cmdline_iter_next(&iter);
	check(argument != NULL && strcmp(argument, "ls") == 0, "the first argument");
	argument = quark_cmdline_iter_next(&iter);
	check(argument != NULL && *argument == '\0', "an empty argument");
	argument = quark_cmdline_iter_next(&iter);
	check(argument != NULL && strcmp(argument, "-l") == 0, "the last argument");
	check(quark_cmdline_iter_next(&iter) == NULL, "an unterminated tail is none");
	quark_cmdline_iter_init(&iter, NULL, 0);
	check(quark_cmdline_iter_next(&iter) == NULL, "no command line has no arguments");
}

static void check_container(void)
{
	char id[32];

	check(parse_container_cgroup("foo/docker-f6aa.scope", id, sizeof(id)) == 0 && strcmp(id, "docker://f6aa") == 0,
	    "a container's control group");
	check(parse_container_cgroup("foo/docker-f6aa.scope", id, 8) == -1, "a buffer that is too small");
	check(parse_container_cgroup("/user.slice", id, sizeof(id)) == -1, "no container's control group");
}

static void check_dump(void)
{
	struct quark_process process;
	struct quark_event event;
	char text[256] = "";
	FILE *file = tmpfile();

	memset(&process, 0, sizeof(process));
	memset(&event, 0, sizeof(event));
	process.pid = 7;
	strcpy(process.comm, "seven");
	event.events = QUARK_EV_FORK | QUARK_EV_EXIT;
	event.process = &process;
	check(file != NULL && quark_event_dump(&event, file) == 0, "an event is written");
	rewind(file);
	check(fread(text, 1, sizeof(text) - 1, file) > 0 && strcmp(text, "->7 (FORK+EXIT)\n  COMM\tcomm=seven\n") == 0,
	    "as its text form has it");
	event.process = NULL;
	check(quark_event_dump(&event, file) == -1, "an event without a process is -1");
	fclose(file);
	file = fopen("/dev/full", "w");
	event.process = &process;
	check(file != NULL && quark_event_dump(&event, file) == -1, "a full disk is -1");
	fclose(file);
}

static void check_aggregation(void)
{
	struct raw_event parent, child;

	memset(&parent, 0, sizeof(parent));
	memset(&child, 0, sizeof(child));
	parent.type = RAW_WAKE_UP_NEW_TASK;
	child.type = RAW_EXEC;
	check(quark_can_aggregate_single(NULL, &parent, &child) == 1, "single takes one");
	check(quark_can_aggregate_fork_exec(NULL, &parent, &child) == 1, "fork_exec takes one");
	parent.agg_types = 1 << RAW_EXEC;
	check(quark_can_aggregate_single(NULL, &parent, &child) == 0, "single takes no second");
	check(quark_can_aggregate_mult(NULL, &parent, &child) == 1, "mult does");
	parent.agg_types = 1 << RAW_ID_CHANGE;
	check(quark_can_aggregate_fork_exec(NULL, &parent, &child) == 0, "fork_exec takes none behind a change of ids");
	check(quark_can_aggregate_file(NULL, &parent, &child) == 0, "no files, no file rule");
	check(quark_can_aggregate_tty(NULL, &parent, &child) == 0, "no terminals, no tty rule");
}

/* Makes a set of the rules in a text. */
static int parse_rules(struct quark_ruleset *ruleset, const char *text, char *err, size_t errlen)
{
	FILE *file = tmpfile();
	int result;

	if (file == NULL)
		return 1;
	fputs(text, file);
	rewind(file);
	result = quark_ruleset_parse(ruleset, file, err, errlen);
	check(fgetc(file) == EOF && !ferror(file), "the file of rules is read to its end, and open");
	fclose(file);
	return result;
}

static void check_rule_texts(void)
{
	struct quark_ruleset ruleset;
	char err[128], tiny[8];
	FILE *file;

	memset(&ruleset, 0xff, sizeof(ruleset));
	memset(err, 0, sizeof(err));
	check(parse_rules(&ruleset, "poison 7 on process.exe /a*b process.uid 5\ndrop on any\n", err, sizeof(err)) == 0,
	    "a text of rules is parsed, whatever was there before");
	check(err[0] == '\0', "and no words are said");
	check(ruleset.n_rules == 2 && ruleset.rules[0].n_fields == 2 && ruleset.rules[1].n_fields == 0, "two rules");
	if (ruleset.n_rules != 2)
		return;
	check(ruleset.rules[0].action == QUARK_RA_POISON && ruleset.rules[0].poison_tag == 7 &&
	    ruleset.rules[0].number == 0 && ruleset.rules[0].evals == 0 && ruleset.rules[0].hits == 0, "the first marks");
	check(ruleset.rules[0].fields[0].code == QUARK_RF_EXE && ruleset.rules[0].fields[0].wild.pre_len == 2 &&
	    strcmp(ruleset.rules[0].fields[0].wild.pre, "/a") == 0 && ruleset.rules[0].fields[0].wild.post_len == 2 &&
	    strcmp(ruleset.rules[0].fields[0].wild.post, "b") == 0, "by a pattern, taken apart");
	check(ruleset.rules[0].fields[1].code == QUARK_RF_UID && ruleset.rules[0].fields[1].id == 5, "and by a user");
	check(ruleset.rules[1].action == QUARK_RA_DROP && ruleset.rules[1].number == 1, "the second drops");
	quark_ruleset_clear(&ruleset);
	check(ruleset.rules == NULL && ruleset.n_rules == 0, "cleared, it is empty");
	quark_ruleset_clear(&ruleset);

	errno = 0;
	check(parse_rules(&ruleset, "drop on any\npass on process.pid x", err, sizeof(err)) == -1 && errno == EINVAL,
	    "what is no rule is EINVAL");
	check(strcmp(err, "quark_parse: bad number: \"x\": invalid at line 2 column 21") == 0, "the words say where");
	check(ruleset.rules == NULL && ruleset.n_rules == 0, "and nothing is left");
	check(parse_rules(&ruleset, "x", tiny, sizeof(tiny)) == -1 && strcmp(tiny, "quark_p") == 0, "words are cut");
	check(parse_rules(&ruleset, "x", tiny, 0) == -1 && strcmp(tiny, "quark_p") == 0, "no room, no words");
	check(parse_rules(&ruleset, "x", NULL, 100) == -1, "nobody needs the words");
	file = fopen("/", "r");
	check(file != NULL && quark_ruleset_parse(&ruleset, file, err, sizeof(err)) == -1 && errno == EISDIR &&
	    strcmp(err, "quark_parse: input error reading config") == 0, "what cannot be read is the errno of that");
	if (file != NULL)
		fclose(file);
}

static struct quark_rule_field rule_field(u64 code)
{
	struct quark_rule_field field;

	memset(&field, 0, sizeof(field));
	field.code = code;
	return field;
}

static void check_rules(void)
{
	struct quark_ruleset ruleset;
	struct quark_rule *rule;
	struct quark_rule_field field;
	struct quark_process process;
	struct quark_event event;
	char pattern[] = "/bin/*", twice[] = "*/bin/*", exe[] = "/bin/sh";

	memset(&ruleset, 0xff, sizeof(ruleset));
	quark_ruleset_init(&ruleset);
	check(ruleset.rules == NULL && ruleset.n_rules == 0, "a new set is empty");
	errno = 0;
	check(quark_ruleset_append_rule(&ruleset, QUARK_RA_INVALID, 0) == NULL && errno == EINVAL, "no action is EINVAL");
	errno = 0;
	check(quark_ruleset_append_rule(&ruleset, 4, 0) == NULL && errno == EINVAL, "an unknown one is EINVAL");
	check(quark_ruleset_append_rule(&ruleset, -1, 0) == NULL && ruleset.n_rules == 0, "and none is added");

	rule = quark_ruleset_append_rule(&ruleset, QUARK_RA_POISON, 99);
	check(rule == ruleset.rules && rule->poison_tag == 99 && rule->number == 0, "a rule that marks");
	field = rule_field(QUARK_RF_EXE);
	field.wild.pre = pattern;
	check(quark_rule_match_field(rule, field) == 0, "a pattern");
	check(strcmp(pattern, "/bin/*") == 0 && rule->fields[0].wild.pre != pattern, "is copied");
	pattern[0] = 'x';
	field.wild.pre = twice;
	errno = 0;
	check(quark_rule_match_field(rule, field) == -1 && errno == EINVAL, "two * are EINVAL");
	field.wild.pre = NULL;
	check(quark_rule_match_field(rule, field) == -1, "no pattern is none");
	errno = 0;
	check(quark_rule_match_field(rule, rule_field(QUARK_RF_PID)) == -1 && errno == EINVAL, "pid 0 is EINVAL");
	check(quark_rule_match_field(rule, rule_field(QUARK_RF_PPID)) == -1, "ppid 0 is none");
	check(quark_rule_match_field(rule, rule_field(QUARK_RF_COMM)) == -1, "an empty name is none");
	check(quark_rule_match_field(rule, rule_field(QUARK_RF_POISON)) == -1, "tag 0 is none");
	check(quark_rule_match_field(rule, rule_field(QUARK_RF_EVENT)) == -1, "no event is none");
	check(quark_rule_match_field(rule, rule_field(QUARK_RF_PTRACE_CHILD_PID)) == -1, "nor is pid 0 of who is traced");
	check(quark_rule_match_field(rule, rule_field(QUARK_RF_MODULE_NAME)) == -1 &&
	    quark_rule_match_field(rule, rule_field(QUARK_RF_SHM_PATH)) == -1, "nor is no name");
	check(quark_rule_match_field(rule, rule_field(0)) == -1, "no field is none");
	check(quark_rule_match_field(rule, rule_field(QUARK_RF_UID | QUARK_RF_GID)) == -1, "two are none");
	check(quark_rule_match_field(rule, rule_field(QUARK_RF_UID)) == 0 && rule->n_fields == 2, "user 0 is one");

	rule = quark_ruleset_append_rule(&ruleset, QUARK_RA_DROP, 99);
	check(rule != NULL && rule->poison_tag == 0, "only what marks has a tag");
	field = rule_field(QUARK_RF_POISON);
	field.poison_tag = 99;
	check(quark_rule_match_field(rule, field) == 0, "a mark is a condition");

	memset(&process, 0, sizeof(process));
	memset(&event, 0, sizeof(event));
	process.flags = QUARK_F_PROC;
	process.exe = exe;
	event.process = &process;
	rule = quark_ruleset_match(&ruleset, &event);
	check(rule == &ruleset.rules[1] && process.poison_tag == 99, "an event is dropped for the mark it just got");
	check(ruleset.rules[0].hits == 1 && ruleset.rules[1].evals == 1 && ruleset.rules[1].hits == 1, "which is counted");
	process.poison_tag = 0;
	process.proc_uid = 1;
	check(quark_ruleset_match(&ruleset, &event) == NULL && process.poison_tag == 0, "another user's is not");
	check(ruleset.rules[0].evals == 2 && ruleset.rules[0].hits == 1 && ruleset.rules[1].evals == 2, "nor counted as one");
	quark_ruleset_clear(&ruleset);
	check(quark_ruleset_match(&ruleset, &event) == NULL, "no rules decide nothing");
}

/* Checks the names that have an offset, and look-ups by name. */
static void check_btf(void)
{
	struct quark_btf *btf = quark_btf_open_hub("4.19.90-2107.6.0.0248.35.oe1.bclinux.x86_64");
	struct quark_btf_target *target;
	int count = 0, missing = 0;

	check(btf != NULL, "the table has a kernel");
	if (btf == NULL)
		return;
	check(strcmp(btf->kname, "4.19.90-2107.6.0.0248.35.oe1.bclinux.x86_64") == 0, "and says which");
	for (target = btf->targets; target->dotname != NULL; target++) {
		count++;
		missing += target->offset == -1;
		check(quark_btf_offset(btf, target->dotname) == target->offset, target->dotname);
	}
	check(count == 51 && missing == 1, "51 targets, all but one of the two kinds of pids");
	check(quark_btf_offset(btf, "cred.uid") == 4, "cred.uid is at 4");
	check(quark_btf_offset(btf, "mount.mnt_parent") == 16, "one that is not in the list has an offset");
	check(quark_btf_offset(btf, "cred.what") == -1 && quark_btf_offset(btf, NULL) == -1, "an unknown name has none");
	quark_btf_close(btf);
	quark_btf_close(NULL);
	check(quark_btf_open_hub("4.19.90-2107.6.0.0248.36.oe1.bclinux.x86_64") == NULL && errno == ENOENT,
	    "another release is ENOENT");
	check(quark_btf_open2("/nowhere", NULL) == NULL && errno == ENOENT, "a file that is not there is ENOENT");
	check(quark_btf_open2("/etc/passwd", "x") == NULL && errno == EINVAL, "a file that is no BTF is EINVAL");
	btf = quark_btf_open2("Fuzz/corpus/btf/raw", NULL);
	check(btf != NULL && strcmp(btf->kname, "sys") == 0, "a file of types, without a name");
	quark_btf_close(btf);
}

int main(void)
{
	u64 wide = 1;

	check(sizeof(u8) == 1 && sizeof(u16) == 2 && sizeof(u32) == 4 && sizeof(u64) == 8,
	    "the types have their sizes");
	printf("# %llu prints without a warning\n", wide);
	check_defaults();
	check_refusal();
	check_cmdline();
	check_aggregation();
	check_container();
	check_dump();
	check_rule_texts();
	check_rules();
	printf("1..%d\n", count);
	check_btf();
	return failures != 0;
}
