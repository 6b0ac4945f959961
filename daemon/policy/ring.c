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

static bool make_room(Ring *ring, const Change *pinned)
{
	if (ring->n < RING_MAX)
		return true;

	for (size_t i = ring->n; i-- > 0;) {
		Change *change = ring->changes[i];

		if (change->in_force || change->state == CHANGE_TRIAL || change == pinned)
			continue;
		free(change);
		memmove(&ring->changes[i], &ring->changes[i + 1],
			(ring->n - i - 1) * sizeof(ring->changes[0]));
		ring->n--;
		return true;
	}
	return false;
}

Change *ring_add(Ring *ring, const Change *pinned)
{
	Change *change = make_room(ring, pinned) ? calloc(1, sizeof(*change)) : NULL;

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
