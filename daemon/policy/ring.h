/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The ring of changes: a bounded list, newest first, of what was proposed and what came of it.
 * Pointers into it stay valid until the record is dropped to make room, which never happens to one
 * that is in force, in trial, or pinned by the caller.
 */
#include "daemon/policy/change.h"

/* More than there can be routes of ours, whose changes are in force. */
#define RING_MAX 512

typedef struct Ring {
	Change *changes[RING_MAX]; /* newest first; owned */
	size_t n;
	uint64_t last_id;
} Ring;

void ring_clear(Ring *ring);
/* A new zeroed change at index 0, with the next id; drops the oldest droppable record when full.
 * What `is_pinned` (NULL: nothing) says yes to is not droppable. NULL: no room, or no memory. */
Change *ring_add(Ring *ring, bool (*is_pinned)(const Change *change, void *context), void *context);
Change *ring_find(const Ring *ring, uint64_t id); /* NULL: not, or no longer, there */
