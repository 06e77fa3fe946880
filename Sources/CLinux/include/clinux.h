/*
 * What Swift cannot import from libc: variadic functions, macros, errno, functions that it declares unavailable,
 * globals that it treats as unsafe, and the two ordered accesses for a ring shared with the kernel. Nothing here has a
 * policy. clinux_lives.h is for tests.
 */
#ifndef QUARK_CLINUX_H
#define QUARK_CLINUX_H

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static inline int clinux_errno(void) { return errno; }
static inline void clinux_set_errno(int value) { errno = value; }

static inline int clinux_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }
/* O_CREAT must not be used, because there is no mode. */
static inline int clinux_openat(int directory, const char *path, int flags) { return openat(directory, path, flags); }
static inline int clinux_fcntl(int fd, int command, int argument) { return fcntl(fd, command, argument); }
static inline pid_t clinux_fork(void) { return fork(); }
/* Opens the folder with this number in the kernfs of `directory`: open_by_handle_at(2). -1 with errno. */
int clinux_open_kernfs(int directory, uint64_t id);

/* In Swift the name flock is the structure of fcntl(2). */
static inline int clinux_lock(int fd) { return flock(fd, LOCK_EX); }
static inline int clinux_unlock(int fd) { return flock(fd, LOCK_UN); }

static inline int clinux_wifexited(int status) { return WIFEXITED(status); }
static inline int clinux_wexitstatus(int status) { return WEXITSTATUS(status); }
static inline int clinux_wifsignaled(int status) { return WIFSIGNALED(status); }
static inline int clinux_wtermsig(int status) { return WTERMSIG(status); }

/* A pid namespace: the device, as the kernel numbers it, and the inode of its file. */
struct clinux_pid_namespace {
	uint64_t device;
	uint64_t inode;
};

/* That of the caller. 0, or -1 with errno, for example if there is no /proc. */
int clinux_own_pid_namespace(struct clinux_pid_namespace *namespace);

/* "SEGV" for SIGSEGV; NULL for a number that is not a signal. sigabbrev_np(3), glibc 2.32. */
const char *clinux_signal_name(int number);

/*
 * Starts a detached thread with all signals blocked, so that a program's handlers run only on its own threads. Returns
 * 0, or the error of pthread_create(3). It is inline, so that programs that do not use it do not link the C library's
 * threads, which bring its resolver with them.
 */
