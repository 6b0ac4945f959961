/* SPDX-License-Identifier: MIT */
/*
 * The watchdog, on a routing made by hand: what of others' doings makes us give way, and how.
 */
#include "tests/unit/routes_fixture.h"

#define DEFAULT() fake_routes_find(&fib, "0.0.0.0/0", RTPROT_BOOT)

static void install(const char *destination)
{
	ck_assert_int_eq(apply(destination, TUNABLE_ROUTE_INITCWND, "20"), 0);
	n_reports = 0;
	memset(fib.calls, 0, sizeof(fib.calls));
}

static void event(int changes)
{
	now_ns += NSEC_PER_SEC; /* no rest is longer */
	ck_assert_uint_eq(routes_event(routes, changes), 0);
}

/* In force and as it was, as far as anybody was told. */
static void assert_untouched(const char *destination)
{
	Address parsed = address(destination);
	ck_assert_ptr_nonnull(OWN_OF(destination));
	ck_assert_ptr_nonnull(routes_get(routes, &parsed));
	ck_assert_uint_eq(n_reports, 0);
}

static void assert_given_up(RouteEvent how, const char *why)
{
	ck_assert_uint_eq(n_reports, 1);
	assert_reported(how, why);
	ck_assert_str_eq(reports[0].old_metrics, "initcwnd 20");
	ck_assert_uint_eq(reports[0].ids, 2);
	ck_assert_uint_eq(reports[0].change_id, 7);
	ck_assert_uint_eq(routes_count(routes), 0);
}

/* --- the way --- */

/* A nexthop object that is one next hop is where it leads; when that changes, so does the way. */
START_TEST(test_a_nexthop_object)
{
	RouteEntry *route = fake_routes_add(&fib, "198.51.100.0/24", "192.0.2.1", 2);
	route->nexthop_id = 5;
	install(WANTED);
	ck_assert_uint_eq(OWN_OF(WANTED)->nexthop_id, 0);
	ck_assert_uint_eq(OWN_OF(WANTED)->gateway.bytes[3], 1);
	event(RTNL_CHANGED_ROUTE);
	assert_untouched(WANTED);
	fake_routes_find(&fib, "198.51.100.0/24", RTPROT_BOOT)->gateway.bytes[3] = 9;
	event(RTNL_CHANGED_ROUTE);
	assert_given_up(ROUTE_DROPPED, "via 192.0.2.9");
	install(WANTED);
	route = fake_routes_find(&fib, "198.51.100.0/24", RTPROT_BOOT);
	route->multipath = true; /* a group of several */
	event(RTNL_CHANGED_ROUTE);
	assert_given_up(ROUTE_DROPPED, NULL);
}
END_TEST

START_TEST(test_events_of_no_consequence)
{
	static const int changes[] = {RTNL_CHANGED_LINK, RTNL_CHANGED_ADDRESS, RTNL_CHANGED_ROUTE,
				      RTNL_CHANGED_RULE, RTNL_CHANGED_LOST,    RTNL_CHANGED_OWN};
	install(WANTED);
	install("2001:db8:1::1");
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
		event(changes[i]);
	routes_verify(routes);
	assert_untouched(WANTED);
	assert_untouched("2001:db8:1::1");
	ck_assert_uint_eq(fib.calls[FAKE_SET] + fib.calls[FAKE_REMOVE], 0);
}
END_TEST

START_TEST(test_another_gateway_ends_it)
{
	install(WANTED);
	DEFAULT()->gateway.bytes[3] = 9;
	event(RTNL_CHANGED_ROUTE);
	assert_given_up(ROUTE_DROPPED, "via 192.0.2.1 dev eth0 -> default via 192.0.2.9 dev eth0");
	ck_assert_ptr_null(OWN_OF(WANTED));
	/* And may begin anew on the new way. */
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "20"), 0);
	ck_assert_uint_eq(OWN_OF(WANTED)->gateway.bytes[3], 9);
}
END_TEST

START_TEST(test_another_link_ends_it)
{
	install(WANTED);
	DEFAULT()->link_index = 3;
	event(RTNL_CHANGED_ROUTE);
	assert_given_up(ROUTE_DROPPED, "dev 3");
	ck_assert_ptr_null(OWN_OF(WANTED));
}
END_TEST

