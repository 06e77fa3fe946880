/*
 * Runs a program, and after its exit prints what is known of it: an exited process can be looked up during
 * cache_grace_time. A monitor that gets a pid from another program can do this when /proc has no answer any longer.
 *
 *	lookup program [argument ...]
 */
#include <sys/wait.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "quark.h"

int
main(int argc, char *argv[])
{
	static struct quark_queue	 qq;
	struct quark_queue_attr		 qa;
	const struct quark_process	*qp;
	struct quark_cmdline_iter	 qi;
	const char			*argument;
	pid_t				 pid;

	if (argc < 2)
		errx(1, "usage: lookup program [argument ...]");
	quark_queue_default_attr(&qa);
	qa.cache_grace_time = 10000;
	if (quark_queue_open(&qq, &qa) == -1)
		errx(1, "%s", quark_queue_open_error());

	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		execvp(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	if (waitpid(pid, NULL, 0) == -1)
		err(1, "waitpid");

	/* The kernel knows that the process is gone; the queue knows it once it has delivered the exit. */
	for (;;) {
		qp = quark_process_lookup(&qq, pid);
		if (qp != NULL && (qp->flags & QUARK_F_EXIT) != 0)
			break;
		if (quark_queue_get_event(&qq) == NULL)
			quark_queue_block(&qq);
	}

	printf("%u was %s:", qp->pid, qp->exe != NULL ? qp->exe : qp->comm);
	quark_cmdline_iter_init(&qi, qp->cmdline, qp->cmdline_len);
	while ((argument = quark_cmdline_iter_next(&qi)) != NULL)
		printf(" %s", argument);
	printf("\nit began as a child of %u", qp->proc_ppid);
	printf(" and ended after %llu us", (qp->exit_time_event - qp->proc_time_boot) / 1000);
	if (qp->exit_signal != 0)
		printf(" by signal %d\n", qp->exit_signal);
	else
		printf(" with %d\n", qp->exit_code);

	quark_queue_close(&qq);
	return (0);
}