static inline int clinux_start_thread(void *(*function)(void *), void *argument)
{
	sigset_t all, before;
	pthread_t thread;
	int error;

	/* A thread inherits the signal mask of the thread that starts it. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, NULL, function, argument);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error == 0 ? pthread_detach(thread) : error;
}

/* Names the calling thread, with 15 bytes at most. */
static inline void clinux_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

static inline int clinux_getopt(int argc, char *const argv[], const char *options)
{
	return getopt(argc, argv, options);
}
static inline int clinux_getopt_long(int argc, char *const argv[], const char *options, const struct option *longer)
{
	return getopt_long(argc, argv, options, longer, NULL);
}
static inline const char *clinux_optarg(void) { return optarg; }
static inline int clinux_optind(void) { return optind; }
static inline int clinux_optopt(void) { return optopt; }
/* Stops getopt(3) from printing errors: the caller prints them. */
static inline void clinux_opterr_off(void) { opterr = 0; }

static inline void *clinux_map_failed(void) { return MAP_FAILED; }

/* Pairs with the kernel's release store of the producer position (kernel/bpf/ringbuf.c). */
static inline uint64_t clinux_load_acquire_u64(const void *address)
{
	return __atomic_load_n((const uint64_t *)address, __ATOMIC_ACQUIRE);
}
static inline uint32_t clinux_load_acquire_u32(const void *address)
{
	return __atomic_load_n((const uint32_t *)address, __ATOMIC_ACQUIRE);
}
static inline void clinux_store_release_u64(void *address, uint64_t value)
{
	__atomic_store_n((uint64_t *)address, value, __ATOMIC_RELEASE);
}

/*
 * Fills `buffer` with whole linux_dirent64 entries: u64 inode, s64 offset, u16 size of the entry, u8 type, then the
 * NUL-terminated name. Returns the number of bytes, 0 at the end, or -1 with errno. getdents(2)
 */
ssize_t clinux_getdents(int directory, void *buffer, size_t size);

/* Brings the loopback interface up. 0, or -1 with errno. netdevice(7). */
int clinux_loopback_up(void);

/*
 * Ends a qemu that has `-device isa-debug-exit,iobase=0xf4`: its exit status becomes (value << 1) | 1. Returns -1 with
 * errno if there is no such device, or no I/O ports (on machines other than x86).
 */
int clinux_debug_exit(unsigned char value);

/* Installs `handler` for `number`, without SA_RESTART, so that a blocked call returns EINTR. 0, or -1 with errno. */
int clinux_on_signal(int number, void (*handler)(int));
int clinux_ignore_signal(int number);
/* The same for one signal: the second such signal has its default effect. */
int clinux_on_first_signal(int number, void (*handler)(int));

/* Asks for huge pages, MADV_HUGEPAGE of madvise(2); if the kernel has none, small pages are used. */
void clinux_advise_huge_pages(void *memory, size_t size);

/* 1 if the first 4 KiB of a file contain `text`; 0 if they do not, or if it cannot be read. */
int clinux_file_contains(const char *path, const char *text);

/* Opens a socket for the kernel's messages about devices, non-blocking, close-on-exec: netlink(7). -1 with errno. */
int clinux_open_uevents(void);

/* Makes a file without a name, close-on-exec: memfd_create(2). -1 with errno. */
int clinux_memfd(void);

/* The effective capabilities of this thread, one bit each: capabilities(7). 0 on an error. */
uint64_t clinux_effective_capabilities(void);

/* What a canary does only if it is asked to: another program may be forbidden to, or be ended for it. */
enum clinux_canary_deed {
	CLINUX_CANARY_TRACE = 1 << 0,		/* begins to trace a child of its own: PTRACE_SEIZE of ptrace(2) */
	CLINUX_CANARY_SEGMENT = 1 << 1,		/* gets a segment of shared memory, and removes it: shmget(2) */
	CLINUX_CANARY_MEMORY_FILE = 1 << 2,	/* makes a file in memory, and closes it: memfd_create(2) */
	CLINUX_CANARY_TERMINAL = 1 << 3,	/* types a letter at a pseudo terminal of its own: ptmx(4) */
};

/*
 * A process whose actions are known, to test a backend. If it could not do one of them, the member is -1 or as in the
 * caller.
 */
struct clinux_canary {
	unsigned int asked;	/* enum clinux_canary_deed: the caller says it */
	unsigned int done;	/* enum clinux_canary_deed: what of it could be done */
	pid_t pid;
	pid_t ppid;
	uid_t uid;		/* real, effective and saved */
	gid_t gid;
	int changed_ids;	/* 1: uid and gid are not those of the caller */
	int executed;		/* 1: it executed a program; otherwise exec_errno tells why not */
	int exec_errno;
	char directory[64];	/* its working directory, from getcwd(2) */
};

static inline const char *clinux_canary_directory(const struct clinux_canary *canary) { return canary->directory; }

enum { CLINUX_CANARY_STATUS = 42 };	/* its exit status */
#define CLINUX_CANARY_NAME "quark-canary"	/* its name, its first argument, and that of its program */
#define CLINUX_CANARY_ARGUMENT "of a coal mine"	/* its second argument */
#define CLINUX_CANARY_VARIABLE "CANARY=yellow"	/* its only environment variable */

/*
 * Lives that life and waits for its end: begins a session, changes its directory, its name and, if it may, its ids,
 * does what it is asked to, executes a program of a few instructions, and exits. The caller is sent no SIGCHLD, and its wait(2) does not see it:
 * the canary's parent is a process between them. 0, or -1 with errno.
 */
int clinux_run_canary(struct clinux_canary *canary);

/* RLIMIT_NOFILE, which has an enumeration type in some C libraries. 0, or -1 with errno: getrlimit(2). */
static inline int clinux_descriptor_limit(struct rlimit *limit) { return getrlimit(RLIMIT_NOFILE, limit); }
static inline int clinux_set_descriptor_limit(const struct rlimit *limit) { return setrlimit(RLIMIT_NOFILE, limit); }

/* CLOCK_BOOTTIME of clock_gettime(2), nanoseconds. */
uint64_t clinux_boot_ns(void);

/* An environment variable or NULL; also NULL for a program with more rights than its caller: secure_getenv(3). */
const char *clinux_environment(const char *name);

/* A text that each thread has for itself, "" at first. It is copied, and not freed at the end of a thread. */
void clinux_set_words(const char *text);
const char *clinux_words(void);

/*
 * A lock for opening and closing backends: only one thread of a program may do this at a time, because libbpf keeps its
 * registered sections and its log for the whole program. The thread that entered must leave, and must not enter twice.
 */
void clinux_enter_library(void);
void clinux_leave_library(void);

/*
 * The log of libbpf, in vprintf style: appends the formatted text to a buffer that keeps the newest CLINUX_LOG_TAIL
 * bytes. It does this only for the thread that has entered the library: other uses of libbpf are ignored.
 */
enum { CLINUX_LOG_TAIL = 4096 };
int clinux_log_vprint(int level, const char *format, va_list arguments);
void clinux_log_clear(void);
/* The newest text, NUL-terminated, valid until the next call of clinux_log_vprint or clinux_log_clear. */
const char *clinux_log_tail(void);

#endif
