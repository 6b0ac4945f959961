/* SPDX-License-Identifier: MIT */
/*
 * The congestion controller on synthetic flows: each class of path with its thresholds from both
 * sides, and everything that forbids an experiment.
 */
#include <math.h>

#include "common/stats.h"
#include "tests/unit/congestion_bench.h"

/* --- classes --- */

static const struct {
	const char *name, *current, *candidate; /* NULL: no proposal */
	PolicyObjective objective;
	Shape shape;
} classes[] = {
	{"lossy", "cubic", "bbr", POLICY_BALANCED, {2 * MBIT, 0, 0.005, 100000, 101000, 0, 0}},
	{"lossy, at any objective",
	 "cubic",
	 "bbr",
	 POLICY_THROUGHPUT,
	 {2 * MBIT, 0, 0.005, 100000, 101000, 0, 0}},
	{"as reno, too",
	 "reno",
	 "bbr",
	 POLICY_BALANCED,
	 {2 * MBIT, 0, 0.005, 100000, 101000, 0, 0}},
	{"goodput within 1.5 of Mathis",
	 "cubic",
	 "bbr",
	 POLICY_BALANCED,
	 {2980000, 0, 0.005, 100000, 101000, 0, 0}},
	{"goodput over it",
	 "cubic",
	 NULL,
	 POLICY_BALANCED,
	 {3020000, 0, 0.005, 100000, 101000, 0, 0}},
	{"but 1.2 of it was delivered",
	 "cubic",
	 "bbr",
	 POLICY_BALANCED,
	 {10 * MBIT, 13400000, 0.005, 100000, 101000, 120, 0}},
	{"less than 1.2",
	 "cubic",
	 NULL,
	 POLICY_BALANCED,
	 {10 * MBIT, 12000000, 0.005, 100000, 101000, 120, 0}},
	{"policed: more loss than the rate has use for, and the rate stands still",
	 "cubic",
	 NULL,
	 POLICY_BALANCED,
	 {10 * MBIT, 100 * MBIT, 0.005, 100000, 101000, 80, 0}},
	{"the same rate, but not so much of it: the slow starts of transfers",
	 "cubic",
	 "bbr",
	 POLICY_BALANCED,
	 {5900000, 25 * MBIT, 0.005, 100000, 101000, 80, 0}},
	{"shallow: a quarter BDP fills and drains",
	 "cubic",
	 NULL,
	 POLICY_BALANCED,
	 {20 * MBIT, 45 * MBIT, 0.001, 40000, 41700, 120, 7400}},
	{"shallow, although Mathis agrees",
	 "cubic",
	 NULL,
	 POLICY_BALANCED,
	 {2 * MBIT, 0, 0.005, 100000, 101000, 0, 10500}},
	{"jitter", "cubic", "bbr", POLICY_BALANCED, {2 * MBIT, 0, 0.005, 100000, 112000, 0, 7000}},
	{"so lossy that it could not be told from an overrun",
	 "cubic",
	 NULL,
	 POLICY_BALANCED,
	 {MBIT, 0, 0.021, 100000, 101000, 0, 0}},
	{"not quite so lossy",
	 "cubic",
	 "bbr",
	 POLICY_BALANCED,
	 {MBIT, 0, 0.019, 100000, 101000, 0, 0}},
	{"loss just enough",
	 "cubic",
	 "bbr",
	 POLICY_BALANCED,
	 {2 * MBIT, 0, 0.00051, 100000, 101000, 0, 0}},
	{"loss too rare",
	 "cubic",
	 NULL,
	 POLICY_BALANCED,
	 {2 * MBIT, 0, 0.00049, 100000, 101000, 0, 0}},
	{"no loss", "cubic", NULL, POLICY_BALANCED, {2 * MBIT, 20 * MBIT, 0, 100000, 101000, 0, 0}},
	{"no queue", "cubic", "bbr", POLICY_BALANCED, {2 * MBIT, 0, 0.005, 100000, 123000, 0, 0}},
	{"its own queue",
	 "cubic",
	 NULL,
	 POLICY_BALANCED,
	 {2 * MBIT, 0, 0.005, 100000, 128000, 0, 0}},
	{"bloated", "cubic", "bbr", POLICY_BALANCED, {20 * MBIT, 0, 0, 50000, 153000, 0, 0}},
	{"bloated, for latency",
	 "cubic",
	 "bbr",
	 POLICY_LATENCY,
	 {20 * MBIT, 0, 0, 50000, 153000, 0, 0}},
	{"not bloated enough",
	 "cubic",
	 NULL,
	 POLICY_LATENCY,
	 {20 * MBIT, 0, 0, 50000, 147000, 0, 0}},
	{"bloated, who cares",
	 "cubic",
	 NULL,
	 POLICY_THROUGHPUT,
	 {20 * MBIT, 0, 0, 50000, 153000, 0, 0}},
	{"overrun", "bbr", "cubic", POLICY_BALANCED, {80 * MBIT, 0, 0.031, 100000, 101000, 0, 0}},
	{"not overrun", "bbr", NULL, POLICY_BALANCED, {80 * MBIT, 0, 0.029, 100000, 101000, 0, 0}},
	{"bbr is content",
	 "bbr",
	 NULL,
	 POLICY_BALANCED,
	 {2 * MBIT, 0, 0.005, 100000, 101000, 0, 0}},
	{"nearest WAN", "cubic", "bbr", POLICY_BALANCED, {100 * MBIT, 0, 0.005, 2000, 2000, 0, 0}},
	{"LAN", "cubic", NULL, POLICY_BALANCED, {100 * MBIT, 0, 0.005, 1999, 1999, 0, 0}},
	{"LAN, overrun", "bbr", NULL, POLICY_BALANCED, {100 * MBIT, 0, 0.08, 1999, 1999, 0, 0}},
};

