/* SPDX-License-Identifier: MIT */
/*
 * Medians of phases, split by what is known of one round trip. All of one window, so that the parts
 * describe the same minutes; medians, because a sum of 99th percentiles is the latency of nobody.
 * The sum of medians is not exactly the median of sums: the total is what the parts add up to, and
 * the headline's own percentiles stand elsewhere.
 *
 * The floor is of the whole epoch, the window may have begun before it; a floor above the median
 * round trip therefore counts only up to that.
 *
 * DNS has no bare round trip. The least answer that its server gave within a day, cached ones
 * included, stands for it; what an answer takes longer is the server's, since a stub cannot tell a
 * queue on the way from a resolver that had to ask others.
 */
#include "daemon/model/decompose.h"

#include <string.h>

#include "common/base.h"
#include "common/human.h"
#include "common/text.h"

/* Plenty for TLS 1.2 after a HelloRetryRequest over a small window; a guard, not a guess. */
#define TLS_ROUNDS_MAX 8

/* SYNs are sent again after the initial RTO (RFC 6298, 2.1), doubled up to TCP_RTO_MAX. */
#define SYN_RTO_S       1
#define SYN_RTO_MAX_S   120
#define SYN_RETRIES_MAX 255 /* of tcp_syn_retries, TCP_SYNCNT: a byte */
#define SYN_WAITS_LIST  4   /* more are told as a sum */

const char *decomposition_part_name(DecompositionPart part)
{
	static const char *const names[_PARTS] = {
		[PART_RESOLVE] = "resolve",   [PART_PROPAGATION] = "propagation",
		[PART_QUEUEING] = "queueing", [PART_TLS] = "tls",
		[PART_SERVER] = "server",     [PART_TRANSFER] = "transfer",
		[PART_OVERHEAD] = "overhead",
	};

	assert(part < _PARTS);
	return names[part];
}

static void set_part(Decomposition *decomposition, DecompositionPart part, uint64_t us)
{
	decomposition->has[part] = true;
	decomposition->us[part] = (uint32_t)MIN(us, (uint64_t)UINT32_MAX);
}

static uint64_t beyond(uint64_t us, uint64_t less_us)
{
	return us > less_us ? us - less_us : 0;
}

static unsigned tls_rounds(const DecomposeMedians *medians)
{
	return CLAMP(medians->tls_rounds, 1U, (unsigned)TLS_ROUNDS_MAX);
}

static unsigned count_rounds(const DecomposeMedians *medians)
{
	return (unsigned)medians->has[PHASE_CONNECT] + (unsigned)medians->has[PHASE_REQUEST] +
	       (unsigned)medians->has[PHASE_ECHO] + (unsigned)medians->has[PHASE_ANSWER] +
	       (unsigned)medians->has[PHASE_FLOW] +
	       (medians->has[PHASE_TLS] ? tls_rounds(medians) : 0);
}

/* One round trip as it is now, and the part of it that is the floor. */
static uint32_t split_round(const DecomposeMedians *medians, Decomposition *decomposition)
{
	bool bare = medians->rtt < _PROBE_PHASES;
	uint32_t floor_us = medians->floor_us, rtt_us, propagation_us;

	decomposition->has_floor = medians->has_floor;
	decomposition->floor_us = floor_us;
	if (!decomposition->has_floor || (bare && !medians->has[medians->rtt]))
		return 0;

	rtt_us = bare ? medians->us[medians->rtt] : MIN(floor_us, medians->us[PHASE_ANSWER]);
	propagation_us = MIN(floor_us, rtt_us);
	set_part(decomposition, PART_PROPAGATION, (uint64_t)decomposition->rounds * propagation_us);
	if (bare)
		set_part(decomposition, PART_QUEUEING,
			 (uint64_t)decomposition->rounds * (rtt_us - propagation_us));
	return rtt_us;
}

static void add_parts(const DecomposeMedians *medians, uint32_t rtt_us,
		      Decomposition *decomposition)
{
	static const struct {
		ProbePhase phase;
		DecompositionPart part;
	} whole[] = {{PHASE_RESOLVE, PART_RESOLVE},
		     {PHASE_TRANSFER, PART_TRANSFER},
		     {PHASE_OVERHEAD, PART_OVERHEAD}};

	for (size_t i = 0; i < ARRAY_SIZE(whole); i++)
		if (medians->has[whole[i].phase])
			set_part(decomposition, whole[i].part, medians->us[whole[i].phase]);
	if (medians->has[PHASE_TLS])
		set_part(decomposition, PART_TLS,
			 beyond(medians->us[PHASE_TLS], (uint64_t)tls_rounds(medians) * rtt_us));
	if (medians->has[PHASE_REQUEST])
		set_part(decomposition, PART_SERVER, beyond(medians->us[PHASE_REQUEST], rtt_us));
	else if (medians->has[PHASE_ANSWER])
		set_part(decomposition, PART_SERVER, beyond(medians->us[PHASE_ANSWER], rtt_us));
}

