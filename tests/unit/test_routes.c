/* SPDX-License-Identifier: MIT */
/*
 * Setting and taking back, on a routing made by hand: who may have a route, what it becomes, and
 * what is left after each fault.
 */
#include "tests/unit/routes_fixture.h"

/* --- setting --- */

START_TEST(test_a_metric_makes_a_route)
{
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_CONGCTL, "bbr"), 0);
	const RouteEntry *own = OWN_OF(WANTED);
	ck_assert_ptr_nonnull(own);
	ck_assert_str_eq(own->congctl, "bbr");
	ck_assert_int_eq(own->link_index, 2);
	ck_assert_uint_eq(own->gateway.bytes[3], 1);
	ck_assert_uint_eq(own->table, RT_TABLE_MAIN);
	assert_reported(ROUTE_INSTALLED, NULL);
	ck_assert_str_eq(reports[0].old_metrics, "none");
	ck_assert_str_eq(reports[0].new_metrics, "congctl bbr");
	ck_assert_uint_eq(reports[0].change_id, 7);
	ck_assert_uint_eq(reports[0].ids, 0);
	ck_assert_uint_eq(routes_count(routes), 1);
	ck_assert_str_eq(routes_at(routes, 0)->link_name, "eth0");
	ck_assert_uint_eq(routes_at(routes, 0)->since_ns, now_ns);
}
END_TEST

START_TEST(test_metrics_of_one_destination_share_a_route)
{
	Address destination = address(WANTED);
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_CONGCTL, "bbr"), 0);
	TunableChange two[] = {change_of(TUNABLE_ROUTE_INITCWND, "20"),
			       change_of(TUNABLE_ROUTE_RTO_MIN, "30")};
	ck_assert_int_eq(routes_apply(routes, &destination, two, 2, 9, NULL, 0), 0);
	ck_assert_uint_eq(fake_routes_own(&fib), 1);
	ck_assert_uint_eq(fib.calls[FAKE_SET], 2);
	ck_assert_uint_eq(fib.calls[FAKE_REMOVE], 0); /* no moment without */
	const RouteState *state = routes_get(routes, &destination);
	ck_assert_uint_eq(state->own.metrics.initcwnd, 20);
	ck_assert_uint_eq(state->change_ids[0], 7);
	ck_assert_uint_eq(state->change_ids[1], 9);
	ck_assert_uint_eq(OWN_OF(WANTED)->metrics[RTAX_LOCK], 1U << RTAX_RTO_MIN);
	assert_reported(ROUTE_CHANGED, NULL);
	ck_assert_str_eq(reports[1].new_metrics, "congctl bbr initcwnd 20 rto_min 30ms");
	ck_assert_uint_eq(reports[1].ids, 1);
}
END_TEST

START_TEST(test_the_last_metric_takes_the_route_along)
{
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_QUICKACK, "1"), 0);
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_ECN, "1"), 0);
	ck_assert_int_eq(restore(WANTED, TUNABLE_ROUTE_QUICKACK), 0);
	ck_assert_uint_eq(OWN_OF(WANTED)->metrics[RTAX_FEATURES], RTAX_FEATURE_ECN);
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_ECN, NULL), 0);
	ck_assert_uint_eq(fake_routes_own(&fib), 0);
	ck_assert_uint_eq(routes_count(routes), 0);
	assert_reported(ROUTE_REMOVED, NULL);
	/* To take back what is not there is nothing. */
	ck_assert_int_eq(restore(WANTED, TUNABLE_ROUTE_ECN), 0);
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_ECN, NULL), 0);
}
END_TEST

START_TEST(test_the_same_again_is_not_sent)
{
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "20"), 0);
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "20"), 0);
	ck_assert_uint_eq(fib.calls[FAKE_SET], 1);
	ck_assert_uint_eq(n_reports, 1);
}
END_TEST