START_TEST(test_class)
{
	bool proposed;

	set_congestion(classes[_i].current);
	config.objective = classes[_i].objective;
	three_windows_of(open_shape(classes[_i].shape), &classes[_i].shape);
	proposed = propose();
	ck_assert_msg(proposed == (classes[_i].candidate != NULL), "%s: %s", classes[_i].name,
		      reason);
	if (!proposed)
		return;
	ck_assert_str_eq(proposal.tunables[0].new_value.words, classes[_i].candidate);
	ck_assert_str_eq(proposal.tunables[0].old_value.words, classes[_i].current);
	ck_assert_int_eq(proposal.tunables[0].id, TUNABLE_TCP_CONGESTION_CONTROL);
	ck_assert_int_eq(proposal.plan.kind, TRIAL_SWITCHBACK);
	ck_assert(proposal.evidence.summary[0] && proposal.evidence.formula[0]);
}
END_TEST

START_TEST(test_proposal)
{
	Address address = fake_address(FAKE_ADDRESS);

	(void)open_shape(lossy);
	three_windows();
	ck_assert_msg(propose(), "%s", reason);
	ck_assert(address_equal(&proposal.plan.path, &address));
	ck_assert_uint_eq(proposal.plan.floor_us, 100000);
	ck_assert_double_eq_tol(proposal.plan.minimum, log(1.05), 1e-12);
	ck_assert_double_eq_tol(proposal.plan.latency_weight, 0.5, 1e-12);
	ck_assert_double_eq_tol(proposal.plan.before_retrans, 0.005, 1e-5);
	ck_assert_int_eq(evidence("retransPpm") / 10, 499);
	ck_assert_int_eq(evidence("mathisBps") / 10000,
			 (int64_t)stats_mathis_bps(1448, 100000, 0.005) / 10000);
	ck_assert_int_eq(evidence("shareOfBulkBytesPermille"), 1000);
	ck_assert(strstr(proposal.evidence.formula, "try bbr against cubic"));
}
END_TEST

START_TEST(test_weights)
{
	ck_assert_double_eq(controller_latency_weight(POLICY_LATENCY), 1);
	ck_assert_double_eq(controller_latency_weight(POLICY_BALANCED), 0.5);
	ck_assert_double_eq(controller_latency_weight(POLICY_THROUGHPUT), 0.25);
}
END_TEST

/* --- what forbids it --- */

/* Ten samples a window; `n` of them are app-limited, or of a flow with an algorithm of its own. */
static void windows_with(FakeFlow *flow, unsigned n, uint8_t flags, const char *congestion)
{
	for (unsigned i = 0; i < 31; i++) {
		bool special = i % 10 < n;

		flow->sample.info.raw.flags = special ? flags : 0;
		(void)text_copy(flow->sample.congestion, sizeof(flow->sample.congestion),
				special ? congestion : "cubic");
		fake_host_step(&host, PATH_WINDOW_NS / 10);
	}
}

START_TEST(test_app_limited)
{
	windows_with(open_shape(lossy), 7, 1, "cubic");
	ck_assert(propose());
	teardown();
	setup();
	windows_with(open_shape(lossy), 8, 1, "cubic");
	ck_assert(!propose());
}
END_TEST

START_TEST(test_own_choice)
{
	windows_with(open_shape(lossy), 2, 0, "reno");
	ck_assert(propose());
	teardown();
	setup();
	windows_with(open_shape(lossy), 3, 0, "reno");
	ck_assert(!propose());
}
END_TEST

/* The setting is the host's: one path must carry 80 % of what is sent in bulk. */
START_TEST(test_share)
{
	(void)open_shape(lossy);
	(void)fake_host_open(&host, "192.0.2.2", 490000);
	three_windows();
	ck_assert_msg(propose(), "%s", reason);
	ck_assert_int_ge(evidence("shareOfBulkBytesPermille"), 800);
	teardown();
	setup();
	(void)open_shape(lossy);
	(void)fake_host_open(&host, "192.0.2.2", 510000);
	three_windows();
	ck_assert(!propose());
	ck_assert_msg(strstr(reason, "80 %"), "%s", reason);
}
END_TEST

