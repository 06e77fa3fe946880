/*
 * Makes processes that a shell cannot make, one kind per name:
 *   load threads   three threads that end before the process does
 *   load thread    a thread other than the first executes a program
 *   load memfd     a program without a path
 *   load user      another user and group, then a program
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void *nothing(void *argument)
{
	return argument;
}

static void *execute(void *argument)
{
	execl("/bin/true", "true", "by-a-thread", (char *)NULL);
	return argument;
}

static int threads(void)
{
	pthread_t thread[3];
	int i;

	for (i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, nothing, NULL);
	for (i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	return 7;
}

static int thread(void)
{
	pthread_t other;

	pthread_create(&other, NULL, execute, NULL);
	pause();
	return 1;
}

static int memfd(void)
{
	char *const arguments[] = { "from-memory", NULL };
	char *const environment[] = { NULL };
	int from = open("/bin/true", O_RDONLY), to = memfd_create("in-memory", MFD_CLOEXEC);
	char bytes[65536];
	ssize_t length;

	if (from < 0 || to < 0)
		return 1;
	while ((length = read(from, bytes, sizeof(bytes))) > 0)
		if (write(to, bytes, (size_t)length) != length)
			return 1;
	fexecve(to, arguments, environment);
	return 1;
}

static int user(void)
{
	if (setgid(100) != 0 || setuid(1000) != 0)
		return 1;
	execl("/bin/true", "true", "by-a-user", (char *)NULL);
	return 1;
}

int main(int argc, char *argv[])
{
	if (argc == 2 && strcmp(argv[1], "threads") == 0)
		return threads();
	if (argc == 2 && strcmp(argv[1], "thread") == 0)
		return thread();
	if (argc == 2 && strcmp(argv[1], "memfd") == 0)
		return memfd();
	if (argc == 2 && strcmp(argv[1], "user") == 0)
		return user();
	return 1;
}
