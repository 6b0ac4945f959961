/* SPDX-License-Identifier: MIT */
/*
 * Local ports: widens ip_local_port_range before connections to one peer and port use it up. A
 * connect that finds no port fails at once (EADDRNOTAVAIL), and no counter tells of it; so this is
 * preventive, and kept if failed connects and repeated SYNs have not become more.
 *
 * Evidence: connections from one local address to one peer and port, TIME_WAIT included, use over
 * 70 % of the range. Value: from 15000 on, which leaves the ports that services usually listen on
 * below it (net.ipv4.ip_local_reserved_ports is respected by the kernel). Only widened, and only if
 * that gives a quarter more.
 */
#include "daemon/policy/host_evidence.h"

#include <inttypes.h>

#include "common/text.h"
#include "daemon/model/census.h"

#define USED_PERCENT  70
#define LOW           INT64_C(15000)
#define HIGH          INT64_C(60999)
#define GAIN_PERMILLE 1250
#define FRESH_NS      (UINT64_C(120) * 1000000000)

static void explain(const CensusPeer *peer, int64_t ports, int64_t wanted, Evidence *evidence)
{
	char address[ADDRESS_TEXT_MAX];

	evidence_add(evidence, "connections", peer->connections);
	evidence_add(evidence, "ports", ports);
	evidence_add(evidence, "proposedPorts", wanted);
	(void)text_format(evidence->summary, sizeof(evidence->summary),
			  "%u connections to %s port %u use %" PRId64 " %% of the %" PRId64
			  " local ports there are (keeping connections open would help more)",
			  peer->connections, address_format(&peer->remote, address), peer->port,
			  peer->connections * INT64_C(100) / MAX(ports, INT64_C(1)), ports);
	(void)text_format(evidence->formula, sizeof(evidence->formula),
			  "%u > 0.7 * %" PRId64 ": the range is widened to %" PRId64 " ports",
			  peer->connections, ports, wanted);
}

static bool widen(const ControllerInput *input, const CensusPeer *peer, Proposal *ret, char *reason)
{
	static const HostCounter guards[] = {HOST_SYN_RETRANS};
	const PolicyTunable *state = &input->snapshot->tunables[TUNABLE_IP_LOCAL_PORT_RANGE];
	ChangeTunable tunable = {.id = TUNABLE_IP_LOCAL_PORT_RANGE,
				 .old_value = state->current,
				 .new_value = state->current};
	int64_t *range = tunable.new_value.numbers, ports = range[1] - range[0] + 1, wanted;

	range[0] = MIN(range[0], LOW);
	range[1] = MAX(range[1], HIGH);
	wanted = range[1] - range[0] + 1;
	if (wanted * 1000 < ports * GAIN_PERMILLE) {
		(void)text_copy(reason, CONTROLLER_REASON_MAX,
				"local ports run short, but the range is as wide as it should be: "
				"let the program keep its connections open");
		return false;
	}
	if (input->held(input->context, controller_ports.name, &(Address){0}, &tunable)) {
		(void)text_copy(reason, CONTROLLER_REASON_MAX,
				"a wider range is on hold: it was tried or advised lately");
		return false;
	}
	*ret = (Proposal){.tunables = {tunable}, .n_tunables = 1};
	if (!host_evidence_plan(input, HOST_ATTEMPT_FAILS, HOST_ACTIVE_OPENS, guards,
				ARRAY_SIZE(guards), &ret->plan))
		return false;
	ret->plan.counter.preventive = true;
	explain(peer, ports, wanted, &ret->evidence);
	return true;
}

static bool propose(const ControllerInput *input, Proposal *ret, char *reason)
{
	const Census *census = input->snapshot->census;
	const int64_t *range =
		input->snapshot->tunables[TUNABLE_IP_LOCAL_PORT_RANGE].current.numbers;
	const CensusPeer *peer;

	if (!controller_may_write(input, TUNABLE_IP_LOCAL_PORT_RANGE, reason) ||
	    !host_evidence_ready(input, reason))
		return false;
	(void)text_copy(reason, CONTROLLER_REASON_MAX,
			"no peer has more than 70 % of the local ports");
	if (!census || census->peers_ns == 0 ||
	    input->snapshot->now_ns - census->peers_ns > FRESH_NS)
		return false;
	peer = census_busiest_peer(census);
	if (!peer || peer->connections * INT64_C(100) <= (range[1] - range[0] + 1) * USED_PERCENT)
		return false;
	return widen(input, peer, ret, reason);
}

const Controller controller_ports = {
	.name = "ports",
	.knob = POLICY_PORTS,
	.summary = "widens ip_local_port_range before connections to one peer use it up",
	.subjects = CONTROLLER_SETS(TUNABLE_IP_LOCAL_PORT_RANGE),
	.propose = propose,
};
