/* The offsets of many kernels: the table that ReleaseTable of QuarkLinux reads. `make btfhub` makes it. */
#ifndef QUARK_COFFSETS_H
#define QUARK_COFFSETS_H

#include <stddef.h>

const unsigned char *coffsets_table(size_t *size);

#endif
