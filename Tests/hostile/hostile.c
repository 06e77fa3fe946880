/*
 * A recording may come from an attacker. Plays it again and again, with eight bytes at each place replaced by 0, 1,
 * 2^63 or 2^64 - 1: it must be refused, or be played to its end, in a short time, and with the memory that the original
 * needs.
 *
 * usage: hostile RECORDING [SAMPLE SEED]: with a number, only this many random replacements
 */
#include <quark.h>

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* Seconds that one play may take on a busy machine. */
#define LONGEST		20
/* KiB that one play may use in addition. */
#define MORE_MEMORY	(32 << 10)

/* A description of the current play, for the message of a failure. */
static char words[256];

static void die(int number)
{
	ssize_t ignored = write(STDERR_FILENO, words, strlen(words)) + write(STDERR_FILENO, "a signal\n", 9);

	(void)ignored;
	signal(number, SIG_DFL);
	raise(number);
}

static void fail(const char *what)
{
	fprintf(stderr, "%s%s\n", words, what);
	exit(1);
}

static long resident(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

/* Reads each byte of a text. */
static unsigned long sum(const char *text)
{
	unsigned long result = 0;

	while (text != NULL && *text != '\0')
		result += (unsigned char)*text++;
	return result;
}

static unsigned long look(const struct quark_event *event)
{
	const struct quark_process *process = event->process;

	if (process == NULL)
		return 0;
	return sum(process->exe) + sum(process->cwd) + sum(process->cgroup) + sum(process->cmdline) + sum(process->env) +
	    sum(process->script);
}

/* 1 if it was played to its end; 0 if it is refused. */
static int play(const char *path)
{
	struct quark_queue_attr attr;
	struct quark_queue queue;
	struct quark_queue_stats stats;
	const struct quark_event *event;
	static volatile unsigned long all;

	alarm(LONGEST);
	quark_queue_default_attr(&attr);
	attr.replay = path;
	attr.max_length = 100;
	if (quark_queue_open(&queue, &attr) == -1) {
		if (errno != EINVAL)
			fail(strerror(errno));
		return 0;
	}
	do {
		while ((event = quark_queue_get_event(&queue)) != NULL)
			all += look(event);
	} while (quark_queue_block(&queue) == 0);
	if (errno != ENODATA)
		fail(strerror(errno));
	quark_queue_get_stats(&queue, &stats);
	if (stats.insertions != stats.removals)
		fail("not all that went in came out");
	quark_queue_close(&queue);
	return 1;
}

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

int main(int argc, char **argv)
{
	static const uint64_t values[4] = { 0, 1, 1ull << 63, ~0ull };
	static const int signals[] = { SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGALRM, SIGFPE };
	uint64_t state = argc == 4 ? strtoull(argv[3], NULL, 10) * 2 + 1 : 1;
	long sample = argc == 4 ? atol(argv[2]) : 0, count, number, played = 0, first;
	char path[64], old[8], *bytes;
	struct stat status;
	FILE *file;
	int fd;

	if ((argc != 2 && sample <= 0) || stat(argv[1], &status) == -1 || status.st_size < 112 ||
	    (file = fopen(argv[1], "r")) == NULL || (bytes = malloc(status.st_size)) == NULL ||
	    fread(bytes, 1, status.st_size, file) != (size_t)status.st_size) {
		fprintf(stderr, "usage: hostile recording [sample seed]\n");
		return 2;
	}
	fclose(file);
	fd = memfd_create("recording", 0);
	if (fd == -1 || write(fd, bytes, status.st_size) != status.st_size) {
		perror("memfd");
		return 2;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (number = 0; number < (long)(sizeof(signals) / sizeof(signals[0])); number++)
		signal(signals[number], die);
	snprintf(words, sizeof(words), "%s as it is: ", argv[1]);
	if (play(path) != 1)
		fail("it is refused");
	first = resident();
	count = 4 * (status.st_size - 7);
	for (number = 0; number < (sample ? sample : count); number++) {
		long which = sample ? (long)(next(&state) % (uint64_t)count) : number;
		long offset = which / 4;
		uint64_t value = values[which % 4];

		snprintf(words, sizeof(words), "%s with %llu at offset %ld: ", argv[1], (unsigned long long)value, offset);
		memcpy(old, bytes + offset, 8);
		if (pwrite(fd, &value, 8, offset) != 8)
			fail(strerror(errno));
		played += play(path);
		if (resident() > first + MORE_MEMORY)
			fail("it takes more memory than the recording as it is");
		if (pwrite(fd, old, 8, offset) != 8)
			fail(strerror(errno));
	}
	if (played == 0)
		fail("all are refused");
	printf("%s: %ld of %ld played, the others refused; %ld KiB at the peak, %ld at first\n", argv[1], played, number,
	    resident(), first);
	return 0;
}
