/* SPDX-License-Identifier: MIT */
/*
 * The buffer controller on synthetic flows: the formula with its numbers worked out by hand, the
 * share of samples and the row of windows it wants, every bound, and its reasons for doing nothing.
 */
#include "daemon/policy/buffers.h"

#include "common/clock.h"
#include "common/text.h"
#include "tests/unit/fake_host.h"
#include "tests/unit/harness.h"

#define MIB INT64_C(1048576)

static FakeHost host;
static PolicyConfig config;
static Proposal proposal;
static char reason[CONTROLLER_REASON_MAX];
static ControllerInput input;

static void setup(void)
{
	fake_host_init(&host);
	config = (PolicyConfig){.mode = POLICY_AUTO, .memory_budget_permille = 500};
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
	return controller_buffers.propose(&input, &proposal, reason);
}

static void set_floor(FakeFlow *flow, uint32_t floor_us)
{
	TcpInfoRaw *raw = &flow->sample.info.raw;

	raw->rtt_us = raw->min_rtt_us = raw->rcv_rtt_us = floor_us;
}

/* A flow that fills its 4 MiB send buffer, and nothing else limits it. */
static FakeFlow *sender(uint64_t bps, uint32_t floor_us)
{
	FakeFlow *flow = fake_host_open(&host, FAKE_ADDRESS, bps);

	set_floor(flow, floor_us);
	flow->sample.sndbuf = 4 * MIB;
	flow->sample.wmem_queued = 4 * MIB * 7 / 10;
	flow->sample.info.raw.unacked = 2000;
	flow->sample.info.raw.flags = 1; /* which looks app-limited */
	return flow;
}

static FakeFlow *receiver(uint64_t bps, uint32_t floor_us)
{
	FakeFlow *flow = fake_host_open(&host, FAKE_ADDRESS, 0);
	uint64_t window = bps / 8 * floor_us / 1000000;

	set_floor(flow, floor_us);
	flow->receive_bps = bps;
	flow->sample.rcvbuf = 6 * MIB;
	flow->sample.info.raw.rcv_space = (uint32_t)window;
	flow->sample.info.raw.rcv_wnd = (uint32_t)window;
	return flow;
}

/* Three complete windows, and the first sweep of the next. */
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

/* --- the formula --- */

static const struct {
	uint64_t bps;
	uint32_t floor_us;
	int64_t wanted, target; /* MiB; 0: no proposal */
} sizes[] = {
	{150 * MBIT, 150000, 8859374, 8}, /* 9 MiB, but at most twice 4 */
	{120 * MBIT, 120000, 5670000, 6}, /* BDP 1.5 * 1.8 MB, x 2.1, in whole MiB */
	{100 * MBIT, 120000, 4725000, 5}, /* 1.25 times: just enough */
	{85 * MBIT, 120000, 4016250, 0},  /* 4 MiB will do */
	{1000 * MBIT, 1000, 393750, 0},   /* LAN */
};

START_TEST(test_size)
{
	(void)sender(sizes[_i].bps, sizes[_i].floor_us);
	three_windows();
	ck_assert_msg(propose() == (sizes[_i].target > 0), "%s", reason);
	if (sizes[_i].target == 0) {
		ck_assert_msg(strstr(reason, "already large enough"), "%s", reason);
		return;
	}
	ck_assert_uint_eq(proposal.n_tunables, 1);
	ck_assert_int_eq(proposal.tunables[0].id, TUNABLE_TCP_WMEM);
	ck_assert_int_eq(proposal.tunables[0].old_value.numbers[2], 4 * MIB);
	ck_assert_int_eq(proposal.tunables[0].new_value.numbers[2], sizes[_i].target * MIB);
	ck_assert_int_eq(proposal.tunables[0].new_value.numbers[0], 4096);
	ck_assert_int_eq(proposal.tunables[0].new_value.numbers[1], 16384);
	ck_assert_int_eq(evidence("wantedMaxBytes") / 10, sizes[_i].wanted / 10);
	ck_assert_int_eq(evidence("minRttUsec"), sizes[_i].floor_us);
}
END_TEST

