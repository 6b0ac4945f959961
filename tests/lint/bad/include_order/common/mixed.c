/* SPDX-License-Identifier: MIT */
#include "common/mixed.h"

#include <stdio.h>

#include "common/base.h"
#include <string.h> /* LINT-BAD */
