#include "manual.h"
#include "show.h"

/* #embed is C23; clang and gcc 15 have it in every mode. */
#pragma clang diagnostic ignored "-Wc23-extensions"

/* Not compressed: this tool inflates nothing else, and the code for it is larger than all the pages. */
CMANUAL_PAGE static const unsigned char page[] = {
#embed "../../man/quark-btf.8"
};

int cmanual_show_quark_btf(void)
{
	return cmanual_show(page, sizeof(page));
}