START_TEST(test_what_may_not_be_set)
{
	Address destination = address(WANTED);
	TunableChange twice[] = {change_of(TUNABLE_ROUTE_INITCWND, "20"),
				 change_of(TUNABLE_ROUTE_INITCWND, "21")};
	TunableChange sysctl = change_of(TUNABLE_TCP_FASTOPEN, "1");
	ck_assert_int_eq(routes_apply(routes, &destination, twice, 2, 1, NULL, 0), -EINVAL);
	ck_assert_int_eq(routes_apply(routes, &destination, &sysctl, 1, 1, NULL, 0), -EINVAL);
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "100000"), -ERANGE);
	ck_assert_msg(strstr(reason, "route.initcwnd"), "%s", reason);
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_CONGCTL, "a_name_that_is_too_long"), -ERANGE);
	ck_assert_uint_eq(fib.calls[FAKE_SET] + fib.calls[FAKE_LOOKUP], 0);
}
END_TEST

START_TEST(test_a_dry_run_touches_nothing)
{
	RoutesParams params = fixture_params();
	Address destination = address(WANTED);
	RouteMetrics metrics = {.initcwnd = 20};
	Routes *dry;
	fake_routes_add(&fib, "203.0.113.1", "192.0.2.1", 2)->protocol = ROUTE_PROTOCOL;
	params.dry_run = true;
	ck_assert_int_eq(routes_new(&params, &dry), 0);
	TunableChange change = change_of(TUNABLE_ROUTE_INITCWND, "20");
	ck_assert_int_eq(routes_apply(dry, &destination, &change, 1, 1, NULL, 0), -EPERM);
	ck_assert_int_eq(routes_shadow_set(dry, &destination, &metrics, NULL, 0), -EPERM);
	ck_assert_uint_eq(fake_routes_own(&fib), 1);
	ck_assert_uint_eq(fib.calls[FAKE_SET] + fib.calls[FAKE_REMOVE] + fib.calls[FAKE_RULE], 0);
	RouteFacts facts;
	ck_assert_int_eq(routes_facts(dry, &destination, &facts), 0);
	ck_assert(facts.eligible);
	routes_free(dry);
}
END_TEST

START_TEST(test_a_metric_that_the_route_itself_sets_is_somebody_elses)
{
	fake_routes_find(&fib, "0.0.0.0/0", RTPROT_BOOT)->metrics[RTAX_INITCWND] = 40;
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "20"), ROUTES_REFUSED);
	ck_assert_msg(strstr(reason, "already sets"), "%s", reason);
	ck_assert_uint_eq(facts_of(WANTED).set_here.initcwnd, 40);
	/* Another one is copied along. */
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_QUICKACK, "1"), 0);
	ck_assert_uint_eq(OWN_OF(WANTED)->metrics[RTAX_INITCWND], 40);
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "20"), ROUTES_REFUSED);
	ck_assert_uint_eq(OWN_OF(WANTED)->metrics[RTAX_INITCWND], 40);
}
END_TEST

START_TEST(test_as_many_as_the_table_holds)
{
	char text[32];
	for (unsigned i = 0; i < ROUTES_MAX; i++) {
		(void)snprintf(text, sizeof(text), "203.0.%u.%u", i / 100, i % 100);
		ck_assert_int_eq(apply(text, TUNABLE_ROUTE_INITCWND, "20"), 0);
	}
	ck_assert(!facts_of(WANTED).eligible);
	ck_assert(facts_of(WANTED).host_wide);
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "20"), ROUTES_REFUSED);
	ck_assert_msg(strstr(reason, "full"), "%s", reason);
	/* Those that have one go on. */
	ck_assert(facts_of(text).eligible);
	ck_assert_int_eq(apply(text, TUNABLE_ROUTE_INITCWND, "30"), 0);
	ck_assert_int_eq(routes_restore_all(routes), 0);
	ck_assert_uint_eq(fake_routes_own(&fib), 0);
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "20"), 0);
}
END_TEST

