/*
 * The guest's load: measures how much a monitor adds to the life of a process, and what the monitor itself costs. It is
 * made for a guest in virtual time (krun.sh --icount), where an instruction takes a nanosecond and figures repeat.
 *
 *	quark-load [-n processes] [-j at-a-time] [monitor argument ...]
 *
 * Rests; runs 200 processes for the caches; starts the monitor, whose text goes to /dev/null, and reads its standard
 * error, asleep, until there is a line that begins with "using"; rests; runs the load; lets the monitor drain
 * until it uses less than 1 % of the CPU for 1.5 s, and 5 s more; interrupts it. A process is fork, execve of /bin/true
 * with two arguments and two variables, exit, wait. Without a monitor only the load is measured.
 *
 * Output: one `key value` on each line, in nanoseconds, counts and KiB, then the output of the monitor.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The output of the monitor that has been read so far; its pipe has the rest. */
static char said[32768];
static size_t said_len;
static int said_fd;

static int64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (ts.tv_sec * 1000000000LL + ts.tv_nsec);
}

static void
rest(int64_t ns)
{
	struct timespec ts = { ns / 1000000000, ns % 1000000000 };

	while (nanosleep(&ts, &ts) == -1 && errno == EINTR)
		;
}

static void
start_process(void)
{
	static char *const argv[] = { "true", "-x", "some-argument", NULL };
	static char *const envp[] = { "PATH=/bin", "HOME=/", NULL };

	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		execve("/bin/true", argv, envp);
		_exit(127);
	}
}

static void
run(long count, int at_a_time)
{
	long started = 0, ended = 0;
	int status;

	while (ended < count) {
		while (started < count && started - ended < at_a_time) {
			start_process();
			started++;
		}
		/* The monitor is a child, too, but does not end now. */
		if (wait(&status) == -1 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
			errx(1, "a process failed");
		ended++;
	}
}

static int64_t
cpu_time(pid_t pid)
{
	char path[64];
	long long ns = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	if ((f = fopen(path, "r")) == NULL || fscanf(f, "%lld", &ns) != 1)
		err(1, "%s", path);
	fclose(f);
	return (ns);
}

static long
status_number(pid_t pid, const char *key)
{
	char path[64], line[256];
	long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if ((f = fopen(path, "r")) == NULL)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, key, strlen(key)) == 0)
			value = strtol(line + strlen(key), NULL, 10);
	fclose(f);
	return (value);
}

/* Reads the next output of the monitor, or waits for it. 0 if it has ended, or printed too much. */
static int
listen_on(void)
{
	ssize_t n;

	do
		n = read(said_fd, said + said_len, sizeof(said) - 1 - said_len);
	while (n == -1 && errno == EINTR);
	if (n <= 0)
		return (0);
	said_len += n;
	said[said_len] = '\0';
	return (1);
}

static int
is_ready(void)
{
	const char *line;

	line = strncmp(said, "using", 5) == 0 ? said : strstr(said, "\nusing");
	return (line != NULL && strchr(line + 1, '\n') != NULL);
}

static pid_t
start_monitor(char **argv)
{
	int64_t began = now();
	int pipes[2], fd;
	pid_t pid;

	if (pipe(pipes) == -1)
		err(1, "pipe");
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		if ((fd = open("/dev/null", O_RDWR)) == -1 || dup2(fd, 0) == -1 || dup2(fd, 1) == -1)
			err(1, "/dev/null");
		if (dup2(pipes[1], 2) == -1)
			err(1, "dup2");
		close(pipes[0]);
		close(pipes[1]);
		execv(argv[0], argv);
		err(1, "%s", argv[0]);
	}
	close(pipes[1]);
	said_fd = pipes[0];
	while (!is_ready())
		if (!listen_on())
			return (0);
	printf("ready_ns %lld\n", (long long)(now() - began));
	return (pid);
}

static void
show_log(void)
{
	char *rest = said, *line;

	while (listen_on())
		;
	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0')
			printf("monitor: %s\n", line);
}

/* Waits until the monitor has used less than 1 % of the CPU for 1.5 s. */
static void
drain(pid_t monitor)
{
	int64_t before = cpu_time(monitor), after;
	int quiet = 0;

	while (quiet < 3) {
		rest(500000000);
		after = cpu_time(monitor);
		quiet = after - before < 5000000 ? quiet + 1 : 0;
		before = after;
	}
}

int
main(int argc, char *argv[])
{
	struct rusage usage;
	int64_t began, ended, cpu;
	long count = 20000, switches;
	int option, at_a_time = 1, status;
	pid_t monitor = 0;

	while ((option = getopt(argc, argv, "+n:j:")) != -1)
		switch (option) {
		case 'n': count = atol(optarg); break;
		case 'j': at_a_time = atoi(optarg); break;
		default: return (2);
		}
	setvbuf(stdout, NULL, _IOLBF, 0);
	rest(3000000000);
	run(200, 1);
	if (optind < argc && (monitor = start_monitor(argv + optind)) == 0) {
		show_log();
		errx(1, "the monitor ended before it was ready");
	}
	if (monitor != 0) {
		/* It prints the existing processes once it has printed that it is ready. */
		rest(100000000);
		cpu = cpu_time(monitor);
		printf("open_cpu_ns %lld\n", (long long)cpu);
		rest(3000000000);
		printf("idle_cpu_ns_per_s %lld\n", (long long)(cpu_time(monitor) - cpu) / 3);
	}
	cpu = monitor != 0 ? cpu_time(monitor) : 0;
	switches = monitor != 0 ? status_number(monitor, "voluntary_ctxt_switches:") : 0;
	began = now();
	run(count, at_a_time);
	ended = now();
	printf("process_ns %lld\n", (long long)(ended - began) / count);
	if (monitor == 0)
		return (0);
	drain(monitor);
	printf("monitor_ns %lld\n", (long long)(cpu_time(monitor) - cpu) / count);
	printf("monitor_switches %ld\n", status_number(monitor, "voluntary_ctxt_switches:") - switches);
	printf("monitor_rss_kib %ld\n", status_number(monitor, "VmRSS:"));
	rest(5000000000);
	began = now();
	kill(monitor, SIGINT);
	if (wait4(monitor, &status, 0, &usage) == -1)
		err(1, "wait4");
	printf("close_ns %lld\n", (long long)(now() - began));
	printf("monitor_max_rss_kib %ld\n", usage.ru_maxrss);
	show_log();
	return (WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}
