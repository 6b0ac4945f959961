/* SPDX-License-Identifier: MIT */
/*
 * Records are allocated one by one because trials and callers keep pointers to them, while the
 * list itself moves with every addition. Additions are rare (one per cool-down at most): moving
 * 128 pointers costs nothing.
 */
#include "daemon/policy/ring.h"

#include <string.h>

void ring_clear(Ring *ring)
{
	for (size_t i = 0; i < ring->n; i++)
		free(ring->changes[i]);
	ring->n = 0;
}

static bool make_room(Ring *ring, bool (*is_pinned)(const Change *change, void *context),
		      void *context)
{
	if (ring->n < RING_MAX)
		return true;

	for (size_t i = ring->n; i-- > 0;) {
		Change *change = ring->changes[i];

		if (change->in_force || change->state == CHANGE_TRIAL ||
		    (is_pinned && is_pinned(change, context)))
			continue;
		free(change);
		memmove(&ring->changes[i], &ring->changes[i + 1],
			(ring->n - i - 1) * sizeof(ring->changes[0]));
		ring->n--;
		return true;
	}
	return false;
}

Change *ring_add(Ring *ring, bool (*is_pinned)(const Change *change, void *context), void *context)
{
	Change *change = make_room(ring, is_pinned, context) ? calloc(1, sizeof(*change)) : NULL;

	if (!change)
		return NULL;

	change->id = ++ring->last_id;
	memmove(&ring->changes[1], &ring->changes[0], ring->n * sizeof(ring->changes[0]));
	ring->changes[0] = change;
	ring->n++;
	return change;
}

Change *ring_find(const Ring *ring, uint64_t id)
{
	for (size_t i = 0; i < ring->n; i++)
		if (ring->changes[i]->id == id)
			return ring->changes[i];
	return NULL;
}
