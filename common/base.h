/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The few macros every file may use: owning locals that free themselves, array sizes, clamping.
 *
 * assert() is part of the release build (b_ndebug=false). It guards our own logic only; nothing
 * that comes from disk, network, kernel or user may reach one.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))
#define _printf_(format_index, first_argument)                                                     \
	__attribute__((format(printf, format_index, first_argument)))

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define MIN(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) min_a_ = (a);                                                        \
		__typeof__(b) min_b_ = (b);                                                        \
		min_a_ < min_b_ ? min_a_ : min_b_;                                                 \
	})
#define MAX(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) max_a_ = (a);                                                        \
		__typeof__(b) max_b_ = (b);                                                        \
		max_a_ > max_b_ ? max_a_ : max_b_;                                                 \
	})
#define CLAMP(value, low, high) MAX(low, MIN(value, high))

/* Gives an owned pointer away: the local is NULL afterwards, so its cleanup does nothing. */
#define STEAL(pointer)                                                                             \
	({                                                                                         \
		__typeof__(pointer) steal_ = (pointer);                                            \
		(pointer) = NULL;                                                                  \
		steal_;                                                                            \
	})

#define CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

static inline void base_free(void *pointer_to_pointer)
{
	void **pointer = pointer_to_pointer;
	free(*pointer);
}
#define _cleanup_free_ _cleanup_(base_free)

static inline void base_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* nothing to be done about a failing close of a read-only fd */
}
#define _cleanup_close_ _cleanup_(base_close)

/* Of a file that was only read from. */
static inline void base_fclose(FILE **file)
{
	if (*file)
		(void)fclose(*file);
}
#define _cleanup_fclose_ _cleanup_(base_fclose)

static inline int base_steal_fd(int *fd)
{
	int stolen = *fd;
	*fd = -1;
	return stolen;
}
