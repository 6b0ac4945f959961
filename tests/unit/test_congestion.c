/* SPDX-License-Identifier: MIT */
/*
 * The congestion controller on synthetic flows: each class of path with its thresholds from both
 * sides, and everything that forbids an experiment.
 */
#include <math.h>

#include "common/stats.h"
#include "common/text.h"
#include "tests/unit/fake_host.h"
#include "tests/unit/harness.h"

static FakeHost host;
static PolicyConfig config;
static Proposal proposal;
static char reason[CONTROLLER_REASON_MAX];
static ControllerInput input;

static void setup(void)
{
	fake_host_init(&host);
	config = (PolicyConfig){.mode = POLICY_AUTO, .objective = POLICY_BALANCED};
	input = fake_host_input(&host, &config);
	proposal = (Proposal){0};
	reason[0] = '\0';
}

static void teardown(void)
{
	fake_host_clear(&host);
}

static bool propose(void)
{
	return controller_congestion.propose(&input, &proposal, reason);
}

static void set_congestion(const char *name)
{
	TunableValue value = fake_value(TUNABLE_TCP_CONGESTION_CONTROL, name);

	fake_host_set(&host, TUNABLE_TCP_CONGESTION_CONTROL, &value);
}

/* A path, all of it: what there is to see of it. */
typedef struct Shape {
	uint64_t bps, delivery_bps;
	double loss; /* retransmitted share of all that is sent */
	uint32_t floor_us, srtt_us;
} Shape;

/* 0.5 % loss without a queue: Mathis allows 2.0 Mbit/s. */
static const Shape lossy = {2 * MBIT, 0, 0.005, 100000, 101000};

static FakeFlow *open_shape(Shape shape)
{
	FakeFlow *flow = fake_host_open(&host, FAKE_ADDRESS, shape.bps);

	flow->delivery_bps = shape.delivery_bps;
	flow->loss = shape.loss / (1 - shape.loss);
	flow->sample.info.raw.min_rtt_us = shape.floor_us;
	flow->sample.info.raw.rtt_us = shape.srtt_us;
	return flow;
}

static void three_windows(void)
{
	fake_host_windows(&host, 3);
	fake_host_step(&host, PATH_WINDOW_NS / 3);
}

static int64_t evidence(const char *name)
{
	for (size_t i = 0; i < proposal.evidence.n_items; i++)
		if (text_equal(proposal.evidence.items[i].name, name))
			return proposal.evidence.items[i].value;
	ck_abort_msg("no %s in the evidence", name);
	return 0;
}

/* --- classes --- */

static const struct {
	const char *name, *current, *candidate; /* NULL: no proposal */
	PolicyObjective objective;
	Shape shape;
} classes[] = {
	{"lossy", "cubic", "bbr", POLICY_BALANCED, {2 * MBIT, 0, 0.005, 100000, 101000}},
	{"lossy, at any objective",
	 "cubic",
	 "bbr",
	 POLICY_THROUGHPUT,
	 {2 * MBIT, 0, 0.005, 100000, 101000}},
	{"as reno, too", "reno", "bbr", POLICY_BALANCED, {2 * MBIT, 0, 0.005, 100000, 101000}},
	{"goodput within 1.5 of Mathis",
	 "cubic",
	 "bbr",
	 POLICY_BALANCED,
	 {2980000, 0, 0.005, 100000, 101000}},
	{"goodput over it", "cubic", NULL, POLICY_BALANCED, {3020000, 0, 0.005, 100000, 101000}},
	{"but 1.2 of it was delivered",
	 "cubic",
	 "bbr",
	 POLICY_BALANCED,
	 {10 * MBIT, 13400000, 0.005, 100000, 101000}},
	{"less than 1.2",
	 "cubic",
	 NULL,
	 POLICY_BALANCED,
	 {10 * MBIT, 13200000, 0.005, 100000, 101000}},
	{"loss just enough",
	 "cubic",
	 "bbr",
	 POLICY_BALANCED,
	 {2 * MBIT, 0, 0.00051, 100000, 101000}},
	{"loss too rare", "cubic", NULL, POLICY_BALANCED, {2 * MBIT, 0, 0.00049, 100000, 101000}},
	{"no loss", "cubic", NULL, POLICY_BALANCED, {2 * MBIT, 20 * MBIT, 0, 100000, 101000}},
	{"no queue", "cubic", "bbr", POLICY_BALANCED, {2 * MBIT, 0, 0.005, 100000, 123000}},
	{"its own queue", "cubic", NULL, POLICY_BALANCED, {2 * MBIT, 0, 0.005, 100000, 128000}},
	{"bloated", "cubic", "bbr", POLICY_BALANCED, {20 * MBIT, 0, 0, 50000, 153000}},
	{"bloated, for latency", "cubic", "bbr", POLICY_LATENCY, {20 * MBIT, 0, 0, 50000, 153000}},
	{"not bloated enough", "cubic", NULL, POLICY_LATENCY, {20 * MBIT, 0, 0, 50000, 147000}},
	{"bloated, who cares", "cubic", NULL, POLICY_THROUGHPUT, {20 * MBIT, 0, 0, 50000, 153000}},
	{"overrun", "bbr", "cubic", POLICY_BALANCED, {80 * MBIT, 0, 0.031, 100000, 101000}},
	{"not overrun", "bbr", NULL, POLICY_BALANCED, {80 * MBIT, 0, 0.029, 100000, 101000}},
	{"bbr is content", "bbr", NULL, POLICY_BALANCED, {2 * MBIT, 0, 0.005, 100000, 101000}},
	{"nearest WAN", "cubic", "bbr", POLICY_BALANCED, {100 * MBIT, 0, 0.005, 2000, 2000}},
	{"LAN", "cubic", NULL, POLICY_BALANCED, {100 * MBIT, 0, 0.005, 1999, 1999}},
	{"LAN, overrun", "bbr", NULL, POLICY_BALANCED, {100 * MBIT, 0, 0.08, 1999, 1999}},
};

START_TEST(test_class)
{
	bool proposed;

	set_congestion(classes[_i].current);
	config.objective = classes[_i].objective;
	(void)open_shape(classes[_i].shape);
	three_windows();
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

static bool always_held(const void *context, const char *controller, const Address *path,
			const ChangeTunable *tunable)
{
	(void)context;
	(void)path;
	ck_assert_str_eq(controller, "congestion");
	ck_assert_str_eq(tunable->new_value.words, "bbr");
	return true;
}

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
