/* SPDX-License-Identifier: MIT */
/*
 * UDP buffers: raises net.core.rmem_default and rmem_max when datagrams are dropped because a
 * receive buffer is full (RcvbufErrors), wmem_* when they are refused because a send buffer is
 * (SndbufErrors). HTTP/3 and DNS live on them.
 *
 * Evidence: errors in each of three windows, ten or more in all, and one in 10,000 datagrams.
 * Step: the default is doubled, to 4 MiB at most; the maximum is at least twice the default, since
 * what an application asks for is cut off there. Sockets opened afterwards feel it, so the trial
 * waits for three windows in a row without the fault.
 */
#include "daemon/policy/host_evidence.h"

#include <inttypes.h>

#include "common/text.h"

#define ERRORS_MIN      10
#define ERRORS_PER      10000 /* datagrams */
#define DEFAULT_MAX     (INT64_C(4) * 1024 * 1024)
#define MAXIMUM_DEFAULT 2

typedef struct Direction {
	TunableId by_default, maximum;
	HostCounter errors, datagrams;
	const char *what;
} Direction;

static const Direction directions[] = {
	{TUNABLE_RMEM_DEFAULT, TUNABLE_RMEM_MAX, HOST_UDP_RECEIVE_ERRORS, HOST_UDP_IN,
	 "dropped because a receive buffer was full"},
	{TUNABLE_WMEM_DEFAULT, TUNABLE_WMEM_MAX, HOST_UDP_SEND_ERRORS, HOST_UDP_OUT,
	 "refused because a send buffer was full"},
};

static bool suffers(const ControllerInput *input, const Direction *direction, HostSum *ret_errors,
		    HostSum *ret_datagrams)
{
	return host_evidence_counter(input, direction->errors, ret_errors) &&
	       host_evidence_counter(input, direction->datagrams, ret_datagrams) &&
	       ret_errors->least > 0 && ret_errors->sum >= ERRORS_MIN &&
	       ret_errors->sum * ERRORS_PER >= ret_datagrams->sum;
}

static void explain(const Direction *direction, const HostSum *errors, const HostSum *datagrams,
		    int64_t now, int64_t wanted, Evidence *evidence)
{
	evidence_add(evidence, "errors", (int64_t)errors->sum);
	evidence_add(evidence, "datagrams", (int64_t)datagrams->sum);
	evidence_add(evidence, "currentBytes", now);
	evidence_add(evidence, "proposedBytes", wanted);
	(void)text_format(evidence->summary, sizeof(evidence->summary),
			  "%" PRIu64 " UDP datagrams in 90 s were %s (%" PRIu64
			  " passed): sockets opened from now on get more room",
			  errors->sum, direction->what, datagrams->sum);
	(void)text_format(evidence->formula, sizeof(evidence->formula),
			  "%s = min(2 * %" PRId64 ", 4 MiB) = %" PRId64 "; %s >= 2 * that",
			  tunables[direction->by_default].key, now, wanted,
			  tunables[direction->maximum].key);
}

static bool propose_for(const ControllerInput *input, const Direction *direction,
			const HostSum *errors, const HostSum *datagrams, Proposal *ret,
			char *reason)
{
	static const HostCounter guards[] = {HOST_MEMORY_PRESSURES};
	int64_t now = host_number(input, direction->by_default, 0);
	int64_t wanted = MIN(2 * now, DEFAULT_MAX),
		maximum = host_number(input, direction->maximum, 0);
	char why[CONTROLLER_REASON_MAX];

	*ret = (Proposal){0};
	if (!controller_may_write(input, direction->maximum, why)) {
		(void)text_format(reason, CONTROLLER_REASON_MAX, "datagrams are %s, but %s",
				  direction->what, why);
		return false;
	}
	if (wanted <= now) {
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "datagrams are %s, but %s is at its bound of 4 MiB: the program "
				  "is too slow",
				  direction->what, tunables[direction->by_default].key);
		return false;
	}
	if (!host_step_add(input, controller_udp.name, direction->by_default, 0, wanted, ret,
			   reason))
		return false;
	if (maximum < MAXIMUM_DEFAULT * wanted &&
	    !host_step_add(input, controller_udp.name, direction->maximum, 0,
			   MAXIMUM_DEFAULT * wanted, ret, reason))
		return false;
	if (!host_evidence_plan(input, direction->errors, direction->datagrams, guards,
				ARRAY_SIZE(guards), &ret->plan))
		return false;
	ret->plan.counter.new_only = true;
	explain(direction, errors, datagrams, now, wanted, &ret->evidence);
	return true;
}

static bool propose(const ControllerInput *input, Proposal *ret, char *reason)
{
	HostSum errors, datagrams;

	if (!host_evidence_ready(input, reason))
		return false;
	(void)text_copy(reason, CONTROLLER_REASON_MAX,
			"no UDP datagrams are lost for want of buffers");
	for (size_t i = 0; i < ARRAY_SIZE(directions); i++)
		if (suffers(input, &directions[i], &errors, &datagrams) &&
		    propose_for(input, &directions[i], &errors, &datagrams, ret, reason))
			return true;
	return false;
}

const Controller controller_udp = {
	.name = "udp",
	.knob = POLICY_UDP,
	.summary = "raises the buffers of UDP sockets when datagrams are lost for want of them",
	.propose = propose,
};
