/* SPDX-License-Identifier: MIT */
/*
 * Counting what probes say. Three kinds of outcome are kept apart: a latency goes into the windows
 * as a latency; a loss (also of a SYN that was retransmitted, and also for want of an address) goes
 * into the windows as a failure; and a lack of our own (PROBE_LOCAL) is counted by its reason only,
 * since it says nothing of the path and must neither make it look lossy nor down.
 */
#include "daemon/model/endpoint.h"

#include <errno.h>

#include "common/base.h"
#include "common/clock.h"
#include "common/text.h"

/* The window in which a 99th percentile is judged: at one probe in 10 s the shorter ones hold too
 * few samples for it, the longer one hides an hour of trouble. */
#define SLO_SPAN     WINDOW_1H
#define SLO_PERMILLE 990

int endpoint_new(const char *name, const char *url, uint64_t target_p99_ns, Endpoint **ret)
{
	Endpoint *endpoint = calloc(1, sizeof(*endpoint));

	if (!endpoint)
		return -ENOMEM;

	if (!text_copy(endpoint->name, sizeof(endpoint->name), name) ||
	    !text_copy(endpoint->url, sizeof(endpoint->url), url)) {
		free(endpoint);
		return -ENAMETOOLONG;
	}
	endpoint->target_p99_ns = target_p99_ns;
	endpoint->resolving = true;

	*ret = endpoint;
	return 0;
}

void endpoint_free(Endpoint *endpoint)
{
	if (!endpoint)
		return;

	for (size_t i = 0; i < _ENDPOINT_FAMILIES; i++) {
		window_clear(&endpoint->targets[i].rtt);
		window_clear(&endpoint->targets[i].overhead);
	}
	free(endpoint);
}

static bool was_probed(const EndpointTarget *target)
{
	for (size_t i = 0; i < _PROBE_OUTCOMES; i++)
		if (target->failures[i] > 0)
			return true;
	return false;
}

static bool ever_connected(const EndpointTarget *target)
{
	return target->failures[PROBE_OK] + target->failures[PROBE_SYN_RETRANSMIT] > 0;
}

EndpointTarget *endpoint_target(Endpoint *endpoint, int family)
{
	EndpointTarget *ipv4 = &endpoint->targets[ENDPOINT_IPV4];
	EndpointTarget *ipv6 = &endpoint->targets[ENDPOINT_IPV6];

	if (family == AF_INET)
		return ipv4;
	if (family == AF_INET6)
		return ipv6;
	return was_probed(ipv6) && !was_probed(ipv4) ? ipv6 : ipv4;
}

void endpoint_set_address(Endpoint *endpoint, int family, const Address *address)
{
	EndpointTarget *target = endpoint_target(endpoint, family);

	target->address = *address;
	if (address->family == 0) {
		/* Whether what comes back one day is up or down is not known from what left. */
		target->has_last = false;
		target->consecutive_failures = 0;
	}
}

static int add_success(EndpointTarget *target, const ProbeResult *result)
{
	int r = window_add(&target->rtt, result->when_ns, result->rtt_us);
	int q = window_add(&target->overhead, result->when_ns, result->overhead_us);

	target->consecutive_failures = 0;
	return r < 0 ? r : q;
}

static int add_failure(EndpointTarget *target, const ProbeResult *result)
{
	if (result->outcome == PROBE_LOCAL)
		return 0;

	if (result->outcome == PROBE_SYN_RETRANSMIT)
		target->consecutive_failures = 0; /* lossy, but there */
	else if (target->consecutive_failures < UINT32_MAX)
		target->consecutive_failures++;
	return window_add_failure(&target->rtt, result->when_ns);
}

int endpoint_add_result(Endpoint *endpoint, const ProbeResult *result)
{
	EndpointTarget *target = endpoint_target(endpoint, result->address.family);

	assert(result->outcome < _PROBE_OUTCOMES);
	target->failures[result->outcome]++;
	target->last = *result;
	target->has_last = true;
	return result->outcome == PROBE_OK ? add_success(target, result)
					   : add_failure(target, result);
}

static bool target_in_use(const EndpointTarget *target)
{
	return target->address.family != 0;
}

static bool target_is_up(const EndpointTarget *target)
{
	return target_in_use(target) && target->has_last && target->consecutive_failures == 0 &&
	       ever_connected(target);
}

