#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "manual.h"
#include "show.h"

enum { NOT_FOUND = 127 };	/* the shell's exit status if a command does not exist */

int cmanual_is_asked_for(int argc, char *const *argv)
{
	static const char *const words[] = { "help", "-help", "--help" };
	size_t index;

	for (index = 0; argc == 2 && index < sizeof(words) / sizeof(*words); index++) {
		if (strcmp(argv[1], words[index]) == 0)
			return 1;
	}
	return 0;
}

/* Makes a file without a name, positioned at its start; it is removed when it is closed. -1 on an error. */
static int file_of(const unsigned char *page, size_t size)
{
	int file = memfd_create("quark-manual", MFD_CLOEXEC);
	ssize_t written;

	if (file == -1)
		return -1;
	while (size > 0 && (written = write(file, page, size)) > 0) {
		page += written;
		size -= (size_t)written;
	}
	if (size > 0 || lseek(file, 0, SEEK_SET) != 0) {
		close(file);
		return -1;
	}
	return file;
}

static void become_reader(int file)
{
	static char *const man[] = { "man", "-l", "-", NULL };
	static char *const mandoc[] = { "mandoc", "-a", NULL };

	if (dup2(file, STDIN_FILENO) == -1)
		_exit(NOT_FOUND);
	execvp(man[0], man);
	execvp(mandoc[0], mandoc);
	_exit(NOT_FOUND);
}

static int status_of(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) == -1) {
		if (errno != EINTR)
			return -1;
	}
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status) == NOT_FOUND ? -1 : WEXITSTATUS(status);
}

int cmanual_show(const unsigned char *page, size_t size)
{
	/* While the page is shown, signals from the terminal's keys are for the reader only, as with system(3). */
	struct sigaction ignore = { .sa_handler = SIG_IGN }, interrupt, quit;
	int file, status = -1;
	pid_t child;

	if (size == 0 || page[0] == '\0' || !isatty(STDOUT_FILENO) || (file = file_of(page, size)) == -1)
		return -1;
	sigaction(SIGINT, &ignore, &interrupt);
	sigaction(SIGQUIT, &ignore, &quit);
	child = fork();
	if (child <= 0) {
		sigaction(SIGINT, &interrupt, NULL);
		sigaction(SIGQUIT, &quit, NULL);
	}
	if (child == 0)
		become_reader(file);
	if (child > 0) {
		status = status_of(child);
		sigaction(SIGINT, &interrupt, NULL);
		sigaction(SIGQUIT, &quit, NULL);
	}
	close(file);
	return status;
}
