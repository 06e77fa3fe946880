//go:build quark_fake

/*
 * A library that needs no kernel, for tests of the package on any machine (-tags quark_fake). A queue delivers as many
 * events as its max_length, each kind in turn. It ends the program when two threads use one queue at the same time.
 */
#include "shim.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROCESSES 3
#define KINDS 16

struct fake {
	struct quark_process processes[PROCESSES];
	struct quark_event event;
	char script[32];		/* of the process in the event, and valid only as long as the event */
	char *payload;			/* of the event, valid as long as the event */
	u64 count;
	u64 max;
	int ready;			/* an eventfd, readable while there are events */
	int inside;
	int forbidden;			/* pairs that are never joined */
};

int quark_verbose;

static const char *open_error = "";

static struct fake *
enter(struct quark_queue *queue)
{
	struct fake *fake = queue->driver;

	if (__atomic_exchange_n(&fake->inside, 1, __ATOMIC_ACQUIRE) != 0)
		abort();
	return (fake);
}

static void
leave(struct fake *fake)
{
	__atomic_store_n(&fake->inside, 0, __ATOMIC_RELEASE);
}

static void
make_processes(struct fake *fake)
{
	static char init_cmdline[] = "/init\0\0\0", root[] = "/";
	static char exe[] = "/bin/busybox", cmdline[] = "/bin/echo\0hello\0", env[] = "A=1\0B=";
	struct quark_process *init = &fake->processes[0], *echo = &fake->processes[1];

	*init = (struct quark_process){ .pid = 1, .flags = QUARK_F_PROC, .proc_cap_inheritable = 1,
	    .proc_cap_permitted = 2, .proc_cap_effective = 3, .proc_cap_bset = 4, .proc_cap_ambient = 5,
	    .proc_time_boot = 1700000000000000000, .proc_entry_leader_type = QUARK_ELT_INIT, .proc_entry_leader = 1,
	    .comm = "init", .cmdline = init_cmdline, .cmdline_len = sizeof(init_cmdline), .cwd = root };
	*echo = (struct quark_process){ .pid = 4711, .flags = QUARK_F_PROC | QUARK_F_EXIT,
	    .proc_time_boot = 1700000001000000000, .proc_ppid = 1, .proc_uid = 2, .proc_gid = 3, .proc_suid = 4,
	    .proc_sgid = 5, .proc_euid = 6, .proc_egid = 7, .proc_pgid = 8, .proc_sid = 9, .proc_tty_major = 10,
	    .proc_tty_minor = 11, .proc_uts_inonum = 12, .proc_ipc_inonum = 13, .proc_mnt_inonum = 14,
	    .proc_net_inonum = 15, .proc_entity_id = "0123456789abcdef", .exit_code = -1, .exit_signal = 9,
	    .exit_time_event = 1700000002000000000, .comm = "sixteen bytes ..", .exe = exe, .cmdline = cmdline,
	    .cmdline_len = sizeof(cmdline), .cwd = root, .cgroup = root, .env = env, .env_len = sizeof(env),
	    .script = fake->script };
	/* Only the pid of the last process is known. */
	fake->processes[2].pid = 4712;
}

void
quark_queue_default_attr_api(struct quark_queue_attr *attr, const struct quark_client *client)
{
	*attr = (struct quark_queue_attr){ .flags = client->api == 9 ? QQ_EBPF : QQ_EBPF | QQ_KPROBE, .max_length = 10000, .cache_grace_time = 4000,
	    .hold_time = 1000, .max_env = 4096, .kubefd = -1 };
}

static int
fail(int error, const char *text)
{
	open_error = text;
	errno = error;
	return (-1);
}

