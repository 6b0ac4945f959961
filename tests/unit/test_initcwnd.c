/* SPDX-License-Identifier: MIT */
/*
 * The controller of the initial window on synthetic connections: what it learns from long ones and
 * from short ones, how large a step it takes, and everything that forbids one. What a connection
 * leaves behind is written by hand here; test_path_starts.c compares it with nothing but itself.
 */
#include <inttypes.h>
#include <string.h>

#include "common/text.h"
#include "tests/unit/fake_host.h"
#include "tests/unit/harness.h"

static FakeHost host;
static PolicyConfig config;
static Proposal proposal;
static char reason[CONTROLLER_REASON_MAX];
static ControllerInput input;

/* A kind of connection: what it has done by its end. */
typedef struct Kind {
	unsigned segments, cwnd, lost; /* packets */
	uint32_t srtt_us, floor_us;
	uint32_t peer_window; /* bytes */
	unsigned together;    /* as many at once */
} Kind;

/* 60 KB over 100 ms: 10, 20 and 13 packets in three flights. */
static const Kind brief = {43, 53, 0, 100500, 100000, 65535, 1};
static const Kind lengthy = {1000, 200, 0, 101000, 100000, 65535, 1};

static void setup(void)
{
	fake_host_init(&host);
	fake_host_routes(&host);
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
	proposal = (Proposal){0};
	return controller_initcwnd.propose(&input, &proposal, reason);
}

static FakeFlow *open_kind(const Kind *kind)
{
	FakeFlow *flow = fake_host_open(&host, FAKE_ADDRESS, 0);

	flow->sample.info.raw.rtt_us = flow->sample.info.raw.min_rtt_us = kind->floor_us;
	flow->sample.info.raw.snd_wnd = kind->peer_window;
	flow->sample.info.raw.snd_cwnd = PATH_STARTS_WINDOW;
	return flow;
}

static void finish(FakeFlow *flow, const Kind *kind)
{
	TcpInfoRaw *raw = &flow->sample.info.raw;

	raw->data_segs_out = kind->segments + kind->lost;
	raw->bytes_sent = (uint64_t)raw->data_segs_out * 1448;
	raw->bytes_retrans = (uint64_t)kind->lost * 1448;
	raw->bytes_acked = raw->bytes_sent - raw->bytes_retrans;
	raw->busy_time_us = 300000;
	raw->snd_cwnd = kind->cwnd;
	raw->rtt_us = kind->srtt_us;
	fake_host_close(&host, flow);
}

/* For so many seconds, one every second (or `together` of them), seen at its birth. */
static void live(const Kind *kind, unsigned seconds)
{
	FakeFlow *flows[FAKE_FLOWS];

	for (unsigned s = 0; s < seconds; s++) {
		for (unsigned i = 0; i < kind->together; i++)
			flows[i] = open_kind(kind);
		fake_host_step(&host, NSEC_PER_SEC);
		for (unsigned i = 0; i < kind->together; i++)
			finish(flows[i], kind);
	}
}

static void ck_window(int64_t old, int64_t new)
{
	ck_assert_uint_eq(proposal.n_tunables, 1);
	ck_assert_int_eq(proposal.tunables[0].id, TUNABLE_ROUTE_INITCWND);
	ck_assert_int_eq(proposal.tunables[0].old_value.numbers[0], old);
	ck_assert_int_eq(proposal.tunables[0].new_value.numbers[0], new);
	ck_assert(proposal.evidence.summary[0] && proposal.evidence.formula[0]);
}

/* --- learning --- */

/* Without a queue all of the window: 44 at once, which saves two round trips. */
START_TEST(test_brief)
{
	live(&brief, 150);
	ck_assert_msg(propose(), "%s", reason);
	ck_window(0, 44);
	ck_assert_int_eq(proposal.plan.kind, TRIAL_SWITCHBACK);
	ck_assert_int_eq(proposal.plan.meter, METER_SHORT);
	ck_assert_uint_eq(proposal.plan.short_low_bytes, 43 * 1448 / 2);
	ck_assert_uint_eq(proposal.plan.short_high_bytes, 43 * 1448 * 2);
	ck_assert_uint_eq(proposal.plan.floor_us, 100000);
	ck_assert(!proposal.withdraw);
	ck_assert_uint_eq(host.route_questions, 1);
}
END_TEST

/* Up to 1.1 of the floor; with more, half of 53, and the least that saves a round trip is 16. */
START_TEST(test_brief_with_a_queue)
{
	Kind kind = brief;

	kind.srtt_us = 109000;
	live(&kind, 150);
	ck_assert_msg(propose(), "%s", reason);
	ck_window(0, 44);
	teardown();
	setup();
	kind.srtt_us = 112000;
	live(&kind, 150);
	ck_assert_msg(propose(), "%s", reason);
	ck_window(0, 16);
}
END_TEST

