/* SPDX-License-Identifier: MIT */
#include "cli/measure_series.h" /* LINT-BAD */