int
quark_queue_open_api(struct quark_queue *queue, struct quark_queue_attr *attr, const struct quark_client *client)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct fake *fake;

	if (client->api != QUARK_API || client->attr_size != sizeof(*attr))
		abort();
	if (attr->hold_time < 10)
		return (fail(EINVAL, "cannot use hold_time below 10: Invalid argument"));
	if (attr->flags & QQ_NOVA)
		return (fail(EPERM, "cannot load a BPF program: Operation not permitted\nCAP_BPF is missing"));
	if (attr->ring_size != 0)
		return (fail(0, ""));
	open_error = "";
	if ((fake = calloc(1, sizeof(*fake))) == NULL)
		abort();
	make_processes(fake);
	fake->max = attr->max_length;
	*queue = (struct quark_queue){ .flags = attr->flags, .driver = fake, .ruleset = attr->ruleset };
	if ((fake->ready = eventfd(1, EFD_CLOEXEC)) == -1 || (queue->epollfd = epoll_create1(EPOLL_CLOEXEC)) == -1 ||
	    epoll_ctl(queue->epollfd, EPOLL_CTL_ADD, fake->ready, &event) == -1)
		abort();
	return (0);
}

const char *
quark_queue_open_error(void)
{
	return (open_error);
}

void
quark_queue_close(struct quark_queue *queue)
{
	struct fake *fake = enter(queue);

	close(queue->epollfd);
	close(fake->ready);
	free(fake->payload);
	free(fake);
}

int
quark_queue_get_epollfd(struct quark_queue *queue)
{
	return (queue->epollfd);
}

const char *
quark_queue_get_hooks(struct quark_queue *queue)
{
	(void)queue;
	return ("fork: fake\n");
}

const char *
quark_queue_get_fallback_reason(struct quark_queue *queue)
{
	(void)queue;
	return ("this is a fake");
}

const struct quark_capabilities *
quark_queue_get_capabilities(struct quark_queue *queue)
{
	static const struct quark_capability list[] = {
		{ QUARK_FAMILY_PROCESS, QUARK_CAPABILITY_EXACT, QUARK_EV_FORK, 0, "process", "", "fake", "" },
		{ QUARK_FAMILY_SHM, QUARK_CAPABILITY_NONE, QUARK_EV_SHM, QQ_SHM, "shm", "path", "", "not asked for" },
	};
	static const struct quark_capabilities all = { QQ_EBPF, "ebpf", list, nitems(list) };

	(void)queue;
	return (&all);
}

void
quark_queue_get_stats(struct quark_queue *queue, struct quark_queue_stats *stats)
{
	struct fake *fake = enter(queue);

	*stats = (struct quark_queue_stats){ .insertions = fake->max, .removals = fake->count, .aggregations = 3,
	    .non_aggregations = 4, .lost = 5, .garbage_collections = 6, .backend = QQ_EBPF, .malformed = 7, .late = 8,
	    .refused = 9, .stalls = 10 };
	leave(fake);
}

