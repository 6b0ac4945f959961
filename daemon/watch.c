/* SPDX-License-Identifier: MIT */
/*
 * One Watched per endpoint: the configured ones in the order of the configuration, then those that
 * were discovered. Changes of state (up, down, unresolved, target met or missed, path changed) are
 * logged once each; single failed probes only at debug level.
 */
#include "daemon/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/base.h"
#include "common/clock.h"
#include "common/human.h"
#include "common/log.h"
#include "common/text.h"

typedef struct Watched {
	Watch *watch;
	Endpoint *endpoint;
	ProberEndpoint *probes; /* NULL: its latency comes from flows */
	EndpointOrigin origin;
	ConfigEndpoint config;
	EndpointState logged_state;
	EndpointSlo logged_slo;
	bool logged_permission;
} Watched;

struct Watch {
	Prober *prober;
	const Clock *clock;
	Watched **watched;
	Endpoint **endpoints; /* the same, for readers */
	size_t n, n_configured;
	ConfigObjective objective; /* of endpoints that name none */
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

/* --- what is logged --- */

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

static void append_target(Text *text, const char *name, uint64_t target_ns)
{
	char duration[HUMAN_MAX];

	if (target_ns == 0)
		return;
	text_appendf(text, "%s%s <= %s", text_string(text)[0] ? ", " : "", name,
		     human_latency(target_ns / NSEC_PER_USEC, duration));
}

static void log_slo(Watched *watched)
{
	const Endpoint *endpoint = watched->endpoint;
	EndpointSlo slo = endpoint_slo(endpoint, clock_monotonic_ns(watched->watch->clock));
	LogField field = {"NETOPT_ENDPOINT", watched->config.name};
	bool missed = slo == ENDPOINT_SLO_MISSED;
	Text targets = {0};

	if (slo == watched->logged_slo || slo == ENDPOINT_SLO_NONE)
		return;
	append_target(&targets, "p50", endpoint->target_p50_ns);
	append_target(&targets, "p95", endpoint->target_p95_ns);
	append_target(&targets, "p99", endpoint->target_p99_ns);
	if (missed || watched->logged_slo == ENDPOINT_SLO_MISSED)
		log_structured(missed ? LOG_WARNING : LOG_NOTICE, NULL, &field, 1,
			       "endpoint %s %s its target: %s", watched->config.name,
			       missed ? "misses" : "meets again", text_string(&targets));
	watched->logged_slo = slo;
	text_clear(&targets);
}

static void log_path_changed(const Watched *watched, const Floor *floor)
{
	LogField field = {"NETOPT_ENDPOINT", watched->config.name};
	char before[HUMAN_MAX], now[HUMAN_MAX];

	log_structured(LOG_NOTICE, NULL, &field, 1,
		       "endpoint %s: the path changed: its shortest round trip was %s and is %s",
		       watched->config.name, human_latency(floor->previous_us, before),
		       human_latency(floor->floor_us, now));
}

/* Nothing will change by itself: said once, where it is seen. */
static void log_permission(Watched *watched, const ProbeResult *result)
{
	LogField field = {"NETOPT_ENDPOINT", watched->config.name};

	if (result->outcome != PROBE_PERMISSION || watched->logged_permission)
		return;
	watched->logged_permission = true;
	log_structured(LOG_WARNING, NULL, &field, 1, "endpoint %s (%s) cannot be measured: %s",
		       watched->config.name, watched->config.url,
		       result->explanation ? result->explanation : "a permission is missing");
}

static void log_failure(const Watched *watched, const ProbeResult *result)
{
	char address[ADDRESS_TEXT_MAX];

	log_debug("endpoint %s: probe of %s: %s in %s%s%s", watched->config.name,
		  address_format(&result->address, address), probe_outcome_name(result->outcome),
		  probe_phase_name(result->failed_in), result->explanation ? ": " : "",
		  result->explanation ? result->explanation : "");
}

/* --- what the prober says --- */

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

static void add_result(Watched *watched, const ProbeResult *result)
{
	int r = endpoint_add_result(watched->endpoint, result);

	if (r < 0)
		return; /* no memory for this one sample: its absence is all the harm */
	if (result->outcome != PROBE_OK)
		log_failure(watched, result);
	log_permission(watched, result);
	if (r == ENDPOINT_PATH_CHANGED)
		log_path_changed(
			watched,
			&endpoint_target(watched->endpoint, result->address.family)->floor);
	log_state(watched);
	log_slo(watched);
}

static void on_result(void *context, const ProbeResult *result)
{
	add_result(context, result);
}

static void on_late(void *context, uint64_t n)
{
	((Watched *)context)->endpoint->late_probes += n;
}

/* Both families' addresses came with the one answer. */
static void on_lookup(void *context, uint64_t took_ns)
{
	Watched *watched = context;
	uint64_t now_ns = clock_monotonic_ns(watched->watch->clock);
	uint32_t us = (uint32_t)MIN(took_ns / NSEC_PER_USEC, (uint64_t)UINT32_MAX);

	(void)endpoint_add_phase(watched->endpoint, AF_INET, PHASE_RESOLVE, now_ns, us);
	(void)endpoint_add_phase(watched->endpoint, AF_INET6, PHASE_RESOLVE, now_ns, us);
}

static const ProberCallbacks callbacks = {on_resolved, on_result, on_late, on_lookup};

/* --- building --- */

static bool is_passive(const ConfigEndpoint *config)
{
	return text_equal(config->scheme, WATCH_SCHEME_FLOW);
}

static const char *objective_of(const Watch *watch, const ConfigEndpoint *config)
{
	return config_objective_name(config->has_objective ? config->objective : watch->objective);
}

static int make_endpoint(Watched *watched)
{
	const ConfigEndpoint *config = &watched->config;
	const ProbeKind *kind = probe_kind_find(config->scheme);
	EndpointSpec spec = {
		.name = config->name,
		.url = config->url,
		.scheme = config->scheme,
		.group = config->group,
		.objective = objective_of(watched->watch, config),
		.origin = watched->origin,
		.headline = kind ? kind->headline : PHASE_FLOW,
		.rtt = kind ? kind->rtt : PHASE_FLOW,
		.target_p50_ns = config->target_p50_ns,
		.target_p95_ns = config->target_p95_ns,
		.target_p99_ns = config->target_p99_ns,
	};

	return endpoint_new(&spec, &watched->endpoint);
}

static int start_probes(Watched *watched)
{
	static const int families[] = {[CONFIG_FAMILY_BOTH] = AF_UNSPEC,
				       [CONFIG_FAMILY_IPV4] = AF_INET,
				       [CONFIG_FAMILY_IPV6] = AF_INET6};
	const ConfigEndpoint *config = &watched->config;
	ProberSpec spec = {
		.scheme = config->scheme,
		.family = families[config->family],
		.interval_ns = config->interval_ns,
		.probe = {.host = config->host,
			  .port = config->port,
			  .target = config->target,
			  .dns_type = config->dns_type,
			  .timeout_ns = config->timeout_ns,
			  .verify = config->verify,
			  .ca_file = config->ca_file,
			  .body_limit_bytes = config->body_limit_bytes,
			  .source = config->source},
	};

	return prober_add(watched->watch->prober, &spec, &callbacks, watched, &watched->probes);
}

/* Its address is its host, and always was. */
static int start_passive(Watched *watched)
{
	Address address;
	int r = address_parse(watched->config.host, &address);

	if (r < 0)
		return r;
	watched->endpoint->resolving = false;
	endpoint_set_address(watched->endpoint, address.family, &address);
	return 0;
}

static int watched_new(Watch *watch, EndpointOrigin origin, const ConfigEndpoint *config,
		       Watched **ret)
{
	Watched *watched = calloc(1, sizeof(*watched));
	int r;

	if (!watched)
		return -ENOMEM;
	*watched = (Watched){.watch = watch, .origin = origin, .config = *config};
	r = make_endpoint(watched);
	if (r >= 0)
		r = is_passive(config) ? start_passive(watched) : start_probes(watched);
	if (r < 0) {
		watched_free(watched);
		return r;
	}
	*ret = watched;
	return 0;
}

/* What needs no new probes is changed where it stands, and the history stays. */
static void watched_update(Watched *watched, const ConfigEndpoint *config)
{
	Endpoint *endpoint = watched->endpoint;

	watched->config = *config;
	endpoint->target_p50_ns = config->target_p50_ns;
	endpoint->target_p95_ns = config->target_p95_ns;
	endpoint->target_p99_ns = config->target_p99_ns;
	endpoint->objective = objective_of(watched->watch, config);
	/* Of the same sizes: they fit. */
	(void)text_copy(endpoint->url, sizeof(endpoint->url), config->url);
	(void)text_copy(endpoint->group, sizeof(endpoint->group), config->group);
}

static Watched *take(Watch *watch, EndpointOrigin origin, const ConfigEndpoint *config)
{
	for (size_t i = 0; i < watch->n; i++) {
		Watched *watched = watch->watched[i];

		if (!watched || watched->origin != origin ||
		    !text_equal(watched->config.name, config->name) ||
		    !config_endpoint_same_probe(&watched->config, config))
			continue;
		watch->watched[i] = NULL;
		watched_update(watched, config);
		return watched;
	}
	return NULL;
}

/* A list that is being built, to take the place of the old one. */
typedef struct Building {
	Watch *watch;
	Watched **watched;
	Endpoint **endpoints;
	size_t n, n_configured;
	int r;
} Building;

static void build_one(Building *building, EndpointOrigin origin, const ConfigEndpoint *config)
{
	Watched *one = take(building->watch, origin, config);
	int r = one ? 0 : watched_new(building->watch, origin, config, &one);

	if (r < 0) {
		building->r = r;
		return;
	}
	building->watched[building->n] = one;
	building->endpoints[building->n++] = one->endpoint;
	building->n_configured += origin == ENDPOINT_CONFIGURED;
}

static void build_kept(Building *building, bool configured)
{
	Watch *watch = building->watch;

	for (size_t i = 0; i < watch->n; i++) {
		Watched *one = watch->watched[i];

		if (!one || (one->origin == ENDPOINT_CONFIGURED) != configured)
			continue;
		watch->watched[i] = NULL;
		building->watched[building->n] = one;
		building->endpoints[building->n++] = one->endpoint;
		building->n_configured += configured;
	}
}

static int building_begin(Building *building, Watch *watch, size_t n)
{
	*building = (Building){.watch = watch,
			       .watched = calloc(watch->n + n + 1, sizeof(Watched *)),
			       .endpoints = calloc(watch->n + n + 1, sizeof(Endpoint *))};
	if (building->watched && building->endpoints)
		return 0;
	free(building->watched);
	free(building->endpoints);
	return -ENOMEM;
}

static int building_end(Building *building)
{
	Watch *watch = building->watch;

	for (size_t i = 0; i < watch->n; i++)
		watched_free(watch->watched[i]);
	free(watch->watched);
	free(watch->endpoints);
	watch->watched = building->watched;
	watch->endpoints = building->endpoints;
	watch->n = building->n;
	watch->n_configured = building->n_configured;
	return building->r;
}

int watch_configure(Watch *watch, const Config *config)
{
	Building building;
	int r = building_begin(&building, watch, config->n_endpoints);

	if (r < 0)
		return r;
	watch->objective = config->objective;
	for (size_t i = 0; i < config->n_endpoints; i++)
		build_one(&building, ENDPOINT_CONFIGURED, &config->endpoints[i]);
	build_kept(&building, false);
	return building_end(&building);
}

static bool is_configured_name(const Building *building, const char *name)
{
	for (size_t i = 0; i < building->n_configured; i++)
		if (text_equal(building->watched[i]->config.name, name))
			return true;
	return false;
}

int watch_discovered(Watch *watch, const WatchItem *items, size_t n)
{
	Building building;
	int r = building_begin(&building, watch, n);

	if (r < 0)
		return r;
	build_kept(&building, true);
	for (size_t i = 0; i < n; i++)
		if (!is_configured_name(&building, items[i].config.name))
			build_one(&building, items[i].origin, &items[i].config);
	return building_end(&building);
}

/* --- flows --- */

static void add_flow_sample(Watched *watched, const PathTable *paths, uint64_t since_ns)
{
	EndpointTarget *target = &watched->endpoint->targets[ENDPOINT_IPV4];
	ProbeResult result = {.outcome = PROBE_OK};
	const Path *path;

	if (target->address.family == 0)
		target = &watched->endpoint->targets[ENDPOINT_IPV6];
	path = path_table_find(paths, &target->address);
	if (!path || path->last_seen_ns < since_ns || path->srtt_us == 0)
		return;
	result.address = target->address;
	result.when_ns = clock_monotonic_ns(watched->watch->clock);
	probe_result_set(&result, PHASE_FLOW, path->srtt_us * NSEC_PER_USEC);
	add_result(watched, &result);
}

void watch_flows(Watch *watch, const PathTable *paths, uint64_t since_ns)
{
	for (size_t i = watch->n_configured; i < watch->n; i++)
		if (!watch->watched[i]->probes)
			add_flow_sample(watch->watched[i], paths, since_ns);
}

Endpoint *const *watch_endpoints(const Watch *watch, size_t *ret_n)
{
	*ret_n = watch->n;
	return watch->endpoints;
}
