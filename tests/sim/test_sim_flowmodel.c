/* SPDX-License-Identifier: MIT */
/*
 * The flow model against what was measured: Linux 6.18, single flows of 8 to 20 s over an emulated
 * WAN, themselves good to 10 %. Each row has a figure and its tolerance: 25 % as a rule, more where
 * it is said why. Every rate is the
 * median of 65 lives from one seed, which is printed: a single run is more like a median than a
 * mean, which a few lucky starts lift.
 */
#include <math.h>

#include "common/stats.h"
#include "tests/sim/flowmodel.h"
#include "tests/unit/harness.h"

#define SEED  UINT64_C(20240229)
#define LIVES 65
#define MBIT  1e6

typedef struct Mean {
	double mbps, retrans, rtt_ms, seconds, competitors_mbps, retrans_packets;
} Mean;

static Mean live(const FlowPath *path, const FlowSetting *setting, const FlowPlan *plan)
{
	uint64_t state = SEED;
	Random random = random_seeded(&state);
	double bytes = 0, retrans = 0, rates[LIVES];
	Mean mean = {0};

	for (unsigned i = 0; i < LIVES; i++) {
		FlowLife life;

		flow_live(path, setting, plan, &random, &life);
		ck_assert_double_gt(life.seconds, 0);
		rates[i] = life.goodput_bps / MBIT;
		mean.rtt_ms += life.srtt_p50_us / 1e3 / LIVES;
		mean.seconds += life.seconds / LIVES;
		mean.competitors_mbps += life.competitors_bps / MBIT / LIVES;
		mean.retrans_packets += life.retrans_bytes / FLOW_MSS / LIVES;
		bytes += life.bytes;
		retrans += life.retrans_bytes;
	}
	mean.mbps = stats_median(rates, LIVES);
	mean.retrans = retrans / (bytes + retrans);
	return mean;
}

/* Prints a row, and checks it. */
static void check(const char *row, double measured, double modelled, double tolerance)
{
	double error = modelled / measured - 1;

	printf("# %-42s measured %7.1f model %7.1f (%+4.0f %%, may %.0f)\n", row, measured,
	       modelled, 100 * error, 100 * tolerance);
	(void)fflush(stdout);
	ck_assert_msg(fabs(error) <= tolerance, "%s: measured %.2f, modelled %.2f", row, measured,
		      modelled);
}

static FlowPath make_path(double ms, double mbit, double queue_bdp, double loss)
{
	FlowPath path = {.rtt_us = ms * 1e3, .rate_bps = mbit * MBIT, .loss = loss};

	path.queue_bytes = queue_bdp * flow_bdp_bytes(&path);
	return path;
}

/* --- long flows --- */

/* Tolerances over 0.25: the shallow buffer is a matter of bursts, of which the model knows only
 * their size; on the LFN a loss-based flow of 14 s is mostly luck: how far its one slow start came.
 * 0: not measured. */
static const struct {
	const char *name;
	double rtt_ms, rate_mbit, queue_bdp, loss;
	double mbps[_FLOW_CONGESTIONS], rtt[_FLOW_CONGESTIONS], tolerance;
} rows[] = {
	{"LAN", 1, 500, 1, 0, {478, 476, 475}, {0}, 0.1},
	{"WAN clean", 40, 100, 1, 0, {95, 95, 92}, {65, 73, 65}, 0.25},
	{"WAN 0.01 %", 40, 100, 1, 1e-4, {41, 50, 93}, {0}, 0.25},
	{"WAN 0.1 %", 40, 100, 1, 1e-3, {10.8, 13.9, 92}, {0}, 0.25},
	{"WAN 1 %", 40, 100, 1, 1e-2, {3.3, 3.0, 90}, {0}, 0.25},
	{"WAN 5 %", 40, 100, 1, 5e-2, {1.2, 1.2, 85}, {0}, 0.25},
	{"LFN 0.1 %", 150, 100, 1, 1e-3, {3.8, 7.9, 82.6}, {0}, 0.5},
	{"bufferbloat", 40, 20, 10, 0, {19.1, 19.2, 18.7}, {244, 400, 56}, 0.25},
	{"shallow", 40, 100, 0.05, 0, {15, 9.5, 89}, {0}, 0.3},
};