/* Three packets more than the window held in the last flight: the smaller step will do. */
START_TEST(test_least_that_saves)
{
	Kind kind = brief;

	kind.cwnd = 42;
	live(&kind, 150);
	ck_assert_msg(propose(), "%s", reason);
	ck_window(0, 16);
}
END_TEST

/* With 16 in force half of 59 packets save nothing; half of 90 do, and it is no further than 44. */
START_TEST(test_next_step)
{
	Kind next = brief;

	live(&brief, 1);
	fake_host_metric(&host, FAKE_ADDRESS, TUNABLE_ROUTE_INITCWND, "16");
	next.cwnd = 59;
	next.srtt_us = 120000;
	input.evidence_since_ns = host.now_ns;
	live(&next, 150);
	ck_assert_msg(!propose(), "%s", proposal.evidence.formula);
	next.cwnd = 90;
	input.evidence_since_ns = host.now_ns;
	live(&next, 150);
	ck_assert_msg(propose(), "%s", reason);
	ck_window(16, 44);
}
END_TEST

/* From 10 no further than 27 where there is a queue, whatever there is room for. */
START_TEST(test_jump)
{
	Kind kind = lengthy;

	kind.srtt_us = 150000;
	live(&kind, 160);
	live(&brief, 60);
	ck_assert_msg(propose(), "%s", reason);
	ck_window(0, 16);
}
END_TEST

/* Long connections speak first: of 200 packets half, at most 44; at once, since 44 saves two. */
START_TEST(test_long)
{
	live(&lengthy, 160);
	live(&brief, 60);
	ck_assert_msg(propose(), "%s", reason);
	ck_window(0, 44);
	ck_assert(strstr(proposal.evidence.formula, "long"));
}
END_TEST

/* And of 60 half, which are not enough for one round trip. */
START_TEST(test_long_with_less_room)
{
	Kind kind = lengthy;

	kind.cwnd = 60;
	live(&kind, 160);
	live(&brief, 60);
	ck_assert_msg(propose(), "%s", reason);
	ck_window(0, 16);
}
END_TEST

/* A connection that lives on is looked at once a minute, from 100 segments on. */
START_TEST(test_living)
{
	FakeFlow *flows[FAKE_FLOWS - 2];

	for (unsigned i = 0; i < ARRAY_SIZE(flows); i++)
		flows[i] = open_kind(&brief);
	live(&brief, 1);
	for (unsigned i = 0; i < ARRAY_SIZE(flows); i++) {
		flows[i]->sample.info.raw.data_segs_out = 1000;
		flows[i]->sample.info.raw.bytes_sent = 1448000;
		flows[i]->sample.info.raw.snd_cwnd = 200;
	}
	for (unsigned i = 0; i < 400; i++)
		fake_host_step(&host, NSEC_PER_SEC);
	live(&brief, 20);
	ck_assert_msg(propose(), "%s", reason);
	ck_window(0, 44);
}
END_TEST

/* Immediately down, a fifth of the way up. */
START_TEST(test_average)
{
	Kind less = lengthy, more = lengthy;

	less.cwnd = 36;
	more.cwnd = 100;
	live(&more, 60);
	live(&less, 60);
	live(&more, 60);
	live(&brief, 60);
	ck_assert_msg(propose(), "%s", reason);
	ck_window(0, 16);
	ck_assert_msg(strstr(proposal.evidence.formula, "P25 of"), "%s", proposal.evidence.formula);
	for (size_t i = 0; i < proposal.evidence.n_items; i++)
		if (text_equal(proposal.evidence.items[i].name, "cwndPackets"))
			ck_assert_int_lt(proposal.evidence.items[i].value, 60);
}
END_TEST

/* The peer reads less than it would take to use it, or offers more. */
START_TEST(test_peer)
{
	Kind kind = brief;

	kind.peer_window = 15 * 1448;
	live(&kind, 150);
	ck_assert_msg(!propose(), "%" PRId64, proposal.tunables[0].new_value.numbers[0]);
	teardown();
	setup();
	kind = lengthy;
	kind.segments = 500;
	kind.cwnd = 300;
	kind.peer_window = 1 << 20;
	live(&kind, 150);
	ck_assert_msg(propose(), "%s", reason);
	ck_window(0, 128);
}
END_TEST

/* --- what forbids it --- */

