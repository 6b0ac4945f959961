/* SPDX-License-Identifier: MIT */
/*
 * The controllers of the smaller metrics of a route: quick acknowledgements, the least timeout,
 * and ECN. For each a path on which it acts, and its thresholds from both sides.
 */
#include <string.h>

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
	fake_host_routes(&host);
	config = (PolicyConfig){
		.mode = POLICY_AUTO, .objective = POLICY_BALANCED, .per_destination = true};
	input = fake_host_input(&host, &config);
}

static void teardown(void)
{
	fake_host_clear(&host);
}

static bool propose(const Controller *controller)
{
	proposal = (Proposal){0};
	reason[0] = '\0';
	if (controller->propose(&input, &proposal, reason))
		return true;
	ck_assert(reason[0]);
	return false;
}

static void ck_metric(TunableId id, int64_t old, int64_t new, MeterKind meter)
{
	Address address = fake_address(FAKE_ADDRESS);

	ck_assert_uint_eq(proposal.n_tunables, 1);
	ck_assert_int_eq(proposal.tunables[0].id, id);
	ck_assert_int_eq(proposal.tunables[0].old_value.numbers[0], old);
	ck_assert_int_eq(proposal.tunables[0].new_value.numbers[0], new);
	ck_assert_int_eq(proposal.plan.kind, new ? TRIAL_SWITCHBACK : TRIAL_NONE);
	ck_assert_int_eq(proposal.plan.meter, meter);
	ck_assert(address_equal(&proposal.plan.path, &address));
	ck_assert(proposal.evidence.summary[0] && proposal.evidence.formula[0]);
	ck_assert_uint_gt(proposal.evidence.n_items, 0);
	ck_assert_int_eq(proposal.withdraw, new == 0);
}

static const Controller *const all[] = {&controller_quickack, &controller_rto_min, &controller_ecn};

static bool always_held(const void *context, const char *controller, const Address *path,
			const ChangeTunable *tunable)
{
	(void)context;
	(void)controller;
	(void)path;
	(void)tunable;
	return true;
}

/* --- quickack --- */

/* One second of a flow that asks and is answered `n` times, in `pieces` pieces each. */
static void exchange(FakeFlow *flow, unsigned n, unsigned pieces)
{
	TcpInfoRaw *raw = &flow->sample.info.raw;

	raw->rtt_us = raw->min_rtt_us = 3000;
	raw->rcv_mss = raw->advmss = 1448;
	raw->data_segs_in += n * pieces;
	raw->data_segs_out += n;
	raw->segs_out += 2 * n;
	raw->bytes_received += (uint64_t)n * pieces * 120;
	raw->bytes_acked += (uint64_t)n * 500;
	raw->bytes_sent += (uint64_t)n * 500;
	fake_host_step(&host, NSEC_PER_SEC);
}

static void exchanges(unsigned seconds, unsigned n, unsigned pieces)
{
	FakeFlow *flow = fake_host_open(&host, FAKE_ADDRESS, 0);

	for (unsigned i = 0; i < seconds; i++)
		exchange(flow, n, pieces);
}

START_TEST(test_quickack)
{
	exchanges(150, 23, 2);
	ck_assert_msg(propose(&controller_quickack), "%s", reason);
	ck_metric(TUNABLE_ROUTE_QUICKACK, 0, 1, METER_REQUEST);
	ck_assert(strstr(proposal.evidence.summary, "40 ms"));
	input.held = always_held;
	ck_assert(!propose(&controller_quickack));
	ck_assert(strstr(reason, "hold"));
}
END_TEST

START_TEST(test_quickack_in_force)
{
	exchanges(150, 23, 2);
	fake_host_metric(&host, FAKE_ADDRESS, TUNABLE_ROUTE_QUICKACK, "1");
	ck_assert(!propose(&controller_quickack));
}
END_TEST

static const struct {
	unsigned seconds, n, pieces;
} contents[] = {{150, 500, 2}, {150, 23, 1}, {70, 23, 2}, {150, 10, 2}};

START_TEST(test_quickack_not)
{
	exchanges(contents[_i].seconds, contents[_i].n, contents[_i].pieces);
	ck_assert_msg(!propose(&controller_quickack), "%s", proposal.evidence.formula);
	ck_assert(strstr(reason, "no peer"));
}
END_TEST

/* Most of the exchanges go without. */
START_TEST(test_quickack_few)
{
	FakeFlow *stalled = fake_host_open(&host, FAKE_ADDRESS, 0);
	FakeFlow *quick[2] = {fake_host_open(&host, FAKE_ADDRESS, 0),
			      fake_host_open(&host, FAKE_ADDRESS, 0)};

	for (unsigned i = 0; i < 150; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(quick); k++) {
			TcpInfoRaw *raw = &quick[k]->sample.info.raw;

			raw->bytes_received += 1000;
			raw->bytes_acked += 1000;
			raw->data_segs_in += 10;
			raw->data_segs_out += 10;
			raw->segs_out += 10;
		}
		exchange(stalled, 23, 2);
	}
	ck_assert_msg(!propose(&controller_quickack), "%s", proposal.evidence.formula);
}
END_TEST