START_TEST(test_proposal)
{
	Address address = fake_address(FAKE_ADDRESS);

	(void)sender(150 * MBIT, 150000);
	three_windows();
	ck_assert_msg(propose(), "%s", reason);
	ck_assert(!proposal.advice);
	ck_assert_int_eq(proposal.plan.kind, TRIAL_MECHANICAL);
	ck_assert(address_equal(&proposal.plan.path, &address));
	ck_assert_uint_eq(proposal.plan.floor_us, 150000);
	ck_assert_uint_eq(proposal.plan.before_window_bytes, 2000 * 1448);
	ck_assert_uint_ge(proposal.plan.before_goodput_bps, 149 * MBIT);
	ck_assert_uint_le(proposal.plan.before_goodput_bps, 151 * MBIT);
	ck_assert_double_eq_tol(proposal.plan.before_retrans, 0, 1e-9);
	ck_assert_double_eq_tol(proposal.plan.minimum, 0.0296, 1e-4); /* 3 % */
	ck_assert_uint_ge(proposal.plan.before_srtt_p50_us, 147000);
	ck_assert_uint_le(proposal.plan.before_srtt_p50_us, 153000);
	ck_assert_int_eq(evidence("currentMaxBytes"), 4 * MIB);
	ck_assert_int_eq(evidence("proposedMaxBytes"), 8 * MIB);
	ck_assert_int_eq(evidence("maxDeliveryRateBps"), 150000000);
	ck_assert(strstr(proposal.evidence.summary, FAKE_ADDRESS));
	ck_assert(strstr(proposal.evidence.formula, "tcp_wmem[2]"));
}
END_TEST

/* 100 Mbit/s at 200 ms: window 2.5 MB of a 6 MiB buffer, ratio 0.397; 1.25 * 3.75 MB / 0.397. */
START_TEST(test_receive)
{
	(void)receiver(100 * MBIT, 200000);
	three_windows();
	ck_assert_msg(propose(), "%s", reason);
	ck_assert_int_eq(proposal.tunables[0].id, TUNABLE_TCP_RMEM);
	ck_assert_int_eq(evidence("wantedMaxBytes"), INT64_C(3750000) * 1250 / 397);
	ck_assert_int_eq(proposal.tunables[0].new_value.numbers[2], 12 * MIB); /* not 11.3 */
	ck_assert_uint_eq(proposal.plan.before_window_bytes, 2500000);
	ck_assert_uint_ge(proposal.plan.before_goodput_bps, 99 * MBIT);
	ck_assert_uint_le(proposal.plan.before_goodput_bps, 101 * MBIT);
	ck_assert(strstr(proposal.evidence.formula, "tcp_rmem[2]"));
	ck_assert(strstr(proposal.evidence.summary, "receive buffer"));
}
END_TEST

/* --- evidence --- */

/* Ten samples a window, of which `at_cap` are. */
static void window(FakeFlow *flow, unsigned at_cap)
{
	for (unsigned i = 0; i < 10; i++) {
		flow->sample.wmem_queued = i < at_cap ? 3 * MIB : MIB;
		fake_host_step(&host, PATH_WINDOW_NS / 10);
	}
}

static const struct {
	unsigned at_cap[3];
	bool proposes;
} shares[] = {
	{{10, 10, 10}, true}, {{3, 3, 3}, true},    {{2, 10, 10}, false},
	{{10, 2, 10}, false}, {{10, 10, 2}, false}, {{0, 0, 0}, false},
};

START_TEST(test_share_of_samples)
{
	FakeFlow *flow = sender(150 * MBIT, 150000);

	for (unsigned i = 0; i < 3; i++)
		window(flow, shares[_i].at_cap[i]);
	ck_assert(!propose()); /* the third is not complete */
	fake_host_step(&host, PATH_WINDOW_NS / 10);
	ck_assert(propose() == shares[_i].proposes);
	if (!shares[_i].proposes)
		ck_assert(strstr(reason, "no bulk flow"));
}
END_TEST

