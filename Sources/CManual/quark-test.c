#include "manual.h"
#include "show.h"

/* #embed is C23; clang and gcc 15 have it in every mode. */
#pragma clang diagnostic ignored "-Wc23-extensions"

/* Compressed, because this tool contains libelf, which can inflate. `make` compresses it; without it there is none. */
CMANUAL_PAGE static const unsigned char page[] = {
#if __has_embed("../../.build-manual/quark-test.8.gz")
#embed "../../.build-manual/quark-test.8.gz"
#endif
};

int cmanual_show_quark_test(void)
{
	return cmanual_show_compressed(page, sizeof(page));
}
