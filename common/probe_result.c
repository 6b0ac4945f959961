/* SPDX-License-Identifier: MIT */
#include "common/probe_result.h"

#include "common/base.h"
#include "common/clock.h"

/* The labels of log lines, JSON and (later) metrics; part of the interface. */
static const char *const outcome_names[_PROBE_OUTCOMES] = {
	[PROBE_OK] = "ok",
	[PROBE_SYN_RETRANSMIT] = "syn-retransmit",
	[PROBE_TIMEOUT] = "timeout",
	[PROBE_REFUSED] = "refused",
	[PROBE_UNREACHABLE] = "unreachable",
	[PROBE_UNRESOLVED] = "unresolved",
	[PROBE_LOCAL] = "local",
	[PROBE_PERMISSION] = "permission",
	[PROBE_CLOSED] = "closed",
	[PROBE_TLS] = "tls",
	[PROBE_CERTIFICATE] = "certificate",
	[PROBE_PROTOCOL] = "protocol",
	[PROBE_LIMIT] = "limit",
	[PROBE_STATUS] = "status",
	[PROBE_NXDOMAIN] = "nxdomain",
	[PROBE_NODATA] = "nodata",
	[PROBE_SERVFAIL] = "servfail",
	[PROBE_DNS_ERROR] = "dns-error",
	[PROBE_TRUNCATED] = "truncated",
};

static const char *const phase_names[_PROBE_PHASES] = {
	[PHASE_RESOLVE] = "resolve", [PHASE_CONNECT] = "connect", [PHASE_TLS] = "tls",
	[PHASE_RESUMED] = "resumed", [PHASE_REQUEST] = "request", [PHASE_TRANSFER] = "transfer",
	[PHASE_REUSED] = "reused",   [PHASE_ECHO] = "echo",       [PHASE_ANSWER] = "answer",
	[PHASE_CACHED] = "cached",   [PHASE_FLOW] = "flow",       [PHASE_OVERHEAD] = "overhead",
	[PHASE_TOTAL] = "total",
};

static const char *const fastopen_names[_FASTOPEN_STATES] = {
	[FASTOPEN_UNKNOWN] = "unknown", [FASTOPEN_COOKIE] = "cookie",
	[FASTOPEN_WORKS] = "works",     [FASTOPEN_NONE] = "none",
	[FASTOPEN_IGNORED] = "ignored", [FASTOPEN_BLACKHOLE] = "blackhole",
};

const char *probe_outcome_name(ProbeOutcome outcome)
{
	assert(outcome < _PROBE_OUTCOMES);
	return outcome_names[outcome];
}

bool probe_outcome_is_local(ProbeOutcome outcome)
{
	return outcome == PROBE_LOCAL || outcome == PROBE_PERMISSION;
}

const char *probe_phase_name(ProbePhase phase)
{
	assert(phase < _PROBE_PHASES);
	return phase_names[phase];
}

const char *probe_fastopen_name(ProbeFastOpen state)
{
	assert(state < _FASTOPEN_STATES);
	return fastopen_names[state];
}

void probe_result_set(ProbeResult *result, ProbePhase phase, uint64_t ns)
{
	assert(phase < _PROBE_PHASES);
	result->phases |= 1U << phase;
	result->phases_us[phase] = (uint32_t)MIN(ns / NSEC_PER_USEC, (uint64_t)UINT32_MAX);
}
