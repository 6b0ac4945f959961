/* SPDX-License-Identifier: MIT */
/*
 * A round is one probe of each target, at even distances within the interval. A probe that takes
 * longer than its slot delays the next one, instead of running beside it.
 *
 * Of several addresses the one that this host has a route to is taken, IPv6 first (RFC 6724 in
 * short). It is kept for the whole measurement: two machines must not make one distribution.
 */
#include "cli/measure_engine.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "common/base.h"
#include "common/clock.h"
#include "common/text.h"
#include "daemon/probe/kind.h"
#include "daemon/probe/resolver.h"
#include "daemon/probe/stamp.h"
#include "daemon/run/loop.h"

/* Larger answers are a matter of --timeout, not of this limit. */
#define BODY_LIMIT (UINT64_C(64) * 1024 * 1024)

typedef struct Engine Engine;

typedef struct Lane {
	Engine *engine;
	MeasureItem *item;
	const ProbeKind *kind;
	ProbeSpec spec;
	ResolverName *name;
	bool resolved;       /* or failed to */
	ProbeMemory *memory; /* of its probes */
	Probe *probe;        /* in flight, or NULL */
} Lane;

struct Engine {
	const MeasureEngineParams *params;
	MeasureRun *run;
	Loop *loop;
	LoopTimer *timer; /* of the next slot, or of the first */
	Resolver *resolver;
	ProbeShared shared;
	Lane *lanes;
	size_t n_pending;      /* names without an answer */
	size_t *active;        /* lanes with an address */
	size_t n_active, turn; /* whose turn it is */
	uint64_t round;        /* from 0 */
	uint64_t slot_ns;      /* when the present slot began */
	uint64_t begun_ns;
};

static uint64_t now_ns(void)
{
	return clock_monotonic_ns(&clock_system);
}

/* --- addresses --- */

/* Whether the kernel would know where to send: nothing is sent. */
static bool has_route(const Address *address)
{
	struct sockaddr_storage sockaddr;
	socklen_t length = address_to_sockaddr(address, 9, &sockaddr); /* discard: any port */
	_cleanup_close_ int fd = socket(address->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, (const struct sockaddr *)&sockaddr, length) == 0;
}

static const Address *choose(int family, const Address *ipv4, const Address *ipv6)
{
	if (family == AF_INET)
		return ipv4;
	if (family == AF_INET6 || ipv4->family == 0)
		return ipv6;
	return ipv6->family != 0 && has_route(ipv6) ? ipv6 : ipv4;
}

static void on_resolved(void *context, const Address *ipv4, const Address *ipv6, const char *error)
{
	Lane *lane = context;
	MeasureItem *item = lane->item;
	uint64_t took_ns;
	int r = 0;

	if (lane->resolved)
		return; /* asked again before the others had their first answer */
	lane->resolved = true;
	item->series.address = *choose(item->family, ipv4, ipv6);
	if (item->series.address.family == 0)
		(void)text_copy(item->resolve_error, sizeof(item->resolve_error),
				error                      ? error
				: item->family == AF_INET6 ? "it has no IPv6 address"
							   : "it has no IPv4 address");
	if (resolver_took(lane->name, &took_ns)) {
		item->series.has_resolve = true;
		item->series.resolve_us =
			(uint32_t)MIN(took_ns / NSEC_PER_USEC, (uint64_t)UINT32_MAX);
	}
	/* Not from here: names must not be removed in their own callback. */
	if (--lane->engine->n_pending == 0)
		r = loop_timer_set(lane->engine->timer, 0);
	if (r < 0)
		loop_stop(lane->engine->loop, r);
}

/* --- probes --- */

static void wait_for_slot(Engine *engine)
{
	uint64_t now = now_ns(),
		 due = engine->slot_ns + engine->run->interval_ns / engine->n_active;
	int r;

	if (++engine->turn == engine->n_active) {
		engine->turn = 0;
		engine->round++;
	}
	if (engine->round == (engine->run->count > 0 ? engine->run->count : MEASURE_PROBES_MAX)) {
		loop_stop(engine->loop, 0);
		return;
	}
	r = loop_timer_set(engine->timer, due > now ? due - now : 0);
	if (r < 0)
		loop_stop(engine->loop, r);
}

static void take_result(Lane *lane, const ProbeResult *result)
{
	Engine *engine = lane->engine;
	int r = measure_series_add(&lane->item->series, now_ns() - engine->begun_ns, result);

	if (r < 0) {
		loop_stop(engine->loop, r);
		return;
	}
	engine->params->sample(engine->params->context, engine->run,
			       (size_t)(lane->item - engine->run->items));
	wait_for_slot(engine);
}

