#include "clinux.h"

#include <elf.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#if defined(__x86_64__)
#include <sys/io.h>
#endif

int clinux_own_pid_namespace(struct clinux_pid_namespace *namespace)
{
	struct stat status;

	if (fstatat(AT_FDCWD, "/proc/self/ns/pid", &status, 0) == -1)
		return -1;
	/* MKDEV of include/linux/kdev_t.h; stat(2) has the bits in another order. */
	namespace->device = (uint64_t)major(status.st_dev) << 20 | minor(status.st_dev);
	namespace->inode = status.st_ino;
	return 0;
}

const char *clinux_signal_name(int number)
{
	return sigabbrev_np(number);
}

ssize_t clinux_getdents(int directory, void *buffer, size_t size)
{
	return getdents64(directory, buffer, size);
}

int clinux_loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd, result;

	if ((fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0)
		return -1;
	result = ioctl(fd, SIOCGIFFLAGS, &request);
	if (result == 0) {
		request.ifr_flags |= IFF_UP | IFF_RUNNING;
		result = ioctl(fd, SIOCSIFFLAGS, &request);
	}
	close(fd);
	return result;
}

int clinux_debug_exit(unsigned char value)
{
#if defined(__x86_64__)
	const unsigned short port = 0xf4;

	if (ioperm(port, 4, 1) != 0 && iopl(3) != 0)
		return -1;
	outb(value, port);
	/* The write returned, so there is no such device. */
	errno = ENODEV;
#else
	(void)value;
	errno = ENOSYS;
#endif
	return -1;
}

static int set_handler(int number, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigemptyset(&action.sa_mask);
	return sigaction(number, &action, NULL);
}

int clinux_on_signal(int number, void (*handler)(int))
{
	return set_handler(number, handler, 0);
}

int clinux_on_first_signal(int number, void (*handler)(int))
{
	return set_handler(number, handler, SA_RESETHAND);
}

int clinux_ignore_signal(int number)
{
	return clinux_on_signal(number, SIG_IGN);
}

void clinux_advise_huge_pages(void *memory, size_t size)
{
	(void)madvise(memory, size, MADV_HUGEPAGE);
}

int clinux_file_contains(const char *path, const char *text)
{
	char content[4096];
	ssize_t length;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return 0;
	length = read(fd, content, sizeof(content) - 1);
	close(fd);
	if (length < 0)
		return 0;
	content[length] = '\0';
	return strstr(content, text) != NULL;
}

int clinux_open_uevents(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	const int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		const int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

int clinux_memfd(void)
{
	return memfd_create("quark", MFD_CLOEXEC);
}

uint64_t clinux_effective_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) != 0)
		return 0;
	return (uint64_t)data[1].effective << 32 | data[0].effective;
}

#if defined(__x86_64__)
enum { MACHINE = EM_X86_64 };
#define EXIT_CODE { 0xbf, CLINUX_CANARY_STATUS, 0, 0, 0, 0xb8, 231, 0, 0, 0, 0x0f, 0x05 }	/* exit_group */
#elif defined(__aarch64__)
enum { MACHINE = EM_AARCH64 };
/* mov x0, #42; mov x8, #94; svc #0 */
#define EXIT_CODE { 0x40, 0x05, 0x80, 0xd2, 0xc8, 0x0b, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4 }
#endif

/* The smallest program that exits. */
static const struct {
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	unsigned char code[12];
} program = {
	.header = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC, .e_machine = MACHINE, .e_version = EV_CURRENT,
		.e_entry = 0x400000 + sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr), .e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1,
	},
	.segment = {
		.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x400000, .p_paddr = 0x400000,
		.p_filesz = sizeof(program), .p_memsz = sizeof(program), .p_align = 0x1000,
	},
	.code = EXIT_CODE,
};

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U	/* Linux 6.3 */
#endif

