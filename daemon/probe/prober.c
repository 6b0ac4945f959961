/* SPDX-License-Identifier: MIT */
/*
 * Endpoints, and for each address family of an endpoint a lane: a schedule, a timer, and at most
 * one probe in flight. A slot that finds the previous probe still in flight is skipped: that probe
 * is about to report the same failure, and two at once would load a path that is already ill.
 *
 * The lanes begin with the first answer of the resolver. An endpoint without any address keeps one
 * lane running, whose slots report that there was nothing to probe.
 *
 * Every callback to the owner is the last thing its event does, so nothing here is used after it.
 */
#include "daemon/probe/prober.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "daemon/probe/resolver.h"
#include "daemon/probe/schedule.h"

enum { IPV4, IPV6, FAMILIES };

/* Slots are served on common ticks, many at one awakening where there are many endpoints. No
 * latency is measured from when a slot was due, and its due time stays what it was. */
#define TICK_NS               (2 * NSEC_PER_MSEC)
#define ROUND_UP(value, step) (((value) + (step)-1) / (step) * (step))

struct Prober {
	Loop *loop;
	Clock clock;
	Random random;
	Resolver *resolver;
	ProbeShared shared;
	ProberSchedule schedule;
	size_t n_endpoints;
};

typedef struct Lane {
	ProberEndpoint *endpoint;
	Address address; /* family 0: none; such a lane only runs for want of any address */
	bool running;
	Schedule schedule;
	LoopTimer *timer;
	Probe *probe; /* in flight, or NULL */
	ProbeMemory *memory;
} Lane;

struct ProberEndpoint {
	Prober *prober;
	const ProbeKind *kind;
	int family;
	uint64_t interval_ns;
	ProbeSpec spec; /* its strings are ours */
	ProberCallbacks callbacks;
	void *context;
	ResolverName *name;
	Lane lanes[FAMILIES];
};

int prober_new(const ProberParams *params, Prober **ret_prober)
{
	Prober *prober = calloc(1, sizeof(*prober));
	int r;

	if (!prober)
		return -ENOMEM;

	*prober = (Prober){
		.loop = params->loop,
		.clock = params->clock,
		.random = params->random,
	};
	r = resolver_new(&(ResolverParams){.loop = params->loop,
					   .clock = params->clock,
					   .resolv_conf = params->resolv_conf,
					   .hosts = params->hosts,
					   .timing = params->resolver_timing},
			 &prober->resolver);
	if (r < 0) {
		free(prober);
		return r;
	}

	*ret_prober = prober;
	return 0;
}

void prober_free(Prober *prober)
{
	if (!prober)
		return;

	assert(prober->n_endpoints == 0);
	resolver_free(prober->resolver);
	probe_shared_clear(&prober->shared);
	free(prober);
}

const ProberSchedule *prober_schedule(const Prober *prober)
{
	return &prober->schedule;
}

static uint64_t now_of(const Lane *lane)
{
	return clock_monotonic_ns(&lane->endpoint->prober->clock);
}

static void report(ProberEndpoint *endpoint, const ProbeResult *result)
{
	endpoint->callbacks.result(endpoint->context, result);
}

static void on_done(void *context, const ProbeResult *result)
{
	Lane *lane = context;

	Probe *probe = STEAL(lane->probe); /* what it learned lives in it */

	report(lane->endpoint, result);
	lane->endpoint->kind->cancel(probe);
}

/* A result without a probe: there was no address, or no means to start. */
static void report_unprobed(Lane *lane, ProbeOutcome outcome, int error)
{
	ProbeResult result = {
		.outcome = outcome,
		.address = lane->address,
		.when_ns = now_of(lane),
		.error = error,
	};

	report(lane->endpoint, &result);
}

static void probe_now(Lane *lane)
{
	ProberEndpoint *endpoint = lane->endpoint;
	ProbeStart start = {
		.loop = endpoint->prober->loop,
		.clock = &endpoint->prober->clock,
		.address = lane->address,
		.spec = &endpoint->spec,
		.shared = &endpoint->prober->shared,
		.memory = &lane->memory,
		.done = on_done,
		.context = lane,
	};
	int r = endpoint->kind->start(&start, &lane->probe);

	if (r < 0)
		report_unprobed(lane, PROBE_LOCAL, -r);
}

/* A timer that was armed once has its memory in libevent's heap; re-arming cannot fail. */
static void arm(Lane *lane)
{
	uint64_t now_ns = now_of(lane);
	uint64_t due_ns = now_ns + schedule_delay(&lane->schedule, now_ns);
	int r = loop_timer_set(lane->timer, ROUND_UP(due_ns, TICK_NS) - now_ns);

	assert(r == 0);
	(void)r; /* the assertion is its only reader */
}

static void count_slot(ProberSchedule *schedule, const Lane *lane, uint64_t late_ns, bool serve)
{
	if (serve && lane->probe)
		schedule->skipped++;
	if (!serve || lane->probe)
		return;
	schedule->served++;
	histogram_add(&schedule->slip,
		      (uint32_t)MIN(late_ns / NSEC_PER_USEC, (uint64_t)UINT32_MAX));
}