/* --- who may have one --- */

static void assert_refused(const char *destination, const char *why)
{
	RouteFacts facts = facts_of(destination);
	ck_assert_msg(!facts.eligible, "%s is eligible", destination);
	ck_assert_msg(strstr(facts.reason, why), "%s: %s", destination, facts.reason);
	size_t own = fake_routes_own(&fib);
	ck_assert_int_eq(apply(destination, TUNABLE_ROUTE_INITCWND, "20"), ROUTES_REFUSED);
	ck_assert_str_eq(reason, facts.reason);
	ck_assert_uint_eq(fake_routes_own(&fib), own);
}

START_TEST(test_an_ordinary_destination_is_eligible)
{
	static const char *const destinations[] = {WANTED, "192.0.2.77", "2001:db8:1::1"};
	for (size_t i = 0; i < ARRAY_SIZE(destinations); i++) {
		RouteFacts facts = facts_of(destinations[i]);
		ck_assert_msg(facts.eligible, "%s: %s", destinations[i], facts.reason);
		ck_assert_str_eq(facts.reason, "");
		ck_assert_int_eq(facts.link_index, 2);
		ck_assert_str_eq(facts.link_name, "eth0");
	}
	ck_assert_uint_eq(facts_of("192.0.2.77").gateway.family, 0);
	ck_assert_uint_eq(facts_of(WANTED).gateway.bytes[3], 1);
	/* The rules are read once, after the start: two questions about each destination, one about
	 * its link. */
	ck_assert_uint_eq(fib.calls[FAKE_RULES], 2);
	ck_assert_uint_eq(fib.calls[FAKE_LOOKUP], fib.calls[FAKE_CACHED]);
}
END_TEST

START_TEST(test_this_host_is_not)
{
	RouteEntry *loop = fake_routes_add(&fib, "127.0.0.0/8", NULL, 1);
	RouteEntry *broadcast = fake_routes_add(&fib, "192.0.2.255", NULL, 2);
	loop->table = broadcast->table = RT_TABLE_LOCAL;
	loop->type = RTN_LOCAL;
	broadcast->type = RTN_BROADCAST;
	(void)fake_routes_add(&fib, "198.51.101.0/24", NULL, 1);
	assert_refused("192.0.2.2", "address of this host");
	assert_refused("127.0.0.1", "address of this host");
	assert_refused("192.0.2.255", "not the address of one host");
	assert_refused("198.51.101.1", "on this host");
}
END_TEST

START_TEST(test_routes_that_do_more_are_not)
{
	fake_routes_add(&fib, "198.51.100.32/29", NULL, 2)->multipath = true;
	fake_routes_add(&fib, "198.51.100.40/29", NULL, 0)->nexthop_id = 5;
	fake_routes_add(&fib, "198.51.100.48/29", "192.0.2.1", 2)->encap = true;
	fake_routes_add(&fib, "198.51.100.56/29", "192.0.2.1", 2)->strange = true;
	fake_routes_add(&fib, "2001:db8:2::/64", "2001:db8::1", 2)->source_length = 64;
	fake_routes_add(&fib, "198.51.100.64/29", "192.0.2.1", 2)->tos = 8;
	fake_routes_add(&fib, "198.51.100.72/29", NULL, 2)->type = RTN_UNREACHABLE;
	fake_routes_add(&fib, "198.51.100.80/29", NULL, 0)->type = RTN_BLACKHOLE;
	(void)fake_routes_add(&fib, "198.51.100.88/29", NULL, 4);
	(void)fake_routes_add(&fib, "198.51.100.96/29", "192.0.2.1", 9);
	(void)fake_routes_add(&fib, "198.51.100.104/29", NULL, 3);
	fib.links[2].up = false;
	assert_refused("198.51.100.33", "several next hops");
	assert_refused("198.51.100.41", "nexthop object");
	assert_refused("198.51.100.49", "encapsulates");
	assert_refused("198.51.100.57", "not known here");
	assert_refused("2001:db8:2::1", "some packets only");
	assert_refused("198.51.100.65", "some packets only");
	assert_refused("198.51.100.73", "no route");
	assert_refused("198.51.100.81", "nothing is sent there");
	assert_refused("198.51.100.89", "wg0 is a tunnel (wireguard)");
	assert_refused("198.51.100.97", "link is gone");
	assert_refused("198.51.100.105", "link is down");
}
END_TEST