/* One or two samples are no evidence. */
START_TEST(test_few_samples)
{
	(void)sender(150 * MBIT, 150000);
	for (unsigned i = 0; i < 8; i++)
		fake_host_step(&host, PATH_WINDOW_NS / 2);
	ck_assert(!propose());
}
END_TEST

START_TEST(test_idle_window)
{
	FakeFlow *flow = sender(150 * MBIT, 150000);

	three_windows();
	flow->send_bps = 0;
	fake_host_step(&host, PATH_WINDOW_NS / 3);
	fake_host_step(&host, PATH_WINDOW_NS / 3);
	ck_assert(propose()); /* the idle one is not complete */
	fake_host_step(&host, PATH_WINDOW_NS / 3);
	ck_assert(!propose());
	flow->send_bps = 150 * MBIT; /* and three more are needed */
	fake_host_windows(&host, 3);
	ck_assert(!propose());
	fake_host_windows(&host, 1);
	ck_assert(propose());
}
END_TEST

START_TEST(test_evidence_of_other_settings)
{
	Address address = fake_address(FAKE_ADDRESS);
	const Path *path;

	(void)sender(150 * MBIT, 150000);
	three_windows();
	path = path_table_find(host.paths, &address);
	input.evidence_since_ns = path_window(path, 2)->start_ns;
	ck_assert(propose());
	input.evidence_since_ns++;
	ck_assert(!propose());
}
END_TEST

START_TEST(test_stale_evidence)
{
	Address address = fake_address(FAKE_ADDRESS);
	const PathWindow *newest;

	(void)sender(150 * MBIT, 150000);
	three_windows();
	newest = path_window(path_table_find(host.paths, &address), 0);
	host.snapshot.now_ns = newest->start_ns + 3 * PATH_WINDOW_NS;
	ck_assert(propose());
	host.snapshot.now_ns++;
	ck_assert(!propose());
}
END_TEST

/* A flow that sends does not speak for the receive buffer, nor the other way round. */
START_TEST(test_direction)
{
	FakeFlow *flow = sender(150 * MBIT, 150000);

	flow->receive_bps = 200 * MBIT;
	three_windows();
	ck_assert(!propose());
}
END_TEST

/* The busiest path has nothing to propose; the next one has. */
START_TEST(test_second_path)
{
	FakeFlow *other = fake_host_open(&host, "192.0.2.2", 900 * MBIT);
	Address address = fake_address(FAKE_ADDRESS);

	other->sample.info.raw.rtt_us = 400000;
	(void)sender(150 * MBIT, 150000);
	three_windows();
	ck_assert_msg(propose(), "%s", reason);
	ck_assert(address_equal(&proposal.plan.path, &address));
}
END_TEST

/* A path with losses needs room for a BDP more, which waits for what is sent again. */
START_TEST(test_receive_lossy)
{
	FakeFlow *flow = receiver(60 * MBIT, 200000);

	flow->sample.info.raw.data_segs_in = 10000;
	flow->sample.info.raw.rcv_ooopack = 10; /* 0.1 %: not over it */
	three_windows();
	ck_assert_msg(propose(), "%s", reason);
	ck_assert_int_eq(evidence("wantedMaxBytes"), INT64_C(2250000) * 1250 / 250);
	flow->sample.info.raw.rcv_ooopack = 11;
	fake_host_windows(&host, 2);
	ck_assert_msg(propose(), "%s", reason);
	ck_assert_int_eq(evidence("wantedMaxBytes"), INT64_C(2250000) * 2000 / 250);
}
END_TEST

