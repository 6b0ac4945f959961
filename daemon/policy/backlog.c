/* SPDX-License-Identifier: MIT */
/*
 * Queues of listeners: somaxconn when they overflow and are as long as it allows. Since Linux 4.4
 * one limit holds for both queues of a listener, that of connections to accept and that of
 * handshakes under way: the lesser of somaxconn and what listen() was given, at listen(). So both
 * faults (ListenOverflows, TCPReqQFull*) have the same remedy, and tcp_max_syn_backlog has no part
 * in it (measured: 60 SYNs at once to a queue of 8 are 50 cookies, whether it is 128 or 65,536).
 * That one only counts with tcp_syncookies=0, where the last quarter of it is kept for known
 * peers, and what is dropped there shows in ListenDrops alone.
 *
 * Evidence: the counter in each of three windows, ten or more in all, and a listener that dropped
 * some lately or whose queues are full. Step: doubled, to 65,535. Running listeners keep theirs
 * until they listen anew, so the trial waits for that, and the evidence names them. Where the
 * program asked for less than somaxconn, only its operator can help: advice, once for each port.
 *
 * Not in a flood of SYNs, which shows by cookies that are not answered (received / sent <= 0.9).
 */
#include "daemon/policy/host_evidence.h"

#include <inttypes.h>
#include <string.h>

#include "common/text.h"
#include "daemon/model/census.h"
#include "daemon/model/host_setting.h"

#define FAULTS_MIN       10
#define ANSWERED_PERCENT 90
#define FRESH_NS         (UINT64_C(120) * 1000000000)

/* One of the two queues. */
typedef struct Queue {
	HostCounter fault;
	bool (*full)(const CensusListener *listener);
	const char *name;
} Queue;

static const Queue queues[] = {
	{HOST_LISTEN_OVERFLOWS, census_accept_full, "found an accept queue full"},
	{HOST_REQUEST_QUEUE_FULL, census_requests_full, "found too many others under way"},
};

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

static bool without_cookies(const ControllerInput *input)
{
	int64_t cookies;

	return host_setting_value(input->snapshot->settings, "net.ipv4.tcp_syncookies", &cookies) &&
	       cookies == 0;
}

static void name_listener(const Queue *queue, const CensusListener *listener, uint64_t faults,
			  Evidence *evidence)
{
	char address[ADDRESS_TEXT_MAX];

	evidence_add(evidence, "overflows", (int64_t)faults);
	evidence_add(evidence, "listenerPort", listener->port);
	evidence_add(evidence, "listenerQueue", listener->queue);
	evidence_add(evidence, "listenerRequests", listener->requests);
	evidence_add(evidence, "listenerBacklog", listener->backlog);
	evidence_add(evidence, "listenerDrops", listener->drops);
	(void)text_format(evidence->summary, sizeof(evidence->summary),
			  "%" PRIu64 " handshakes in 90 s %s; the listener on %s port %u (room for "
			  "%u, %u wait, %u dropped) must listen anew to get more",
			  faults, queue->name, address_format(&listener->local, address),
			  listener->port, listener->backlog, listener->queue, listener->drops);
}

/* The subject of advice that is about no tunable. */
static bool advise(const ControllerInput *input, const Queue *queue, const CensusListener *listener,
		   uint64_t faults, Proposal *ret, char *reason)
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
	name_listener(queue, listener, faults, &ret->evidence);
	(void)text_format(ret->evidence.formula, sizeof(ret->evidence.formula),
			  "listen() was given %u, somaxconn allows %" PRId64
			  ": the program's own backlog is the limit",
			  listener->backlog, somaxconn);
	return true;
}

static bool raise_for(const ControllerInput *input, const Queue *queue,
		      const CensusListener *listener, uint64_t faults, Proposal *ret, char *reason)
{
	static const HostCounter guards[] = {HOST_MEMORY_PRESSURES};
	int64_t now = host_number(input, TUNABLE_SOMAXCONN, 0);
	int64_t before = input->snapshot->tunables[TUNABLE_SOMAXCONN].original.numbers[0];

	if (listener->backlog < now && before < now && listener->backlog >= before) {
		(void)text_format(
			reason, CONTROLLER_REASON_MAX,
			"port %u: its queue is as long as somaxconn was (%u): its program "
			"has yet to listen anew",
			listener->port, listener->backlog);
		return false;
	}
	if (listener->backlog < now)
		return advise(input, queue, listener, faults, ret, reason);
	*ret = (Proposal){0};
	if (!host_step_add(input, controller_backlog.name, TUNABLE_SOMAXCONN, 0, 2 * now, ret,
			   reason) ||
	    !host_evidence_plan(input, queue->fault, HOST_PASSIVE_OPENS, guards, ARRAY_SIZE(guards),
				&ret->plan))
		return false;
	ret->plan.counter.new_only = true;
	name_listener(queue, listener, faults, &ret->evidence);
	(void)text_format(
		ret->evidence.formula, sizeof(ret->evidence.formula),
		"somaxconn = 2 * %" PRId64 ", at least %" PRId64 ", at most %" PRId64 " = %" PRId64,
		now, tunables[TUNABLE_SOMAXCONN].minimum, tunables[TUNABLE_SOMAXCONN].maximum,
		ret->tunables[0].new_value.numbers[0]);
	return true;
}