static void on_done(void *context, const ProbeResult *result)
{
	Lane *lane = context;
	Probe *probe = STEAL(lane->probe); /* what it learned lives in it */

	take_result(lane, result);
	lane->kind->cancel(probe);
}

static void on_slot(Engine *engine)
{
	Lane *lane = &engine->lanes[engine->active[engine->turn]];
	ProbeStart start = {
		.loop = engine->loop,
		.clock = &clock_system,
		.address = lane->item->series.address,
		.spec = &lane->spec,
		.shared = &engine->shared,
		.memory = &lane->memory,
		.done = on_done,
		.context = lane,
	};
	ProbeResult failed = {.outcome = PROBE_LOCAL, .failed_in = lane->item->series.headline};
	int r;

	engine->slot_ns = now_ns();
	r = lane->kind->start(&start, &lane->probe);
	if (r == 0)
		return;
	failed.error = -r;
	take_result(lane, &failed);
}

static void forget_names(Engine *engine)
{
	for (size_t i = 0; i < engine->run->n; i++)
		resolver_remove(STEAL(engine->lanes[i].name));
}

static void begin(Engine *engine)
{
	forget_names(engine);
	for (size_t i = 0; i < engine->run->n; i++)
		if (engine->run->items[i].series.address.family != 0)
			engine->active[engine->n_active++] = i;
	engine->begun_ns = now_ns();
	engine->run->started_realtime_ns = clock_realtime_ns(&clock_system);
	if (engine->n_active == 0)
		loop_stop(engine->loop, 0);
	else
		on_slot(engine);
}

static void on_timer(void *context)
{
	Engine *engine = context;

	if (engine->begun_ns == 0)
		begin(engine);
	else
		on_slot(engine);
}

static void on_signal(int number, void *context)
{
	Engine *engine = context;

	(void)number; /* both mean the same */
	engine->run->interrupted = true;
	loop_stop(engine->loop, 0);
}

/* --- building --- */

static int lane_start(Lane *lane)
{
	const ConfigUrl *url = &lane->item->target->url;

	lane->kind = probe_kind_find(url->scheme);
	if (!lane->kind)
		return -EPROTONOSUPPORT;
	lane->item->series.headline = lane->kind->headline;
	lane->item->series.rtt = lane->kind->rtt;
	lane->spec = (ProbeSpec){
		.host = url->host,
		.port = url->port,
		.target = url->target,
		.dns_type = url->dns_type,
		.timeout_ns = lane->engine->run->timeout_ns,
		.verify = lane->engine->params->verify,
		.ca_file = "",
		.body_limit_bytes = BODY_LIMIT,
	};
	return resolver_add(lane->engine->resolver, url->host, on_resolved, lane, &lane->name);
}

static int engine_start(Engine *engine)
{
	int r = loop_new(&engine->loop);

	if (r == 0)
		r = loop_add_signal(engine->loop, SIGINT, on_signal, engine);
	if (r == 0)
		r = loop_add_signal(engine->loop, SIGTERM, on_signal, engine);
	if (r == 0)
		r = loop_timer_new(engine->loop, on_timer, engine, &engine->timer);
	if (r == 0)
		r = resolver_new(&(ResolverParams){.loop = engine->loop, .clock = clock_system},
				 &engine->resolver);
	stamp_keep(&engine->shared.stamps); /* so that the first probe has stamps already */
	for (size_t i = 0; r == 0 && i < engine->run->n; i++) {
		engine->lanes[i] = (Lane){.engine = engine, .item = &engine->run->items[i]};
		engine->n_pending++;
		r = lane_start(&engine->lanes[i]);
	}
	return r;
}

static void engine_clear(Engine *engine)
{
	for (size_t i = 0; i < engine->run->n; i++) {
		Lane *lane = &engine->lanes[i];

		resolver_remove(lane->name);
		if (!lane->kind)
			continue;
		lane->kind->cancel(lane->probe);
		if (lane->kind->forget)
			lane->kind->forget(lane->memory);
	}
	resolver_free(engine->resolver);
	probe_shared_clear(&engine->shared);
	loop_timer_free(engine->timer);
	loop_free(engine->loop);
}

int measure_engine_run(const MeasureEngineParams *params, MeasureRun *run)
{
	_cleanup_free_ Lane *lanes = calloc(run->n, sizeof(*lanes));
	_cleanup_free_ size_t *active = calloc(run->n, sizeof(*active));
	Engine engine = {.params = params, .run = run, .lanes = lanes, .active = active};
	int r;

	if (!lanes || !active)
		return -ENOMEM;
	r = engine_start(&engine);
	if (r == 0)
		r = loop_run(engine.loop);
	engine_clear(&engine);
	return r;
}