START_TEST(test_long_flows)
{
	FlowPath path =
		make_path(rows[_i].rtt_ms, rows[_i].rate_mbit, rows[_i].queue_bdp, rows[_i].loss);
	char row[64];

	for (FlowCongestion c = 0; c < _FLOW_CONGESTIONS; c++) {
		Mean mean =
			live(&path, &(FlowSetting){.congestion = c}, &(FlowPlan){.seconds = 14});

		(void)snprintf(row, sizeof(row), "%s, %s, Mbit/s", rows[_i].name,
			       flow_congestion_name(c));
		check(row, rows[_i].mbps[c], mean.mbps, rows[_i].tolerance);
		if (rows[_i].rtt[c] == 0)
			continue;
		(void)snprintf(row, sizeof(row), "%s, %s, RTT ms", rows[_i].name,
			       flow_congestion_name(c));
		check(row, rows[_i].rtt[c], mean.rtt_ms, rows[_i].tolerance);
	}
}
END_TEST

/* Whoever was measured to be ahead by 15 % is ahead. */
START_TEST(test_order)
{
	FlowPath path =
		make_path(rows[_i].rtt_ms, rows[_i].rate_mbit, rows[_i].queue_bdp, rows[_i].loss);
	Mean means[_FLOW_CONGESTIONS];

	for (FlowCongestion c = 0; c < _FLOW_CONGESTIONS; c++)
		means[c] = live(&path, &(FlowSetting){.congestion = c}, &(FlowPlan){.seconds = 14});
	for (FlowCongestion a = 0; a < _FLOW_CONGESTIONS; a++)
		for (FlowCongestion b = 0; b < _FLOW_CONGESTIONS; b++)
			if (rows[_i].mbps[a] > 1.15 * rows[_i].mbps[b])
				ck_assert_double_gt(means[a].mbps, means[b].mbps);
}
END_TEST

/* Shares of bbr against one cubic, and of cubic against cubic, at 50 Mbit/s and 40 ms. */
START_TEST(test_competing)
{
	static const struct {
		double queue_bdp, bbr, cubic;
	} measured[] = {{0.25, 45.2, 1.7}, {1, 24.6, 23.2}, {4, 6.6, 42.1}, {10, 3.1, 45.2}};

	for (size_t i = 0; i < ARRAY_SIZE(measured); i++) {
		FlowPath path = make_path(40, 50, measured[i].queue_bdp, 0);
		char row[64];
		Mean mean;

		path.competitors = 1;
		mean = live(&path, &(FlowSetting){.congestion = FLOW_BBR},
			    &(FlowPlan){.seconds = 20});
		(void)snprintf(row, sizeof(row), "bbr:cubic at %.2f BDP, bbr",
			       measured[i].queue_bdp);
		check(row, measured[i].bbr, mean.mbps, 0.25);
		if (i > 0) /* what is left of next to nothing */
			check("  its competitor", measured[i].cubic, mean.competitors_mbps, 0.25);
		else
			ck_assert_double_lt(mean.competitors_mbps, 5);
		mean = live(&path, &(FlowSetting){.congestion = FLOW_CUBIC},
			    &(FlowPlan){.seconds = 20});
		check("cubic:cubic, each", 23.5, mean.mbps, 0.25);
	}
}
END_TEST

/* Retransmissions in percent: the order of magnitude is what decisions use. */
START_TEST(test_retransmissions)
{
	static const struct {
		const char *name;
		double rtt_ms, rate_mbit, queue_bdp, loss, percent, low, high;
		FlowCongestion congestion;
	} measured[] = {
		{"LAN cubic", 1, 500, 1, 0, 0.1, 0.01, 0.4, FLOW_CUBIC},
		{"LAN bbr", 1, 500, 1, 0, 7.7, 5, 10, FLOW_BBR},
		{"WAN 0.01 % bbr", 40, 100, 1, 1e-4, 1.2, 0.2, 1.5, FLOW_BBR},
		{"WAN 0.1 % bbr", 40, 100, 1, 1e-3, 0.7, 0.3, 1.5, FLOW_BBR},
		{"WAN 1 % bbr", 40, 100, 1, 1e-2, 1.8, 1.0, 2.3, FLOW_BBR},
		{"WAN 5 % bbr", 40, 100, 1, 5e-2, 5.3, 4.5, 6.5, FLOW_BBR},
		{"shallow bbr", 40, 100, 0.05, 0, 4.1, 2.5, 5.2, FLOW_BBR},
	};

	for (size_t i = 0; i < ARRAY_SIZE(measured); i++) {
		FlowPath path = make_path(measured[i].rtt_ms, measured[i].rate_mbit,
					  measured[i].queue_bdp, measured[i].loss);
		Mean mean = live(&path, &(FlowSetting){.congestion = measured[i].congestion},
				 &(FlowPlan){.seconds = 14});

		printf("# retransmitted, %-16s measured %.1f %% model %.2f %%\n", measured[i].name,
		       measured[i].percent, 100 * mean.retrans);
		ck_assert_double_ge(100 * mean.retrans, measured[i].low);
		ck_assert_double_le(100 * mean.retrans, measured[i].high);
	}
}
END_TEST