/* Makes the payload of an event of this kind, in one piece of memory. */
static void
add_payload(struct fake *fake, unsigned kind)
{
	struct quark_event *event = &fake->event;
	struct quark_sockaddr local = { .af = AF_INET, .port = htons(80) }, remote = local;
	static char module[] = "module", version[] = "1.0", nothing[] = "", path[] = "/dev/shm/name";
	struct quark_socket *socket;
	struct quark_packet *packet;
	struct quark_file *file;
	struct quark_module_load *load;
	struct quark_shm *shm;
	struct quark_tty *tty, *second;

	free(fake->payload);
	if ((fake->payload = calloc(1, 4096)) == NULL)
		abort();
	memcpy(local.u.addr6, "\x7f\0\0\1", 4);
	memcpy(remote.u.addr6, "\x0a\0\0\2", 4);
	remote.port = htons(40000);
	switch (kind) {
	case 4:
	case 5:
		event->events = kind == 4 ? QUARK_EV_SOCK_CONN_ESTABLISHED : QUARK_EV_SOCK_CONN_CLOSED;
		event->socket = socket = (void *)fake->payload;
		if (kind == 5) {
			local.af = remote.af = AF_INET6;
			local.u.addr6[15] = 1;
			memcpy(remote.u.addr6, "\0\0\0\0\0\0\0\0\0\0\xff\xff\1\2\3\4", 16);
		} else {
			event->process = NULL;
		}
		socket->local = local;
		socket->remote = remote;
		socket->pid_origin = 1;
		socket->pid_last_use = 2;
		socket->established_time = 3;
		socket->close_time = 4;
		socket->bytes_sent = 5;
		socket->bytes_received = 6;
		break;
	case 6:
		event->events = QUARK_EV_PACKET;
		event->packet = packet = (void *)fake->payload;
		packet->direction = QUARK_PACKET_DIR_INGRESS;
		packet->origin = QUARK_PACKET_ORIGIN_DNS;
		packet->orig_len = 100;
		packet->cap_len = 5;
		memcpy(packet->data, "E\0\0\1\2", 5);
		break;
	case 7:
	case 8:
		event->events = QUARK_EV_FILE;
		event->file = file = (void *)fake->payload;
		*file = (struct quark_file){ .path = "/tmp/new", .inode = 1, .atime = 2, .mtime = 3, .ctime = 4,
		    .size = 5, .mode = 0100644, .uid = 6, .gid = 7, .op_mask = QUARK_FILE_OP_CREATE };
		if (kind == 8) {
			file->old_path = "/tmp/old";
			file->sym_target = "target";
			file->op_mask = QUARK_FILE_OP_MOVE;
		}
		break;
	case 9:
		event->events = QUARK_EV_PTRACE;
		event->ptrace = (struct quark_ptrace){ .child_pid = 1, .request = -2, .addr = 3, .data = 4 };
		break;
	case 10:
		event->events = QUARK_EV_MODULE_LOAD;
		event->module_load = load = (void *)fake->payload;
		load->name = module;
		load->version = version;
		load->src_version = nothing;
		load->taints = 0x1001;
		break;
	case 11:
	case 12:
	case 13:
	case 14:
		event->events = QUARK_EV_SHM;
		event->shm = shm = (void *)fake->payload;
		shm->kind = kind == 11 ? QUARK_SHM_SHMGET : kind == 12 ? QUARK_SHM_SHM_OPEN :
		    kind == 13 ? QUARK_SHM_MEMFD_CREATE : QUARK_SHM_INVALID;
		shm->shmget_key = -1;
		shm->shmget_size = 2;
		shm->shmget_shmflg = -3;
		shm->memfd_create_flags = 4;
		shm->path = kind == 11 ? NULL : path;
		break;
	case 15:
		event->events = QUARK_EV_TTY;
		event->tty_flags = QUARK_TTY_F_INPUT;
		event->tty = tty = (void *)fake->payload;
		tty->next = second = (void *)(fake->payload + 2048);
		tty->major = 1;
		tty->minor = 2;
		tty->cols = 3;
		tty->rows = 4;
		tty->cflag = 5;
		tty->iflag = 6;
		tty->lflag = 7;
		tty->oflag = 8;
		tty->truncated = 9;
		tty->data_len = 3;
		memcpy(tty->data, "one", 3);
		second->truncated = 1;
		second->data_len = 0;
		break;
	}
}

const struct quark_event *
quark_queue_get_event(struct quark_queue *queue)
{
	struct fake *fake = enter(queue);
	struct quark_event *event = &fake->event;
	unsigned kind = fake->count % KINDS;
	u64 value;

	if (fake->count == fake->max) {
		/* Write 1 and then nothing, or put back what was read. */
		if (fake->ready != -1 && read(fake->ready, &value, sizeof(value)) == sizeof(value)) {
			close(fake->ready);
			fake->ready = -1;
		}
		leave(fake);
		return (NULL);
	}
	memset(event, 0, sizeof(*event));
	event->time = 1700000000000000000 + fake->count;
	event->process = &fake->processes[kind == 0 || kind == 1 ? 1 : kind == 2 ? 2 : 0];
	event->events = kind == 0 ? QUARK_EV_FORK | QUARK_EV_EXEC | QUARK_EV_EXIT :
	    kind == 1 ? QUARK_EV_ID_CHANGE : kind == 2 ? QUARK_EV_SETPROCTITLE : QUARK_EV_EXEC;
	if (kind == 1)
		event->id_change = QUARK_ID_CHANGE_SETSID | QUARK_ID_CHANGE_SETGID;
	snprintf(fake->script, sizeof(fake->script), "script %llu", fake->count);
	if (kind > 3)
		add_payload(fake, kind);
	fake->count++;
	leave(fake);
	return (event);
}