START_TEST(test_a_longer_prefix_over_the_same_gateway_is_the_same_way)
{
	install(WANTED);
	(void)fake_routes_add(&fib, "198.51.100.0/24", "192.0.2.1", 2);
	event(RTNL_CHANGED_ROUTE);
	assert_untouched(WANTED);
	ck_assert_uint_eq(routes_at(routes, 0)->own.covering.prefix_length, 24);
	/* What was the way before does not matter any more. */
	DEFAULT()->gateway.bytes[3] = 9;
	event(RTNL_CHANGED_ROUTE);
	assert_untouched(WANTED);
	fake_routes_delete(&fib, "198.51.100.0/24", RTPROT_BOOT);
	event(RTNL_CHANGED_ROUTE);
	assert_given_up(ROUTE_DROPPED, "the way to it changed");
}
END_TEST

/* The shortest difference that there can be. */
START_TEST(test_a_prefix_of_two_addresses_is_seen)
{
	install(WANTED);
	(void)fake_routes_add(&fib, "198.51.100.20/31", "192.0.2.9", 2);
	event(RTNL_CHANGED_ROUTE);
	assert_given_up(ROUTE_DROPPED, "198.51.100.20/31 via 192.0.2.9");
}
END_TEST

START_TEST(test_what_was_copied_is_copied_anew)
{
	install(WANTED);
	DEFAULT()->source = address("192.0.2.2");
	DEFAULT()->metrics[RTAX_MTU] = 1400;
	event(RTNL_CHANGED_ROUTE);
	ck_assert_uint_eq(n_reports, 1);
	assert_reported(ROUTE_CHANGED, "copied anew");
	ck_assert_uint_eq(OWN_OF(WANTED)->metrics[RTAX_MTU], 1400);
	ck_assert_uint_eq(OWN_OF(WANTED)->source.bytes[3], 2);
	ck_assert_uint_eq(OWN_OF(WANTED)->metrics[RTAX_INITCWND], 20);
	ck_assert_uint_eq(fib.calls[FAKE_REMOVE], 0);
	n_reports = 0;
	event(RTNL_CHANGED_ROUTE);
	assert_untouched(WANTED);
	/* If that fails it is not left as it was. */
	DEFAULT()->metrics[RTAX_MTU] = 1300;
	break_next(FAKE_SET, -ENOBUFS, false);
	event(RTNL_CHANGED_ROUTE);
	assert_given_up(ROUTE_DROPPED, "could not be copied anew");
	ck_assert_ptr_null(OWN_OF(WANTED));
}
END_TEST

START_TEST(test_several_next_hops_end_it)
{
	install(WANTED);
	DEFAULT()->multipath = true;
	event(RTNL_CHANGED_ROUTE);
	assert_given_up(ROUTE_DROPPED, NULL);
	ck_assert_ptr_null(OWN_OF(WANTED));
}
END_TEST

START_TEST(test_the_kernel_took_it_along)
{
	install(WANTED);
	fake_routes_delete(&fib, WANTED, ROUTE_PROTOCOL);
	fake_routes_delete(&fib, "0.0.0.0/0", RTPROT_BOOT);
	event(RTNL_CHANGED_LINK | RTNL_CHANGED_ADDRESS);
	assert_given_up(ROUTE_DROPPED, "along with");
	Address destination = address(WANTED);
	ck_assert(!routes_is_foreign(routes, &destination));
}
END_TEST

/* A link went down and came back before anybody looked. */
START_TEST(test_the_way_was_away_and_is_back)
{
	install(WANTED);
	fake_routes_delete(&fib, WANTED, ROUTE_PROTOCOL);
	event(RTNL_CHANGED_LINK);
	assert_given_up(ROUTE_DROPPED, "along with");
}
END_TEST

START_TEST(test_only_the_way_is_gone)
{
	install(WANTED);
	fake_routes_delete(&fib, "0.0.0.0/0", RTPROT_BOOT);
	event(RTNL_CHANGED_ROUTE);
	assert_given_up(ROUTE_DROPPED, "none");
	ck_assert_ptr_null(OWN_OF(WANTED));
}
END_TEST

START_TEST(test_a_rule_leads_elsewhere)
{
	install(WANTED);
	fake_routes_add(&fib, "0.0.0.0/0", "192.0.2.9", 2)->table = 77;
	fib.diverted = address(WANTED);
	fib.divert_table = 77;
	event(RTNL_CHANGED_RULE);
	assert_given_up(ROUTE_DROPPED, "policy rule");
	ck_assert_ptr_null(OWN_OF(WANTED));
}
END_TEST

