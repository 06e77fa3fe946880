//go:build linux && (amd64 || arm64)

#include "shim.h"

#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdlib.h>
#include <string.h>

/* A larger buffer is freed once a snapshot or a large event no longer needs it; no call takes much more. */
#define BUFFER_SIZE (256 * 1024)

/*
 * Opening needs megabytes for a moment, and a queue some memory during its life. The C library keeps memory that a
 * thread has freed for this thread, but a Go program opens its next queue in another thread.
 */
static void
give_back(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

/* The rest of a text that a stream reads. */
struct rest {
	const char *text;
	size_t length;
};

static ssize_t
read_rest(void *cookie, char *buffer, size_t size)
{
	struct rest *rest = cookie;

	if (size > rest->length)
		size = rest->length;
	memcpy(buffer, rest->text, size);
	rest->text += size;
	rest->length -= size;
	return (size);
}

static void
free_rules(struct quark_ruleset *rules)
{
	if (rules == NULL)
		return;
	quark_ruleset_clear(rules);
	free(rules);
}

/* This does not use fmemopen(3): a program that links it does not run with a C library older than 2.22. */
struct quark_ruleset *
quarkgo_rules(const char *text, size_t length, char *words, size_t size)
{
	struct rest rest = { text, length };
	struct quark_ruleset *rules = calloc(1, sizeof(*rules));
	FILE *file = fopencookie(&rest, "r", (cookie_io_functions_t){ .read = read_rest });

	snprintf(words, size, "%s", strerror(ENOMEM));
	if (rules == NULL || file == NULL || quark_ruleset_parse(rules, file, words, size) == -1) {
		free_rules(rules);
		rules = NULL;
	}
	if (file != NULL)
		fclose(file);
	return (rules);
}

struct quarkgo_queue *
quarkgo_open(int flags, int max_length, int cache_grace_time, int hold_time, ssize_t max_env, size_t ring_size,
    struct quark_ruleset *rules, const char *replay)
{
	struct quarkgo_queue *queue;
	struct quark_queue_attr attr;
	int error;

	if ((queue = calloc(1, sizeof(*queue))) == NULL) {
		free_rules(rules);
		return (NULL);
	}
	queue->rules = rules;
	quark_queue_default_attr(&attr);
	attr.flags = flags;
	attr.max_length = max_length;
	attr.cache_grace_time = cache_grace_time;
	attr.hold_time = hold_time;
	if (max_env != 0)
		attr.max_env = max_env == -1 ? 0 : max_env;
	attr.ruleset = rules;
	attr.ring_size = ring_size;
	attr.replay = replay;
	if (quark_queue_open(&queue->queue, &attr) == 0) {
		give_back();
		return (queue);
	}
	error = errno;
	give_back();
	if ((queue->open_error = strdup(quark_queue_open_error())) == NULL) {
		free_rules(rules);
		free(queue);
		queue = NULL;
	}
	errno = error;
	return (queue);
}

void
quarkgo_close(struct quarkgo_queue *queue)
{
	if (queue->open_error == NULL)
		quark_queue_close(&queue->queue);
	free_rules(queue->rules);
	free(queue->open_error);
	free(queue->buffer);
	free(queue->ecs);
	free(queue);
	give_back();
}

static size_t
aligned(size_t size)
{
	return ((size + 7) & ~(size_t)7);
}

static u32
length(const char *string)
{
	return (string == NULL ? 0 : strlen(string));
}

/* The three regions of a record: first its parts, then its strings, then its bytes. */
struct writer {
	char *part;
	char *text;
	char *data;
};

static void *
part(struct writer *writer, size_t size)
{
	void *start = writer->part;

	writer->part += size;
	return (memset(start, 0, size));
}

static void
text(struct writer *writer, const char *string, u32 length)
{
	if (length > 0)
		memcpy(writer->text, string, length);
	writer->text += length;
}

/* Stores the lengths of a process's strings. */
static u32
measure_process(const struct quark_process *process, struct quarkgo_process *out)
{
	out->comm = strnlen(process->comm, sizeof(process->comm));
	out->exe = length(process->exe);
	out->cwd = length(process->cwd);
	out->cgroup = length(process->cgroup);
	out->script = length(process->script);
	out->entity_id = strnlen(process->proc_entity_id, sizeof(process->proc_entity_id));
	out->cmdline = process->cmdline == NULL ? 0 : process->cmdline_len;
	out->env = process->env == NULL ? 0 : process->env_len;
	return (out->comm + out->exe + out->cwd + out->cgroup + out->script + out->entity_id + out->cmdline + out->env);
}

static void
write_process(const struct quark_process *process, const struct quarkgo_process *measured, struct writer *writer)
{
	struct quarkgo_process *out = part(writer, sizeof(*out));

	*out = *measured;
	out->process = *process;
	text(writer, process->comm, out->comm);
	text(writer, process->exe, out->exe);
	text(writer, process->cwd, out->cwd);
	text(writer, process->cgroup, out->cgroup);
	text(writer, process->script, out->script);
	text(writer, process->proc_entity_id, out->entity_id);
	text(writer, process->cmdline, out->cmdline);
	text(writer, process->env, out->env);
}

static void
write_address(const struct quark_sockaddr *address, struct quarkgo_address *out)
{
	out->family = address->af;
	out->port = ntohs(address->port);
	memcpy(out->bytes, address->u.addr6, sizeof(out->bytes));
}

static void
write_socket(const struct quark_socket *socket, struct writer *writer)
{
	struct quarkgo_socket *out = part(writer, sizeof(*out));

	write_address(&socket->local, &out->local);
	write_address(&socket->remote, &out->remote);
	out->established_time = socket->established_time;
	out->close_time = socket->close_time;
	out->bytes_sent = socket->bytes_sent;
	out->bytes_received = socket->bytes_received;
	out->pid_origin = socket->pid_origin;
	out->pid_last_use = socket->pid_last_use;
}

static void
write_packet(const struct quark_packet *packet, struct writer *writer)
{
	struct quarkgo_packet *out = part(writer, sizeof(*out));

	out->direction = packet->direction;
	out->origin = packet->origin;
	out->orig_len = packet->orig_len;
	out->length = packet->cap_len;
	memcpy(writer->data, packet->data, packet->cap_len);
	writer->data += packet->cap_len;
}

static void
write_file(const struct quark_file *file, struct writer *writer)
{
	struct quarkgo_file *out = part(writer, sizeof(*out));

	out->inode = file->inode;
	out->atime = file->atime;
	out->mtime = file->mtime;
	out->ctime = file->ctime;
	out->size = file->size;
	out->mode = file->mode;
	out->uid = file->uid;
	out->gid = file->gid;
	out->op_mask = file->op_mask;
	out->change_mask = file->change_mask;
	out->path = length(file->path);
	out->old_path = length(file->old_path);
	out->sym_target = length(file->sym_target);
	text(writer, file->path, out->path);
	text(writer, file->old_path, out->old_path);
	text(writer, file->sym_target, out->sym_target);
}

static void
write_ptrace(const struct quark_ptrace *ptrace, struct writer *writer)
{
	struct quarkgo_ptrace *out = part(writer, sizeof(*out));

	out->child_pid = ptrace->child_pid;
	out->request = ptrace->request;
	out->addr = ptrace->addr;
	out->data = ptrace->data;
}

static void
write_module_load(const struct quark_module_load *module, struct writer *writer)
{
	struct quarkgo_module_load *out = part(writer, sizeof(*out));

	out->name = length(module->name);
	out->version = length(module->version);
	out->src_version = length(module->src_version);
	out->taints = module->taints;
	text(writer, module->name, out->name);
	text(writer, module->version, out->version);
	text(writer, module->src_version, out->src_version);
}

static void
write_shm(const struct quark_shm *shm, struct writer *writer)
{
	struct quarkgo_shm *out = part(writer, sizeof(*out));

	out->kind = shm->kind;
	out->key = shm->shmget_key;
	out->size = shm->shmget_size;
	out->shmflg = shm->shmget_shmflg;
	out->memfd_flags = shm->memfd_create_flags;
	out->path = length(shm->path);
	text(writer, shm->path, out->path);
}

static void
write_tty(const struct quark_tty *tty, struct writer *writer)
{
	struct quarkgo_tty *out = part(writer, sizeof(*out));
	const struct quark_tty *write;

	out->major = tty->major;
	out->minor = tty->minor;
	out->cols = tty->cols;
	out->rows = tty->rows;
	out->cflag = tty->cflag;
	out->iflag = tty->iflag;
	out->lflag = tty->lflag;
	out->oflag = tty->oflag;
	for (write = tty; write != NULL; write = write->next) {
		*(u64 *)part(writer, sizeof(u64)) = write->data_len;
		memcpy(writer->data, write->data, write->data_len);
		writer->data += write->data_len;
		out->truncated += write->truncated;
		out->writes++;
	}
}

/* The size of everything but the process; stores in `parts` what there is. */
static void
measure_payload(const struct quark_event *event, u32 *parts, size_t *part_size, size_t *text_size, size_t *data_size)
{
	const struct quark_tty *write;

	if (event->socket != NULL) {
		*parts |= QUARKGO_SOCKET;
		*part_size += sizeof(struct quarkgo_socket);
	}
	if (event->packet != NULL) {
		*parts |= QUARKGO_PACKET;
		*part_size += sizeof(struct quarkgo_packet);
		*data_size += event->packet->cap_len;
	}
	if (event->file != NULL) {
		*parts |= QUARKGO_FILE;
		*part_size += sizeof(struct quarkgo_file);
		*text_size += length(event->file->path) + length(event->file->old_path) +
		    length(event->file->sym_target);
	}
	if (event->events & QUARK_EV_PTRACE) {
		*parts |= QUARKGO_PTRACE;
		*part_size += sizeof(struct quarkgo_ptrace);
	}
	if (event->module_load != NULL) {
		*parts |= QUARKGO_MODULE_LOAD;
		*part_size += sizeof(struct quarkgo_module_load);
		*text_size += length(event->module_load->name) + length(event->module_load->version) +
		    length(event->module_load->src_version);
	}
	if (event->shm != NULL) {
		*parts |= QUARKGO_SHM;
		*part_size += sizeof(struct quarkgo_shm);
		*text_size += length(event->shm->path);
	}
	if (event->tty != NULL) {
		*parts |= QUARKGO_TTY;
		*part_size += sizeof(struct quarkgo_tty);
		for (write = event->tty; write != NULL; write = write->next) {
			*part_size += sizeof(u64);
			*data_size += write->data_len;
		}
	}
}

static void
write_payload(const struct quark_event *event, u32 parts, struct writer *writer)
{
	if (parts & QUARKGO_SOCKET)
		write_socket(event->socket, writer);
	if (parts & QUARKGO_PACKET)
		write_packet(event->packet, writer);
	if (parts & QUARKGO_FILE)
		write_file(event->file, writer);
	if (parts & QUARKGO_PTRACE)
		write_ptrace(&event->ptrace, writer);
	if (parts & QUARKGO_MODULE_LOAD)
		write_module_load(event->module_load, writer);
	if (parts & QUARKGO_SHM)
		write_shm(event->shm, writer);
	if (parts & QUARKGO_TTY)
		write_tty(event->tty, writer);
}

/* Makes room for `size` more bytes. 0, or -1 with errno. */
static int
reserve(struct quarkgo_queue *queue, size_t size)
{
	size_t wanted = queue->size < BUFFER_SIZE ? BUFFER_SIZE : queue->size;
	char *buffer;

	if (queue->size - queue->used >= size)
		return (0);
	while (wanted - queue->used < size)
		wanted *= 2;
	if ((buffer = realloc(queue->buffer, wanted)) == NULL)
		return (-1);
	queue->buffer = buffer;
	queue->size = wanted;
	return (0);
}

/* Empties the buffer, and shrinks it to its usual size. */
static void
empty(struct quarkgo_queue *queue)
{
	queue->used = 0;
	if (queue->size > 4 * BUFFER_SIZE) {
		free(queue->buffer);
		queue->buffer = NULL;
		queue->size = 0;
	}
}

/* Appends an event. 0, or -1 with errno. */
static int
append(struct quarkgo_queue *queue, const struct quark_event *event)
{
	struct quarkgo_process measured = { 0 };
	struct quarkgo_record *record;
	struct writer writer;
	size_t part_size = sizeof(*record), text_size = 0, data_size = 0, size;
	u32 parts = 0;

	if (event->process != NULL) {
		parts |= QUARKGO_PROCESS;
		part_size += sizeof(measured);
		text_size += measure_process(event->process, &measured);
	}
	measure_payload(event, &parts, &part_size, &text_size, &data_size);
	size = aligned(part_size + text_size + data_size);
	if (reserve(queue, size) == -1)
		return (-1);

	writer.part = queue->buffer + queue->used;
	writer.text = writer.part + part_size;
	writer.data = writer.text + text_size;
	record = part(&writer, sizeof(*record));
	record->events = event->events;
	record->time = event->time;
	record->id_change = event->events & QUARK_EV_ID_CHANGE ? event->id_change : 0;
	record->tty_flags = event->events & QUARK_EV_TTY ? event->tty_flags : 0;
	record->parts = parts;
	record->size = size;
	record->text = part_size;
	record->data = part_size + text_size;
	if (parts & QUARKGO_PROCESS)
		write_process(event->process, &measured, &writer);
	write_payload(event, parts, &writer);
	queue->used += size;
	return (0);
}

/* The next event; an event that was kept comes first. */
static const struct quark_event *
next(struct quarkgo_queue *queue)
{
	const struct quark_event *event = queue->pending;

	queue->pending = NULL;
	return (event != NULL ? event : quark_queue_get_event(&queue->queue));
}

int
quarkgo_drain(struct quarkgo_queue *queue, int max)
{
	const struct quark_event *event;
	int count = 0;

	empty(queue);
	while (count < max && queue->used < BUFFER_SIZE && (event = next(queue)) != NULL) {
		if (append(queue, event) == -1) {
			/* The event is valid until the next one is taken from the library. */
			queue->pending = event;
			return (count > 0 ? count : -1);
		}
		count++;
	}
	return (count);
}

int
quarkgo_lookup(struct quarkgo_queue *queue, int pid)
{
	struct quark_event event = { 0 };

	empty(queue);
	if ((event.process = quark_process_lookup(&queue->queue, pid)) == NULL)
		return (0);
	return (append(queue, &event) == -1 ? -1 : 1);
}

int
quarkgo_snapshot(struct quarkgo_queue *queue)
{
	struct quark_event event = { 0 };
	struct quark_process_iter iterator;
	int count = 0;

	empty(queue);
	quark_process_iter_init(&iterator, &queue->queue);
	while ((event.process = quark_process_iter_next(&iterator)) != NULL) {
		if (append(queue, &event) == -1)
			return (-1);
		count++;
	}
	return (count);
}

int
quarkgo_next_ecs(struct quarkgo_queue *queue)
{
	const struct quark_event *event;

	free(queue->ecs);
	queue->ecs = NULL;
	if ((event = next(queue)) == NULL)
		return (0);
	return (quark_event_to_ecs(&queue->queue, event, &queue->ecs, &queue->ecs_length) == -1 ? -1 : 1);
}

int
quarkgo_disable_aggregation(struct quarkgo_queue *queue)
{
	int parent, child;

	for (parent = 0; parent < RAW_NUM_TYPES; parent++)
		for (child = 0; child < RAW_NUM_TYPES; child++)
			if (quark_queue_set_agg_matrix(&queue->queue, parent, child, NULL) == -1)
				return (-1);
	return (0);
}

void
quarkgo_set_verbose(int level)
{
	__atomic_store_n(&quark_verbose, level, __ATOMIC_RELAXED);
}

/* The Go package has these as Go numbers, which have a type and whose documentation needs no library. */
_Static_assert(QQ_THREAD_EVENTS == 1 << 0 && QQ_KPROBE == 1 << 1 && QQ_EBPF == 1 << 2 && QQ_MIN_AGG == 1 << 3 &&
    QQ_ENTRY_LEADER == 1 << 4 && QQ_SOCK_CONN == 1 << 5 && QQ_DNS == 1 << 6 && QQ_BYPASS == 1 << 7 &&
    QQ_FILE == 1 << 8 && QQ_SHM == 1 << 9 && QQ_TTY == 1 << 10 && QQ_PTRACE == 1 << 11 && QQ_MODULE_LOAD == 1 << 12 &&
    QQ_GETPID == 1 << 13 && QQ_NOVA == 1 << 14 && QQ_MPROTECT == 1 << 15 && QQ_SELF_TEST == 1 << 24 &&
    QQ_FALLBACK == 1 << 25 && QQ_SALTED_IDS == 1 << 26 && QQ_STRICT == 1 << 27, "constants.go: QQ_");
_Static_assert(QUARK_CAPABILITY_NONE == 0 && QUARK_CAPABILITY_PART == 1 && QUARK_CAPABILITY_EXACT == 2,
    "constants.go: QUARK_CAPABILITY_");
_Static_assert(QUARK_EV_FORK == 1 << 0 && QUARK_EV_EXEC == 1 << 1 && QUARK_EV_EXIT == 1 << 2 &&
    QUARK_EV_ID_CHANGE == 1 << 3 && QUARK_EV_SETPROCTITLE == 1 << 4 && QUARK_EV_SOCK_CONN_ESTABLISHED == 1 << 5 &&
    QUARK_EV_SOCK_CONN_CLOSED == 1 << 6 && QUARK_EV_PACKET == 1 << 7 && QUARK_EV_BYPASS == 1 << 8 &&
    QUARK_EV_FILE == 1 << 9 && QUARK_EV_PTRACE == 1 << 10 && QUARK_EV_MODULE_LOAD == 1 << 11 &&
    QUARK_EV_SHM == 1 << 12 && QUARK_EV_TTY == 1 << 13 && QUARK_EV_GETPID == 1 << 14 &&
    QUARK_EV_MPROTECT == 1 << 15, "constants.go: QUARK_EV_");
_Static_assert(QUARK_ID_CHANGE_SETSID == 1 && QUARK_ID_CHANGE_SETUID == 2 && QUARK_ID_CHANGE_SETGID == 4 &&
    QUARK_ELT_UNKNOWN == 0 && QUARK_ELT_INIT == 1 && QUARK_ELT_KTHREAD == 2 && QUARK_ELT_SSHD == 3 &&
    QUARK_ELT_SSM == 4 && QUARK_ELT_CONTAINER == 5 && QUARK_ELT_TERM == 6 && QUARK_ELT_CONSOLE == 7 &&
    QUARK_FILE_OP_CREATE == 1 && QUARK_FILE_OP_MODIFY == 2 && QUARK_FILE_OP_REMOVE == 4 && QUARK_FILE_OP_MOVE == 8 &&
    QUARK_FILE_CH_CONTENT == 1 && QUARK_FILE_CH_PERMS == 2 && QUARK_FILE_CH_OWNER == 4 && QUARK_FILE_CH_XATTRS == 8,
    "constants.go");
_Static_assert(QUARK_TTY_F_INPUT == 1 && QUARK_SHM_MEMFD_CREATE == 3 && QUARK_SHM_MEMFD_OPEN == 4 && QUARK_PACKET_DIR_INVALID == 0 &&
    QUARK_PACKET_DIR_EGRESS == 1 && QUARK_PACKET_DIR_INGRESS == 2 && QUARK_PACKET_ORIGIN_INVALID == 0 &&
    QUARK_PACKET_ORIGIN_DNS == 1 && QUARK_VL_SILENT == 0 && QUARK_VL_WARN == 1 && QUARK_VL_DEBUG == 2,
    "constants.go");