START_TEST(test_where_nothing_leads_none_is)
{
	fake_routes_delete(&fib, "0.0.0.0/0", RTPROT_BOOT);
	assert_refused(WANTED, "no route");
	Address nobody = {0};
	RouteFacts facts;
	ck_assert_int_eq(routes_facts(routes, &nobody, &facts), 0);
	ck_assert(!facts.eligible);
}
END_TEST

START_TEST(test_a_host_route_of_somebody_else_is_an_obstacle)
{
	(void)fake_routes_add(&fib, WANTED, "192.0.2.9", 2);
	fake_routes_add(&fib, "198.51.100.21", "192.0.2.9", 2)->protocol = ROUTE_PROTOCOL;
	assert_refused(WANTED, "host route of somebody else");
	assert_refused("198.51.100.21", "netopt's number");
}
END_TEST

START_TEST(test_a_table_other_than_main_is_an_obstacle)
{
	fake_routes_add(&fib, "0.0.0.0/0", "192.0.2.9", 2)->table = 77;
	fib.diverted = address(WANTED);
	fib.divert_table = 77;
	assert_refused(WANTED, "another table");
	ck_assert(facts_of("198.51.100.21").eligible);
}
END_TEST

/* wg-quick(8): all but the host's own networks goes past the main table. */
START_TEST(test_a_rule_that_suppresses_ends_it_for_all)
{
	ck_assert(facts_of(WANTED).eligible);
	fib.rules[fib.n_rules++] = (RouteRule){
		.family = AF_INET, .priority = 100, .table = RT_TABLE_MAIN, .suppresses = true};
	(void)routes_event(routes, RTNL_CHANGED_RULE);
	assert_refused(WANTED, "short prefixes");
	ck_assert(facts_of(WANTED).host_wide);
	fib.n_rules = 0;
	(void)routes_event(routes, RTNL_CHANGED_RULE);
	ck_assert(facts_of(WANTED).eligible);
}
END_TEST

START_TEST(test_what_icmp_taught_is_an_obstacle)
{
	fib.taught = address(WANTED);
	fib.taught_mtu = 1300;
	assert_refused(WANTED, "path MTU of 1300");
	fib.taught_mtu = 1500; /* no less than the link's */
	ck_assert(facts_of(WANTED).eligible);
	fib.taught_gateway = address("192.0.2.9");
	assert_refused(WANTED, "redirect");
}
END_TEST

START_TEST(test_the_facts_tell_what_is_in_force)
{
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "20"), 0);
	RouteFacts facts = facts_of(WANTED);
	ck_assert(facts.eligible);
	ck_assert_uint_eq(facts.metrics.initcwnd, 20);
	ck_assert_uint_eq(facts.set_here.initcwnd, 0);
	ck_assert_int_eq(facts.link_index, 2);
	ck_assert_uint_eq(facts_of("198.51.100.21").metrics.initcwnd, 0);
}
END_TEST

/* --- faults --- */

START_TEST(test_errors_of_an_installation_leave_nothing)
{
	static const int errors[] = {-EPERM, -ENOBUFS, -ENOMEM, -EINVAL, -ETIMEDOUT};
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		break_next(FAKE_SET, errors[i], false);
		ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "20"), errors[i]);
		ck_assert_uint_eq(fake_routes_own(&fib), 0);
		ck_assert_uint_eq(routes_count(routes), 0);
		ck_assert_uint_eq(n_reports, 0);
	}
}
END_TEST

