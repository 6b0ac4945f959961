/* SPDX-License-Identifier: MIT */
/*
 * TCP Fast Open: advice, since only applications can make use of it, and data in a SYN may be
 * replayed (RFC 7413 section 6.1), which an operator must judge and not a daemon. The counter
 * TCPFastOpenCookieReqd proves that clients ask this host for cookies; the server bit decides
 * whether they get one. A value fixed in the configuration is set and held.
 */
#include "daemon/policy/controller.h"

#include "common/text.h"

#define FASTOPEN_SERVER 2
/* A handful of requests may be one curious client. */
#define REQUESTS_MIN 10

static bool fixed_value(const ControllerInput *input, Proposal *ret, char *reason)
{
	const PolicyTunable *state = &input->snapshot->tunables[TUNABLE_TCP_FASTOPEN];
	ChangeTunable tunable = {.id = TUNABLE_TCP_FASTOPEN,
				 .old_value = state->current,
				 .new_value = state->current};

	tunable.new_value.numbers[0] = input->config->fastopen_bits;
	if (tunable_equal(&tunable.new_value, &state->current)) {
		(void)text_copy(reason, CONTROLLER_REASON_MAX,
				"holds the value fixed by FastOpen=");
		return false;
	}
	*ret = (Proposal){.tunables = {tunable}, .n_tunables = 1, .plan.kind = TRIAL_NONE};
	(void)text_format(ret->evidence.summary, sizeof(ret->evidence.summary),
			  "FastOpen= fixes %u", input->config->fastopen_bits);
	return true;
}

static bool propose(const ControllerInput *input, Proposal *ret, char *reason)
{
	const Snapshot *snapshot = input->snapshot;
	const PolicyTunable *state = &snapshot->tunables[TUNABLE_TCP_FASTOPEN];
	ChangeTunable tunable = {.id = TUNABLE_TCP_FASTOPEN,
				 .old_value = state->current,
				 .new_value = state->current};

	if (!controller_may_write(input, TUNABLE_TCP_FASTOPEN, reason))
		return false;
	if (input->config->switches[POLICY_FASTOPEN] == POLICY_FIXED)
		return fixed_value(input, ret, reason);
	if ((state->current.numbers[0] & FASTOPEN_SERVER) ||
	    snapshot->fastopen_cookie_requests < REQUESTS_MIN) {
		(void)text_copy(reason, CONTROLLER_REASON_MAX,
				"no client asks this host for Fast Open cookies in vain");
		return false;
	}
	tunable.new_value.numbers[0] |= FASTOPEN_SERVER;
	if (input->held(input->context, controller_fastopen.name, &(Address){0}, &tunable)) {
		(void)text_copy(reason, CONTROLLER_REASON_MAX, "advice was given");
		return false;
	}
	*ret = (Proposal){.tunables = {tunable}, .n_tunables = 1, .advice = true};
	evidence_add(&ret->evidence, "cookieRequests", (int64_t)snapshot->fastopen_cookie_requests);
	(void)text_copy(
		ret->evidence.summary, sizeof(ret->evidence.summary),
		"clients ask for Fast Open cookies, and the server bit is off: if the service "
		"tolerates a replayed first request, FastOpen=both saves them a round trip");
	return true;
}

const Controller controller_fastopen = {
	.name = "fastopen",
	.knob = POLICY_FASTOPEN,
	.summary = "advises on TCP Fast Open; sets only what FastOpen= fixes",
	.subjects = CONTROLLER_SETS(TUNABLE_TCP_FASTOPEN),
	.propose = propose,
};
