#include "clinux.h"

#include <stdarg.h>
#if defined(__x86_64__)
#include <sys/io.h>
#endif

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
	/* Still here: no such device. */
	errno = ENODEV;
#else
	(void)value;
	errno = ENOSYS;
#endif
	return -1;
}

int clinux_on_signal(int number, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	sigemptyset(&action.sa_mask);
	return sigaction(number, &action, NULL);
}

int clinux_ignore_signal(int number)
{
	return clinux_on_signal(number, SIG_IGN);
}

void clinux_advise_huge_pages(void *memory, size_t size)
{
	(void)madvise(memory, size, MADV_HUGEPAGE);
}

static char log_tail[CLINUX_LOG_TAIL];
static size_t log_length;

/* Appends, and forgets from the front what then is too much. */
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
	/* A verifier's log is one message of up to 16 MiB, and its end is what matters. */
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
