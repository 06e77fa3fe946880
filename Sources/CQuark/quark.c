/* quark.h must need no other header; compiling it alone checks that. */
#include "quark.h"
