/* The header must stand alone: compiling it once checks that. */
#include "quark.h"
