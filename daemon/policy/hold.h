/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Holds: what was tried and not kept (or was only advised) is not proposed again for a while, and
 * for twice as long each time it happens again, so that no path is experimented upon for ever.
 *
 * A hold is for a controller, a path and a setting. The setting is the value proposed; for a triple
 * (buffer sizes, whose proposed value follows the measured rate and is never quite the same twice)
 * it is the value one would step away from.
 */
#include "daemon/policy/change.h"

typedef enum HoldKind {
	HOLD_REJECTED,  /* a verdict, or the operator, was against it: 7 days */
	HOLD_UNDECIDED, /* no verdict was possible: 30 minutes */
	HOLD_ADVISED,   /* it was said: a day */
	HOLD_PROVEN,    /* the contrary was proven: a day */
	_HOLD_KINDS,
} HoldKind;

/* The longest, however often. */
#define HOLD_MAX_DAYS 60
/* Holds kept; the one that ends first gives way. */
#define HOLD_TABLE_MAX 64

typedef struct Hold {
	const char *controller; /* compared by address */
	Address path;           /* family 0: on every path */
	ChangeTunable tunable;
	uint64_t until_ns;
	HoldKind kind;               /* that until_ns comes from */
	unsigned times[_HOLD_KINDS]; /* how often */
} Hold;

typedef struct HoldTable {
	Hold holds[HOLD_TABLE_MAX];
	size_t n;
} HoldTable;

/* Not again until the hold of this kind is over; it doubles each time it is added. */
void hold_add(HoldTable *table, HoldKind kind, const char *controller, const Address *path,
	      const ChangeTunable *tunable, uint64_t now_ns);
/* Whether this value is on hold for this controller and path now. */
bool hold_covers(const HoldTable *table, const char *controller, const Address *path,
		 const ChangeTunable *tunable, uint64_t now_ns);
/* The one that ends last of those that cover it now; NULL: none. */
const Hold *hold_find(const HoldTable *table, const char *controller, const Address *path,
		      const ChangeTunable *tunable, uint64_t now_ns);
/* Whether two proposals are about the same setting, as holds see it. */
bool hold_same_setting(const ChangeTunable *a, const ChangeTunable *b);
/* "a verdict was against it", ... */
const char *hold_kind_reason(HoldKind kind);
/* For an operator who wants everything tried anew. */
void hold_forget_all(HoldTable *table);
