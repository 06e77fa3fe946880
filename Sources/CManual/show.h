#ifndef QUARK_CMANUAL_SHOW_H
#define QUARK_CMANUAL_SHOW_H

#include <stddef.h>

/* What the functions of manual.h do, with a page in mdoc(7). */
int cmanual_show(const unsigned char *page, size_t size);

/* The same with a page that gzip(1) has compressed. */
int cmanual_show_compressed(const unsigned char *compressed, size_t size);

#endif
