/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One controller, asked about a host made by hand. Everything is static: a test program asks one.
 */
#include "common/base.h"
#include "common/clock.h"
#include "common/text.h"
#include "daemon/policy/controller.h"
#include "tests/unit/fake_host.h"
#include "tests/unit/harness.h"

static FakeHost host;
static PolicyConfig config;
static Proposal proposal;
static char reason[CONTROLLER_REASON_MAX];
static bool bench_hold_all;
static const char *bench_held_word; /* the only value that is on hold; NULL: none */

static void bench_setup(void)
{
	config = (PolicyConfig){
		.mode = POLICY_AUTO, .objective = POLICY_BALANCED, .memory_budget_permille = 500};
	fake_host_init(&host);
	bench_hold_all = false;
	bench_held_word = NULL;
}

static void bench_teardown(void)
{
	fake_host_clear(&host);
}

static bool bench_held(const void *context, const char *controller, const Address *path,
		       const ChangeTunable *tunable)
{
	(void)context, (void)controller, (void)path;
	return bench_hold_all ||
	       (bench_held_word && strcmp(tunable->new_value.words, bench_held_word) == 0);
}

/* Whether it proposes something now; else `reason` says why not. */
static bool bench_ask(const Controller *controller)
{
	ControllerInput input = fake_host_input(&host, &config);

	input.held = bench_held;
	proposal = (Proposal){0};
	reason[0] = '\0';
	if (!controller->propose(&input, &proposal, reason)) {
		ck_assert_str_ne(reason, "");
		return false;
	}
	ck_assert_str_ne(proposal.evidence.summary, "");
	for (size_t i = 0; i < proposal.n_tunables; i++) {
		const ChangeTunable *tunable = &proposal.tunables[i];
		char why[128] = "";

		ck_assert_msg(tunable_check(&tunables[tunable->id], &tunable->new_value, why,
					    sizeof(why)) == 0,
			      "%s", why);
		ck_assert(!tunable_equal(&tunable->new_value, &tunable->old_value));
		ck_assert(tunable_equal(&tunable->old_value,
					&host.snapshot.tunables[tunable->id].current));
	}
	return true;
}

/* It does nothing, and says this. */
#define bench_refuses(controller, why)                                                             \
	do {                                                                                       \
		ck_assert_msg(!bench_ask(controller), "proposed: %s", proposal.evidence.summary);  \
		ck_assert_msg(strstr(reason, why), "'%s' does not say '%s'", reason, why);         \
	} while (0)

__attribute__((unused)) static int64_t bench_number(size_t i, unsigned number)
{
	ck_assert_uint_lt(i, proposal.n_tunables);
	return proposal.tunables[i].new_value.numbers[number];
}

/* A key that this namespace does not have, or that is somebody else's. */
__attribute__((unused)) static void bench_needs(const Controller *controller, TunableId id)
{
	host.snapshot.tunables[id].present = false;
	bench_refuses(controller, "does not have it");
	host.snapshot.tunables[id].present = true;
	host.snapshot.tunables[id].foreign = true;
	bench_refuses(controller, "somebody else");
	host.snapshot.tunables[id].foreign = false;
	host.snapshot.tunables[id].writable = false;
	bench_refuses(controller, "cannot be written from here");
	host.snapshot.tunables[id].writable = true;
}

__attribute__((unused)) static void bench_set(TunableId id, const char *text)
{
	TunableValue value = fake_value(id, text);

	fake_host_set(&host, id, &value);
}