/* The listeners that this queue's fault may be of, those most in need first, until there is
 * something to say of one. */
static bool raise_queue(const ControllerInput *input, const Queue *queue, uint64_t faults,
			Proposal *ret, char *reason)
{
	const Census *census = input->snapshot->census;
	bool found = false;

	for (size_t i = 0; census && i < census->n_listeners &&
			   input->snapshot->now_ns - census->listeners_ns <= FRESH_NS;
	     i++) {
		const CensusListener *listener = &census->listeners[i];

		if (!queue->full(listener))
			continue;
		found = true;
		if (raise_for(input, queue, listener, faults, ret, reason))
			return true;
	}
	if (!found)
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "handshakes %s, of an unknown listener", queue->name);
	return false;
}

/* Where there are no cookies: what ListenDrops has more than ListenOverflows. */
static bool raise_syn(const ControllerInput *input, uint64_t overflows, Proposal *ret, char *reason)
{
	static const HostCounter guards[] = {HOST_MEMORY_PRESSURES};
	int64_t now = host_number(input, TUNABLE_TCP_MAX_SYN_BACKLOG, 0);
	HostSum drops;

	if (!is_fault(input, HOST_LISTEN_DROPS, &drops) || drops.sum < overflows + FAULTS_MIN)
		return false;
	*ret = (Proposal){0};
	if (!host_step_add(input, controller_backlog.name, TUNABLE_TCP_MAX_SYN_BACKLOG, 0, 2 * now,
			   ret, reason) ||
	    !host_evidence_plan(input, HOST_LISTEN_DROPS, HOST_PASSIVE_OPENS, guards,
				ARRAY_SIZE(guards), &ret->plan))
		return false;
	evidence_add(&ret->evidence, "listenDrops", (int64_t)drops.sum);
	evidence_add(&ret->evidence, "listenOverflows", (int64_t)overflows);
	(void)text_format(ret->evidence.summary, sizeof(ret->evidence.summary),
			  "%" PRIu64 " handshakes in 90 s were dropped although there was room in "
			  "the accept queues, and tcp_syncookies is 0 (1 would help more)",
			  drops.sum - overflows);
	(void)text_format(ret->evidence.formula, sizeof(ret->evidence.formula),
			  "tcp_max_syn_backlog = 2 * %" PRId64 ", at least %" PRId64
			  ", at most %" PRId64 " = %" PRId64,
			  now, tunables[TUNABLE_TCP_MAX_SYN_BACKLOG].minimum,
			  tunables[TUNABLE_TCP_MAX_SYN_BACKLOG].maximum,
			  ret->tunables[0].new_value.numbers[0]);
	return true;
}

static bool propose(const ControllerInput *input, Proposal *ret, char *reason)
{
	HostSum overflows = {0}, faults;
	bool flood;

	if (!host_evidence_ready(input, reason))
		return false;
	(void)text_copy(reason, CONTROLLER_REASON_MAX, "no handshakes are lost to full queues");
	flood = in_flood(input);
	for (size_t i = 0; i < ARRAY_SIZE(queues); i++) {
		if (!is_fault(input, queues[i].fault, &faults))
			continue;
		if (flood) {
			(void)text_copy(reason, CONTROLLER_REASON_MAX,
					"queues of listeners are full in what looks like a flood "
					"of SYNs: their cookies are not answered");
			return false;
		}
		if (raise_queue(input, &queues[i], faults.sum, ret, reason))
			return true;
	}
	(void)host_evidence_counter(input, HOST_LISTEN_OVERFLOWS, &overflows);
	return without_cookies(input) && raise_syn(input, overflows.sum, ret, reason);
}

const Controller controller_backlog = {
	.name = "backlog",
	.knob = POLICY_BACKLOG,
	.summary = "raises somaxconn, or tcp_max_syn_backlog, when handshakes find queues full",
	.propose = propose,
};
