/* The offsets of many kernels: a table as QuarkLinux' ReleaseTable reads it, made by `make btfhub`. */
#ifndef QUARK_COFFSETS_H
#define QUARK_COFFSETS_H

#include <stddef.h>

const unsigned char *coffsets_table(size_t *size);

#endif
