#ifndef QUARK_CMANUAL_SHOW_H
#define QUARK_CMANUAL_SHOW_H

#include <stddef.h>

/* initramfs/pack.sh finds the page by this section and fills it with zeros: no guest has a program to show a page. */
#define CMANUAL_PAGE __attribute__((section(".manual")))

/* Does the work of the functions of manual.h, with a page in mdoc(7). */
int cmanual_show(const unsigned char *page, size_t size);

/* The same with a page that gzip(1) has compressed. */
int cmanual_show_compressed(const unsigned char *compressed, size_t size);

#endif
