/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What is longer than the terminal goes through $PAGER, or less(1). It is told to leave at once
 * what fits, to keep colours and long lines as they are, and to run nothing: whoever looks at a
 * list as root shall not give away a shell.
 */
#include <stddef.h>

/* Returns once the user has seen it: 0. Positive: there is no pager, or none is wanted, and nothing
 * was shown. Negative errno: nothing was shown either. */
int pager_show(const char *bytes, size_t length);
