/* SPDX-License-Identifier: MIT */
/*
 * Marked and other connections in turn, each a probe of the tcp kind, one at a time, a moment
 * apart. A path that loses packets fails some of both: only what fails clearly more often when
 * marked is the doing of the metric. The shadow is taken down before the word is given.
 */
#include "daemon/shadow.h"

#include <errno.h>

#include "common/base.h"
#include "common/text.h"
#include "daemon/kern/route.h"

/* So many of each. */
#define PROBES 6
#define GAP_NS (200 * NSEC_PER_MSEC)
/* A lost SYN is repeated after a second; a probe that lost one counts as failed. */
#define TIMEOUT_NS (2 * NSEC_PER_SEC)
/* So many more failures of the marked are no accident. */
#define HARMFUL 2

struct Shadow {
	ShadowParams params;
	LoopTimer *timer;
	ProbeShared shared;
	ProbeMemory *memory;
	Probe *probe;       /* under way; NULL */
	uint64_t change_id; /* 0: idle */
	Address address;
	ProbeSpec spec;
	unsigned done, failed[2]; /* [1]: the marked ones */
};

static bool is_stream(const ConfigEndpoint *endpoint)
{
	return text_equal(endpoint->scheme, "tcp") || text_equal(endpoint->scheme, "tls") ||
	       text_equal(endpoint->scheme, "http") || text_equal(endpoint->scheme, "https");
}

/* The configuration of an endpoint with this address; NULL: there is none. */
static const ConfigEndpoint *find(const Shadow *shadow, const Address *address)
{
	size_t n;
	Endpoint *const *endpoints = watch_endpoints(shadow->params.watch, &n);

	for (size_t i = 0; i < n; i++) {
		const ConfigEndpoint *config;

		if (endpoints[i]->origin != ENDPOINT_CONFIGURED ||
		    !address_equal(&endpoint_target(endpoints[i], address->family)->address,
				   address))
			continue;
		config = config_find_endpoint(*shadow->params.config, endpoints[i]->name);
		if (config && is_stream(config))
			return config;
	}
	return NULL;
}

bool shadow_is_possible(const Shadow *shadow, const Address *address)
{
	return find(shadow, address) != NULL;
}

static void finish(Shadow *shadow)
{
	uint64_t change_id = shadow->change_id;
	char harm[160];
	bool harmful = shadow->failed[1] >= shadow->failed[0] + HARMFUL;

	shadow->change_id = 0;
	routes_shadow_clear(hands_routes(shadow->params.hands));
	(void)text_format(harm, sizeof(harm),
			  "%u of %u connections with it could not be made, %u of %u without it",
			  shadow->failed[1], PROBES, shadow->failed[0], PROBES);
	shadow->params.done(shadow->params.context, change_id, harmful ? harm : NULL);
}

static void on_result(void *context, const ProbeResult *result)
{
	Shadow *shadow = context;
	Probe *probe = STEAL(shadow->probe);

	shadow->failed[shadow->spec.mark != 0] += result->outcome != PROBE_OK;
	shadow->done++;
	probe_kind_tcp.cancel(probe);
	if (shadow->done == 2 * PROBES || loop_timer_set(shadow->timer, GAP_NS) < 0)
		finish(shadow);
}

static void on_timer(void *context)
{
	Shadow *shadow = context;
	ProbeStart start = {.loop = shadow->params.loop,
			    .clock = &shadow->params.clock,
			    .address = shadow->address,
			    .spec = &shadow->spec,
			    .shared = &shadow->shared,
			    .memory = &shadow->memory,
			    .done = on_result,
			    .context = shadow};

	shadow->spec.mark = shadow->done % 2 ? ROUTE_MARK : 0;
	if (probe_kind_tcp.start(&start, &shadow->probe) < 0)
		finish(shadow); /* no descriptor, no memory: that says nothing of the metric */
}

int shadow_begin(Shadow *shadow, const EngineAction *action, char *reason, size_t size)
{
	const Address *address = &action->changes[0].path;
	const ConfigEndpoint *config = find(shadow, address);
	int r;

	if (shadow->change_id)
		return -EBUSY;
	if (!config || action->n_changes == 0)
		return -ENOENT;
	r = hands_perform(shadow->params.hands, action, reason, size);
	if (r != 0)
		return r;
	shadow->address = *address;
	shadow->spec = (ProbeSpec){.host = "",
				   .port = config->port,
				   .target = "",
				   .ca_file = "",
				   .timeout_ns = TIMEOUT_NS,
				   .source = config->source};
	shadow->done = shadow->failed[0] = shadow->failed[1] = 0;
	r = loop_timer_set(shadow->timer, 0);
	if (r < 0) {
		routes_shadow_clear(hands_routes(shadow->params.hands));
		return r;
	}
	shadow->change_id = action->change_id;
	return 0;
}

int shadow_new(const ShadowParams *params, Shadow **ret_shadow)
{
	Shadow *shadow = calloc(1, sizeof(*shadow));
	int r;

	if (!shadow)
		return -ENOMEM;
	shadow->params = *params;
	r = loop_timer_new(params->loop, on_timer, shadow, &shadow->timer);
	if (r < 0) {
		free(shadow);
		return r;
	}
	*ret_shadow = shadow;
	return 0;
}

void shadow_free(Shadow *shadow)
{
	if (!shadow)
		return;
	if (shadow->change_id)
		routes_shadow_clear(hands_routes(shadow->params.hands));
	probe_kind_tcp.cancel(shadow->probe);
	loop_timer_free(shadow->timer);
	probe_shared_clear(&shadow->shared);
	free(shadow);
}