START_TEST(test_a_lost_acknowledgement_is_no_failure)
{
	break_next(FAKE_SET, -ETIMEDOUT, true);
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "20"), 0);
	break_next(FAKE_SET, -ENOBUFS, true);
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "30"), 0);
	ck_assert_uint_eq(OWN_OF(WANTED)->metrics[RTAX_INITCWND], 30);
}
END_TEST

/* Between our look and our message somebody else was there. */
START_TEST(test_somebody_else_was_faster)
{
	break_next(FAKE_SET, -EEXIST, false);
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "20"), ROUTES_REFUSED);
	ck_assert_uint_eq(fib.calls[FAKE_REMOVE], 0);
	ck_assert_uint_eq(routes_count(routes), 0);
}
END_TEST

START_TEST(test_what_reads_back_otherwise_is_undone)
{
	fib.forgets_congctl = true;
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_CONGCTL, "bbr"), -EIO);
	ck_assert_uint_eq(fake_routes_own(&fib), 0);
	fib.forgets_congctl = false;
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "20"), 0);
	fib.forgets_congctl = true;
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_CONGCTL, "bbr"), -EIO);
	/* What was there before is there. */
	ck_assert_uint_eq(OWN_OF(WANTED)->metrics[RTAX_INITCWND], 20);
	ck_assert_str_eq(OWN_OF(WANTED)->congctl, "");
	ck_assert_uint_eq(routes_at(routes, 0)->own.metrics.initcwnd, 20);
	ck_assert_str_eq(routes_at(routes, 0)->own.metrics.congctl, "");
	ck_assert_uint_eq(n_reports, 1);
}
END_TEST

START_TEST(test_errors_of_a_change_leave_the_old)
{
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "20"), 0);
	break_next(FAKE_SET, -ENOBUFS, false);
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "30"), -ENOBUFS);
	ck_assert_uint_eq(OWN_OF(WANTED)->metrics[RTAX_INITCWND], 20);
	ck_assert_uint_eq(routes_count(routes), 1);
	/* If not even the old can be put back, none is better than one that nobody knows. */
	fib.forgets_congctl = true;
	fib.faults[FAKE_SET].failures = 1;
	fib.faults[FAKE_SET].after = 1;
	fib.faults[FAKE_SET].error = -ENOMEM;
	Address destination = address(WANTED);
	TunableChange two[] = {change_of(TUNABLE_ROUTE_CONGCTL, "bbr"),
			       change_of(TUNABLE_ROUTE_ECN, "1")};
	ck_assert_int_eq(routes_apply(routes, &destination, two, 2, 1, NULL, 0), -EIO);
	ck_assert_uint_eq(routes_count(routes), 0);
	ck_assert_uint_eq(fake_routes_own(&fib), 0);
	assert_reported(ROUTE_FAILED, "nor put back");
	ck_assert_uint_eq(reports[n_reports - 1].ids, 2);
}
END_TEST

START_TEST(test_errors_of_a_removal_leave_it_ours)
{
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "20"), 0);
	break_next(FAKE_REMOVE, -EPERM, false);
	ck_assert_int_eq(restore(WANTED, TUNABLE_ROUTE_INITCWND), -EPERM);
	assert_reported(ROUTE_FAILED, NULL);
	ck_assert_uint_eq(routes_count(routes), 1);
	ck_assert_int_eq(routes_restore_all(routes), 0);
	ck_assert_uint_eq(fake_routes_own(&fib), 0);
}
END_TEST