START_TEST(test_receiving)
{
	FakeFlow *flow = open_shape(lossy);

	flow->receive_bps = 2100000;
	three_windows();
	ck_assert(!propose());
	ck_assert(strstr(reason, "no path"));
}
END_TEST

START_TEST(test_too_little_evidence)
{
	(void)open_shape(lossy);
	fake_host_windows(&host, 3);
	ck_assert(!propose());
	fake_host_step(&host, PATH_WINDOW_NS / 3);
	ck_assert(propose());
	input.evidence_since_ns = host.now_ns;
	ck_assert(!propose());
}
END_TEST

/* Three windows, but one of them idle. */
START_TEST(test_idle_window)
{
	FakeFlow *flow = open_shape(lossy);

	three_windows();
	flow->send_bps = 0;
	fake_host_windows(&host, 2);
	flow->send_bps = lossy.bps;
	for (unsigned i = 0; i < 3; i++) {
		fake_host_windows(&host, 1);
		ck_assert(propose() == (i == 2));
	}
}
END_TEST

static const struct {
	const char *available, *allowed[2];
	bool proposes;
} allowances[] = {
	{"reno cubic bbr", {NULL}, true},        {"bbr", {NULL}, true},
	{"reno cubic", {NULL}, false},           {"", {NULL}, false},
	{"reno cubic bbr2 xbbr", {NULL}, false}, {"bbr2 bbr", {NULL}, true},
	{"cubic bbr", {"cubic", "bbr"}, true},   {"cubic bbr", {"cubic", "reno"}, false},
	{"cubic", {"cubic", "bbr"}, false},
};

START_TEST(test_allowed)
{
	(void)text_copy(host.snapshot.congestion_available,
			sizeof(host.snapshot.congestion_available), allowances[_i].available);
	for (size_t i = 0; i < 2 && allowances[_i].allowed[i]; i++)
		(void)text_copy(config.congestion_allowed[config.n_congestion_allowed++],
				CONGESTION_NAME_MAX, allowances[_i].allowed[i]);
	(void)open_shape(lossy);
	three_windows();
	ck_assert_msg(propose() == allowances[_i].proposes, "%s", reason);
	if (!allowances[_i].proposes)
		ck_assert_msg(strstr(reason, "available and allowed"), "%s", reason);
}
END_TEST

START_TEST(test_held)
{
	(void)open_shape(lossy);
	three_windows();
	input.held = always_held;
	ck_assert(!propose());
	ck_assert(strstr(reason, "hold"));
}
END_TEST

START_TEST(test_may_not_write)
{
	(void)open_shape(lossy);
	three_windows();
	host.snapshot.tunables[TUNABLE_TCP_CONGESTION_CONTROL].administered = "/etc/sysctl.conf";
	ck_assert(!propose());
	ck_assert(strstr(reason, "set in /etc/sysctl.conf"));
	config.override_sysctl = true;
	ck_assert(propose());
	host.snapshot.tunables[TUNABLE_TCP_CONGESTION_CONTROL].foreign = true;
	ck_assert(!propose());
	ck_assert(strstr(reason, "somebody else"));
	config.switches[POLICY_CONGESTION] = POLICY_FIXED;
	(void)text_copy(config.congestion_allowed[0], CONGESTION_NAME_MAX, "reno");
	ck_assert(!propose());
}
END_TEST

START_TEST(test_fixed)
{
	config.switches[POLICY_CONGESTION] = POLICY_FIXED;
	(void)text_copy(config.congestion_allowed[0], CONGESTION_NAME_MAX, "reno");
	config.n_congestion_allowed = 1;
	ck_assert(propose());
	ck_assert_int_eq(proposal.plan.kind, TRIAL_NONE);
	ck_assert_str_eq(proposal.tunables[0].new_value.words, "reno");
	set_congestion("reno");
	ck_assert(!propose());
	ck_assert(strstr(reason, "fixed by CongestionControl="));
}
END_TEST

static TCase *table_case(void)
{
	TCase *tcase = tcase_create("tables");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_class, 0, ARRAY_SIZE(classes));
	tcase_add_loop_test(tcase, test_allowed, 0, ARRAY_SIZE(allowances));
	return tcase;
}

HARNESS_MAIN("congestion", suite_add_tcase(suite, table_case());
	     HARNESS_FIXTURE(suite, "congestion", setup, teardown, test_proposal, test_weights,
			     test_app_limited, test_own_choice, test_share, test_receiving,
			     test_too_little_evidence, test_idle_window, test_held,
			     test_may_not_write, test_fixed);)
