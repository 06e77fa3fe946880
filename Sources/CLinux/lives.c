#include "clinux_lives.h"

#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/uio.h>

#include <ftw.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>

pid_t clinux_vfork_exec(const char *path, char *const arguments[], char *const environment[])
{
	const pid_t pid = vfork();

	if (pid == 0) {
		execve(path, arguments, environment);
		_exit(127);
	}
	return pid;
}

pid_t clinux_vfork_exit(int status)
{
	const pid_t pid = vfork();

	if (pid == 0)
		_exit(status);
	return pid;
}

pid_t clinux_fork_sibling(void)
{
	/* The last three arguments differ by machine, and are 0. */
	return (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);
}

pid_t clinux_fork_into(int cgroup)
{
	/* struct clone_args of linux/sched.h; older headers lack its last member. */
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
		    set_tid_size, cgroup;
	} arguments = {
		.flags = 1ULL << 33 /* CLONE_INTO_CGROUP */, .exit_signal = SIGCHLD, .cgroup = (uint64_t)cgroup,
	};

	return (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
}

void clinux_exit_thread(int status)
{
	for (;;)
		syscall(SYS_exit, status);
}

int clinux_memfd_named(const char *name)
{
	return memfd_create(name, 0);
}

int clinux_set_uids(uid_t real, uid_t effective, uid_t saved)
{
	return setresuid(real, effective, saved);
}

int clinux_set_gids(gid_t real, gid_t effective, gid_t saved)
{
	return setresgid(real, effective, saved);
}

int clinux_unshare(unsigned int namespaces)
{
	return unshare((int)namespaces);
}

int clinux_enter(int fd)
{
	return setns(fd, 0);
}

int clinux_set_capabilities(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct data[2] = {
		{ (uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable },
		{ (uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32) },
	};

	return (int)syscall(SYS_capset, &header, data);
}

int clinux_drop_capability(int number)
{
	return prctl(PR_CAPBSET_DROP, (unsigned long)number, 0UL, 0UL, 0UL);
}

int clinux_raise_ambient_capability(int number)
{
	return prctl(PR_CAP_AMBIENT, (unsigned long)PR_CAP_AMBIENT_RAISE, (unsigned long)number, 0UL, 0UL);
}

int clinux_set_name(const char *name)
{
	return prctl(PR_SET_NAME, name, 0UL, 0UL, 0UL);
}

int clinux_become_subreaper(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL);
}

int clinux_keep_capabilities(void)
{
	return prctl(PR_SET_KEEPCAPS, 1UL, 0UL, 0UL, 0UL);
}

int clinux_allow_core(uint64_t size)
{
	const struct rlimit limit = { size, size };

	return setrlimit(RLIMIT_CORE, &limit);
}

int clinux_open_pty(char *name, size_t size)
{
	const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (master == -1)
		return -1;
	if (grantpt(master) == 0 && unlockpt(master) == 0 && ptsname_r(master, name, size) == 0)
		return master;
	close(master);
	return -1;
}

int clinux_take_terminal(int fd)
{
	return ioctl(fd, TIOCSCTTY, 0);
}

int clinux_set_window(int fd, unsigned short rows, unsigned short columns)
{
	const struct winsize size = { .ws_row = rows, .ws_col = columns };

	return ioctl(fd, TIOCSWINSZ, &size);
}

int clinux_set_echo(int fd, int echoes)
{
	struct termios modes;

	if (tcgetattr(fd, &modes) == -1)
		return -1;
	modes.c_lflag = echoes ? modes.c_lflag | ECHO : modes.c_lflag & ~(tcflag_t)ECHO;
	return tcsetattr(fd, TCSANOW, &modes);
}

ssize_t clinux_write_pieces(int fd, const void *first, size_t first_size, const void *second, size_t second_size)
{
	const struct iovec pieces[] = { { (void *)first, first_size }, { (void *)second, second_size } };

	return writev(fd, pieces, 2);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

int clinux_remove_tree(const char *path)
{
	return nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

int clinux_run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

/* The next id after `id`; 0 at the end, or with errno. */
static unsigned int next_bpf_id(enum clinux_bpf_object kind, unsigned int id)
{
	static const int commands[] = {
		[CLINUX_BPF_PROGRAMS] = BPF_PROG_GET_NEXT_ID, [CLINUX_BPF_MAPS] = BPF_MAP_GET_NEXT_ID,
		[CLINUX_BPF_LINKS] = BPF_LINK_GET_NEXT_ID, [CLINUX_BPF_TYPES] = BPF_BTF_GET_NEXT_ID,
	};
	union bpf_attr attributes;

	memset(&attributes, 0, sizeof(attributes));
	attributes.start_id = id;
	return syscall(SYS_bpf, commands[kind], &attributes, sizeof(attributes)) == 0 ? attributes.next_id : 0;
}

long clinux_bpf_count_above(enum clinux_bpf_object kind, unsigned int id)
{
	long count = 0;

	errno = 0;
	while ((id = next_bpf_id(kind, id)) != 0)
		count++;
	return errno == ENOENT ? count : -1;
}

unsigned int clinux_bpf_last_id(enum clinux_bpf_object kind)
{
	unsigned int next, last = 0;

	while ((next = next_bpf_id(kind, last)) != 0)
		last = next;
	return last;
}

int clinux_bpf_map(void)
{
	/* Before 5.11 maps count as locked memory. */
	const struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	union bpf_attr attributes;

	if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0)
		return -1;
	memset(&attributes, 0, sizeof(attributes));
	attributes.map_type = BPF_MAP_TYPE_ARRAY;
	attributes.key_size = 4;
	attributes.value_size = 4096;
	attributes.max_entries = 1;
	return (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof(attributes));
}

int clinux_bpf_look_up(int map)
{
	static const uint32_t key = 0;
	char value[4096];
	union bpf_attr attributes;

	memset(&attributes, 0, sizeof(attributes));
	attributes.map_fd = (uint32_t)map;
	attributes.key = (uint64_t)(uintptr_t)&key;
	attributes.value = (uint64_t)(uintptr_t)value;
	return (int)syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &attributes, sizeof(attributes));
}