START_TEST(test_a_kernel_that_does_not_answer)
{
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "20"), 0);
	break_next(FAKE_LOOKUP, -ETIMEDOUT, false);
	ck_assert_int_eq(restore(WANTED, TUNABLE_ROUTE_INITCWND), -ETIMEDOUT);
	ck_assert_uint_eq(routes_count(routes), 1);
	RouteFacts facts;
	Address other = address("198.51.100.21");
	break_next(FAKE_LOOKUP, -EAGAIN, false);
	ck_assert_int_eq(routes_facts(routes, &other, &facts), -EAGAIN);
	break_next(FAKE_CACHED, -ENOBUFS, false);
	ck_assert_int_eq(routes_facts(routes, &other, &facts), -ENOBUFS);
	break_next(FAKE_LINK, -ETIMEDOUT, false);
	ck_assert_int_eq(routes_facts(routes, &other, &facts), -ETIMEDOUT);
	break_next(FAKE_RULES, -EAGAIN, false);
	fib.faults[FAKE_RULES].failures = 2;
	(void)routes_event(routes, RTNL_CHANGED_RULE);
	ck_assert_int_eq(routes_facts(routes, &other, &facts), -EAGAIN);
	ck_assert_int_eq(routes_facts(routes, &other, &facts), 0);
	ck_assert(facts.eligible);
}
END_TEST

/* --- what a dead instance left --- */

static void leave_behind(void)
{
	fake_routes_add(&fib, "203.0.113.1", "192.0.2.1", 2)->protocol = ROUTE_PROTOCOL;
	fib.entries[fib.n - 1].metrics[RTAX_INITCWND] = 20;
	fake_routes_add(&fib, "203.0.113.2", "192.0.2.1", 2)->protocol = ROUTE_PROTOCOL;
	fib.entries[fib.n - 1].table = ROUTE_SHADOW_TABLE;
	fake_routes_add(&fib, "2001:db8:1::1", "2001:db8::1", 2)->protocol = ROUTE_PROTOCOL;
	for (unsigned i = 0; i < 2; i++)
		fib.rules[fib.n_rules++] = (RouteRule){.family = AF_INET6,
						       .protocol = ROUTE_PROTOCOL,
						       .table = ROUTE_SHADOW_TABLE,
						       .mark = ROUTE_MARK};
}

START_TEST(test_it_is_removed_before_anything_else)
{
	RoutesParams params = fixture_params();
	Routes *next;
	size_t before = fib.n;
	leave_behind();
	ck_assert_int_eq(routes_new(&params, &next), 0);
	ck_assert(routes_are_clean(next));
	ck_assert_uint_eq(fib.n, before); /* and nobody else's */
	ck_assert_uint_eq(fib.n_rules, 0);
	ck_assert_uint_eq(n_reports, 5);
	ck_assert_int_eq(reports[0].event, ROUTE_FLUSHED);
	ck_assert_str_eq(reports[0].old_metrics, "initcwnd 20");
	ck_assert_str_eq(reports[0].new_metrics, "none");
	routes_free(next);
}
END_TEST

START_TEST(test_until_it_is_removed_nothing_is_set)
{
	static const FakeRouteOp ops[] = {FAKE_LIST, FAKE_REMOVE, FAKE_RULE, FAKE_RULES};
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		RoutesParams params = fixture_params();
		Address destination = address(WANTED);
		TunableChange change = change_of(TUNABLE_ROUTE_INITCWND, "20");
		RouteFacts facts;
		Routes *next;
		leave_behind();
		n_reports = 0;
		break_next(ops[i], -EPERM, false);
		ck_assert_int_eq(routes_new(&params, &next), 0);
		ck_assert(!routes_are_clean(next));
		size_t failed = 0;
		for (size_t k = 0; k < n_reports; k++)
			failed += reports[k].event == ROUTE_FAILED && reports[k].error == -EPERM;
		ck_assert_uint_eq(failed, 1);
		ck_assert_int_eq(routes_apply(next, &destination, &change, 1, 1, NULL, 0),
				 ROUTES_REFUSED);
		ck_assert_int_eq(routes_facts(next, &destination, &facts), 0);
		ck_assert(facts.host_wide);
		ck_assert_int_eq(routes_flush(next), 0);
		ck_assert_uint_eq(fake_routes_own(&fib) + fib.n_rules, 0);
		ck_assert_int_eq(routes_apply(next, &destination, &change, 1, 1, NULL, 0), 0);
		ck_assert_int_eq(routes_flush(next), -EBUSY);
		ck_assert_int_eq(routes_restore_all(next), 0);
		routes_free(next);
	}
}
END_TEST