static void on_slot(void *context)
{
	Lane *lane = context;
	ProberEndpoint *endpoint = lane->endpoint;
	Prober *prober = endpoint->prober;
	uint64_t now_ns = now_of(lane), due_ns = lane->schedule.due_ns, missed;
	bool serve = schedule_take(&lane->schedule, &prober->random, now_ns, &missed);

	arm(lane);
	count_slot(&prober->schedule, lane, now_ns > due_ns ? now_ns - due_ns : 0, serve);
	prober->schedule.missed += missed;
	if (missed > 0)
		endpoint->callbacks.late(endpoint->context, missed);
	if (!serve || lane->probe)
		return;
	if (lane->address.family == 0)
		report_unprobed(lane, PROBE_UNRESOLVED, 0);
	else
		probe_now(lane);
}

static void lane_start(Lane *lane)
{
	ProberEndpoint *endpoint = lane->endpoint;

	if (lane->running)
		return;
	lane->running = true;
	schedule_start(&lane->schedule, endpoint->interval_ns, &endpoint->prober->random,
		       now_of(lane));
	arm(lane);
}

static void lane_stop(Lane *lane)
{
	lane->running = false;
	loop_timer_disarm(lane->timer);
	lane->endpoint->kind->cancel(STEAL(lane->probe));
}

/* A probe in flight to an address that is still the endpoint's, or was replaced by another, may
 * finish: what it measured is true. One whose family is gone has nowhere to be reported. */
static void lane_set_address(Lane *lane, const Address *address)
{
	bool appeared = lane->address.family == 0 && address->family != 0;

	lane->address = *address;
	if (address->family == 0 || appeared)
		lane_stop(lane);
	if (address->family != 0)
		lane_start(lane);
}

static void on_resolved(void *context, const Address *ipv4, const Address *ipv6, const char *error)
{
	static const Address none = {0};
	ProberEndpoint *endpoint = context;
	uint64_t took_ns;

	if (endpoint->callbacks.lookup && resolver_took(endpoint->name, &took_ns))
		endpoint->callbacks.lookup(endpoint->context, took_ns);
	if (endpoint->family == AF_INET && ipv6->family != 0)
		ipv6 = &none;
	if (endpoint->family == AF_INET6 && ipv4->family != 0)
		ipv4 = &none;
	if (!error && ipv4->family == 0 && ipv6->family == 0)
		error = endpoint->family == AF_INET ? "it has no IPv4 address"
						    : "it has no IPv6 address";
	if (ipv4->family == 0 && ipv6->family == 0) {
		/* Lane by lane: the one that goes on keeps its schedule. */
		endpoint->lanes[IPV4].address = *ipv4;
		lane_start(&endpoint->lanes[IPV4]);
		lane_set_address(&endpoint->lanes[IPV6], ipv6);
	} else {
		lane_set_address(&endpoint->lanes[IPV4], ipv4);
		lane_set_address(&endpoint->lanes[IPV6], ipv6);
	}
	endpoint->callbacks.resolved(endpoint->context, ipv4, ipv6, error);
}

static int copy_spec(ProberEndpoint *endpoint, const ProbeSpec *spec)
{
	endpoint->spec = *spec;
	endpoint->spec.host = strdup(spec->host);
	endpoint->spec.target = strdup(spec->target ? spec->target : "");
	endpoint->spec.ca_file = strdup(spec->ca_file ? spec->ca_file : "");
	return endpoint->spec.host && endpoint->spec.target && endpoint->spec.ca_file ? 0 : -ENOMEM;
}

static int endpoint_start(ProberEndpoint *endpoint, const ProbeSpec *spec)
{
	Prober *prober = endpoint->prober;
	int k = copy_spec(endpoint, spec);

	if (k < 0)
		return k;

	for (size_t i = 0; i < FAMILIES; i++) {
		Lane *lane = &endpoint->lanes[i];
		int r = loop_timer_new(prober->loop, on_slot, lane, &lane->timer);
		if (r < 0)
			return r;
	}
	return resolver_add(prober->resolver, endpoint->spec.host, on_resolved, endpoint,
			    &endpoint->name);
}

int prober_add(Prober *prober, const ProberSpec *spec, const ProberCallbacks *callbacks,
	       void *context, ProberEndpoint **ret)
{
	const ProbeKind *kind = probe_kind_find(spec->scheme);
	ProberEndpoint *endpoint;
	int r;

	if (!kind)
		return -EPROTONOSUPPORT;
	endpoint = calloc(1, sizeof(*endpoint));
	if (!endpoint)
		return -ENOMEM;

	*endpoint = (ProberEndpoint){
		.prober = prober,
		.kind = kind,
		.family = spec->family,
		.interval_ns = spec->interval_ns,
		.callbacks = *callbacks,
		.context = context,
		.lanes = {{.endpoint = endpoint}, {.endpoint = endpoint}},
	};
	prober->n_endpoints++;
	r = endpoint_start(endpoint, &spec->probe);
	if (r < 0) {
		prober_remove(endpoint);
		return r;
	}

	*ret = endpoint;
	return 0;
}

void prober_remove(ProberEndpoint *endpoint)
{
	if (!endpoint)
		return;

	resolver_remove(endpoint->name);
	for (size_t i = 0; i < FAMILIES; i++) {
		endpoint->kind->cancel(endpoint->lanes[i].probe);
		loop_timer_free(endpoint->lanes[i].timer);
		if (endpoint->kind->forget)
			endpoint->kind->forget(endpoint->lanes[i].memory);
	}
	endpoint->prober->n_endpoints--;
	free((char *)endpoint->spec.host);
	free((char *)endpoint->spec.target);
	free((char *)endpoint->spec.ca_file);
	free(endpoint);
}
