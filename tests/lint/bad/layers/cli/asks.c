/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "common/wire.h"
#include "daemon/serve/methods.h" /* LINT-BAD */
