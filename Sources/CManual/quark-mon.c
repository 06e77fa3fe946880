#include "manual.h"
#include "show.h"

/* #embed is C23; clang and gcc 15 have it in every mode. */
#pragma clang diagnostic ignored "-Wc23-extensions"

/* Compressed: libelf, which is in this tool, can inflate. `make` does it; without it there is no page. */
static const unsigned char page[] = {
#if __has_embed("../../.build-manual/quark-mon.8.gz")
#embed "../../.build-manual/quark-mon.8.gz"
#endif
};

int cmanual_show_quark_mon(void)
{
	return cmanual_show_compressed(page, sizeof(page));
}