/* Makes the program as a file without a name; -1 with errno. */
static int canary_program(void)
{
	int fd = memfd_create(CLINUX_CANARY_NAME, MFD_CLOEXEC | MFD_EXEC);

	if (fd == -1 && errno == EINVAL)
		fd = memfd_create(CLINUX_CANARY_NAME, MFD_CLOEXEC);
	if (fd == -1)
		return -1;
	if (write(fd, &program, sizeof(program)) == sizeof(program))
		return fd;
	close(fd);
	return -1;
}

/* Whether it could begin to trace a child, which is ended then. */
static bool canary_trace(void)
{
	const pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	bool is_traced;

	if (child == 0) {
		syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		for (;;)
			syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
	}
	if (child < 0)
		return false;
	is_traced = syscall(SYS_ptrace, PTRACE_SEIZE, child, NULL, NULL) == 0;
	syscall(SYS_kill, child, SIGKILL);
	syscall(SYS_wait4, child, NULL, __WALL, NULL);
	return is_traced;
}

static bool canary_segment(void)
{
	const int id = (int)syscall(SYS_shmget, IPC_PRIVATE, 1, 0600);

	return id >= 0 && syscall(SYS_shmctl, id, IPC_RMID, NULL) == 0;
}

static bool canary_memory_file(void)
{
	const int fd = (int)syscall(SYS_memfd_create, CLINUX_CANARY_NAME, MFD_CLOEXEC);

	return fd >= 0 && syscall(SYS_close, fd) == 0;
}

