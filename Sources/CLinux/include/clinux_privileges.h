/*
 * Giving up what a program is allowed to do.
 */
#ifndef CLINUX_PRIVILEGES_H
#define CLINUX_PRIVILEGES_H

#include <sys/types.h>

/*
 * Makes the root and the working directory one that is empty, and stays so: it is removed while we are in it, and the
 * kernel lets nobody create anything in a removed directory. 0, or -1 with errno. Needs CAP_SYS_CHROOT.
 */
int clinux_enter_empty_root(void);

/* Becomes that user and group for good, with no other groups and no capabilities. 0, or -1 with errno. */
int clinux_become(uid_t uid, gid_t gid);

#endif