/* --- rto_min --- */

/* Five minutes on a path of `floor_us`, with as many timeouts, and packets that had arrived. */
static FakeFlow *timing_out(unsigned timeouts, unsigned spurious, uint32_t floor_us,
			    uint32_t srtt_us)
{
	FakeFlow *flow = fake_host_open(&host, FAKE_ADDRESS, MBIT / 10);
	TcpInfoRaw *raw = &flow->sample.info.raw;

	raw->min_rtt_us = raw->rtt_us = floor_us;
	fake_host_step(&host, NSEC_PER_SEC);
	raw->rtt_us = srtt_us;
	for (unsigned i = 0; i < 300; i++) {
		if (i % 50 == 0 && i / 50 < timeouts) {
			raw->total_rto++;
			raw->bytes_retrans += 1448;
			raw->bytes_sent += 1448;
		}
		raw->dsack_dups += i % 50 == 1 && i / 50 < spurious;
		fake_host_step(&host, NSEC_PER_SEC);
	}
	return flow;
}

START_TEST(test_rto_min)
{
	(void)timing_out(4, 0, 400, 1900);
	ck_assert_msg(propose(&controller_rto_min), "%s", reason);
	ck_metric(TUNABLE_ROUTE_RTO_MIN, 0, 49, METER_BULK); /* 2 * 1.9 + 45, up */
	input.held = always_held;
	ck_assert(!propose(&controller_rto_min));
}
END_TEST

/* Where questions are asked, they are what waits. */
START_TEST(test_rto_min_of_exchanges)
{
	FakeFlow *flow = fake_host_open(&host, FAKE_ADDRESS, MBIT / 10);

	flow->receive_bps = MBIT / 10;
	flow->sample.info.raw.min_rtt_us = flow->sample.info.raw.rtt_us = 400;
	(void)timing_out(4, 0, 400, 1900);
	ck_assert_msg(propose(&controller_rto_min), "%s", reason);
	ck_metric(TUNABLE_ROUTE_RTO_MIN, 0, 49, METER_REQUEST);
}
END_TEST

static const struct {
	const char *name;
	unsigned timeouts, spurious;
	uint32_t floor_us, srtt_us;
} patient[] = {
	{"no timeouts", 0, 0, 400, 1900},
	{"two", 2, 0, 400, 1900},
	{"half of them spurious", 4, 2, 400, 1900},
	{"too far", 4, 0, 5000, 6000},
	{"no gain", 4, 0, 400, 60000},
};

START_TEST(test_rto_min_not)
{
	(void)timing_out(patient[_i].timeouts, patient[_i].spurious, patient[_i].floor_us,
			 patient[_i].srtt_us);
	ck_assert_msg(!propose(&controller_rto_min), "%s: %s", patient[_i].name,
		      proposal.evidence.formula);
}
END_TEST

/* Flows that wait for their second timeout and later ones: an outage. */
START_TEST(test_rto_min_outage)
{
	FakeFlow *flow = timing_out(4, 0, 400, 1900);

	flow->sample.info.raw.backoff = 3;
	for (unsigned i = 0; i < 4; i++)
		fake_host_step(&host, NSEC_PER_SEC);
	ck_assert(!propose(&controller_rto_min));
	ck_assert_msg(strstr(reason, "nothing passed for a while"), "%s", reason);
}
END_TEST

START_TEST(test_rto_min_spurious)
{
	(void)timing_out(0, 0, 400, 1900);
	fake_host_metric(&host, FAKE_ADDRESS, TUNABLE_ROUTE_RTO_MIN, "49");
	ck_assert(!propose(&controller_rto_min));
	(void)timing_out(4, 3, 400, 1900);
	input.held = always_held;
	ck_assert_msg(propose(&controller_rto_min), "%s", reason);
	ck_metric(TUNABLE_ROUTE_RTO_MIN, 49, 0, METER_BULK);
	ck_assert(proposal.harmful);
}
END_TEST

START_TEST(test_rto_min_of_a_path_that_got_longer)
{
	(void)timing_out(0, 0, 6000, 6500);
	fake_host_metric(&host, FAKE_ADDRESS, TUNABLE_ROUTE_RTO_MIN, "49");
	ck_assert_msg(propose(&controller_rto_min), "%s", reason);
	ck_metric(TUNABLE_ROUTE_RTO_MIN, 49, 0, METER_BULK);
	ck_assert(!proposal.harmful);
}
END_TEST

/* --- ecn --- */