/* What is written to the master is input of the slave, and a new one echoes it. */
static bool canary_terminal(void)
{
	const int fd = (int)syscall(SYS_openat, AT_FDCWD, "/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC, 0);
	bool is_written;

	if (fd < 0)
		return false;
	is_written = syscall(SYS_write, fd, "c", 1) == 1;
	return syscall(SYS_close, fd) == 0 && is_written;
}

/* Before it is somebody else, who may do less. */
static unsigned int canary_deeds(unsigned int asked)
{
	unsigned int done = 0;

	if ((asked & CLINUX_CANARY_TRACE) && canary_trace())
		done |= CLINUX_CANARY_TRACE;
	if ((asked & CLINUX_CANARY_SEGMENT) && canary_segment())
		done |= CLINUX_CANARY_SEGMENT;
	if ((asked & CLINUX_CANARY_MEMORY_FILE) && canary_memory_file())
		done |= CLINUX_CANARY_MEMORY_FILE;
	if ((asked & CLINUX_CANARY_TERMINAL) && canary_terminal())
		done |= CLINUX_CANARY_TERMINAL;
	return done;
}

/*
 * The actions of the canary. It uses only system calls and no functions of the C library, because some of these affect
 * all threads of the caller: for example setresuid(2) of the C library changes the ids of all threads.
 */
static void canary_live(struct clinux_canary *canary, int fd)
{
	static char *const arguments[] = { CLINUX_CANARY_NAME, CLINUX_CANARY_ARGUMENT, NULL };
	static char *const variables[] = { CLINUX_CANARY_VARIABLE, NULL };
	const uid_t other = 65534;

	syscall(SYS_setsid);
	syscall(SYS_chdir, "/sys/kernel");
	if (syscall(SYS_getcwd, canary->directory, sizeof(canary->directory)) < 0)
		canary->directory[0] = '\0';
	syscall(SYS_prctl, PR_SET_NAME, CLINUX_CANARY_NAME, 0, 0, 0);
	canary->done = canary_deeds(canary->asked);
	if (syscall(SYS_setresgid, other, other, other) == 0 && syscall(SYS_setresuid, other, other, other) == 0) {
		canary->uid = other;
		canary->gid = other;
		canary->changed_ids = 1;
	}
	syscall(SYS_getpid);
	if (fd >= 0) {
		canary->executed = 1;
		syscall(SYS_execveat, fd, "", arguments, variables, AT_EMPTY_PATH);
		canary->executed = 0;
		canary->exec_errno = errno;
	}
	syscall(SYS_exit_group, CLINUX_CANARY_STATUS);
}

/*
 * The canary's parent. The canary has a parent of its own because after an exec a process sends SIGCHLD to its parent
 * when it exits, even if clone(2) was called without a signal. Signals are blocked here, and the caller's handlers do
 * not run.
 */
static void canary_parent(struct clinux_canary *canary, int fd)
{
	pid_t pid;

	canary->ppid = (pid_t)syscall(SYS_getpid);
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		canary_live(canary, fd);
	if (pid > 0) {
		canary->pid = pid;
		syscall(SYS_wait4, pid, NULL, 0, NULL);
	}
	syscall(SYS_exit_group, 0);
}

int clinux_run_canary(struct clinux_canary *canary)
{
	struct clinux_canary *shared;
	sigset_t all, mask;
	int fd, status, error;
	pid_t pid;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return -1;
	fd = canary_program();
	*shared = (struct clinux_canary) {
		.asked = canary->asked, .uid = getuid(), .gid = getgid(), .exec_errno = fd == -1 ? errno : 0,
	};
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &mask);
	/*
	 * Like fork(2), but without a signal at its exit: clone(2). The last three arguments differ by machine, and are
	 * 0.
	 */
	pid = (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		canary_parent(shared, fd);
		__builtin_trap();
	}
	error = errno;
	if (fd >= 0)
		close(fd);
	if (pid > 0)
		while (waitpid(pid, &status, __WALL) == -1 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	*canary = *shared;
	munmap(shared, sizeof(*shared));
	errno = error;
	return pid > 0 ? 0 : -1;
}

uint64_t clinux_boot_ns(void)
{
	struct timespec time = { 0 };

	clock_gettime(CLOCK_BOOTTIME, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

const char *clinux_environment(const char *name)
{
	return secure_getenv(name);
}

static pthread_mutex_t library = PTHREAD_MUTEX_INITIALIZER;
/* This TLS model is the one of programs that are linked with the archive, and needs no call of the dynamic loader. */
static __thread int is_inside __attribute__((tls_model("initial-exec")));

void clinux_enter_library(void)
{
	pthread_mutex_lock(&library);
	is_inside = 1;
}

void clinux_leave_library(void)
{
	is_inside = 0;
	pthread_mutex_unlock(&library);
}

/* This is not a pthread key with a destructor, because before glibc 2.34 keys are in another library than libc. */
static __thread char *words __attribute__((tls_model("initial-exec")));

void clinux_set_words(const char *text)
{
	free(words);
	words = *text == '\0' ? NULL : strdup(text);
}

const char *clinux_words(void)
{
	return words == NULL ? "" : words;
}

static char log_tail[CLINUX_LOG_TAIL];
static size_t log_length;

/* Appends text, and drops text from the beginning if it is too long then. */
static void log_append(const char *text, size_t length)
{
	const size_t room = sizeof(log_tail) - 1;
	size_t keep;

	if (length > room) {
		text += length - room;
		length = room;
	}
	keep = log_length < room - length ? log_length : room - length;
	memmove(log_tail, log_tail + log_length - keep, keep);
	memcpy(log_tail + keep, text, length);
	log_length = keep + length;
	log_tail[log_length] = '\0';
}

int clinux_log_vprint(int level, const char *format, va_list arguments)
{
	char *text;
	int n;

	(void)level;
	if (!is_inside)
		return 0;
	/* The verifier's log is one message of up to 16 MiB, and only its end matters. */
	n = vasprintf(&text, format, arguments);
	if (n < 0)
		return 0;
	log_append(text, (size_t)n);
	free(text);
	return n;
}

void clinux_log_clear(void)
{
	log_length = 0;
	log_tail[0] = '\0';
}

const char *clinux_log_tail(void)
{
	return log_tail;
}

int clinux_open_kernfs(int directory, uint64_t id)
{
	/* FILEID_KERNFS of linux/exportfs.h, and the number after the head of the handle. */
	union {
		struct file_handle handle;
		unsigned char bytes[sizeof(struct file_handle) + sizeof(uint64_t)];
	} file = { .handle = { .handle_bytes = sizeof(id), .handle_type = 0xfe } };

	memcpy(file.handle.f_handle, &id, sizeof(id));
	return open_by_handle_at(directory, &file.handle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}