/* Both directions of one path, in one proposal; not if there is memory for one only. */
START_TEST(test_both_ways)
{
	FakeFlow *flow = sender(150 * MBIT, 150000);
	FakeFlow *other = receiver(140 * MBIT, 150000);

	(void)other;
	(void)flow;
	three_windows();
	ck_assert_msg(propose(), "%s", reason);
	ck_assert_uint_eq(proposal.n_tunables, 2);
	ck_assert_int_eq(proposal.tunables[0].id, TUNABLE_TCP_WMEM);
	ck_assert_int_eq(proposal.tunables[0].new_value.numbers[2], 8 * MIB);
	ck_assert_int_eq(proposal.tunables[1].id, TUNABLE_TCP_RMEM);
	ck_assert_int_eq(proposal.tunables[1].new_value.numbers[2], 12 * MIB);
	ck_assert_int_eq(evidence("proposedOtherMaxBytes"), 12 * MIB);
	config.memory_budget_bytes = (uint64_t)(15 * MIB) / 2; /* 8 + 7 MiB, halved */
	ck_assert_msg(propose(), "%s", reason);
	ck_assert_uint_eq(proposal.n_tunables, 1);
	config.memory_budget_bytes = (uint64_t)(8 * MIB); /* 8 + 8 */
	ck_assert_msg(propose(), "%s", reason);
	ck_assert_uint_eq(proposal.n_tunables, 2);
	ck_assert_int_eq(proposal.tunables[1].new_value.numbers[2], 8 * MIB);
}
END_TEST

/* --- giving back --- */

START_TEST(test_hurt)
{
	host.rates[HOST_IN_SEGMENTS] = 10000;
	host.rates[HOST_PRUNE_CALLED] = 3;
	host.rates[HOST_RECEIVE_COLLAPSED] = 5;
	host.rates[HOST_RECEIVE_PRUNED] = 2;
	fake_host_windows(&host, 2);
	ck_assert(!buffers_hurt(&host.windows, 0));
	fake_host_windows(&host, 1);
	ck_assert(buffers_hurt(&host.windows, 0)); /* 10 of 10,000 a second */
	ck_assert(!buffers_hurt(&host.windows, host.windows.history[2].start_ns + 1));
	ck_assert(!buffers_hurt(NULL, 0));
	host.rates[HOST_RECEIVE_PRUNED] = 1;
	fake_host_windows(&host, 1);
	ck_assert(!buffers_hurt(&host.windows, 0));
	/* Many of few segments, but few. */
	host.rates[HOST_IN_SEGMENTS] = 100;
	host.rates[HOST_PRUNE_CALLED] = 2;
	host.rates[HOST_RECEIVE_COLLAPSED] = host.rates[HOST_RECEIVE_PRUNED] = 0;
	fake_host_windows(&host, 3);
	ck_assert(!buffers_hurt(&host.windows, 0));
}
END_TEST

/* --- bounds --- */

/* limit = (budget - in use) * 2 / flows - the other maximum (6 MiB) */
static const struct {
	int64_t budget, in_use; /* half MiB */
	unsigned flows;
	int64_t target; /* MiB; 0: no room */
} budgets[] = {
	{14, 0, 1, 8}, {13, 0, 1, 7},  {11, 0, 1, 5},   {10, 0, 1, 0},   {13, 2, 1, 5},
	{13, 3, 1, 0}, {1, 100, 1, 0}, {110, 0, 10, 5}, {109, 0, 10, 0}, {140, 0, 10, 8},
};

START_TEST(test_budget)
{
	config.memory_budget_bytes = (uint64_t)(budgets[_i].budget * MIB / 2);
	host.snapshot.tcp_memory_bytes = (uint64_t)(budgets[_i].in_use * MIB / 2);
	for (unsigned i = 0; i < budgets[_i].flows; i++)
		(void)sender(150 * MBIT, 150000);
	three_windows();
	ck_assert_msg(propose() == (budgets[_i].target > 0), "%s", reason);
	if (budgets[_i].target > 0)
		ck_assert_int_eq(proposal.tunables[0].new_value.numbers[2],
				 budgets[_i].target * MIB);
	else
		ck_assert_msg(strstr(reason, "memory budget"), "%s", reason);
}
END_TEST

/* Big sockets are counted also when they move nothing more, and when they have only just begun,
 * elsewhere; small ones are not. */