/* One or two failures are neither up nor down: the state before them holds. */
static EndpointState state_in_between(const Endpoint *endpoint)
{
	for (size_t i = 0; i < _ENDPOINT_FAMILIES; i++)
		if (target_in_use(&endpoint->targets[i]) && ever_connected(&endpoint->targets[i]))
			return ENDPOINT_UP;
	return ENDPOINT_PENDING;
}

EndpointState endpoint_state(const Endpoint *endpoint)
{
	size_t in_use = 0, down = 0;

	for (size_t i = 0; i < _ENDPOINT_FAMILIES; i++) {
		const EndpointTarget *target = &endpoint->targets[i];
		if (target_is_up(target))
			return ENDPOINT_UP;
		in_use += target_in_use(target);
		down += target_in_use(target) &&
			target->consecutive_failures >= ENDPOINT_DOWN_AFTER;
	}
	if (in_use == 0)
		return endpoint->resolving ? ENDPOINT_PENDING : ENDPOINT_UNRESOLVED;
	return down == in_use ? ENDPOINT_DOWN : state_in_between(endpoint);
}

const char *endpoint_state_name(EndpointState state)
{
	switch (state) {
	case ENDPOINT_PENDING:
		return "pending";
	case ENDPOINT_UNRESOLVED:
		return "unresolved";
	case ENDPOINT_UP:
		return "up";
	case ENDPOINT_DOWN:
		return "down";
	}
	assert(false);
	return NULL;
}

/* Attempts and failures of both families, and the histogram of the successes. */
static void collect(const Endpoint *endpoint, WindowSpan span, uint64_t now_ns,
		    WindowSummary *ret_counts, Histogram *ret_histogram)
{
	*ret_counts = (WindowSummary){0};
	histogram_reset(ret_histogram);
	for (size_t i = 0; i < _ENDPOINT_FAMILIES; i++) {
		WindowSummary summary;
		Histogram histogram;

		window_summarise(&endpoint->targets[i].rtt, span, now_ns, &summary);
		window_histogram(&endpoint->targets[i].rtt, span, now_ns, &histogram);
		ret_counts->count += summary.count;
		ret_counts->failures += summary.failures;
		histogram_merge(ret_histogram, &histogram);
	}
}

/*
 * The target says: 99 of 100 attempts are faster than this. A failed attempt has no latency, but it
 * was certainly not faster; so the quantile is taken at the rank that 99 % of all attempts have
 * among the successes. That rank beyond the last success means that failures alone miss it.
 */
EndpointSlo endpoint_slo(const Endpoint *endpoint, uint64_t now_ns)
{
	WindowSummary counts;
	Histogram histogram;
	uint64_t permille;
	uint32_t p99_us;

	if (endpoint->target_p99_ns == 0)
		return ENDPOINT_SLO_NONE;
	collect(endpoint, SLO_SPAN, now_ns, &counts, &histogram);
	if (counts.count < WINDOW_MIN_P99)
		return ENDPOINT_SLO_NONE;
	if (histogram.count * 1000 < counts.count * SLO_PERMILLE)
		return ENDPOINT_SLO_MISSED;

	permille = (counts.count * SLO_PERMILLE + histogram.count - 1) / histogram.count;
	if (!histogram_quantile(&histogram, (unsigned)MIN(permille, UINT64_C(1000)), &p99_us))
		return ENDPOINT_SLO_MISSED;
	return p99_us * NSEC_PER_USEC <= endpoint->target_p99_ns ? ENDPOINT_SLO_MET
								 : ENDPOINT_SLO_MISSED;
}

static bool quantile(const Histogram *histogram, unsigned permille, uint64_t needed,
		     uint32_t *ret_us)
{
	return histogram->count >= needed && histogram_quantile(histogram, permille, ret_us);
}

void endpoint_summarise(const Endpoint *endpoint, WindowSpan span, uint64_t now_ns,
			WindowSummary *ret)
{
	WindowSummary sum;
	Histogram histogram;

	collect(endpoint, span, now_ns, &sum, &histogram);
	sum.has_latency = histogram.count > 0;
	if (sum.has_latency) {
		sum.min_us = histogram.min_us;
		sum.max_us = histogram.max_us;
		sum.mean_us = (uint32_t)(histogram.sum_us / histogram.count);
	}
	sum.has_p50 = quantile(&histogram, 500, WINDOW_MIN_P50, &sum.p50_us);
	sum.has_p95 = quantile(&histogram, 950, WINDOW_MIN_P95, &sum.p95_us);
	sum.has_p99 = quantile(&histogram, 990, WINDOW_MIN_P99, &sum.p99_us);
	*ret = sum;
}
