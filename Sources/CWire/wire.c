/* The header is all there is; compiling it once checks the layout asserts on this target. */
#include "wire.h"