static FakeFlow *losing(double loss, uint32_t srtt_us)
{
	FakeFlow *flow = fake_host_open(&host, FAKE_ADDRESS, 20 * MBIT);

	flow->loss = loss;
	flow->sample.info.raw.rtt_us = srtt_us;
	return flow;
}

static void three_windows(void)
{
	fake_host_windows(&host, 3);
	fake_host_step(&host, PATH_WINDOW_NS / 3);
}

/* Longer than what is new has to wait, and three windows more. */
static void known_for_long(void)
{
	for (unsigned i = 0; i < 30; i++)
		fake_host_step(&host, NSEC_PER_MIN);
	three_windows();
}

START_TEST(test_ecn)
{
	(void)losing(0.002, 130000);
	three_windows();
	ck_assert(!propose(&controller_ecn)); /* not before others have had their turn */
	config.mode = POLICY_ADVISE;          /* advice keeps nobody waiting */
	ck_assert_msg(propose(&controller_ecn), "%s", reason);
	config.mode = POLICY_AUTO;
	known_for_long();
	ck_assert_msg(propose(&controller_ecn), "%s", reason);
	ck_metric(TUNABLE_ROUTE_ECN, 0, 1, METER_BULK);
	ck_assert_double_gt(proposal.plan.before_retrans, 0.001);
	input.held = always_held;
	ck_assert(!propose(&controller_ecn));
	input.held = fake_host_input(&host, &config).held;
	fake_host_metric(&host, FAKE_ADDRESS, TUNABLE_ROUTE_ECN, "1");
	ck_assert(!propose(&controller_ecn));
}
END_TEST

static const struct {
	double loss;
	uint32_t srtt_us;
} unmarked[] = {{0.0009, 130000}, {0.005, 105000}, {0, 130000}};

START_TEST(test_ecn_not)
{
	(void)losing(unmarked[_i].loss, unmarked[_i].srtt_us);
	three_windows();
	ck_assert_msg(!propose(&controller_ecn), "%s", proposal.evidence.formula);
}
END_TEST

START_TEST(test_ecn_negotiated)
{
	losing(0.002, 130000)->sample.info.raw.options = TCP_INFO_OPT_ECN;
	three_windows();
	ck_assert(!propose(&controller_ecn));
}
END_TEST

/* The flow waits for its third timeout. */
START_TEST(test_ecn_outage)
{
	FakeFlow *flow = losing(0.002, 130000);

	config.mode = POLICY_ADVISE;
	three_windows();
	ck_assert(propose(&controller_ecn));
	flow->sample.info.raw.total_rto = 1;
	flow->sample.info.raw.backoff = 3;
	three_windows();
	ck_assert_msg(!propose(&controller_ecn), "%s", proposal.evidence.formula);
}
END_TEST

START_TEST(test_ecn_own_choice)
{
	FakeFlow *flow = losing(0.002, 130000);

	(void)text_copy(flow->sample.congestion, sizeof(flow->sample.congestion), "dctcp");
	three_windows();
	ck_assert(!propose(&controller_ecn));
}
END_TEST

/* --- all of them --- */

/* Without a route there is nothing they could write, and on a quiet host nothing to say. */
START_TEST(test_nothing)
{
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		ck_assert(!propose(all[i]));
	ck_assert_uint_eq(host.route_questions, 0);
}
END_TEST

START_TEST(test_ineligible)
{
	fake_host_no_route(&host, FAKE_ADDRESS, "it goes through a tunnel");
	exchanges(150, 23, 2);
	(void)timing_out(4, 0, 3000, 3000);
	(void)losing(0.01, 3600);
	three_windows();
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (all[i] == &controller_ecn)
			known_for_long();
		ck_assert(!propose(all[i]));
		ck_assert_msg(strstr(reason, "tunnel"), "%s: %s", all[i]->name, reason);
	}
}
END_TEST

static TCase *tables_case(void)
{
	TCase *tcase = tcase_create("tables");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_quickack_not, 0, ARRAY_SIZE(contents));
	tcase_add_loop_test(tcase, test_rto_min_not, 0, ARRAY_SIZE(patient));
	tcase_add_loop_test(tcase, test_ecn_not, 0, ARRAY_SIZE(unmarked));
	return tcase;
}

HARNESS_MAIN("destination", suite_add_tcase(suite, tables_case());
	     HARNESS_FIXTURE(suite, "quickack", setup, teardown, test_quickack,
			     test_quickack_in_force, test_quickack_few);
	     HARNESS_FIXTURE(suite, "rto_min", setup, teardown, test_rto_min,
			     test_rto_min_of_exchanges, test_rto_min_outage, test_rto_min_spurious,
			     test_rto_min_of_a_path_that_got_longer);
	     HARNESS_FIXTURE(suite, "ecn", setup, teardown, test_ecn, test_ecn_negotiated,
			     test_ecn_outage, test_ecn_own_choice);
	     HARNESS_FIXTURE(suite, "all", setup, teardown, test_nothing, test_ineligible);)
