/* SPDX-License-Identifier: MIT */
/*
 * A file of lines, written by the thread that carries packets: lines are kept in memory until
 * wanlog_flush(), as a slow disk must not delay a packet.
 */
#pragma once

#include <stddef.h>

struct wanlog;

int wanlog_new(const char *file, struct wanlog **ret_log);
/* One line, the newline included; at most 256 bytes. Writes out only if the memory is full. */
void wanlog_line(struct wanlog *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
int wanlog_flush(struct wanlog *log); /* NULL: nothing to do */
void wanlog_free(struct wanlog *log); /* flushes */
