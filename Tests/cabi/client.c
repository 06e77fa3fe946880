/*
 * A client in C or C++ that needs no privilege and opens nothing: what quark.h promises, checked where a compiler and
 * a link can check it. Prints TAP.
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

/* The names that have an offset, and what they are asked for by. */
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
	printf("1..%d\n", count);
	check_btf();
	return failures != 0;
}