const struct quark_process *
quark_process_lookup(struct quark_queue *queue, int pid)
{
	struct fake *fake = enter(queue);
	const struct quark_process *found = NULL;

	for (unsigned i = 0; i < PROCESSES; i++)
		if (fake->processes[i].pid == (u32)pid)
			found = &fake->processes[i];
	leave(fake);
	return (found);
}

void
quark_process_iter_init(struct quark_process_iter *iterator, struct quark_queue *queue)
{
	*iterator = (struct quark_process_iter){ .queue = queue };
}

const struct quark_process *
quark_process_iter_next(struct quark_process_iter *iterator)
{
	struct fake *fake = enter(iterator->queue);
	const struct quark_process *found = NULL;

	/* The other member is private to the library: here it is an index. */
	if (iterator->next_pid < PROCESSES)
		found = &fake->processes[iterator->next_pid++];
	leave(fake);
	return (found);
}

/* One rule is enough, because the tests use only one text. */
int
quark_ruleset_parse(struct quark_ruleset *ruleset, FILE *file, char *err, size_t errlen)
{
	char text[64];

	if (fread(text, 1, sizeof(text), file) == strlen("pass on any") && memcmp(text, "pass on any", 11) == 0) {
		ruleset->rules = calloc(1, sizeof(*ruleset->rules));
		ruleset->n_rules = 1;
		return (0);
	}
	snprintf(err, errlen, "quark_parse: it is none at line 1 column 1");
	errno = EINVAL;
	return (-1);
}

void
quark_ruleset_clear(struct quark_ruleset *ruleset)
{
	free(ruleset->rules);
	*ruleset = (struct quark_ruleset){ 0 };
}

int
quark_queue_set_agg_matrix(struct quark_queue *queue, int parent, int child, quark_can_aggregate_fn fn)
{
	struct fake *fake = enter(queue);

	fake->forbidden += parent >= 0 && child >= 0 && fn == NULL;
	leave(fake);
	return (0);
}

struct quark_passwd *
quark_passwd_lookup(struct quark_queue *queue, uid_t uid)
{
	static char name[] = "root";
	static struct quark_passwd user = { .uid = 0, .gid = 1, .name = name };

	leave(enter(queue));
	return (uid == 0 ? &user : NULL);
}

struct quark_group *
quark_group_lookup(struct quark_queue *queue, gid_t gid)
{
	static char name[] = "wheel";
	static struct quark_group group = { .gid = 0, .name = name };

	leave(enter(queue));
	return (gid == 0 ? &group : NULL);
}

u64
quark_get_boottime(void)
{
	return (1000);
}

int
quark_update_boottime(void)
{
	return (0);
}

u64
quark_time_to_wallclock(u64 time)
{
	return (1000 + time);
}

/* Makes a document for each event with a process. */
int
quark_event_to_ecs(struct quark_queue *queue, const struct quark_event *event, char **buf, size_t *len)
{
	(void)queue;
	if (event->process == NULL) {
		errno = EINVAL;
		return (-1);
	}
	if ((*buf = malloc(64)) == NULL)
		return (-1);
	*len = snprintf(*buf, 64, "{\"process\":{\"pid\":%u}}", event->process->pid);
	return (0);
}
