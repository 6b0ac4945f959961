/* SPDX-License-Identifier: MIT */
/*
 * The congestion controller per destination: a metric for the path that needs it, nothing of it for
 * others, metrics that lost their reason, and the host's setting when its destinations agree.
 */
#include <string.h>

#include "tests/unit/congestion_bench.h"

/* --- per destination --- */

static void ck_metric(const char *address, const char *old, const char *new)
{
	Address path = fake_address(address);

	ck_assert_int_eq(proposal.tunables[0].id, TUNABLE_ROUTE_CONGCTL);
	ck_assert_uint_eq(proposal.n_tunables, 1);
	ck_assert_str_eq(proposal.tunables[0].old_value.words, old);
	ck_assert_str_eq(proposal.tunables[0].new_value.words, new);
	ck_assert(address_equal(&proposal.plan.path, &path));
	ck_assert(proposal.evidence.summary[0] && proposal.evidence.formula[0]);
}

/* A path that carries next to nothing of the host's bytes gets what it needs. */
START_TEST(test_destination)
{
	fake_host_routes(&host);
	(void)open_shape(lossy);
	(void)fake_host_open(&host, "192.0.2.2", 400 * MBIT);
	three_windows();
	ck_assert_msg(propose(), "%s", reason);
	ck_metric(FAKE_ADDRESS, "", "bbr");
	ck_assert(!proposal.withdraw);
	ck_assert_int_eq(proposal.plan.kind, TRIAL_SWITCHBACK);
	ck_assert_int_eq(proposal.plan.meter, METER_BULK);
	ck_assert_int_lt(evidence("shareOfBulkBytesPermille"), 10);
	/* Only about the candidate was the kernel asked. */
	ck_assert_uint_eq(host.route_questions, 1);
}
END_TEST

START_TEST(test_destination_of_the_host_overruns)
{
	set_congestion("bbr");
	fake_host_routes(&host);
	(void)open_shape((Shape){80 * MBIT, 0, 0.031, 100000, 101000, 0, 0});
	(void)fake_host_open(&host, "192.0.2.2", 400 * MBIT);
	three_windows();
	ck_assert_msg(propose(), "%s", reason);
	ck_metric(FAKE_ADDRESS, "", "cubic");
}
END_TEST

/* Without a route of its own it is the host's setting or nothing. */
START_TEST(test_ineligible)
{
	fake_host_routes(&host);
	fake_host_no_route(&host, FAKE_ADDRESS, "it goes through a tunnel");
	(void)open_shape(lossy);
	three_windows();
	ck_assert_msg(propose(), "%s", reason);
	ck_assert_int_eq(proposal.tunables[0].id, TUNABLE_TCP_CONGESTION_CONTROL);
	(void)fake_host_open(&host, "192.0.2.2", 400 * MBIT);
	fake_host_windows(&host, 3);
	ck_assert(!propose());
	ck_assert_msg(strstr(reason, "80 %") && strstr(reason, "tunnel"), "%s", reason);
}
END_TEST

START_TEST(test_switched_off)
{
	fake_host_routes(&host);
	config.per_destination = false;
	(void)open_shape(lossy);
	three_windows();
	ck_assert_msg(propose(), "%s", reason);
	ck_assert_int_eq(proposal.tunables[0].id, TUNABLE_TCP_CONGESTION_CONTROL);
	ck_assert_uint_eq(host.route_questions, 0);
}
END_TEST

START_TEST(test_destination_held)
{
	fake_host_routes(&host);
	(void)open_shape(lossy);
	three_windows();
	input.held = always_held;
	ck_assert(!propose());
	ck_assert_msg(strstr(reason, "hold"), "%s", reason);
}
END_TEST

/* The path to the other address is opened and bbr is what was found right for it. */
static FakeFlow *with_metric(const char *address, Shape shape)
{
	fake_host_routes(&host);
	(void)open_shape_to(address, shape);
	fake_host_step(&host, 1);
	fake_host_metric(&host, address, TUNABLE_ROUTE_CONGCTL, "bbr");
	return open_shape_to(address, shape);
}

/* What a path uses is the metric: bbr is content where cubic would be a candidate. */
START_TEST(test_metric_in_force)
{
	(void)with_metric(FAKE_ADDRESS, lossy);
	three_windows();
	ck_assert_msg(!propose(), "%s", proposal.evidence.summary);
	ck_assert_msg(strstr(reason, "no path"), "%s", reason);
}
END_TEST

/* A path's own losses come and go: the engine holds them against what the trial has seen. */
START_TEST(test_metric_on_a_path_that_loses_more)
{
	(void)with_metric(FAKE_ADDRESS, (Shape){80 * MBIT, 0, 0.031, 100000, 101000, 0, 0});
	three_windows();
	ck_assert_msg(!propose(), "%s", proposal.evidence.summary);
}
END_TEST

