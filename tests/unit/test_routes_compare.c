/* SPDX-License-Identifier: MIT */
/*
 * Our routes beside what the kernel holds, on a routing made by hand.
 */
#include "tests/unit/routes_fixture.h"

static unsigned n_seen, n_leftovers;
static char believed[400], live[400];
static int error;

static void on_mismatch(const RouteMismatch *mismatch, void *context)
{
	(void)context;
	n_seen++;
	n_leftovers += mismatch->leftover;
	error = mismatch->error;
	(void)snprintf(believed, sizeof(believed), "%s", mismatch->believed);
	(void)snprintf(live, sizeof(live), "%s", mismatch->live);
}

static void compare(void)
{
	n_seen = n_leftovers = 0;
	error = 0;
	ck_assert_int_eq(routes_compare(routes, on_mismatch, NULL), 0);
}

START_TEST(test_equal)
{
	compare();
	ck_assert_uint_eq(n_seen, 0);
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_CONGCTL, "bbr"), 0);
	compare();
	ck_assert_uint_eq(n_seen, 0);
}
END_TEST

START_TEST(test_gone)
{
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_CONGCTL, "bbr"), 0);
	fake_routes_delete(&fib, WANTED, ROUTE_PROTOCOL);
	compare();
	ck_assert_uint_eq(n_seen, 1);
	ck_assert_ptr_nonnull(strstr(believed, "congctl bbr: "));
	ck_assert_ptr_nonnull(strstr(live, "none: "));
	ck_assert_uint_eq(routes_count(routes), 1); /* only told */
}
END_TEST

START_TEST(test_altered)
{
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_CONGCTL, "bbr"), 0);
	(void)snprintf(OWN_OF(WANTED)->congctl, ROUTE_CONGCTL_MAX, "reno");
	compare();
	ck_assert_uint_eq(n_seen, 1);
	ck_assert_ptr_nonnull(strstr(live, "congctl reno"));
}
END_TEST

START_TEST(test_leftover)
{
	fake_routes_add(&fib, "203.0.113.9/32", "192.0.2.1", 2)->protocol = ROUTE_PROTOCOL;
	compare();
	ck_assert_uint_eq(n_seen, 1);
	ck_assert_uint_eq(n_leftovers, 1);
	ck_assert_str_eq(believed, "none");
}
END_TEST

START_TEST(test_unreadable)
{
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_CONGCTL, "bbr"), 0);
	break_next(FAKE_LOOKUP, -ENOBUFS, false);
	compare();
	ck_assert_uint_eq(n_seen, 1);
	ck_assert_int_eq(error, -ENOBUFS);
	break_next(FAKE_LIST, -ENOBUFS, false);
	ck_assert_int_eq(routes_compare(routes, on_mismatch, NULL), -ENOBUFS);
}
END_TEST

HARNESS_MAIN("routes_compare",
	     HARNESS_FIXTURE(suite, "compare", set_up, tear_down, test_equal, test_gone,
			     test_altered, test_leftover, test_unreadable);)
