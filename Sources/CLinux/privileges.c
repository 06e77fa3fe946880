#include <sys/types.h>

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clinux_privileges.h"

int clinux_enter_empty_root(void)
{
	static const char *const places[] = { "/run", "/tmp", "/var/tmp", "/dev/shm", "" };
	char path[64];
	size_t place;

	for (place = 0; place < sizeof places / sizeof *places; place++) {
		snprintf(path, sizeof path, "%s/quark-empty.XXXXXX", places[place]);
		if (mkdtemp(path) != NULL)
			break;
	}
	if (place == sizeof places / sizeof *places)
		return -1;
	if (chdir(path) == -1) {
		int cause = errno;

		rmdir(path);
		errno = cause;
		return -1;
	}
	if (rmdir(path) == -1 || chroot(".") == -1)
		return -1;
	return chdir("/");
}

int clinux_become(uid_t uid, gid_t gid)
{
	if (setgroups(1, &gid) == -1 || setresgid(gid, gid, gid) == -1 || setresuid(uid, uid, uid) == -1)
		return -1;
	if (uid != 0 && setuid(0) == 0) {
		errno = EPERM;
		return -1;
	}
	return 0;
}
