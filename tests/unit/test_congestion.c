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
	config = (PolicyConfig){
		.mode = POLICY_AUTO, .objective = POLICY_BALANCED, .per_destination = true};
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
	unsigned wobble_permille; /* of the rate, from window to window */
	uint32_t swing_us;        /* of srtt, between one sweep and the next */
} Shape;

/* 0.5 % loss without a queue: Mathis allows 2.0 Mbit/s. */
static const Shape lossy = {2 * MBIT, 0, 0.005, 100000, 101000, 0, 0};

static FakeFlow *open_shape_to(const char *address, Shape shape)
{
	FakeFlow *flow = fake_host_open(&host, address, shape.bps);

	flow->delivery_bps = shape.delivery_bps;
	flow->loss = shape.loss / (1 - shape.loss);
	flow->sample.info.raw.min_rtt_us = shape.floor_us;
	flow->sample.info.raw.rtt_us = shape.srtt_us;
	return flow;
}

static FakeFlow *open_shape(Shape shape)
{
	return open_shape_to(FAKE_ADDRESS, shape);
}

static void three_windows(void)
{
	fake_host_windows(&host, 3);
	fake_host_step(&host, PATH_WINDOW_NS / 3);
}

/* The same of a flow whose rate and RTT are not always the same. */
static void three_windows_of(FakeFlow *flow, const Shape *shape)
{
	for (unsigned i = 0; i < 10; i++) {
		flow->send_bps =
			shape->bps - (i / 3 % 2 ? shape->bps * shape->wobble_permille / 1000 : 0);
		flow->sample.info.raw.rtt_us = shape->srtt_us + (i % 3 == 2 ? shape->swing_us : 0);
		fake_host_step(&host, PATH_WINDOW_NS / 3);
	}
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

START_TEST(test_metric_overruns)
{
	(void)with_metric(FAKE_ADDRESS, (Shape){80 * MBIT, 0, 0.031, 100000, 101000, 0, 0});
	input.held = always_held; /* not even that keeps it */
	three_windows();
	ck_assert_msg(propose(), "%s", reason);
	ck_metric(FAKE_ADDRESS, "bbr", "");
	ck_assert(proposal.withdraw && proposal.harmful);
	ck_assert_int_eq(proposal.plan.kind, TRIAL_NONE);
	ck_assert_msg(strstr(proposal.evidence.summary, "3 %"), "%s", proposal.evidence.summary);
}
END_TEST

START_TEST(test_metric_is_the_hosts)
{
	(void)with_metric(FAKE_ADDRESS, lossy);
	set_congestion("bbr");
	three_windows();
	ck_assert_msg(propose(), "%s", reason);
	ck_metric(FAKE_ADDRESS, "bbr", "");
	ck_assert(proposal.withdraw && !proposal.harmful);
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

static TCase *table_case(void)
{
	TCase *tcase = tcase_create("tables");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_class, 0, ARRAY_SIZE(classes));
	tcase_add_loop_test(tcase, test_allowed, 0, ARRAY_SIZE(allowances));
	tcase_add_loop_test(tcase, test_objection, 0, ARRAY_SIZE(objections));
	return tcase;
}

HARNESS_MAIN("congestion", suite_add_tcase(suite, table_case());
	     HARNESS_FIXTURE(suite, "congestion", setup, teardown, test_proposal, test_weights,
			     test_app_limited, test_own_choice, test_share, test_receiving,
			     test_too_little_evidence, test_idle_window, test_held,
			     test_may_not_write, test_fixed);
	     HARNESS_FIXTURE(suite, "destinations", setup, teardown, test_destination,
			     test_destination_of_the_host_overruns, test_ineligible,
			     test_switched_off, test_destination_held, test_metric_in_force,
			     test_metric_overruns, test_metric_is_the_hosts,
			     test_metric_against_applications, test_agreed, test_not_agreed,
			     test_nothing_left);)
