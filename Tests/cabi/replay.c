/*
 * A queue that is opened without a privilege: it plays a recording, whose name is the argument. Tests what a client
 * finds in it beside events, and raw events of the client. Prints TAP.
 */
#include <quark.h>

#include <errno.h>
#include <unistd.h>

#include <sys/utsname.h>

static int count, failures;

static void check(int condition, const char *what)
{
	printf("%sok %d - %s\n", condition ? "" : "not ", ++count, what);
	failures += !condition;
}

static int equal(const char *left, const char *right)
{
	return left != NULL && right != NULL && strcmp(left, right) == 0;
}

static void open_replay(struct quark_queue *queue, char *path, int max_length)
{
	struct quark_queue_attr attr;

	quark_queue_default_attr(&attr);
	attr.replay = path;
	attr.max_length = max_length;
	attr.flags |= QQ_THREAD_EVENTS;
	check(quark_queue_open(queue, &attr) == 0, "a recording opens");
}

static void check_machine(char *path)
{
	struct quark_queue queue;
	struct quark_sockaddr local, remote;
	struct quark_passwd *user;
	struct quark_group *group;
	struct utsname name;
	char host[256];

	open_replay(&queue, path, 10000);
	uname(&name);
	gethostname(host, sizeof(host));
	check(equal(queue.sysinfo.hostname, host), "the host's name");
	check(equal(queue.sysinfo.uts_release, name.release) && equal(queue.sysinfo.uts_version, name.version) &&
	    equal(queue.sysinfo.uts_machine, name.machine) && equal(queue.sysinfo.uts_sysname, "Linux") &&
	    equal(queue.sysinfo.uts_nodename, name.nodename), "the kernel's");
	check(queue.sysinfo.boot_id != NULL && strlen(queue.sysinfo.boot_id) == 36, "the boot's");
	check(access("/etc/os-release", F_OK) == -1 || queue.sysinfo.os_id != NULL, "the system's");
	user = quark_passwd_lookup(&queue, 0);
	check(user != NULL && user->uid == 0 && user->gid == 0 && equal(user->name, "root"), "a user");
	group = quark_group_lookup(&queue, 0);
	check(group != NULL && group->gid == 0 && equal(group->name, "root"), "a group");
	errno = 0;
	check(quark_passwd_lookup(&queue, 4000000000u) == NULL && errno == ESRCH, "no user");
	errno = 0;
	check(quark_group_lookup(&queue, 4000000000u) == NULL && errno == ESRCH, "no group");
	memset(&local, 0, sizeof(local));
	local.af = AF_INET;
	remote = local;
	check(quark_socket_lookup(&queue, &local, &remote) == NULL && errno == ESRCH, "no socket");
	errno = 0;
	check(quark_queue_trusted_pid_add(&queue, 1) == -1 && errno == EINVAL, "trust is EBPF's");
	errno = 0;
	check(quark_queue_trusted_pid_reset(&queue) == -1 && errno == EINVAL, "and no other's");
	check(quark_get_bpf_probes(&queue) == NULL && errno == EINVAL, "there are no probes");
	check(queue.ruleset == NULL && queue.epollfd >= 0, "the queue has what was asked for");
	quark_queue_close(&queue);
	check(queue.sysinfo.hostname == NULL && quark_passwd_lookup(&queue, 0) == NULL, "and nothing when it is closed");
	setenv("VALGRIND", "", 1);
	open_replay(&queue, path, 10000);
	check(quark_passwd_lookup(&queue, 0) == NULL && quark_group_lookup(&queue, 0) == NULL &&
	    queue.sysinfo.hostname != NULL, "under valgrind no accounts are loaded");
	quark_queue_close(&queue);
	unsetenv("VALGRIND");
}

/* The kinds of the events of `pid`, one digit each; stores the process of the newest one in `last`. */
static int events_of(struct quark_queue *queue, u32 pid, struct quark_process *last)
{
	const struct quark_event *event;
	int result = 0;

	do {
		while ((event = quark_queue_get_event(queue)) != NULL) {
			if (event->process == NULL || event->process->pid != pid)
				continue;
			result = result * 10 + (int)event->events;
			*last = *event->process;
			check(event->socket == NULL && event->packet == NULL && event->bypass == NULL &&
			    event->file == NULL && event->module_load == NULL && event->shm == NULL &&
			    event->tty == NULL && event->ptrace.child_pid == 0, "an event has nothing of other families");
			if (event->process->exe != NULL)
				check(equal(event->process->exe, "/bin/of-our-own"), "its process has the executable");
		}
	} while (quark_queue_block(queue) == 0);
	return result;
}

