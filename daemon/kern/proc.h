/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Small files of /proc, read whole. They have no size to stat and must be read until the end.
 */
#include <stddef.h>

/* Into `buffer`, NUL-terminated. -EMSGSIZE if it does not fit, or negative errno of open or read;
 * the buffer's content is then undefined. */
int proc_read(const char *path, char *buffer, size_t size, size_t *ret_length);