START_TEST(test_a_vpn_comes_up)
{
	install(WANTED);
	fib.rules[fib.n_rules++] = (RouteRule){.family = AF_INET, .suppresses = true};
	event(RTNL_CHANGED_RULE);
	assert_given_up(ROUTE_DROPPED, "short prefixes");
	ck_assert_ptr_null(OWN_OF(WANTED));
}
END_TEST

START_TEST(test_the_address_becomes_ours)
{
	install(WANTED);
	RouteEntry *local = fake_routes_add(&fib, WANTED, NULL, 1);
	local->table = RT_TABLE_LOCAL;
	local->type = RTN_LOCAL;
	event(RTNL_CHANGED_ADDRESS);
	assert_given_up(ROUTE_DROPPED, "address of this host");
	ck_assert_ptr_null(OWN_OF(WANTED));
}
END_TEST

/* --- the neighbour has a host route, so the kernel must be asked without ours --- */

START_TEST(test_two_neighbours)
{
	install("198.51.100.20");
	install("198.51.100.21");
	event(RTNL_CHANGED_ROUTE);
	ck_assert_uint_eq(n_reports, 0);
	ck_assert_uint_eq(fake_routes_own(&fib), 2);
	ck_assert_uint_eq(fib.calls[FAKE_REMOVE], 2);
	/* Our own doing is an event too; it must not be one that never ends. */
	memset(fib.calls, 0, sizeof(fib.calls));
	event(RTNL_CHANGED_OWN);
	ck_assert_uint_eq(fib.calls[FAKE_REMOVE], 0);
	DEFAULT()->gateway.bytes[3] = 9;
	event(RTNL_CHANGED_ROUTE);
	ck_assert_uint_eq(n_reports, 2);
	ck_assert_int_eq(reports[0].event, ROUTE_DROPPED);
	ck_assert_int_eq(reports[1].event, ROUTE_DROPPED);
	ck_assert_uint_eq(fake_routes_own(&fib), 0);
}
END_TEST

START_TEST(test_the_neighbour_is_this_host)
{
	RouteEntry *local = fake_routes_add(&fib, "198.51.100.21", NULL, 1);
	local->table = RT_TABLE_LOCAL;
	local->type = RTN_LOCAL;
	install("198.51.100.20");
	event(RTNL_CHANGED_LINK);
	assert_untouched("198.51.100.20");
	/* Without an event there is no need to disturb it. */
	memset(fib.calls, 0, sizeof(fib.calls));
	routes_verify(routes);
	ck_assert_uint_eq(fib.calls[FAKE_REMOVE], 0);
	DEFAULT()->source = address("192.0.2.2");
	event(RTNL_CHANGED_ROUTE);
	assert_reported(ROUTE_CHANGED, "copied anew");
	ck_assert_uint_eq(OWN_OF("198.51.100.20")->source.bytes[3], 2);
	n_reports = 0;
	/* It cannot be put back: then it is gone, and said to be. */
	break_next(FAKE_SET, -ENOMEM, false);
	event(RTNL_CHANGED_ROUTE);
	assert_given_up(ROUTE_DROPPED, "could not be copied anew");
}
END_TEST

START_TEST(test_looking_without_ours_is_not_done_all_the_time)
{
	install("198.51.100.20");
	install("198.51.100.21");
	event(RTNL_CHANGED_ROUTE);
	unsigned removed = fib.calls[FAKE_REMOVE];
	uint64_t next = routes_event(routes, RTNL_CHANGED_ROUTE);
	ck_assert_uint_gt(next, 0);
	ck_assert_uint_le(next, 500 * NSEC_PER_MSEC);
	ck_assert_uint_eq(fib.calls[FAKE_REMOVE], removed);
	now_ns += next;
	ck_assert_uint_eq(routes_event(routes, 0), 0);
	ck_assert_uint_eq(fib.calls[FAKE_REMOVE], removed + 2);
}
END_TEST

/* --- others --- */

