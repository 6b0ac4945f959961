/* SPDX-License-Identifier: MIT */
/*
 * Black holes: turns tcp_mtu_probing on when large packets to a peer vanish without a word while
 * small ones pass (census.h), which happens where the ICMP messages of path MTU discovery are
 * filtered.
 *
 * Evidence: two flows, and three sightings, of full-size segments sent three times or more without
 * an answer to a peer that was heard meanwhile (an outage is no black hole). Value: 1, which lets a
 * connection probe only after such a timeout; 2 (from the start) is not ours to choose. The trial
 * counts the sightings.
 */
#include "daemon/policy/host_evidence.h"

#include <inttypes.h>

#include "common/text.h"
#include "daemon/model/census.h"

#define FLOWS_MIN     2
#define SIGHTINGS_MIN 3

static const CensusSuspect *worst(const ControllerInput *input)
{
	const Census *census = input->snapshot->census;
	const CensusSuspect *found = NULL;

	for (size_t i = 0; census && i < census->n_suspects; i++) {
		const CensusSuspect *suspect = &census->suspects[i];

		if (suspect->flows < FLOWS_MIN || suspect->sightings < SIGHTINGS_MIN ||
		    !census_suspect_confirmed(suspect))
			continue;
		if (!found || suspect->sightings > found->sightings)
			found = suspect;
	}
	return found;
}

static void explain(const CensusSuspect *suspect, Evidence *evidence)
{
	char address[ADDRESS_TEXT_MAX];

	evidence_add(evidence, "flows", suspect->flows);
	evidence_add(evidence, "sightings", suspect->sightings);
	evidence_add(evidence, "mssBytes", suspect->mss);
	evidence_add(evidence, "pathMtuBytes", suspect->pmtu);
	(void)text_format(evidence->summary, sizeof(evidence->summary),
			  "segments of %u bytes to %s are sent again and again without an answer "
			  "(%u flows), while small packets pass: a black hole for large ones",
			  suspect->mss, address_format(&suspect->remote, address), suspect->flows);
	(void)text_format(evidence->formula, sizeof(evidence->formula),
			  "%u >= 2 flows and %u >= 3 sightings with retransmits >= 3, path MTU %u: "
			  "tcp_mtu_probing = 1",
			  suspect->flows, suspect->sightings, suspect->pmtu);
}

static bool propose(const ControllerInput *input, Proposal *ret, char *reason)
{
	static const HostCounter guards[] = {HOST_RETRANS_SEGMENTS};
	const CensusSuspect *suspect;

	if (!controller_may_write(input, TUNABLE_TCP_MTU_PROBING, reason) ||
	    !host_evidence_ready(input, reason))
		return false;
	if (host_number(input, TUNABLE_TCP_MTU_PROBING, 0) != 0) {
		(void)text_copy(reason, CONTROLLER_REASON_MAX, "probing is on already");
		return false;
	}
	suspect = worst(input);
	if (!suspect) {
		(void)text_copy(reason, CONTROLLER_REASON_MAX,
				"no peer looks like one behind a black hole for large packets");
		return false;
	}
	*ret = (Proposal){0};
	if (!host_step_add(input, controller_mtu.name, TUNABLE_TCP_MTU_PROBING, 0, 1, ret,
			   reason) ||
	    !host_evidence_plan(input, HOST_STALLS, HOST_OUT_SEGMENTS, guards, ARRAY_SIZE(guards),
				&ret->plan))
		return false;
	explain(suspect, &ret->evidence);
	return true;
}

const Controller controller_mtu = {
	.name = "mtu",
	.knob = POLICY_MTU,
	.summary = "turns on probing of the path MTU after a suspected black hole",
	.propose = propose,
};