START_TEST(test_what_is_kept_stays)
{
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "20"), 0);
	ck_assert_int_eq(apply("198.51.100.30", TUNABLE_ROUTE_ECN, "1"), 0);
	fake_routes_delete(&fib, "198.51.100.30", ROUTE_PROTOCOL);
	ck_assert_int_eq(routes_keep_all(routes), 0);
	ck_assert_ptr_nonnull(OWN_OF(WANTED));
	ck_assert_uint_eq(routes_count(routes), 0);
	ck_assert_uint_eq(n_reports, 4);
	ck_assert_int_eq(reports[2].event, ROUTE_FOREIGN); /* what is not there is not kept */
	ck_assert_int_eq(reports[3].event, ROUTE_KEPT);
	ck_assert_str_eq(reports[3].new_metrics, "initcwnd 20");
}
END_TEST

/* --- the shadow --- */

START_TEST(test_a_candidate_is_felt_by_the_marked_alone)
{
	Address destination = address(WANTED);
	RouteMetrics metrics = {.congctl = "bbr"};
	RouteOps ops = fake_routes_ops(&fib);
	RouteEntry entry;
	ck_assert_int_eq(routes_shadow_set(routes, &destination, &metrics, reason, sizeof(reason)),
			 0);
	ck_assert_int_eq(ops.lookup(&fib, &destination, ROUTE_MARK, &entry), 0);
	ck_assert_str_eq(entry.congctl, "bbr");
	ck_assert_int_eq(ops.lookup(&fib, &destination, 0, &entry), 0);
	ck_assert_uint_eq(entry.prefix_length, 0);
	ck_assert_ptr_nonnull(routes_shadow(routes));
	/* The next one takes its place. */
	Address other = address("2001:db8:1::1");
	ck_assert_int_eq(routes_shadow_set(routes, &other, &metrics, NULL, 0), 0);
	ck_assert_uint_eq(fake_routes_own(&fib), 1);
	ck_assert_uint_eq(fib.n_rules, 1);
	ck_assert_uint_eq(fib.rules[0].family, AF_INET6);
	routes_shadow_clear(routes);
	ck_assert_uint_eq(fake_routes_own(&fib) + fib.n_rules, 0);
	ck_assert_ptr_null(routes_shadow(routes));
	ck_assert_uint_eq(n_reports, 0);
}
END_TEST

START_TEST(test_a_candidate_beside_what_is_in_force)
{
	Address destination = address(WANTED);
	RouteMetrics metrics = {.initcwnd = 40};
	RouteOps ops = fake_routes_ops(&fib);
	RouteEntry entry;
	ck_assert_int_eq(apply(WANTED, TUNABLE_ROUTE_INITCWND, "20"), 0);
	ck_assert_int_eq(routes_shadow_set(routes, &destination, &metrics, NULL, 0), 0);
	ck_assert_int_eq(ops.lookup(&fib, &destination, ROUTE_MARK, &entry), 0);
	ck_assert_uint_eq(entry.metrics[RTAX_INITCWND], 40);
	ck_assert_int_eq(ops.lookup(&fib, &destination, 0, &entry), 0);
	ck_assert_uint_eq(entry.metrics[RTAX_INITCWND], 20);
	ck_assert_int_eq(routes_restore_all(routes), 0);
	ck_assert_uint_eq(fake_routes_own(&fib) + fib.n_rules, 0);
}
END_TEST

