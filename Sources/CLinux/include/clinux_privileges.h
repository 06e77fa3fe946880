/*
 * Functions that drop privileges.
 */
#ifndef CLINUX_PRIVILEGES_H
#define CLINUX_PRIVILEGES_H

#include <sys/types.h>

/*
 * Changes the root and the working directory to a directory that is empty and stays empty: it is removed while the
 * process is in it, and the kernel does not allow to create files in a removed directory. 0, or -1 with errno. Needs
 * CAP_SYS_CHROOT.
 */
int clinux_enter_empty_root(void);

/* Becomes this user and group permanently, without other groups and capabilities. 0, or -1 with errno. */
int clinux_become(uid_t uid, gid_t gid);

#endif