START_TEST(test_budget_counts_flows)
{
	FakeFlow *flows[5];

	config.memory_budget_bytes = (uint64_t)(40 * MIB); /* for 5 flows 10 MiB, for 10 2 MiB */
	for (size_t i = 0; i < 5; i++)
		flows[i] = sender(150 * MBIT, 150000);
	fake_host_windows(&host, 3);
	for (size_t i = 0; i < 5; i++)
		flows[i]->send_bps = 0;
	fake_host_step(&host, PATH_WINDOW_NS / 3);
	ck_assert_msg(propose(), "%s", reason);
	config.memory_budget_bytes = (uint64_t)(27 * MIB); /* for 5 flows under 5 MiB */
	ck_assert(!propose());

	config.memory_budget_bytes = (uint64_t)(40 * MIB);
	for (size_t i = 0; i < 5; i++) {
		flows[i]->send_bps = 150 * MBIT;
		flows[i] = fake_host_open(&host, "192.0.2.2", 10 * MBIT);
	}
	fake_host_step(&host, NSEC_PER_SEC);
	ck_assert_msg(propose(), "%s", reason);
	ck_assert_int_eq(evidence("bigSockets"), 5);
	for (size_t i = 0; i < 5; i++)
		flows[i]->sample.wmem_queued = MIB + 1;
	fake_host_step(&host, NSEC_PER_SEC);
	ck_assert(!propose());
	ck_assert(strstr(reason, "memory budget"));
}
END_TEST

/* Without an amount, a share of the kernel's mark; an unknown mark is no room at all. */
START_TEST(test_budget_share)
{
	(void)sender(150 * MBIT, 150000);
	three_windows();
	host.snapshot.tcp_pressure_bytes = 14 * MIB;
	ck_assert(propose());
	ck_assert_int_le(proposal.tunables[0].new_value.numbers[2], 8 * MIB);
	ck_assert_int_ge(proposal.tunables[0].new_value.numbers[2], 7 * MIB);
	config.memory_budget_permille = 250;
	ck_assert(!propose());
	config.memory_budget_permille = 500;
	host.snapshot.tcp_pressure_bytes = 0;
	ck_assert(!propose());
}
END_TEST

START_TEST(test_share_of_ram)
{
	(void)sender(150 * MBIT, 150000);
	three_windows();
	host.snapshot.memory_total_bytes = 64 * 6 * MIB;
	ck_assert(propose());
	ck_assert_int_eq(proposal.tunables[0].new_value.numbers[2], 6 * MIB);
	host.snapshot.memory_total_bytes = 64 * 4 * MIB;
	ck_assert(!propose());
}
END_TEST

/* Beyond 512 MiB the kernel's arithmetic and its collapsing of queues are the limit. */
START_TEST(test_maximum)
{
	TunableValue value = fake_value(TUNABLE_TCP_WMEM, "4096 16384 402653184");
	FakeFlow *flow = sender(40000 * MBIT, 150000);

	fake_host_set(&host, TUNABLE_TCP_WMEM, &value);
	flow->sample.sndbuf = 384 * MIB;
	flow->sample.wmem_queued = 300 * MIB;
	host.snapshot.memory_total_bytes = UINT64_C(1) << 40;
	config.memory_budget_bytes = UINT64_C(1) << 38;
	three_windows();
	ck_assert_msg(propose(), "%s", reason);
	ck_assert_int_eq(proposal.tunables[0].new_value.numbers[2], 512 * MIB);
}
END_TEST

/* --- who may not --- */

static bool always_held(const void *context, const char *controller, const Address *path,
			const ChangeTunable *tunable)
{
	Address address = fake_address(FAKE_ADDRESS);

	ck_assert_ptr_eq(context, &host);
	ck_assert_str_eq(controller, "buffers");
	ck_assert(address_equal(path, &address));
	ck_assert_int_eq(tunable->new_value.numbers[2], 8 * MIB);
	return true;
}

START_TEST(test_held)
{
	(void)sender(150 * MBIT, 150000);
	three_windows();
	input.held = always_held;
	input.context = &host;
	ck_assert(!propose());
	ck_assert(strstr(reason, "hold"));
}
END_TEST