/* The host's setting may be on trial, and the metric is what it has proven. */
START_TEST(test_metric_is_the_hosts)
{
	(void)with_metric(FAKE_ADDRESS, lossy);
	set_congestion("bbr");
	three_windows();
	ck_assert_msg(!propose(), "%s", proposal.evidence.summary);
}
END_TEST

START_TEST(test_metric_against_applications)
{
	FakeFlow *flow = with_metric(FAKE_ADDRESS, lossy);

	(void)text_copy(flow->sample.congestion, sizeof(flow->sample.congestion), "reno");
	three_windows();
	ck_assert_msg(propose(), "%s", reason);
	ck_metric(FAKE_ADDRESS, "bbr", "");
	ck_assert(!proposal.harmful);
}
END_TEST

/* --- the host, when its destinations agree --- */

static const Shape clean = {100 * MBIT, 0, 0, 50000, 51000, 0, 0};

START_TEST(test_agreed)
{
	(void)with_metric(FAKE_ADDRESS, (Shape){400 * MBIT, 0, 0.005, 100000, 101000, 0, 0});
	(void)open_shape_to("192.0.2.2", clean);
	three_windows();
	ck_assert_msg(propose(), "%s", reason);
	ck_assert_int_eq(proposal.tunables[0].id, TUNABLE_TCP_CONGESTION_CONTROL);
	ck_assert_str_eq(proposal.tunables[0].new_value.words, "bbr");
	ck_assert_int_eq(proposal.plan.path.bytes[3], 2); /* the trial is about the rest */
	ck_assert_int_eq(proposal.plan.kind, TRIAL_SWITCHBACK);
	ck_assert_msg(strstr(proposal.evidence.formula, "80 %"), "%s", proposal.evidence.formula);
}
END_TEST

START_TEST(test_not_agreed)
{
	(void)with_metric(FAKE_ADDRESS, (Shape){100 * MBIT, 0, 0.005, 100000, 101000, 0, 0});
	(void)open_shape_to("192.0.2.2", clean);
	three_windows();
	ck_assert_msg(!propose(), "%s", proposal.evidence.summary);
}
END_TEST

/* All of it goes by metrics: there is no one whom it would serve. */
START_TEST(test_nothing_left)
{
	(void)with_metric(FAKE_ADDRESS, lossy);
	three_windows();
	ck_assert_msg(!propose(), "%s", proposal.evidence.summary);
}
END_TEST

/* The majority, wherever it stands. */
START_TEST(test_two_opinions)
{
	set_congestion("reno");
	(void)with_metric(FAKE_ADDRESS, (Shape){400 * MBIT, 0, 0.005, 100000, 101000, 0, 0});
	(void)open_shape_to("192.0.2.3", clean);
	fake_host_step(&host, 1);
	fake_host_metric(&host, "192.0.2.3", TUNABLE_ROUTE_CONGCTL, "cubic");
	(void)open_shape_to("192.0.2.2", (Shape){20 * MBIT, 0, 0, 50000, 51000, 0, 0});
	three_windows();
	ck_assert_msg(propose(), "%s", reason);
	ck_assert_int_eq(proposal.tunables[0].id, TUNABLE_TCP_CONGESTION_CONTROL);
	ck_assert_str_eq(proposal.tunables[0].new_value.words, "bbr");
}
END_TEST

static const struct {
	Shape shape;
	const char *reason;
} objections[] = {
	{{40 * MBIT, 0, 0, 500, 500, 0, 0}, "2 ms"},
	{{40 * MBIT, 45 * MBIT, 0.0003, 40000, 41700, 0, 7400}, "short queue"},
	{{40 * MBIT, 100 * MBIT, 0.005, 100000, 101000, 0, 0}, "policer"},
};

START_TEST(test_objection)
{
	FakeFlow *flow;

	(void)with_metric(FAKE_ADDRESS, (Shape){800 * MBIT, 0, 0.005, 100000, 101000, 0, 0});
	(void)open_shape_to("192.0.2.2", clean);
	flow = open_shape_to("192.0.2.3", objections[_i].shape);
	three_windows_of(flow, &objections[_i].shape);
	ck_assert_msg(!propose(), "%s", proposal.evidence.summary);
	ck_assert_msg(strstr(reason, objections[_i].reason), "%s", reason);
}
END_TEST

static TCase *objections_case(void)
{
	TCase *tcase = tcase_create("objections");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_objection, 0, ARRAY_SIZE(objections));
	return tcase;
}

HARNESS_MAIN("congestion_routes", suite_add_tcase(suite, objections_case());
	     HARNESS_FIXTURE(suite, "destinations", setup, teardown, test_destination,
			     test_destination_of_the_host_overruns, test_ineligible,
			     test_switched_off, test_destination_held, test_metric_in_force,
			     test_metric_on_a_path_that_loses_more, test_metric_is_the_hosts,
			     test_metric_against_applications, test_agreed, test_not_agreed,
			     test_nothing_left, test_two_opinions);)
