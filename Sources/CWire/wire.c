/* The headers are all there is; compiling them once checks the layout asserts on this target. */
#include "kinds.h"
#include "wire.h"
#include "recording.h"
