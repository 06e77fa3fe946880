/*
 * What is written to two pseudo terminals, whose numbers are 0 and 1 if nobody has any:
 *   the first   lines, by write(2) and writev(2), an empty write, a command that is typed and echoed, a password, an
 *               escape sequence, lines without output processing, with pauses of 50 ms
 *   the second  by another process: 5000 bytes at once
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int master_of(int *slave)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);

	if (master == -1 || grantpt(master) != 0 || unlockpt(master) != 0)
		return -1;
	*slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	return *slave == -1 ? -1 : master;
}

static int say(int fd, const char *words)
{
	size_t length = strlen(words);

	usleep(50000);
	return write(fd, words, length) != (ssize_t)length;
}

static int set_modes(int fd, tcflag_t without_local, tcflag_t without_output)
{
	struct termios modes;

	if (tcgetattr(fd, &modes) != 0)
		return 1;
	modes.c_lflag &= ~without_local;
	modes.c_oflag &= ~without_output;
	return tcsetattr(fd, TCSANOW, &modes);
}

static int first(void)
{
	const struct winsize size = { .ws_row = 24, .ws_col = 80 };
	struct iovec pieces[] = { { "two ", 4 }, { "pieces\n", 7 } };
	int slave, master = master_of(&slave);

	return master == -1 || ioctl(slave, TIOCSWINSZ, &size) != 0 || say(slave, "a line\n") || say(slave, "") ||
	    writev(slave, pieces, 2) != 11 || say(slave, "$ ") || say(master, "ls\t\\\r\003") || say(slave, "file\n") ||
	    set_modes(slave, ECHO, 0) || say(master, "password\r") || say(slave, "\033[1mbold\033[0m\n") ||
	    set_modes(slave, ICANON, OPOST) || say(slave, "raw\ndown\r\n") || say(slave, "\xff\x01\n");
}

static int second(void)
{
	char bytes[5000];
	int slave, master = master_of(&slave);

	memset(bytes, 's', sizeof(bytes));
	bytes[4999] = '\n';
	return master == -1 || write(slave, bytes, sizeof(bytes)) != sizeof(bytes);
}

int main(void)
{
	pid_t child;
	int status;

	if (first() != 0)
		return 1;
	child = fork();
	if (child == 0)
		_exit(second());
	return waitpid(child, &status, 0) != child || status != 0;
}
