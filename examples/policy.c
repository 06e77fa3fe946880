/*
 * Kills every process that executes a certain file, and prints a message. The event comes some milliseconds after the
 * exec: such a policy ends a process that should not run, but does not prevent its exec.
 *
 *	policy /path/of/the/file
 */
#include <sys/syscall.h>

#include <err.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "quark.h"

/*
 * The pid may belong to another process by now, but a pidfd stays with the process for which it was opened. So open the
 * descriptor first, and then ask the kernel what the process executes.
 */
static int
kill_executing(pid_t pid, const char *path)
{
	char	link[32], exe[PATH_MAX];
	ssize_t	length;
	long	fd, result = -1;

	if ((fd = syscall(SYS_pidfd_open, pid, 0)) == -1)
		return (0);
	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	length = readlink(link, exe, sizeof(exe));
	if (length == (ssize_t)strlen(path) && memcmp(exe, path, length) == 0)
		result = syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
	close((int)fd);
	return (result == 0);
}

int
main(int argc, char *argv[])
{
	static struct quark_queue	 qq;
	struct quark_queue_attr		 qa;
	const struct quark_event	*qev;
	const struct quark_process	*qp;

	if (argc != 2 || argv[1][0] != '/')
		errx(1, "usage: policy /path/of/the/file");
	quark_queue_default_attr(&qa);
	/* Get events as soon as possible: do not hold them back for ordering and joining, one event for each record. */
	qa.hold_time = 10;
	qa.flags |= QQ_MIN_AGG;
	if (quark_queue_open(&qq, &qa) == -1)
		errx(1, "%s", quark_queue_open_error());
	printf("nobody may execute %s\n", argv[1]);
	fflush(stdout);

	for (;;) {
		qev = quark_queue_get_event(&qq);
		if (qev == NULL) {
			if (quark_queue_block(&qq) == -1 && errno != EINTR)
				break;
			continue;
		}
		qp = qev->process;
		if ((qev->events & QUARK_EV_EXEC) == 0 || qp == NULL || qp->exe == NULL || strcmp(qp->exe, argv[1]) != 0)
			continue;
		if (kill_executing(qp->pid, argv[1]))
			printf("killed %u of user %u\n", qp->pid, qp->proc_uid);
		else
			printf("%u of user %u is gone already\n", qp->pid, qp->proc_uid);
		fflush(stdout);
	}

	warn("quark_queue_block");
	quark_queue_close(&qq);
	return (1);
}
