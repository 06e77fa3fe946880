#include "coffsets.h"

/* #embed is C23; clang and gcc 15 have it in every mode. */
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char table[] = {
#embed "offsets.table"
};

const unsigned char *coffsets_table(size_t *size)
{
	*size = sizeof(table);
	return table;
}