void decompose_medians(const DecomposeMedians *medians, Decomposition *ret)
{
	Decomposition decomposition = {.samples = medians->samples};
	uint64_t total_us = 0;

	if (decomposition.samples > 0) {
		decomposition.rounds = count_rounds(medians);
		add_parts(medians, split_round(medians, &decomposition), &decomposition);
	}
	for (DecompositionPart part = 0; part < _PARTS; part++)
		total_us += decomposition.us[part];
	decomposition.total_us = (uint32_t)MIN(total_us, (uint64_t)UINT32_MAX);
	*ret = decomposition;
}

/* The least that a server ever answered in; false: never. */
static bool answer_floor(const EndpointTarget *target, uint64_t now_ns, uint32_t *ret_us)
{
	static const ProbePhase phases[] = {PHASE_ANSWER, PHASE_CACHED};
	uint32_t floor_us = UINT32_MAX;

	for (size_t i = 0; i < ARRAY_SIZE(phases); i++) {
		WindowSummary summary;

		endpoint_summarise_phase(target, phases[i], WINDOW_24H, now_ns, &summary);
		if (summary.has_latency)
			floor_us = MIN(floor_us, summary.min_us);
	}
	if (floor_us == UINT32_MAX)
		return false;
	*ret_us = floor_us;
	return true;
}

static void medians_of(const Endpoint *endpoint, const EndpointTarget *target, WindowSpan span,
		       uint64_t now_ns, DecomposeMedians *medians)
{
	Histogram histogram;

	medians->rtt = endpoint->rtt;
	medians->tls_rounds =
		target->facts && target->facts->has_tls ? target->facts->tls.rounds : 1;
	medians->has_floor = endpoint->rtt < _PROBE_PHASES
				     ? floor_get(&target->floor, &medians->floor_us)
				     : answer_floor(target, now_ns, &medians->floor_us);
	for (ProbePhase phase = 0; phase < _PROBE_PHASES; phase++) {
		if (!target->phases[phase])
			continue;
		window_histogram(target->phases[phase], span, now_ns, &histogram);
		medians->has[phase] = histogram_quantile(&histogram, 500, &medians->us[phase]);
	}
}

void decompose(const Endpoint *endpoint, const EndpointTarget *target, WindowSpan span,
	       uint64_t now_ns, Decomposition *ret)
{
	DecomposeMedians medians = {0};
	WindowSummary headline;

	endpoint_summarise_phase(target, endpoint->headline, span, now_ns, &headline);
	medians.samples = headline.count - headline.failures;
	if (medians.samples > 0)
		medians_of(endpoint, target, span, now_ns, &medians);
	decompose_medians(&medians, ret);
}

/* The wait before the i-th repetition, from 1 (ip-sysctl, tcp_syn_linear_timeouts). */
static unsigned syn_wait_s(unsigned i, unsigned linear)
{
	unsigned doublings = i - 1 > linear ? i - 1 - linear : 0;

	return doublings >= 7 ? SYN_RTO_MAX_S : (unsigned)SYN_RTO_S << doublings;
}

/* "1.04 s", "40 ms" */
static const char *duration(uint64_t us, char *buffer)
{
	if (us < 1000000)
		return human_latency(us, buffer);
	(void)text_format(buffer, HUMAN_MAX, "%.2f s", (double)us / 1e6);
	return buffer;
}

/* "1 + 1", or the sum when there are many. Returns the sum. */
static uint64_t list_waits(unsigned retransmits, unsigned linear, char *buffer, size_t size)
{
	uint64_t sum_s = 0;
	size_t used = 0;

	for (unsigned i = 1; i <= MIN(retransmits, (unsigned)SYN_RETRIES_MAX); i++) {
		unsigned wait_s = syn_wait_s(i, linear);

		sum_s += wait_s;
		if (i <= SYN_WAITS_LIST &&
		    text_format(buffer + used, size - used, i > 1 ? " + %u" : "%u", wait_s))
			used += strlen(buffer + used);
	}
	if (retransmits > SYN_WAITS_LIST)
		(void)text_format(buffer, size, "%llu", (unsigned long long)sum_s);
	return sum_s;
}

char *decompose_syn_retransmits(unsigned retransmits, uint32_t wall_us, unsigned linear,
				char *buffer, unsigned size)
{
	char wall[HUMAN_MAX], rest[HUMAN_MAX], waits[64] = "", then[HUMAN_MAX + 8] = "";
	uint64_t sum_us = list_waits(retransmits, linear, waits, sizeof(waits)) * 1000000;
	const char *fate = "sent";

	/* Less than the waits: an earlier SYN was answered late, and none was lost. */
	if (wall_us >= sum_us) {
		fate = "lost and sent";
		(void)text_format(then, sizeof(then), ", then %s",
				  duration(wall_us - sum_us, rest));
	}
	(void)duration(wall_us, wall);
	if (retransmits == 0)
		(void)text_format(buffer, size, "%s: no SYN was lost", wall);
	else if (retransmits == 1)
		(void)text_format(buffer, size, "%s: one SYN was %s again after %s s%s", wall, fate,
				  waits, then);
	else
		(void)text_format(buffer, size, "%s: %u SYNs were %s again after %s s%s", wall,
				  retransmits, fate, waits, then);
	return buffer;
}
