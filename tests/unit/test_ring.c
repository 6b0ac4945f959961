/* SPDX-License-Identifier: MIT */
/* The ring: order, ids, and who may not be dropped when it is full. */
#include "daemon/policy/ring.h"

#include "tests/unit/harness.h"

static Ring ring;

static void setup(void)
{
	ring = (Ring){0};
}

static void teardown(void)
{
	ring_clear(&ring);
	ck_assert_uint_eq(ring.n, 0);
}

static bool is_the_one(const Change *change, void *context)
{
	return change == context;
}

static Change *add(ChangeState state, bool in_force)
{
	Change *change = ring_add(&ring, NULL, NULL);

	ck_assert_ptr_nonnull(change);
	change->state = state;
	change->in_force = in_force;
	return change;
}

START_TEST(test_order)
{
	Change *first = add(CHANGE_DECIDED, false), *second = add(CHANGE_ADVISED, false);

	ck_assert_uint_eq(first->id, 1);
	ck_assert_uint_eq(second->id, 2);
	ck_assert_ptr_eq(ring.changes[0], second);
	ck_assert_ptr_eq(ring.changes[1], first);
	ck_assert_ptr_eq(ring_find(&ring, 1), first);
	ck_assert_ptr_null(ring_find(&ring, 0));
	ck_assert_ptr_null(ring_find(&ring, 3));
}
END_TEST

/* In force, in trial, pinned: they stay; the oldest of the others goes. */
START_TEST(test_full)
{
	Change *in_force = add(CHANGE_DECIDED, true), *in_trial = add(CHANGE_TRIAL, false);
	Change *pinned = add(CHANGE_DECIDED, false), *added;
	uint64_t victim = add(CHANGE_DECIDED, false)->id;

	while (ring.n < RING_MAX)
		(void)add(CHANGE_ADVISED, false);
	added = ring_add(&ring, is_the_one, pinned);
	ck_assert_ptr_nonnull(added);
	ck_assert_uint_eq(added->id, RING_MAX + 1);
	ck_assert_uint_eq(ring.n, RING_MAX);
	ck_assert_ptr_null(ring_find(&ring, victim));
	ck_assert_ptr_eq(ring_find(&ring, 1), in_force);
	ck_assert_ptr_eq(ring_find(&ring, 2), in_trial);
	ck_assert_ptr_eq(ring_find(&ring, 3), pinned);
	ck_assert_ptr_eq(ring.changes[RING_MAX - 1], in_force);
	ck_assert_ptr_eq(ring.changes[0], added);

	ck_assert_ptr_nonnull(ring_add(&ring, NULL, NULL)); /* no longer pinned */
	ck_assert_ptr_null(ring_find(&ring, 3));
}
END_TEST

START_TEST(test_no_room)
{
	while (ring.n < RING_MAX)
		(void)add(CHANGE_DECIDED, true);
	ck_assert_ptr_null(ring_add(&ring, NULL, NULL));
	ck_assert_uint_eq(ring.n, RING_MAX);
	ring.changes[0]->in_force = false;
	ck_assert_ptr_nonnull(ring_add(&ring, NULL, NULL));
	ck_assert_uint_eq(ring.changes[0]->id, RING_MAX + 1); /* a failure uses up no id */
}
END_TEST

HARNESS_MAIN("ring",
	     HARNESS_FIXTURE(suite, "ring", setup, teardown, test_order, test_full, test_no_room);)