START_TEST(test_a_candidate_that_cannot_be_leaves_nothing)
{
	Address destination = address(WANTED), local = address("192.0.2.2");
	RouteMetrics metrics = {.congctl = "bbr"};
	static const FakeRouteOp ops[] = {FAKE_RULE, FAKE_SET};
	ck_assert_int_eq(routes_shadow_set(routes, &local, &metrics, reason, sizeof(reason)),
			 ROUTES_REFUSED);
	ck_assert_msg(strstr(reason, "this host"), "%s", reason);
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		break_next(ops[i], -EPERM, false);
		ck_assert_int_eq(routes_shadow_set(routes, &destination, &metrics, NULL, 0),
				 -EPERM);
		ck_assert_uint_eq(fake_routes_own(&fib) + fib.n_rules, 0);
		ck_assert_ptr_null(routes_shadow(routes));
	}
	fib.forgets_congctl = true;
	ck_assert_int_eq(routes_shadow_set(routes, &destination, &metrics, NULL, 0), -EIO);
	ck_assert_uint_eq(fake_routes_own(&fib) + fib.n_rules, 0);
}
END_TEST

START_TEST(test_a_candidate_goes_with_the_way)
{
	Address destination = address(WANTED);
	RouteMetrics metrics = {.initcwnd = 40};
	ck_assert_int_eq(routes_shadow_set(routes, &destination, &metrics, NULL, 0), 0);
	ck_assert_uint_eq(routes_event(routes, RTNL_CHANGED_ROUTE), 0);
	ck_assert_ptr_nonnull(routes_shadow(routes));
	fake_routes_find(&fib, "0.0.0.0/0", RTPROT_BOOT)->gateway.bytes[3] = 9;
	(void)routes_event(routes, RTNL_CHANGED_ROUTE);
	ck_assert_ptr_null(routes_shadow(routes));
	ck_assert_uint_eq(fake_routes_own(&fib) + fib.n_rules, 0);
}
END_TEST

HARNESS_MAIN(
	"routes",
	HARNESS_FIXTURE(suite, "set", set_up, tear_down, test_a_metric_makes_a_route,
			test_metrics_of_one_destination_share_a_route,
			test_the_last_metric_takes_the_route_along, test_the_same_again_is_not_sent,
			test_what_may_not_be_set, test_a_dry_run_touches_nothing,
			test_a_metric_that_the_route_itself_sets_is_somebody_elses,
			test_as_many_as_the_table_holds);
	HARNESS_FIXTURE(suite, "facts", set_up, tear_down, test_an_ordinary_destination_is_eligible,
			test_this_host_is_not, test_routes_that_do_more_are_not,
			test_where_nothing_leads_none_is,
			test_a_host_route_of_somebody_else_is_an_obstacle,
			test_a_table_other_than_main_is_an_obstacle,
			test_a_rule_that_suppresses_ends_it_for_all,
			test_what_icmp_taught_is_an_obstacle, test_the_facts_tell_what_is_in_force);
	HARNESS_FIXTURE(suite, "faults", set_up, tear_down,
			test_errors_of_an_installation_leave_nothing,
			test_a_lost_acknowledgement_is_no_failure, test_somebody_else_was_faster,
			test_what_reads_back_otherwise_is_undone,
			test_errors_of_a_change_leave_the_old,
			test_errors_of_a_removal_leave_it_ours, test_a_kernel_that_does_not_answer);
	HARNESS_FIXTURE(suite, "left", set_up, tear_down, test_it_is_removed_before_anything_else,
			test_until_it_is_removed_nothing_is_set, test_what_is_kept_stays);
	HARNESS_FIXTURE(suite, "shadow", set_up, tear_down,
			test_a_candidate_is_felt_by_the_marked_alone,
			test_a_candidate_beside_what_is_in_force,
			test_a_candidate_that_cannot_be_leaves_nothing,
			test_a_candidate_goes_with_the_way);)
