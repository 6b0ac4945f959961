/* SPDX-License-Identifier: MIT */
/*
 * Queues of listeners: somaxconn when accept queues overflow that are as long as it allows;
 * tcp_max_syn_backlog when handshakes find no place. Not in a flood of SYNs.
 *
 * Evidence: ListenOverflows in each of three windows, ten or more in all, and a listener whose
 * queue is bounded by somaxconn (the kernel takes the lesser of it and what listen() was given, at
 * listen()). Step: doubled, to 65,535. Running listeners keep theirs until they listen anew, so the
 * trial waits for that, and the evidence names them. Where the program asked for less than
 * somaxconn, only its operator can help: advice.
 *
 * Of handshakes: TCPReqQFull* in each of three windows; a flood shows by cookies that are not
 * answered (received / sent <= 0.9).
 */
#include "daemon/policy/host_evidence.h"

#include <inttypes.h>
#include <string.h>

#include "common/text.h"
#include "daemon/model/census.h"

#define FAULTS_MIN       10
#define ANSWERED_PERCENT 90
#define FRESH_NS         (UINT64_C(120) * 1000000000)

static bool is_fault(const ControllerInput *input, HostCounter counter, HostSum *ret)
{
	return host_evidence_counter(input, counter, ret) && ret->least > 0 &&
	       ret->sum >= FAULTS_MIN;
}

static bool in_flood(const ControllerInput *input)
{
	HostSum sent, received;

	return host_evidence_counter(input, HOST_COOKIES_SENT, &sent) &&
	       host_evidence_counter(input, HOST_COOKIES_RECEIVED, &received) &&
	       sent.sum >= FAULTS_MIN && received.sum * 100 <= sent.sum * ANSWERED_PERCENT;
}

/* Those that drop handshakes, or stand full, come first. */
static const CensusListener *suffering(const ControllerInput *input)
{
	const Census *census = input->snapshot->census;
	const CensusListener *first =
		census && census->n_listeners > 0 ? &census->listeners[0] : NULL;

	if (!first || input->snapshot->now_ns - census->listeners_ns > FRESH_NS)
		return NULL;
	return first->drops > 0 || first->queue >= first->backlog ? first : NULL;
}

static bool name_listener(const CensusListener *listener, uint64_t overflows, Evidence *evidence)
{
	char address[ADDRESS_TEXT_MAX];

	evidence_add(evidence, "overflows", (int64_t)overflows);
	evidence_add(evidence, "listenerPort", listener->port);
	evidence_add(evidence, "listenerQueue", listener->queue);
	evidence_add(evidence, "listenerBacklog", listener->backlog);
	evidence_add(evidence, "listenerDrops", listener->drops);
	return text_format(
		evidence->summary, sizeof(evidence->summary),
		"%" PRIu64 " handshakes in 90 s found an accept queue full; the listener "
		"on %s port %u (queue %u of %u, %u dropped) must listen anew to get more",
		overflows, address_format(&listener->local, address), listener->port,
		listener->queue, listener->backlog, listener->drops);
}

/* The subject of advice that is about no tunable. */
static bool advise(const ControllerInput *input, const CensusListener *listener, uint64_t overflows,
		   Proposal *ret, char *reason)
{
	int64_t somaxconn = host_number(input, TUNABLE_SOMAXCONN, 0);
	ChangeTunable subject = {.id = _TUNABLES, .new_value.kind = TUNABLE_WORD};

	(void)text_format(subject.new_value.words, sizeof(subject.new_value.words), "listener_%u",
			  listener->port);
	if (input->held(input->context, controller_backlog.name, &(Address){0}, &subject)) {
		(void)text_format(
			reason, CONTROLLER_REASON_MAX,
			"port %u: its program asks for too short a queue (%u): advice was "
			"given",
			listener->port, listener->backlog);
		return false;
	}
	*ret = (Proposal){.tunables = {subject}, .advice = true};
	(void)name_listener(listener, overflows, &ret->evidence);
	(void)text_format(ret->evidence.formula, sizeof(ret->evidence.formula),
			  "listen() was given %u, somaxconn allows %" PRId64
			  ": the program's own backlog is the limit",
			  listener->backlog, somaxconn);
	return true;
}

