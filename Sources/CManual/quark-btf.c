#include "manual.h"
#include "show.h"

/* #embed is C23; clang and gcc 15 have it in every mode. */
#pragma clang diagnostic ignored "-Wc23-extensions"

/* As it is: this tool has nothing else to inflate, and what can is larger than all the pages. */
static const unsigned char page[] = {
#embed "../../man/quark-btf.8"
};

int cmanual_show_quark_btf(void)
{
	return cmanual_show(page, sizeof(page));
}
