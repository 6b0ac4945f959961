/* SPDX-License-Identifier: MIT */
#include <stdio.h> /* LINT-BAD */
#include "common/late.h"
