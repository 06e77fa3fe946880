/*
 * What families other than processes tell of, one kind per name:
 *   families getpid        two calls of getpid(2)
 *   families ptrace        a child that asks to be traced, one that is attached to, one that is seized; a request that
 *                          fails
 *   families shm           segments of System V, and memory files with a short, an empty, the longest and an odd name;
 *                          calls that fail
 *   families module FILE   a module of the kernel is loaded by each of the two calls, and once more, which fails
 *   families older         waits for SIGUSR1, and makes a memory file
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int trace(enum __ptrace_request request)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		pause();
		_exit(0);
	}
	if (ptrace(request, child, NULL, NULL) != 0)
		return 1;
	if (request == PTRACE_SEIZE && ptrace(PTRACE_INTERRUPT, child, NULL, NULL) != 0)
		return 1;
	if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
		return 1;
	ptrace(PTRACE_POKEUSER, child, (void *)-1L, (void *)7L);
	if (ptrace(PTRACE_DETACH, child, NULL, NULL) != 0)
		return 1;
	kill(child, SIGKILL);
	return waitpid(child, &status, 0) != child;
}

static int traceme(void)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0);
	return waitpid(child, &status, 0) != child || status != 0;
}

static int shm(void)
{
	char name[250];

	memset(name, 'n', 249);
	name[249] = 0;
	return shmget(IPC_PRIVATE, 4096, 0600) == -1 || shmget(0x1234, 8192, IPC_CREAT | 0640) == -1 ||
	    shmget(0x4321, 1, 0) != -1 || memfd_create("short", MFD_CLOEXEC) == -1 || memfd_create("", 0) == -1 ||
	    memfd_create(name, MFD_ALLOW_SEALING) == -1 || memfd_create("\xff\n\\", 0) == -1 ||
	    memfd_create("refused", ~0U) != -1;
}

static int module(const char *file)
{
	static char bytes[1 << 20];
	int fd = open(file, O_RDONLY);
	ssize_t length = read(fd, bytes, sizeof(bytes));

	if (length <= 0 || syscall(SYS_finit_module, fd, "", 0) != 0 || syscall(SYS_finit_module, fd, "", 0) == 0)
		return 1;
	if (syscall(SYS_delete_module, "dummy", 0) != 0 || syscall(SYS_init_module, bytes, length, "") != 0)
		return 1;
	return syscall(SYS_delete_module, "dummy", 0) != 0;
}

static int older(void)
{
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	return sigprocmask(SIG_BLOCK, &set, NULL) != 0 || sigwait(&set, &signal) != 0 ||
	    memfd_create("of somebody older", 0) == -1;
}

int main(int argc, char *argv[])
{
	if (argc == 2 && strcmp(argv[1], "getpid") == 0)
		return syscall(SYS_getpid) != syscall(SYS_getpid);
	if (argc == 2 && strcmp(argv[1], "ptrace") == 0)
		return traceme() || trace(PTRACE_ATTACH) || trace(PTRACE_SEIZE);
	if (argc == 2 && strcmp(argv[1], "shm") == 0)
		return shm();
	if (argc == 3 && strcmp(argv[1], "module") == 0)
		return module(argv[2]);
	if (argc == 2 && strcmp(argv[1], "older") == 0)
		return older();
	return 1;
}