START_TEST(test_a_host_route_of_somebody_else_has_the_say)
{
	Address destination = address(WANTED), none = {0};
	install(WANTED);
	(void)fake_routes_add(&fib, WANTED, "192.0.2.9", 2);
	event(RTNL_CHANGED_ROUTE);
	assert_given_up(ROUTE_FOREIGN, "added a host route");
	ck_assert_ptr_null(OWN_OF(WANTED));
	ck_assert_ptr_nonnull(fake_routes_find(&fib, WANTED, RTPROT_BOOT));
	/* Also when it is gone, until the operator says otherwise. */
	fake_routes_delete(&fib, WANTED, RTPROT_BOOT);
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "20"), ROUTES_REFUSED);
	ck_assert_int_eq(restore(WANTED, TUNABLE_ROUTE_INITCWND), ROUTES_REFUSED);
	ck_assert(!facts_of(WANTED).eligible);
	ck_assert(routes_is_foreign(routes, &destination));
	routes_release(routes, &destination);
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "20"), 0);
	fake_routes_delete(&fib, WANTED, ROUTE_PROTOCOL);
	event(RTNL_CHANGED_OWN);
	ck_assert(routes_is_foreign(routes, &destination));
	routes_release(routes, &none);
	ck_assert(!routes_is_foreign(routes, &destination));
}
END_TEST

/* His route alone keeps us away, so when it is gone, and a day is over, we try again; and who does
 * it again has twice as long. */
START_TEST(test_foreign_for_a_day)
{
	Address destination = address(WANTED);
	install(WANTED);
	(void)fake_routes_add(&fib, WANTED, "192.0.2.9", 2);
	event(RTNL_CHANGED_ROUTE);
	now_ns += ROUTES_FOREIGN_NS;
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "20"), ROUTES_REFUSED);
	ck_assert_msg(strstr(reason, "host route of somebody else"), "%s", reason);
	fake_routes_delete(&fib, WANTED, RTPROT_BOOT);
	install(WANTED);
	for (uint64_t days = 2; days <= 64; days *= 2) {
		uint64_t length_ns = MIN(days, UINT64_C(32)) * ROUTES_FOREIGN_NS;
		fake_routes_delete(&fib, WANTED, ROUTE_PROTOCOL);
		event(RTNL_CHANGED_OWN);
		now_ns += length_ns - 1;
		ck_assert(routes_is_foreign(routes, &destination));
		ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "20"), ROUTES_REFUSED);
		ck_assert_msg(strstr(reason, "removed or overridden"), "%s", reason);
		now_ns++;
		ck_assert(!routes_is_foreign(routes, &destination));
		install(WANTED);
	}
}
END_TEST

START_TEST(test_somebody_removes_ours)
{
	install(WANTED);
	fake_routes_delete(&fib, WANTED, ROUTE_PROTOCOL);
	event(RTNL_CHANGED_OWN);
	assert_given_up(ROUTE_FOREIGN, "removed");
	ck_assert_uint_eq(fib.calls[FAKE_SET], 0);
}
END_TEST

START_TEST(test_somebody_alters_ours)
{
	install(WANTED);
	OWN_OF(WANTED)->metrics[RTAX_INITCWND] = 50;
	event(RTNL_CHANGED_OWN);
	assert_given_up(ROUTE_FOREIGN, "altered");
	ck_assert_uint_eq(OWN_OF(WANTED)->metrics[RTAX_INITCWND], 50);
	ck_assert_uint_eq(fib.calls[FAKE_SET] + fib.calls[FAKE_REMOVE], 0);
}
END_TEST

/* Found when we want to change it, not by an event. */
START_TEST(test_it_is_looked_at_before_each_act)
{
	install(WANTED);
	OWN_OF(WANTED)->gateway.bytes[3] = 9;
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_ECN, "1"), ROUTES_REFUSED);
	assert_given_up(ROUTE_FOREIGN, "altered");
	install("198.51.100.30");
	fake_routes_delete(&fib, "198.51.100.30", ROUTE_PROTOCOL);
	ck_assert_int_eq(restore("198.51.100.30", TUNABLE_ROUTE_INITCWND), ROUTES_REFUSED);
	assert_given_up(ROUTE_FOREIGN, "removed");
}
END_TEST

START_TEST(test_many_that_became_foreign)
{
	char text[32];
	for (unsigned i = 0; i < ROUTES_MAX + 10; i++) {
		(void)snprintf(text, sizeof(text), "203.0.%u.%u", i / 100, i % 100);
		install(text);
		fake_routes_delete(&fib, text, ROUTE_PROTOCOL);
		event(RTNL_CHANGED_OWN);
	}
	/* The oldest are forgotten, which a counter of that many can afford. */
	Address first = address("203.0.0.0"), last = address(text);
	ck_assert(!routes_is_foreign(routes, &first));
	ck_assert(routes_is_foreign(routes, &last));
}
END_TEST

/* --- what ICMP teaches --- */