static bool raise_accept(const ControllerInput *input, const CensusListener *listener,
			 uint64_t overflows, Proposal *ret, char *reason)
{
	static const HostCounter guards[] = {HOST_MEMORY_PRESSURES};
	int64_t now = host_number(input, TUNABLE_SOMAXCONN, 0);

	if (listener->backlog < now)
		return advise(input, listener, overflows, ret, reason);
	*ret = (Proposal){0};
	if (!host_step_add(input, controller_backlog.name, TUNABLE_SOMAXCONN, 0, 2 * now, ret,
			   reason) ||
	    !host_evidence_plan(input, HOST_LISTEN_OVERFLOWS, HOST_PASSIVE_OPENS, guards,
				ARRAY_SIZE(guards), &ret->plan))
		return false;
	ret->plan.counter.new_only = true;
	(void)name_listener(listener, overflows, &ret->evidence);
	(void)text_format(ret->evidence.formula, sizeof(ret->evidence.formula),
			  "somaxconn = min(2 * %" PRId64 ", 65535)", now);
	return true;
}

static bool raise_syn(const ControllerInput *input, uint64_t faults, Proposal *ret, char *reason)
{
	static const HostCounter guards[] = {HOST_MEMORY_PRESSURES};
	int64_t now = host_number(input, TUNABLE_TCP_MAX_SYN_BACKLOG, 0);

	*ret = (Proposal){0};
	if (!host_step_add(input, controller_backlog.name, TUNABLE_TCP_MAX_SYN_BACKLOG, 0, 2 * now,
			   ret, reason) ||
	    !host_evidence_plan(input, HOST_REQUEST_QUEUE_FULL, HOST_PASSIVE_OPENS, guards,
				ARRAY_SIZE(guards), &ret->plan))
		return false;
	evidence_add(&ret->evidence, "requestQueueFull", (int64_t)faults);
	(void)text_format(ret->evidence.summary, sizeof(ret->evidence.summary),
			  "%" PRIu64 " handshakes in 90 s found the SYN queue full, and nearly all "
			  "cookies sent were answered: these are clients, not a flood",
			  faults);
	(void)text_format(ret->evidence.formula, sizeof(ret->evidence.formula),
			  "tcp_max_syn_backlog = min(2 * %" PRId64 ", 65536)", now);
	return true;
}

static bool propose(const ControllerInput *input, Proposal *ret, char *reason)
{
	const CensusListener *listener = suffering(input);
	HostSum overflows = {0}, requests = {0};
	bool accept, syn;

	if (!controller_may_write(input, TUNABLE_SOMAXCONN, reason) ||
	    !host_evidence_ready(input, reason))
		return false;
	(void)text_copy(reason, CONTROLLER_REASON_MAX, "no handshakes are lost to full queues");
	accept = is_fault(input, HOST_LISTEN_OVERFLOWS, &overflows);
	syn = is_fault(input, HOST_REQUEST_QUEUE_FULL, &requests);
	if (!accept && !syn)
		return false;
	if (in_flood(input)) {
		(void)text_copy(reason, CONTROLLER_REASON_MAX,
				"queues of listeners are full in what looks like a flood of SYNs: "
				"their cookies are not answered");
		return false;
	}
	if (accept && !listener)
		(void)text_copy(
			reason, CONTROLLER_REASON_MAX,
			"handshakes are lost to a full accept queue, of an unknown listener");
	if (accept && listener && raise_accept(input, listener, overflows.sum, ret, reason))
		return true;
	return syn && controller_may_write(input, TUNABLE_TCP_MAX_SYN_BACKLOG, reason) &&
	       raise_syn(input, requests.sum, ret, reason);
}

const Controller controller_backlog = {
	.name = "backlog",
	.knob = POLICY_BACKLOG,
	.summary = "raises somaxconn and tcp_max_syn_backlog when handshakes find queues full",
	.subjects =
		CONTROLLER_SETS(TUNABLE_SOMAXCONN) | CONTROLLER_SETS(TUNABLE_TCP_MAX_SYN_BACKLOG),
	.propose = propose,
};
