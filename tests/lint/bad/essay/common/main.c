/* SPDX-License-Identifier: MIT LINT-BAD */
#include <stdio.h>
/* too late */
