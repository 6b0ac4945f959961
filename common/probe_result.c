/* SPDX-License-Identifier: MIT */
#include "common/probe_result.h"

#include "common/base.h"

/* The labels of log lines, JSON and (later) metrics; part of the interface. */
static const char *const outcome_names[_PROBE_OUTCOMES] = {
	[PROBE_OK] = "ok",
	[PROBE_SYN_RETRANSMIT] = "syn-retransmit",
	[PROBE_TIMEOUT] = "timeout",
	[PROBE_REFUSED] = "refused",
	[PROBE_UNREACHABLE] = "unreachable",
	[PROBE_UNRESOLVED] = "unresolved",
	[PROBE_LOCAL] = "local",
};

const char *probe_outcome_name(ProbeOutcome outcome)
{
	assert(outcome < _PROBE_OUTCOMES);
	return outcome_names[outcome];
}