/* --- buffers: 200 Mbit/s, 100 ms --- */

START_TEST(test_buffers)
{
	static const struct {
		double mib, mbps, rtt_ms;
		bool receive;
	} measured[] = {{2, 103, 100, true},  {4, 193, 108, true}, {8, 190, 164, true},
			{16, 193, 187, true}, {2, 109, 0, false},  {3, 150, 0, false},
			{4, 193, 0, false},   {6, 193, 0, false}};
	FlowPath path = make_path(100, 200, 1, 0);

	for (size_t i = 0; i < ARRAY_SIZE(measured); i++) {
		double bytes = measured[i].mib * 1048576;
		FlowSetting setting = {.congestion = FLOW_CUBIC,
				       .rcvbuf_bytes = measured[i].receive ? bytes : 0,
				       .sndbuf_bytes = measured[i].receive ? 0 : bytes};
		Mean mean = live(&path, &setting, &(FlowPlan){.seconds = 20});
		char row[64];

		(void)snprintf(row, sizeof(row), "tcp_%cmem %.0f MiB, Mbit/s",
			       measured[i].receive ? 'r' : 'w', measured[i].mib);
		check(row, measured[i].mbps, mean.mbps, 0.15);
		if (measured[i].rtt_ms > 0)
			check("  RTT ms", measured[i].rtt_ms, mean.rtt_ms, 0.25);
	}
}
END_TEST

/* --- short transfers --- */

/* At 100 ms, 200 Mbit/s, to a peer of default settings. */
START_TEST(test_initcwnd)
{
	static const unsigned initcwnd[] = {10, 20, 32, 44};
	static const struct {
		double bytes, ms[4];
	} measured[] = {{15e3, {201, 101, 101, 101}},
			{60e3, {302, 202, 202, 103}},
			{100e3, {304, 302, 203, 203}},
			{300e3, {505, 406, 309, 308}},
			{1e6, {706, 607, 517, 512}}};
	FlowPath path = make_path(100, 200, 1, 0);

	for (size_t i = 0; i < ARRAY_SIZE(measured); i++)
		for (size_t w = 0; w < ARRAY_SIZE(initcwnd); w++) {
			FlowSetting setting = {.congestion = FLOW_CUBIC, .initcwnd = initcwnd[w]};
			Mean mean = live(&path, &setting, &(FlowPlan){.bytes = measured[i].bytes});
			char row[64];

			(void)snprintf(row, sizeof(row), "%.0f KB, initcwnd %u, ms",
				       measured[i].bytes / 1e3, initcwnd[w]);
			check(row, measured[i].ms[w], 1e3 * mean.seconds, 0.12);
		}
}
END_TEST

/* Beyond what the peer's first window takes there is nothing to gain; with a larger one there is.
 */
START_TEST(test_peer_window)
{
	FlowPath path = make_path(100, 200, 1, 0);
	FlowSetting setting = {.congestion = FLOW_CUBIC, .initcwnd = 128};
	FlowPlan plan = {.bytes = 300e3};
	double with_default = live(&path, &setting, &plan).seconds;

	ck_assert_double_eq_tol(with_default, 0.308, 0.05);
	path.peer_first_window_bytes = 512 * 1024;
	check("300 KB, initcwnd 128, peer with 1 MB, ms", 211,
	      1e3 * live(&path, &setting, &plan).seconds, 0.15);
}
END_TEST

