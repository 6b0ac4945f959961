/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The essay is that of the first block.
 */
#include <stdint.h>

void x_first(void);
typedef struct X X;

void x_bare(X *x); /* LINT-BAD */
int x_split(X *x, /* LINT-BAD */
	    int more);

/* Said. */
int x_said(X *x);
int x_group(X *x);

int x_next(X *x) __attribute__((format(printf, 1, 2)));

enum { X_NONE };

static inline int x_inline(void)
{
	return x_said(NULL);
}

const char *x_name(int x); /* LINT-BAD */
