/* SPDX-License-Identifier: MIT */
/*
 * Counting what probes say. Three kinds of outcome are kept apart: the phases of a success go into
 * one window each; a loss (also of a SYN that was retransmitted, and also for want of an address)
 * goes into the window of the headline phase, so that one place knows attempts and failures; and a
 * lack of our own (probe_outcome_is_local) is counted by its reason only, since it says nothing of
 * the path and must neither make it look lossy nor down.
 *
 * A window is made with the first sample of its phase: an endpoint costs what it measures. What
 * belongs together in one window may come from two addresses of one name in turn; therefore the
 * floor is of the endpoint's family, not of its address, and a change of address ends no epoch by
 * itself: if it moved the floor, the floor will say so.
 */
#include "daemon/model/endpoint.h"

#include <errno.h>

#include "common/base.h"
#include "common/clock.h"
#include "common/text.h"

/* The window in which the targets are judged: at one probe in 10 s the shorter ones hold too few
 * samples for a p99, the longer one hides an hour of trouble. */
#define SLO_SPAN WINDOW_1H

static const char *objective_name(const char *objective)
{
	static const char *const names[] = {"latency", "throughput"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (text_equal(names[i], objective))
			return names[i];
	return "balanced";
}

int endpoint_new(const EndpointSpec *spec, Endpoint **ret)
{
	Endpoint *endpoint = calloc(1, sizeof(*endpoint));

	if (!endpoint)
		return -ENOMEM;

	if (!text_copy(endpoint->name, sizeof(endpoint->name), spec->name) ||
	    !text_copy(endpoint->url, sizeof(endpoint->url), spec->url) ||
	    !text_copy(endpoint->scheme, sizeof(endpoint->scheme), spec->scheme) ||
	    !text_copy(endpoint->group, sizeof(endpoint->group), spec->group)) {
		free(endpoint);
		return -ENAMETOOLONG;
	}
	endpoint->objective = objective_name(spec->objective);
	endpoint->origin = spec->origin;
	endpoint->headline = spec->headline;
	endpoint->rtt = spec->rtt;
	endpoint->target_p50_ns = spec->target_p50_ns;
	endpoint->target_p95_ns = spec->target_p95_ns;
	endpoint->target_p99_ns = spec->target_p99_ns;
	endpoint->resolving = true;
	for (size_t i = 0; i < _ENDPOINT_FAMILIES; i++)
		floor_init(&endpoint->targets[i].floor);

	*ret = endpoint;
	return 0;
}

static void target_clear(EndpointTarget *target)
{
	for (size_t phase = 0; phase < _PROBE_PHASES; phase++) {
		if (target->phases[phase])
			window_clear(target->phases[phase]);
		free(target->phases[phase]);
	}
	free(target->facts);
}

void endpoint_free(Endpoint *endpoint)
{
	if (!endpoint)
		return;

	for (size_t i = 0; i < _ENDPOINT_FAMILIES; i++)
		target_clear(&endpoint->targets[i]);
	free(endpoint->history);
	free(endpoint);
}

const char *endpoint_origin_name(EndpointOrigin origin)
{
	static const char *const names[_ENDPOINT_ORIGINS] = {
		[ENDPOINT_CONFIGURED] = "configured",
		[ENDPOINT_GATEWAY] = "gateway",
		[ENDPOINT_RESOLVER] = "resolver",
		[ENDPOINT_PEER] = "peer",
	};

	assert(origin < _ENDPOINT_ORIGINS);
	return names[origin];
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

static Window *phase_window(EndpointTarget *target, ProbePhase phase)
{
	if (!target->phases[phase])
		target->phases[phase] = calloc(1, sizeof(Window));
	return target->phases[phase];
}

typedef const Window *HeadlineWindows[_ENDPOINT_FAMILIES];

static HistorySource history_source(const Endpoint *endpoint, HeadlineWindows windows)
{
	for (size_t i = 0; i < _ENDPOINT_FAMILIES; i++)
		windows[i] = endpoint->targets[i].phases[endpoint->headline];
	return (HistorySource){windows, _ENDPOINT_FAMILIES};
}

/* Before something of now goes into a window of the headline. Without memory there is no history:
 * the present is still known. */
static void advance_history(Endpoint *endpoint, uint64_t now_ns)
{
	HeadlineWindows windows;
	HistorySource source = history_source(endpoint, windows);

	if (endpoint->history) {
		history_advance(endpoint->history, &source, now_ns);
		return;
	}
	endpoint->history = malloc(sizeof(*endpoint->history));
	if (endpoint->history)
		history_init(endpoint->history, now_ns);
}

/* One latency. 0, ENDPOINT_PATH_CHANGED, -ENOMEM: then the floor has still seen it. */
static int add_latency(Endpoint *endpoint, EndpointTarget *target, ProbePhase phase,
		       uint64_t now_ns, uint32_t us)
{
	Window *window = phase_window(target, phase);
	bool changed;
	int r;

	if (phase == endpoint->headline)
		advance_history(endpoint, now_ns);
	r = window ? window_add(window, now_ns, us) : -ENOMEM;
	changed = phase == endpoint->rtt && floor_add(&target->floor, now_ns, us);
	return r < 0 ? r : changed ? ENDPOINT_PATH_CHANGED : 0;
}

static int add_success(Endpoint *endpoint, EndpointTarget *target, const ProbeResult *result)
{
	int worst = 0, changed = 0;

	target->consecutive_failures = 0;
	for (ProbePhase phase = 0; phase < _PROBE_PHASES; phase++) {
		uint32_t us;
		int r;

		if (!probe_result_get(result, phase, &us))
			continue;
		r = add_latency(endpoint, target, phase, result->when_ns, us);
		worst = MIN(worst, r);
		changed = MAX(changed, r);
	}
	return worst < 0 ? worst : changed;
}

static int add_failure(Endpoint *endpoint, EndpointTarget *target, const ProbeResult *result)
{
	Window *window;

	if (probe_outcome_is_local(result->outcome))
		return 0;

	if (result->outcome == PROBE_SYN_RETRANSMIT)
		target->consecutive_failures = 0; /* lossy, but there */
	else if (target->consecutive_failures < UINT32_MAX)
		target->consecutive_failures++;
	window = phase_window(target, endpoint->headline);
	advance_history(endpoint, result->when_ns);
	return window ? window_add_failure(window, result->when_ns) : -ENOMEM;
}

/* The result points to what lives only as long as the callback it came with: copied. */
static int remember(EndpointTarget *target, const ProbeResult *result)
{
	target->last = *result;
	target->has_last = true;
	target->explanation[0] = '\0';
	target->last.explanation = NULL;
	if (result->explanation) {
		/* cut to fit: it is for people */
		(void)text_copy(target->explanation, sizeof(target->explanation),
				result->explanation);
		target->last.explanation = target->explanation;
	}
	if (!result->facts)
		return 0;

	target->last.facts = NULL;
	if (!target->facts)
		target->facts = calloc(1, sizeof(*target->facts));
	if (!target->facts)
		return -ENOMEM;
	*target->facts = *result->facts;
	target->last.facts = target->facts;
	return 0;
}

int endpoint_add_result(Endpoint *endpoint, const ProbeResult *result)
{
	EndpointTarget *target = endpoint_target(endpoint, result->address.family);
	int r, q;

	assert(result->outcome < _PROBE_OUTCOMES);
	target->failures[result->outcome]++;
	q = remember(target, result);
	r = result->outcome == PROBE_OK ? add_success(endpoint, target, result)
					: add_failure(endpoint, target, result);
	return q < 0 ? q : r;
}

int endpoint_add_phase(Endpoint *endpoint, int family, ProbePhase phase, uint64_t now_ns,
		       uint32_t us)
{
	EndpointTarget *target = endpoint_target(endpoint, family);

	if (phase == endpoint->headline) {
		target->failures[PROBE_OK]++;
		target->consecutive_failures = 0;
	}
	return add_latency(endpoint, target, phase, now_ns, us);
}

static bool target_in_use(const EndpointTarget *target)
{
	return target->address.family != 0;
}

static bool target_is_up(const EndpointTarget *target)
{
	return target_in_use(target) && target->consecutive_failures == 0 && ever_connected(target);
}

/* One or two failures are neither up nor down: the state before them holds. */
static EndpointState state_in_between(const Endpoint *endpoint)
{
	for (size_t i = 0; i < _ENDPOINT_FAMILIES; i++)
		if (target_in_use(&endpoint->targets[i]) && ever_connected(&endpoint->targets[i]))
			return ENDPOINT_UP;
	return ENDPOINT_PENDING;
}

/* Many gateways answer no ping, by design: what nobody asked to watch, and what never answered, is
 * no fault. */
static bool is_silent(const Endpoint *endpoint)
{
	for (size_t i = 0; i < _ENDPOINT_FAMILIES; i++)
		if (ever_connected(&endpoint->targets[i]))
			return false;
	return endpoint->origin != ENDPOINT_CONFIGURED;
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
	return down == in_use && !is_silent(endpoint) ? ENDPOINT_DOWN : state_in_between(endpoint);
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

/* Attempts and failures of the headline of both families, and the histogram of the successes. */
static uint64_t collect(const Endpoint *endpoint, WindowSpan span, uint64_t now_ns,
			Histogram *ret_histogram)
{
	uint64_t failures = 0;

	histogram_reset(ret_histogram);
	for (size_t i = 0; i < _ENDPOINT_FAMILIES; i++) {
		const Window *window = endpoint->targets[i].phases[endpoint->headline];

		if (window)
			failures += window_merge(window, span, now_ns, ret_histogram);
	}
	return failures;
}

/*
 * A target says: 99 of 100 attempts are faster than this. A failed attempt has no latency, but it
 * was certainly not faster; so the quantile is taken at the rank that 99 % of all attempts have
 * among the successes. That rank beyond the last success means that failures alone miss it.
 */
static EndpointSlo judge(const Histogram *histogram, uint64_t failures, unsigned permille,
			 uint64_t minimum, uint64_t target_ns)
{
	uint64_t count = histogram->count + failures, rank;
	uint32_t us;

	if (count < minimum)
		return ENDPOINT_SLO_NONE;
	if (histogram->count * 1000 < count * permille)
		return ENDPOINT_SLO_MISSED;
	rank = (count * permille + histogram->count - 1) / histogram->count;
	if (!histogram_quantile(histogram, (unsigned)MIN(rank, UINT64_C(1000)), &us))
		return ENDPOINT_SLO_MISSED;
	return us * NSEC_PER_USEC <= target_ns ? ENDPOINT_SLO_MET : ENDPOINT_SLO_MISSED;
}

/* One target missed is enough to say so, whatever the others still need to be judged. */
EndpointSlo endpoint_slo(const Endpoint *endpoint, uint64_t now_ns)
{
	const struct {
		uint64_t target_ns, minimum;
		unsigned permille;
	} targets[] = {
		{endpoint->target_p50_ns, WINDOW_MIN_P50, 500},
		{endpoint->target_p95_ns, WINDOW_MIN_P95, 950},
		{endpoint->target_p99_ns, WINDOW_MIN_P99, 990},
	};
	unsigned n[3] = {0}, set = 0;
	uint64_t failures;
	Histogram histogram;

	if (!targets[0].target_ns && !targets[1].target_ns && !targets[2].target_ns)
		return ENDPOINT_SLO_NONE;
	failures = collect(endpoint, SLO_SPAN, now_ns, &histogram);
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		if (targets[i].target_ns == 0)
			continue;
		set++;
		n[judge(&histogram, failures, targets[i].permille, targets[i].minimum,
			targets[i].target_ns)]++;
	}
	if (n[ENDPOINT_SLO_MISSED] > 0)
		return ENDPOINT_SLO_MISSED;
	return set > 0 && n[ENDPOINT_SLO_MET] == set ? ENDPOINT_SLO_MET : ENDPOINT_SLO_NONE;
}

void endpoint_summarise(const Endpoint *endpoint, WindowSpan span, uint64_t now_ns,
			WindowSummary *ret)
{
	Histogram histogram;
	uint64_t failures = collect(endpoint, span, now_ns, &histogram);

	window_summary_of(&histogram, failures, ret);
}

void endpoint_summarise_phase(const EndpointTarget *target, ProbePhase phase, WindowSpan span,
			      uint64_t now_ns, WindowSummary *ret)
{
	assert(phase < _PROBE_PHASES);
	if (target->phases[phase])
		window_summarise(target->phases[phase], span, now_ns, ret);
	else
		*ret = (WindowSummary){0};
}

bool endpoint_history_begin(const Endpoint *endpoint, HistoryScale scale, uint64_t *ret_first)
{
	if (!endpoint->history)
		return false;
	*ret_first = endpoint->history->first[scale];
	return true;
}

void endpoint_history_at(const Endpoint *endpoint, HistoryScale scale, uint64_t number,
			 HistoryPoint *ret)
{
	HeadlineWindows windows;
	HistorySource source = history_source(endpoint, windows);

	if (endpoint->history)
		history_at(endpoint->history, &source, scale, number, ret);
	else
		*ret = (HistoryPoint){.count = 0};
}