/* 60 KB at 5 Mbit/s, 40 ms, through a buffer of 16 KB. */
START_TEST(test_initcwnd_harm)
{
	static const struct {
		unsigned initcwnd;
		double ms, retrans;
	} measured[] = {{10, 177, 1}, {20, 174, 11}, {32, 198, 22}, {44, 332, 31}};
	FlowPath path = {.rtt_us = 40e3, .rate_bps = 5e6, .queue_bytes = 16384};

	for (size_t i = 0; i < ARRAY_SIZE(measured); i++) {
		FlowSetting setting = {.congestion = FLOW_CUBIC, .initcwnd = measured[i].initcwnd};
		Mean mean = live(&path, &setting, &(FlowPlan){.bytes = 60e3});
		char row[64];

		(void)snprintf(row, sizeof(row), "small buffer, initcwnd %u, ms",
			       measured[i].initcwnd);
		check(row, measured[i].ms, 1e3 * mean.seconds, 0.25);
		printf("#   retransmitted packets: measured %.0f model %.1f\n", measured[i].retrans,
		       mean.retrans_packets);
		ck_assert_double_le(fabs(mean.retrans_packets - measured[i].retrans), 3);
	}
}
END_TEST

/* 1 MB after an idle time at 100 ms: 710 ms, or 145 ms if the window is kept. */
START_TEST(test_idle)
{
	FlowPath path = make_path(100, 200, 1, 0);
	FlowPlan plan = {.bytes = 1e6, .warm_packets = 1700};
	FlowSetting setting = {.congestion = FLOW_CUBIC};

	check("1 MB after idle, restarted, ms", 710, 1e3 * live(&path, &setting, &plan).seconds,
	      0.1);
	setting.keep_after_idle = true;
	check("1 MB after idle, window kept, ms", 145, 1e3 * live(&path, &setting, &plan).seconds,
	      0.1);
}
END_TEST

/* --- what was not measured, but must have a direction --- */

START_TEST(test_policer)
{
	FlowPath path = make_path(40, 100, 1, 0);
	Mean bbr, cubic;

	path.policer_bps = 10e6;
	path.policer_burst_bytes = 50e3;
	bbr = live(&path, &(FlowSetting){.congestion = FLOW_BBR}, &(FlowPlan){.seconds = 14});
	cubic = live(&path, &(FlowSetting){.congestion = FLOW_CUBIC}, &(FlowPlan){.seconds = 14});
	ck_assert_double_gt(bbr.retrans, 0.05);
	ck_assert_double_lt(cubic.retrans, 0.02);
	ck_assert_double_lt(bbr.mbps, 10);
	ck_assert_double_eq_tol(cubic.rtt_ms, 40, 1);
}
END_TEST

START_TEST(test_marking)
{
	FlowPath path = make_path(40, 20, 1, 0);
	FlowSetting setting = {.congestion = FLOW_CUBIC, .ecn = true};

	path.marks = true;
	ck_assert_double_eq(live(&path, &setting, &(FlowPlan){.seconds = 14}).retrans, 0);
	setting.ecn = false;
	ck_assert_double_gt(live(&path, &setting, &(FlowPlan){.seconds = 14}).retrans, 0);
}
END_TEST

START_TEST(test_progress)
{
	FlowPath path = make_path(100, 20, 1, 1e-3);
	uint64_t state = SEED;
	Random random = random_seeded(&state);
	double before = 0;
	FlowLife life;

	flow_live(&path, &(FlowSetting){.congestion = FLOW_CUBIC}, &(FlowPlan){.seconds = 10},
		  &random, &life);
	for (unsigned i = 0; i <= 20; i++) {
		double bytes = flow_progress_bytes(&life, i * 0.5);

		ck_assert_double_ge(bytes, before);
		before = bytes;
	}
	ck_assert_double_eq(before, life.bytes);
}
END_TEST

HARNESS_MAIN("flowmodel", TCase *tcase = tcase_create("measured");
	     printf("# seed %llu, %d lives a figure\n", (unsigned long long)SEED, LIVES);
	     tcase_add_loop_test(tcase, test_long_flows, 0, ARRAY_SIZE(rows));
	     tcase_add_loop_test(tcase, test_order, 0, ARRAY_SIZE(rows));
	     tcase_add_test(tcase, test_competing); tcase_add_test(tcase, test_retransmissions);
	     tcase_add_test(tcase, test_buffers); suite_add_tcase(suite, tcase);
	     HARNESS_CASE(suite, "short", test_initcwnd, test_peer_window, test_initcwnd_harm,
			  test_idle);
	     HARNESS_CASE(suite, "directions", test_policer, test_marking, test_progress);)