START_TEST(test_a_path_mtu_is_learned)
{
	install(WANTED);
	fib.taught = address(WANTED);
	fib.taught_mtu = 1300;
	now_ns += 59 * NSEC_PER_SEC;
	routes_verify(routes);
	ck_assert_uint_eq(n_reports, 0);
	now_ns += NSEC_PER_SEC;
	routes_verify(routes);
	assert_given_up(ROUTE_DROPPED, "path MTU of 1300");
	ck_assert_ptr_null(OWN_OF(WANTED));
}
END_TEST

/* A replacement would make the kernel forget it, and connections stall. */
START_TEST(test_a_path_mtu_that_was_learned_before_a_change)
{
	install(WANTED);
	fib.taught = address(WANTED);
	fib.taught_mtu = 1300;
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "30"), ROUTES_REFUSED);
	assert_given_up(ROUTE_DROPPED, "path MTU of 1300");
	ck_assert_msg(strstr(reason, "was learned"), "%s", reason);
	ck_assert_uint_eq(fib.calls[FAKE_SET], 0);
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "30"), ROUTES_REFUSED);
	install("198.51.100.30");
	break_next(FAKE_CACHED, -ENOBUFS, false);
	ck_assert_int_eq(apply("198.51.100.30", TUNABLE_ROUTE_INITCWND, "30"), -ENOBUFS);
	assert_untouched("198.51.100.30");
}
END_TEST

START_TEST(test_icmp_is_asked_about_once_a_minute)
{
	install(WANTED);
	for (unsigned i = 0; i < 600; i++) {
		now_ns += NSEC_PER_SEC;
		routes_verify(routes);
	}
	ck_assert_uint_eq(fib.calls[FAKE_CACHED], 10);
	assert_untouched(WANTED);
}
END_TEST

/* --- faults, and what it costs --- */

START_TEST(test_a_question_that_fails_is_asked_again)
{
	static const FakeRouteOp ops[] = {FAKE_LOOKUP, FAKE_LOOKUP};
	install(WANTED);
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		break_next(ops[i], -ENOBUFS, false);
		fib.faults[ops[i]].after = (unsigned)i;
		now_ns += NSEC_PER_SEC;
		uint64_t next = routes_event(routes, RTNL_CHANGED_ROUTE);
		ck_assert_uint_gt(next, 0);
		assert_untouched(WANTED);
		DEFAULT()->gateway.bytes[3]++;
		now_ns += next;
		ck_assert_uint_eq(routes_event(routes, 0), 0);
		assert_given_up(ROUTE_DROPPED, "the way");
		install(WANTED);
	}
}
END_TEST

START_TEST(test_the_cycle_sees_what_no_event_told)
{
	install(WANTED);
	DEFAULT()->gateway.bytes[3] = 9;
	routes_verify(routes);
	assert_given_up(ROUTE_DROPPED, "the way to it changed");
}
END_TEST

START_TEST(test_the_cycle_takes_turns)
{
	char text[32];
	for (unsigned i = 0; i < 200; i++) {
		(void)snprintf(text, sizeof(text), "203.0.113.%u", i);
		ck_assert_int_eq(apply(text, TUNABLE_ROUTE_INITCWND, "20"), 0);
	}
	memset(fib.calls, 0, sizeof(fib.calls));
	routes_verify(routes);
	ck_assert_uint_le(fib.calls[FAKE_LOOKUP], 64);
	/* All have had their turn after some: twice, as one may take the place of one that goes. */
	n_reports = 0;
	fake_routes_delete(&fib, "203.0.113.0", ROUTE_PROTOCOL);
	fake_routes_delete(&fib, "203.0.113.199", ROUTE_PROTOCOL);
	fake_routes_delete(&fib, "203.0.113.77", ROUTE_PROTOCOL);
	for (unsigned i = 0; i < 14; i++)
		routes_verify(routes);
	ck_assert_uint_eq(n_reports, 3);
	ck_assert_uint_eq(routes_count(routes), 197);
}
END_TEST

