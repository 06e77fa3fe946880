#include "quark.h"
