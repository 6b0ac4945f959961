/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The congestion controller with a host made by hand, and paths of a given shape: for the tests of
 * what it tries, and of how it does so per destination. One file of tests each, so all of it is
 * static.
 */
#include "common/text.h"
#include "tests/unit/fake_host.h"
#include "tests/unit/harness.h"

static FakeHost host;
static PolicyConfig config;
static Proposal proposal;
static char reason[CONTROLLER_REASON_MAX];
static ControllerInput input;

static inline void setup(void)
{
	fake_host_init(&host);
	config = (PolicyConfig){
		.mode = POLICY_AUTO, .objective = POLICY_BALANCED, .per_destination = true};
	input = fake_host_input(&host, &config);
	proposal = (Proposal){0};
	reason[0] = '\0';
}

static inline void teardown(void)
{
	fake_host_clear(&host);
}

static inline bool propose(void)
{
	return controller_congestion.propose(&input, &proposal, reason);
}

static inline void set_congestion(const char *name)
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

static inline FakeFlow *open_shape_to(const char *address, Shape shape)
{
	FakeFlow *flow = fake_host_open(&host, address, shape.bps);

	flow->delivery_bps = shape.delivery_bps;
	flow->loss = shape.loss / (1 - shape.loss);
	flow->sample.info.raw.min_rtt_us = shape.floor_us;
	flow->sample.info.raw.rtt_us = shape.srtt_us;
	return flow;
}

static inline FakeFlow *open_shape(Shape shape)
{
	return open_shape_to(FAKE_ADDRESS, shape);
}

static inline void three_windows(void)
{
	fake_host_windows(&host, 3);
	fake_host_step(&host, PATH_WINDOW_NS / 3);
}

/* The same of a flow whose rate and RTT are not always the same. */
static inline void three_windows_of(FakeFlow *flow, const Shape *shape)
{
	for (unsigned i = 0; i < 10; i++) {
		flow->send_bps =
			shape->bps - (i / 3 % 2 ? shape->bps * shape->wobble_permille / 1000 : 0);
		flow->sample.info.raw.rtt_us = shape->srtt_us + (i % 3 == 2 ? shape->swing_us : 0);
		fake_host_step(&host, PATH_WINDOW_NS / 3);
	}
}

static inline int64_t evidence(const char *name)
{
	for (size_t i = 0; i < proposal.evidence.n_items; i++)
		if (text_equal(proposal.evidence.items[i].name, name))
			return proposal.evidence.items[i].value;
	ck_abort_msg("no %s in the evidence", name);
	return 0;
}

static inline bool always_held(const void *context, const char *controller, const Address *path,
			       const ChangeTunable *tunable)
{
	(void)context;
	(void)path;
	ck_assert_str_eq(controller, "congestion");
	ck_assert_str_eq(tunable->new_value.words, "bbr");
	return true;
}
