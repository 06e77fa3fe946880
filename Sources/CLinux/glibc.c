/*
 * Functions that newer C libraries have under names that older ones lack, made of system calls and of functions of
 * glibc 2.17. packaging/join.sh replaces the newer ones by these, so that programs that are linked on a new system run
 * on an old one. Nothing else calls them.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int clinux_glibc_fstat(int fd, struct stat *information);
int clinux_glibc_fstatat(int fd, const char *path, struct stat *information, int flags);
int clinux_glibc_fcntl64(int fd, int command, ...);
ssize_t clinux_glibc_getdents64(int fd, void *buffer, size_t size);
int clinux_glibc_memfd_create(const char *name, unsigned int flags);
int clinux_glibc_pthread_sigmask(int how, const sigset_t *set, sigset_t *before);
FILE *clinux_glibc_fmemopen(void *buffer, size_t size, const char *mode);

/* 2.33. On 64-bit machines the kernel has the same structure. */
int clinux_glibc_fstat(int fd, struct stat *information)
{
	return (int)syscall(SYS_fstat, fd, information);
}

int clinux_glibc_fstatat(int fd, const char *path, struct stat *information, int flags)
{
	return (int)syscall(SYS_newfstatat, fd, path, information, flags);
}

/* 2.28. The argument is an integer or a pointer; both are passed in the same way. */
int clinux_glibc_fcntl64(int fd, int command, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, command);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	return (int)syscall(SYS_fcntl, fd, command, argument);
}

/* 2.30 */
ssize_t clinux_glibc_getdents64(int fd, void *buffer, size_t size)
{
	return syscall(SYS_getdents64, fd, buffer, size);
}

/* 2.27 */
int clinux_glibc_memfd_create(const char *name, unsigned int flags)
{
	return (int)syscall(SYS_memfd_create, name, flags);
}

/* 2.32: before, it was in a separate library. sigprocmask(2) is for the calling thread, too. */
int clinux_glibc_pthread_sigmask(int how, const sigset_t *set, sigset_t *before)
{
	return sigprocmask(how, set, before) == -1 ? errno : 0;
}

struct memory {
	const char *bytes;
	size_t size;
};

static ssize_t read_memory(void *cookie, char *buffer, size_t size)
{
	struct memory *memory = cookie;

	if (size > memory->size)
		size = memory->size;
	memcpy(buffer, memory->bytes, size);
	memory->bytes += size;
	memory->size -= size;
	return (ssize_t)size;
}

static int close_memory(void *cookie)
{
	free(cookie);
	return 0;
}

/* 2.22. libbpf uses it to read texts. */
FILE *clinux_glibc_fmemopen(void *buffer, size_t size, const char *mode)
{
	const cookie_io_functions_t functions = { .read = read_memory, .close = close_memory };
	struct memory *memory;
	FILE *file;

	if (strcmp(mode, "r") != 0) {
		errno = EINVAL;
		return NULL;
	}
	if ((memory = malloc(sizeof(*memory))) == NULL)
		return NULL;
	memory->bytes = buffer;
	memory->size = size;
	if ((file = fopencookie(memory, mode, functions)) == NULL)
		free(memory);
	return file;
}
