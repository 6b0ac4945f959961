/* SPDX-License-Identifier: MIT */
/*
 * One Watched per endpoint, in the order of the configuration. State changes (up, down, unresolved,
 * target met or missed) are logged once each; single failed probes only at debug level.
 */
#include "daemon/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"

typedef struct Watched {
	Watch *watch;
	Endpoint *endpoint;
	ProberEndpoint *probes;
	ConfigEndpoint config;
	EndpointState logged_state;
	EndpointSlo logged_slo;
} Watched;

struct Watch {
	Prober *prober;
	const Clock *clock;
	Watched **watched;
	Endpoint **endpoints; /* the same, for readers */
	size_t n;
};

static void watched_free(Watched *watched)
{
	if (!watched)
		return;

	prober_remove(watched->probes);
	endpoint_free(watched->endpoint);
	free(watched);
}

int watch_new(Prober *prober, const Clock *clock, Watch **ret_watch)
{
	Watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return -ENOMEM;

	watch->prober = prober;
	watch->clock = clock;
	*ret_watch = watch;
	return 0;
}

void watch_free(Watch *watch)
{
	if (!watch)
		return;

	for (size_t i = 0; i < watch->n; i++)
		watched_free(watch->watched[i]);
	free(watch->watched);
	free(watch->endpoints);
	free(watch);
}

static void log_state(Watched *watched)
{
	EndpointState state = endpoint_state(watched->endpoint);
	LogField field = {"NETOPT_ENDPOINT", watched->config.name};
	bool bad = state == ENDPOINT_DOWN || state == ENDPOINT_UNRESOLVED;

	if (state == watched->logged_state)
		return;
	watched->logged_state = state;
	log_structured(bad ? LOG_WARNING : LOG_INFO, NULL, &field, 1, "endpoint %s (%s) is %s%s%s",
		       watched->config.name, watched->config.url, endpoint_state_name(state),
		       state == ENDPOINT_UNRESOLVED ? ": " : "",
		       state == ENDPOINT_UNRESOLVED ? watched->endpoint->resolve_error : "");
}

static void log_slo(Watched *watched)
{
	EndpointSlo slo =
		endpoint_slo(watched->endpoint, clock_monotonic_ns(watched->watch->clock));
	LogField field = {"NETOPT_ENDPOINT", watched->config.name};
	bool missed = slo == ENDPOINT_SLO_MISSED;

	if (slo == watched->logged_slo || slo == ENDPOINT_SLO_NONE)
		return;
	if (missed || watched->logged_slo == ENDPOINT_SLO_MISSED)
		log_structured(missed ? LOG_WARNING : LOG_NOTICE, NULL, &field, 1,
			       "endpoint %s %s its target of p99 <= %" PRIu64 " us",
			       watched->config.name, missed ? "misses" : "meets again",
			       watched->config.target_p99_ns / NSEC_PER_USEC);
	watched->logged_slo = slo;
}

static void on_resolved(void *context, const Address *ipv4, const Address *ipv6, const char *error)
{
	Watched *watched = context;
	Endpoint *endpoint = watched->endpoint;

	endpoint->resolving = false;
	endpoint_set_address(endpoint, AF_INET, ipv4);
	endpoint_set_address(endpoint, AF_INET6, ipv6);
	(void)text_copy(endpoint->resolve_error, sizeof(endpoint->resolve_error),
			error ? error : "");
	if (!error)
		endpoint->resolved_ns = clock_monotonic_ns(watched->watch->clock);
	log_state(watched);
}

static void on_result(void *context, const ProbeResult *result)
{
	Watched *watched = context;
	char address[ADDRESS_TEXT_MAX];

	if (endpoint_add_result(watched->endpoint, result) < 0)
		return; /* no memory for this one sample: its absence is all the harm */
	if (result->outcome != PROBE_OK)
		log_debug("endpoint %s: probe of %s: %s", watched->config.name,
			  address_format(&result->address, address),
			  probe_outcome_name(result->outcome));
	log_state(watched);
	log_slo(watched);
}

static void on_late(void *context, uint64_t n)
{
	((Watched *)context)->endpoint->late_probes += n;
}

static const ProberCallbacks callbacks = {on_resolved, on_result, on_late};

static int watched_new(Watch *watch, const ConfigEndpoint *config, Watched **ret)
{
	Watched *watched = calloc(1, sizeof(*watched));
	ProberSpec spec = {.scheme = "tcp",
			   .host = config->host,
			   .port = config->port,
			   .interval_ns = config->interval_ns,
			   .timeout_ns = config->timeout_ns};
	int r;

	if (!watched)
		return -ENOMEM;
	*watched = (Watched){.watch = watch, .config = *config};
	r = endpoint_new(config->name, config->url, config->target_p99_ns, &watched->endpoint);
	if (r >= 0)
		r = prober_add(watch->prober, &spec, &callbacks, watched, &watched->probes);
	if (r < 0) {
		watched_free(watched);
		return r;
	}
	*ret = watched;
	return 0;
}

static Watched *take(Watch *watch, const ConfigEndpoint *config)
{
	for (size_t i = 0; i < watch->n; i++) {
		Watched *watched = watch->watched[i];

		if (!watched || !config_endpoint_equal(&watched->config, config))
			continue;
		watch->watched[i] = NULL;
		return watched;
	}
	return NULL;
}

int watch_configure(Watch *watch, const Config *config)
{
	Watched **watched = calloc(config->n_endpoints + 1, sizeof(*watched));
	Endpoint **endpoints = calloc(config->n_endpoints + 1, sizeof(*endpoints));
	size_t n = 0;
	int r = 0;

	if (!watched || !endpoints) {
		free(watched);
		free(endpoints);
		return -ENOMEM;
	}
	for (size_t i = 0; i < config->n_endpoints; i++) {
		Watched *one = take(watch, &config->endpoints[i]);
		int k = one ? 0 : watched_new(watch, &config->endpoints[i], &one);

		if (k < 0) {
			r = k;
			continue;
		}
		watched[n] = one;
		endpoints[n++] = one->endpoint;
	}
	for (size_t i = 0; i < watch->n; i++)
		watched_free(watch->watched[i]);
	free(watch->watched);
	free(watch->endpoints);
	watch->watched = watched;
	watch->endpoints = endpoints;
	watch->n = n;
	return r;
}

Endpoint *const *watch_endpoints(const Watch *watch, size_t *ret_n)
{
	*ret_n = watch->n;
	return watch->endpoints;
}