START_TEST(test_a_storm_of_others_routes_costs_little)
{
	install(WANTED);
	tick_ns = 200 * NSEC_PER_USEC; /* so long a look takes, at the least */
	for (unsigned i = 0; i < 10000; i++) {
		now_ns += NSEC_PER_MSEC;
		(void)routes_event(routes, RTNL_CHANGED_ROUTE);
	}
	/* 10 s and more: two questions each time. */
	ck_assert_uint_le(fib.calls[FAKE_LOOKUP], 10 * 2 * 120);
	ck_assert_uint_ge(fib.calls[FAKE_LOOKUP], 10 * 2 * 2);
	/* And never is it put off for long. */
	DEFAULT()->gateway.bytes[3] = 9;
	for (unsigned i = 0; i < 1000 && n_reports == 0; i++) {
		now_ns += NSEC_PER_MSEC;
		(void)routes_event(routes, RTNL_CHANGED_ROUTE);
	}
	assert_given_up(ROUTE_DROPPED, "the way");
}
END_TEST

START_TEST(test_nothing_of_ours_costs_nothing)
{
	for (unsigned i = 0; i < 100; i++)
		event(RTNL_CHANGED_ROUTE);
	routes_verify(routes);
	for (size_t i = 0; i < _FAKE_ROUTE_OPS; i++)
		ck_assert_uint_le(fib.calls[i], 1); /* of the start */
}
END_TEST

/* The cycle tries again, not each time, and rests twice as long when it failed again. */
START_TEST(test_what_could_not_be_removed_is_tried_again)
{
	RoutesParams params = fixture_params();
	Routes *next;
	for (unsigned i = 1; i <= 3; i++) {
		char text[32];
		(void)snprintf(text, sizeof(text), "203.0.113.%u", i);
		fake_routes_add(&fib, text, "192.0.2.1", 2)->protocol = ROUTE_PROTOCOL;
	}
	break_next(FAKE_REMOVE, -EPERM, false);
	fib.faults[FAKE_REMOVE].failures = 2 * 3; /* three routes */
	ck_assert_int_eq(routes_new(&params, &next), 0);
	now_ns += ROUTES_FLUSH_NS - 1;
	routes_verify(next);
	ck_assert_uint_eq(n_reports, 3);
	now_ns++;
	routes_verify(next);
	ck_assert_uint_eq(n_reports, 3 + 3);
	ck_assert(!routes_are_clean(next));
	now_ns += 2 * ROUTES_FLUSH_NS - 1;
	routes_verify(next);
	ck_assert(!routes_are_clean(next));
	now_ns++;
	routes_verify(next);
	ck_assert(routes_are_clean(next));
	ck_assert_uint_eq(fake_routes_own(&fib), 0);
	ck_assert_uint_eq(n_reports, 3 + 3 + 3);
	now_ns += ROUTES_FLUSH_MAX_NS;
	fib.calls[FAKE_LIST] = 0;
	routes_verify(next);
	ck_assert_uint_eq(fib.calls[FAKE_LIST], 0);
	routes_free(next);
}
END_TEST

HARNESS_MAIN("routes_watch",
	     HARNESS_FIXTURE(suite, "way", set_up, tear_down, test_events_of_no_consequence,
			     test_a_nexthop_object, test_another_gateway_ends_it,
			     test_another_link_ends_it,
			     test_a_longer_prefix_over_the_same_gateway_is_the_same_way,
			     test_a_prefix_of_two_addresses_is_seen,
			     test_what_was_copied_is_copied_anew, test_several_next_hops_end_it,
			     test_the_kernel_took_it_along, test_the_way_was_away_and_is_back,
			     test_only_the_way_is_gone, test_a_rule_leads_elsewhere,
			     test_a_vpn_comes_up, test_the_address_becomes_ours);
	     HARNESS_FIXTURE(suite, "neighbour", set_up, tear_down, test_two_neighbours,
			     test_the_neighbour_is_this_host,
			     test_looking_without_ours_is_not_done_all_the_time);
	     HARNESS_FIXTURE(suite, "others", set_up, tear_down,
			     test_a_host_route_of_somebody_else_has_the_say, test_foreign_for_a_day,
			     test_somebody_removes_ours, test_somebody_alters_ours,
			     test_it_is_looked_at_before_each_act, test_many_that_became_foreign);
	     HARNESS_FIXTURE(suite, "icmp", set_up, tear_down, test_a_path_mtu_is_learned,
			     test_a_path_mtu_that_was_learned_before_a_change,
			     test_icmp_is_asked_about_once_a_minute);
	     HARNESS_FIXTURE(suite, "faults", set_up, tear_down,
			     test_a_question_that_fails_is_asked_again,
			     test_the_cycle_sees_what_no_event_told, test_the_cycle_takes_turns,
			     test_a_storm_of_others_routes_costs_little,
			     test_nothing_of_ours_costs_nothing,
			     test_what_could_not_be_removed_is_tried_again);)
