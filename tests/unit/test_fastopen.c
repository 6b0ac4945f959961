/* SPDX-License-Identifier: MIT */
/* Advice when clients ask in vain, the fixed value, and nothing else. */
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
	config = (PolicyConfig){.mode = POLICY_AUTO};
	input = fake_host_input(&host, &config);
	proposal = (Proposal){0};
	reason[0] = '\0';
	host.snapshot.fastopen_cookie_requests = 10;
}

static void teardown(void)
{
	fake_host_clear(&host);
}

static bool propose(void)
{
	return controller_fastopen.propose(&input, &proposal, reason);
}

static void set_bits(const char *bits)
{
	TunableValue value = fake_value(TUNABLE_TCP_FASTOPEN, bits);

	fake_host_set(&host, TUNABLE_TCP_FASTOPEN, &value);
}

START_TEST(test_advice)
{
	ck_assert(propose());
	ck_assert(proposal.advice); /* never written */
	ck_assert_uint_eq(proposal.n_tunables, 1);
	ck_assert_int_eq(proposal.tunables[0].old_value.numbers[0], 1);
	ck_assert_int_eq(proposal.tunables[0].new_value.numbers[0], 3);
	ck_assert_str_eq(proposal.evidence.items[0].name, "cookieRequests");
	ck_assert_int_eq(proposal.evidence.items[0].value, 10);
	set_bits("1024");
	ck_assert(propose()); /* other bits stay */
	ck_assert_int_eq(proposal.tunables[0].new_value.numbers[0], 1026);
}
END_TEST

START_TEST(test_no_advice)
{
	host.snapshot.fastopen_cookie_requests = 9;
	ck_assert(!propose());
	host.snapshot.fastopen_cookie_requests = 1000;
	set_bits("3");
	ck_assert(!propose());
	set_bits("2");
	ck_assert(!propose());
	ck_assert(strstr(reason, "no client"));
	set_bits("1");
	host.snapshot.tunables[TUNABLE_TCP_FASTOPEN].foreign = true;
	ck_assert(!propose());
	ck_assert(strstr(reason, "somebody else"));
}
END_TEST

static bool always_held(const void *context, const char *controller, const Address *path,
			const ChangeTunable *tunable)
{
	(void)context;
	ck_assert_str_eq(controller, "fastopen");
	ck_assert_int_eq(path->family, 0);
	ck_assert_int_eq(tunable->new_value.numbers[0], 3);
	return true;
}

START_TEST(test_held)
{
	input.held = always_held;
	ck_assert(!propose());
	ck_assert_str_eq(reason, "advice was given");
}
END_TEST

START_TEST(test_fixed)
{
	config.switches[POLICY_FASTOPEN] = POLICY_FIXED;
	config.fastopen_bits = 3;
	host.snapshot.fastopen_cookie_requests = 0;
	ck_assert(propose());
	ck_assert(!proposal.advice);
	ck_assert_int_eq(proposal.plan.kind, TRIAL_NONE);
	ck_assert_int_eq(proposal.tunables[0].new_value.numbers[0], 3);
	set_bits("3");
	ck_assert(!propose());
	ck_assert(strstr(reason, "fixed by FastOpen="));
	config.fastopen_bits = 0; /* off is a value */
	ck_assert(propose());
	ck_assert_int_eq(proposal.tunables[0].new_value.numbers[0], 0);
}
END_TEST

HARNESS_MAIN("fastopen", HARNESS_FIXTURE(suite, "fastopen", setup, teardown, test_advice,
					 test_no_advice, test_held, test_fixed);)