int clinux_socket_pair(int ends[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

/* The byte that must come with a descriptor, and room for the descriptor. */
union ancillary {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int clinux_send_descriptor(int socket, int fd)
{
	union ancillary ancillary = { .bytes = { 0 } };
	char byte = 0;
	struct iovec part = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &ancillary, .msg_controllen = sizeof(ancillary),
	};

	ancillary.header.cmsg_level = SOL_SOCKET;
	ancillary.header.cmsg_type = SCM_RIGHTS;
	ancillary.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&ancillary.header), &fd, sizeof(fd));
	return sendmsg(socket, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int clinux_receive_descriptor(int socket)
{
	union ancillary ancillary = { .bytes = { 0 } };
	char byte = 0;
	struct iovec part = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &ancillary, .msg_controllen = sizeof(ancillary),
	};
	const ssize_t length = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	int fd;

	if (length < 0)
		return -1;
	if (length == 0 || message.msg_controllen < CMSG_LEN(sizeof(int)) || ancillary.header.cmsg_type != SCM_RIGHTS) {
		errno = length == 0 ? ENOTCONN : EBADMSG;
		return -1;
	}
	memcpy(&fd, CMSG_DATA(&ancillary.header), sizeof(fd));
	return fd;
}

int clinux_end_with_parent(int signal)
{
	return prctl(PR_SET_PDEATHSIG, signal);
}

pid_t clinux_spawn_exit(int status, int index)
{
	char status_text[16], index_text[16];
	char *const arguments[] = { "exit", status_text, index_text, NULL };
	char *const variables[] = { NULL };

	snprintf(status_text, sizeof(status_text), "%d", status);
	snprintf(index_text, sizeof(index_text), "%d", index);
	return clinux_vfork_exec("/bin/exit", arguments, variables);
}

int clinux_stop_at_exec(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

int clinux_wait_for_stop(pid_t child)
{
	int status;

	return waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) ? 0 : -1;
}

int clinux_ptrace(long request, pid_t pid, unsigned long address, unsigned long data)
{
	unsigned long word;

	if (request == PTRACE_PEEKUSER || request == PTRACE_PEEKDATA)
		data = (unsigned long)&word;
	return syscall(SYS_ptrace, request, pid, address, data) == -1 ? -1 : 0;
}

int clinux_shmget(int key, size_t size, int flags) { return shmget(key, size, flags); }
int clinux_shm_remove(int segment) { return shmctl(segment, IPC_RMID, NULL); }
int clinux_semget(int key, int count, int flags) { return semget(key, count, flags); }
int clinux_sem_remove(int semaphores) { return semctl(semaphores, 0, IPC_RMID); }
int clinux_msgget(int key, int flags) { return msgget(key, flags); }
int clinux_msg_remove(int messages) { return msgctl(messages, IPC_RMID, NULL); }
int clinux_memfd_create(const char *name, unsigned int flags) { return memfd_create(name, flags); }

int clinux_call_32(int number, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e)
{
#if defined(__x86_64__)
	int result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory");
	if (result > -4096 && result < 0) {
		errno = -result;
		return -1;
	}
	return result;
#else
	(void)number, (void)a, (void)b, (void)c, (void)d, (void)e;
	errno = ENOSYS;
	return -1;
#endif
}

char *clinux_low_memory(void)
{
#if defined(MAP_32BIT)
	static char *memory;

	if (memory == NULL)
		memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	return memory;
#else
	return NULL;
#endif
}

int clinux_load_module(int fd) { return (int)syscall(SYS_finit_module, fd, "", 0); }
int clinux_load_packed_module(int fd)
{
	return (int)syscall(SYS_finit_module, fd, "", 4);	/* MODULE_INIT_COMPRESSED_FILE: Linux 5.17 */
}
int clinux_load_module_image(const void *image, size_t size) { return (int)syscall(SYS_init_module, image, size, ""); }
int clinux_unload_module(const char *name) { return (int)syscall(SYS_delete_module, name, O_NONBLOCK); }

int clinux_continue(pid_t child)
{
	return (int)ptrace(PTRACE_CONT, child, NULL, NULL);
}
