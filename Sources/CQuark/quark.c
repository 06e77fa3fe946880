/* The header is all there is; compiling it once checks that it stands alone. */
#include "quark.h"