START_TEST(test_may_not_write)
{
	PolicyTunable *tunable = &host.snapshot.tunables[TUNABLE_TCP_WMEM];

	(void)sender(150 * MBIT, 150000);
	three_windows();
	tunable->administered = "/etc/sysctl.d/x.conf";
	ck_assert(!propose());
	ck_assert_str_eq(reason, "net.ipv4.tcp_wmem: set in /etc/sysctl.d/x.conf: "
				 "OverrideSysctl=yes lets netopt change it");
	config.override_sysctl = true;
	ck_assert(propose());
	tunable->writable = false;
	ck_assert(!propose());
	ck_assert_str_eq(reason, "net.ipv4.tcp_wmem: it cannot be written from here");
	tunable->foreign = true;
	ck_assert(!propose());
	ck_assert_str_eq(reason, "net.ipv4.tcp_wmem: somebody else changed it: it is left alone");
	config.override_sysctl = false;
	tunable->present = false;
	ck_assert(!propose());
	ck_assert_str_eq(
		reason,
		"net.ipv4.tcp_wmem: this kernel, or this network namespace, does not have it");
}
END_TEST

/* --- fixed by the configuration --- */

START_TEST(test_fixed)
{
	TunableValue value = fake_value(TUNABLE_TCP_RMEM, "4096 131072 16777216");

	config.switches[POLICY_BUFFERS] = POLICY_FIXED;
	config.buffers_max_bytes = (uint64_t)(16 * MIB);
	ck_assert(propose()); /* asks for no evidence */
	ck_assert_int_eq(proposal.plan.kind, TRIAL_NONE);
	ck_assert_uint_eq(proposal.n_tunables, 2);
	ck_assert_int_eq(proposal.tunables[0].id, TUNABLE_TCP_RMEM);
	ck_assert(tunable_equal(&proposal.tunables[0].new_value, &value));
	ck_assert_int_eq(proposal.tunables[1].new_value.numbers[2], 16 * MIB);

	fake_host_set(&host, TUNABLE_TCP_RMEM, &value);
	ck_assert(propose());
	ck_assert_uint_eq(proposal.n_tunables, 1);
	ck_assert_int_eq(proposal.tunables[0].id, TUNABLE_TCP_WMEM);
	value = fake_value(TUNABLE_TCP_WMEM, "4096 16384 16777216");
	fake_host_set(&host, TUNABLE_TCP_WMEM, &value);
	ck_assert(!propose());
	ck_assert(strstr(reason, "fixed by Buffers="));
	host.snapshot.tunables[TUNABLE_TCP_RMEM].administered = "f"; /* fixed values as well */
	ck_assert(!propose());
	ck_assert(strstr(reason, "set in f"));
	host.snapshot.tunables[TUNABLE_TCP_RMEM].administered = NULL;
	host.snapshot.tunables[TUNABLE_TCP_WMEM].foreign = true;
	ck_assert(!propose());
	ck_assert(strstr(reason, "somebody else"));
}
END_TEST

static TCase *table_case(void)
{
	TCase *tcase = tcase_create("tables");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_size, 0, ARRAY_SIZE(sizes));
	tcase_add_loop_test(tcase, test_share_of_samples, 0, ARRAY_SIZE(shares));
	tcase_add_loop_test(tcase, test_budget, 0, ARRAY_SIZE(budgets));
	return tcase;
}

HARNESS_MAIN("buffers", suite_add_tcase(suite, table_case());
	     HARNESS_FIXTURE(suite, "evidence", setup, teardown, test_proposal, test_receive,
			     test_few_samples, test_idle_window, test_receive_lossy, test_both_ways,
			     test_hurt, test_evidence_of_other_settings, test_stale_evidence,
			     test_direction, test_second_path);
	     HARNESS_FIXTURE(suite, "bounds", setup, teardown, test_budget_share,
			     test_budget_counts_flows, test_share_of_ram, test_maximum, test_held,
			     test_may_not_write, test_fixed);)
