/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The best few of many: what a dump of the kernel tells of is looked at once and mostly forgotten,
 * so that memory is that of the few. Kept in order; pointers are moved, not the elements.
 */
#include <stdbool.h>
#include <stddef.h>
#include "common/base.h"

typedef struct Top {
	size_t size, limit; /* of an element; of how many */
	/* Negative: a goes before b. */
	int (*compare)(const void *a, const void *b);
	/* Whether both tell of one thing: a dump that is repeated tells it twice. */
	bool (*same)(const void *a, const void *b);
	void **items; /* the best first */
	size_t n;
	size_t seen; /* elements added, as far as is known each counted once */
	bool failed; /* memory ran out */
} Top;

/* `limit` at least 1. -ENOMEM */
int top_init(Top *top, size_t size, size_t limit, int (*compare)(const void *a, const void *b),
	     bool (*same)(const void *a, const void *b));
void top_clear(Top *top); /* frees what is kept */
#define _cleanup_top_ _cleanup_(top_clear)

/* Copies the element if it is among the best so far. */
void top_add(Top *top, const void *item);