static const struct {
	const char *name;
	Kind kind;
	unsigned seconds;
} refusals[] = {
	{"5 Mbit/s, 16 KB of queue: the default already loses",
	 {43, 25, 1, 60000, 40000, 65535, 1},
	 300},
	{"long ones there, too: half of 24 is nothing", {1000, 24, 2, 60000, 40000, 65535, 1}, 300},
	{"the queue is ours: half of 40 is no step for this size",
	 {140, 30, 0, 126000, 100000, 65535, 1},
	 300},
	{"long, but 0.5 % is lost", {1000, 200, 5, 101000, 100000, 65535, 1}, 300},
	{"the window was never used", {43, 10, 0, 100500, 100000, 65535, 1}, 300},
	{"too near", {43, 40, 0, 4990, 4990, 65535, 1}, 300},
	{"too small to gain", {9, 12, 0, 100500, 100000, 65535, 1}, 300},
	{"too large to gain", {1000, 200, 0, 101000, 100000, 65535, 1}, 300},
	{"too few minutes", {43, 40, 0, 100500, 100000, 65535, 1}, 40},
	{"four at a time", {43, 53, 0, 100500, 100000, 65535, 4}, 300},
};

START_TEST(test_refused)
{
	live(&refusals[_i].kind, refusals[_i].seconds);
	ck_assert_msg(!propose(), "%s: %s; %s", refusals[_i].name, proposal.evidence.summary,
		      proposal.evidence.formula);
	ck_assert_msg(reason[0], "%s", refusals[_i].name);
	ck_assert_uint_eq(host.route_questions, 0);
}
END_TEST

/* Those that lost nothing are not all: more than a tenth that did lose speak against it. */
START_TEST(test_some_lose)
{
	Kind unlucky = brief;

	unlucky.lost = 1;
	for (unsigned i = 0; i < 200; i++)
		live(i % 100 == 50 ? &unlucky : &brief, 1); /* kept are some 27, by chance */
	ck_assert_msg(propose(), "%s", reason);
	for (unsigned i = 0; i < 600; i++)
		live(i % 4 == 0 ? &unlucky : &brief, 1);
	ck_assert_msg(!propose(), "%s", proposal.evidence.formula);
}
END_TEST

/* Most connections are tiny: a route is not worth its while. */
START_TEST(test_share)
{
	Kind tiny = {5, 10, 0, 100500, 100000, 65535, 6};

	for (unsigned i = 0; i < 150; i++) {
		live(&tiny, 1);
		live(&brief, i % 2);
	}
	ck_assert_msg(!propose(), "%s", proposal.evidence.formula);
}
END_TEST

START_TEST(test_ineligible)
{
	fake_host_no_route(&host, FAKE_ADDRESS, "several next hops");
	live(&brief, 150);
	ck_assert(!propose());
	ck_assert_msg(strstr(reason, "several next hops"), "%s", reason);
}
END_TEST

static bool always_held(const void *context, const char *controller, const Address *path,
			const ChangeTunable *tunable)
{
	(void)context;
	(void)path;
	ck_assert_str_eq(controller, "initcwnd");
	ck_assert_int_eq(tunable->new_value.numbers[0], 44);
	return true;
}

START_TEST(test_held)
{
	input.held = always_held;
	live(&brief, 150);
	ck_assert(!propose());
	ck_assert(strstr(reason, "hold"));
}
END_TEST

/* What ended before the evidence begins was under another setting. */
START_TEST(test_old_evidence)
{
	live(&brief, 150);
	input.evidence_since_ns = host.now_ns;
	ck_assert(!propose());
	live(&brief, 150);
	ck_assert(propose());
}
END_TEST

/* --- what was learned before --- */

static int64_t proven; /* 0: nothing was */

static bool learned_before(const void *context, const char *controller, const Address *path,
			   TunableId id, TunableValue *ret)
{
	Address address = fake_address(FAKE_ADDRESS);

	(void)context;
	ck_assert_str_eq(controller, "initcwnd");
	ck_assert(address_equal(path, &address));
	ck_assert_int_eq(id, TUNABLE_ROUTE_INITCWND);
	*ret = tunable_unset(id);
	ret->numbers[0] = proven;
	return proven != 0;
}

/* After a restart six connections are enough to try again what was proven, and four are not. */
START_TEST(test_proven_before)
{
	input.learned = learned_before;
	proven = 44;
	live(&brief, 4);
	ck_assert(!propose());
	live(&brief, 2);
	ck_assert_msg(propose(), "%s", reason);
	ck_window(0, 44);
	ck_assert_int_eq(proposal.plan.kind, TRIAL_SWITCHBACK); /* it still has to be proven */
	ck_assert(strstr(proposal.evidence.formula, "proven in an earlier trial"));
	proven = 0;
	ck_assert(!propose());
	input.learned = NULL;
	ck_assert(!propose());
}
END_TEST