static void check_insertion(char *path)
{
	enum { OURS = 4000000 };
	struct quark_queue queue;
	struct quark_process last;
	struct raw_event *raw;

	memset(&last, 0, sizeof(last));
	open_replay(&queue, path, 10000);
	raw = raw_event_alloc(RAW_WAKE_UP_NEW_TASK);
	raw->pid = OURS;
	raw->time = 1;
	raw->task.ppid = 17;
	check(raw_event_insert(&queue, raw) == 0 && queue.length == 1, "a fork of our own");
	raw = raw_event_alloc(RAW_EXEC);
	raw->pid = OURS;
	raw->time = 2;
	raw->exe = strdup("/bin/of-our-own");
	raw->args = strdup("one");
	check(raw_event_insert(&queue, raw) == 0 && queue.length == 2, "an exec");
	raw = raw_event_alloc(RAW_EXIT_THREAD);
	raw->pid = OURS;
	raw->time = 3;
	raw->task.exit_code = 42 << 8;
	check(raw_event_insert(&queue, raw) == 0 && queue.length == 3, "an exit");
	raw = raw_event_alloc(RAW_EXEC);
	errno = 0;
	check(raw_event_insert(&queue, raw) == -1 && errno == EINVAL, "pid 0 is EINVAL");
	raw_event_free(raw);
	raw = raw_event_alloc(RAW_FILE);
	raw->pid = OURS;
	check(raw_event_insert(&queue, raw) == -1 && errno == ENOTSUP, "a file is ENOTSUP");
	raw_event_free(raw);
	raw = raw_event_alloc(RAW_EXEC);
	raw->pid = OURS;
	raw->env = strdup("x");
	raw->env_len = 1 << 20;
	check(raw_event_insert(&queue, raw) == -1 && errno == E2BIG, "a megabyte is E2BIG");
	raw_event_free(raw);
	check(events_of(&queue, OURS, &last) == (QUARK_EV_FORK | QUARK_EV_EXEC | QUARK_EV_EXIT), "are one event");
	check(last.exit_code == 42 && last.cmdline_len == 4 && (last.flags & QUARK_F_EXIT) != 0, "that has what they say");
	check(errno == ENODATA, "and the recording ends");
	quark_queue_close(&queue);
}

static void check_bound(char *path)
{
	struct quark_queue queue;
	struct raw_event *raw;

	open_replay(&queue, path, 1);
	raw = raw_event_alloc(RAW_COMM);
	raw->pid = 5;
	check(raw_event_insert(&queue, raw) == 0, "one fits");
	raw = raw_event_alloc(RAW_COMM);
	raw->pid = 5;
	check(raw_event_insert(&queue, raw) == -1 && errno == ENOBUFS, "a second one is ENOBUFS");
	raw_event_free(raw);
	quark_queue_close(&queue);
}

/* NULL: there is none. */
static const struct quark_capability *capability(const struct quark_capabilities *all, u64 event, const char *field)
{
	size_t i;

	for (i = 0; i < all->count; i++)
		if (all->list[i].event == event && equal(all->list[i].field, field))
			return &all->list[i];
	return NULL;
}

static void check_capabilities(char *path)
{
	struct quark_queue queue;
	const struct quark_capabilities *all;
	const struct quark_capability *one;
	size_t i, bytes = 0;

	open_replay(&queue, path, 10000);
	all = quark_queue_get_capabilities(&queue);
	check(all != NULL && all->backend == 0 && equal(all->backend_name, "replay") && all->count > 60,
	    "what a recording tells");
	for (i = 0; i < all->count; i++)
		bytes += strlen(all->list[i].family_name) + strlen(all->list[i].field) + strlen(all->list[i].means) +
		    strlen(all->list[i].reason);
	check(bytes > 1000, "in words");
	one = capability(all, QUARK_EV_EXEC, "exe");
	check(one != NULL && one->state == QUARK_CAPABILITY_EXACT && one->family == QUARK_FAMILY_PROCESS &&
	    equal(one->family_name, "process") && equal(one->means, "recording") && equal(one->reason, "") &&
	    one->flag == 0, "what is executed");
	one = capability(all, QUARK_EV_SHM, "");
	check(one != NULL && one->state == QUARK_CAPABILITY_NONE && one->family == QUARK_FAMILY_SHM &&
	    equal(one->means, "") && equal(one->reason, "the recording has none") && one->flag == QQ_SHM,
	    "and no shared memory");
	check(quark_queue_get_capabilities(&queue) == all, "is the same when it is asked for again");
	while (quark_queue_get_event(&queue) == NULL && quark_queue_block(&queue) == 0)
		continue;
	check(queue.length > 0 && equal(capability(all, QUARK_EV_SHM, "")->family_name, "shm"),
	    "and behind events");
	quark_queue_close(&queue);
	check(queue.capabilities == NULL, "and is gone with the queue");
}

int main(int argc, char *argv[])
{
	if (argc != 2)
		return 2;
	check_machine(argv[1]);
	check_insertion(argv[1]);
	check_bound(argv[1]);
	check_capabilities(argv[1]);
	printf("1..%d\n", count);
	return failures != 0;
}