/* No more than was proven, though the path seems to have room. */
START_TEST(test_proven_less)
{
	input.learned = learned_before;
	proven = 16;
	live(&brief, 6);
	ck_assert_msg(propose(), "%s", reason);
	ck_window(0, 16);
	live(&brief, 150); /* and now it is known */
	ck_assert_msg(propose(), "%s", reason);
	ck_window(0, 44);
	ck_assert_ptr_null(strstr(proposal.evidence.formula, "earlier"));
}
END_TEST

/* At once, though there is a queue, in which it would be 16 first; but not if packets are lost now,
 * or the path has no such room any more. */
START_TEST(test_proven_is_contradicted)
{
	Kind kind = brief;

	input.learned = learned_before;
	proven = 44;
	kind.lost = 1;
	live(&kind, 8);
	ck_assert(!propose());
	teardown();
	setup();
	input.learned = learned_before;
	kind = lengthy;
	kind.cwnd = 40;
	live(&kind, 8);
	if (propose())
		ck_assert_int_le(proposal.tunables[0].new_value.numbers[0], 20);
}
END_TEST

START_TEST(test_proven_with_a_queue)
{
	Kind kind = brief;

	kind.cwnd = 100;
	kind.segments = 99;
	kind.srtt_us = 112000;
	input.learned = learned_before;
	proven = 44;
	live(&kind, 8);
	ck_assert_msg(propose(), "%s", reason);
	ck_window(0, 44);
	proven = 0;
	live(&kind, 150);
	ck_assert_msg(propose(), "%s", reason);
	ck_assert_int_le(proposal.tunables[0].new_value.numbers[0], 27);
}
END_TEST

/* --- what takes it back --- */

static void in_force(const char *window)
{
	live(&brief, 60);
	fake_host_metric(&host, FAKE_ADDRESS, TUNABLE_ROUTE_INITCWND, window);
	input.evidence_since_ns = host.now_ns;
}

START_TEST(test_kept)
{
	Kind one_flight = brief;

	in_force("44");
	one_flight.cwnd = 86;
	live(&one_flight, 150);
	ck_assert_msg(!propose(), "%s", proposal.evidence.summary);
}
END_TEST

START_TEST(test_no_fresh_evidence)
{
	in_force("44");
	for (unsigned i = 0; i < 600; i++) {
		ck_assert_msg(i > 530 || !propose(), "after %u s", i);
		fake_host_step(&host, NSEC_PER_SEC);
	}
	ck_assert_msg(propose(), "%s", reason);
	ck_window(44, 0);
	ck_assert(proposal.withdraw && !proposal.harmful);
}
END_TEST

START_TEST(test_first_flights_lost)
{
	Kind lossy = brief;

	in_force("44");
	lossy.lost = 3;
	live(&lossy, 30);
	ck_assert_msg(propose(), "%s", reason);
	ck_window(44, 0);
	ck_assert(proposal.withdraw && proposal.harmful);
	ck_assert_msg(strstr(proposal.evidence.summary, "3 %"), "%s", proposal.evidence.summary);
}
END_TEST

START_TEST(test_less_room)
{
	Kind less = lengthy;

	in_force("44");
	less.cwnd = 50;
	live(&less, 150);
	ck_assert_msg(propose(), "%s", reason);
	ck_window(44, 0);
	ck_assert(proposal.withdraw && !proposal.harmful);
	ck_assert_msg(strstr(proposal.evidence.summary, "less"), "%s", proposal.evidence.summary);
}
END_TEST

static TCase *refused_case(void)
{
	TCase *tcase = tcase_create("refused");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_refused, 0, ARRAY_SIZE(refusals));
	return tcase;
}

HARNESS_MAIN("initcwnd", suite_add_tcase(suite, refused_case());
	     HARNESS_FIXTURE(suite, "learning", setup, teardown, test_brief,
			     test_brief_with_a_queue, test_least_that_saves, test_next_step,
			     test_jump, test_long, test_long_with_less_room, test_living,
			     test_average, test_peer);
	     HARNESS_FIXTURE(suite, "forbidden", setup, teardown, test_some_lose, test_share,
			     test_ineligible, test_held, test_old_evidence);
	     HARNESS_FIXTURE(suite, "before", setup, teardown, test_proven_before, test_proven_less,
			     test_proven_is_contradicted, test_proven_with_a_queue);
	     HARNESS_FIXTURE(suite, "taken back", setup, teardown, test_kept,
			     test_no_fresh_evidence, test_first_flights_lost, test_less_room);)
