/* SPDX-License-Identifier: MIT */
/*
 * What a reload changes. Endpoints are the same if their names are: where a section stands in which
 * file is no difference.
 */
#include "daemon/config/config.h"

#include <string.h>

#include "common/base.h"
#include "common/text.h"

static bool needs_restart(const Config *a, const Config *b)
{
	return !text_equal(a->state_directory, b->state_directory) ||
	       !text_equal(a->socket, b->socket);
}

static bool netns_equal(const Config *a, const Config *b)
{
	if (a->netns_all != b->netns_all || a->n_netns != b->n_netns)
		return false;
	for (size_t i = 0; i < a->n_netns; i++)
		if (!text_equal(a->netns[i], b->netns[i]))
			return false;
	return true;
}

static bool sensors_equal(const Config *a, const Config *b)
{
	return a->discover == b->discover && a->probe_peers == b->probe_peers &&
	       a->cpu_budget_ppm == b->cpu_budget_ppm && a->prefix_ipv4 == b->prefix_ipv4 &&
	       a->prefix_ipv6 == b->prefix_ipv6 && netns_equal(a, b);
}

static bool daemon_equal(const Config *a, const Config *b)
{
	return a->mode == b->mode && a->on_stop == b->on_stop && a->interval_ns == b->interval_ns &&
	       a->log_level == b->log_level && sensors_equal(a, b) && !needs_restart(a, b);
}

static bool congestion_equal(const Config *a, const Config *b)
{
	if (a->congestion != b->congestion || a->n_congestion_allowed != b->n_congestion_allowed)
		return false;
	for (size_t i = 0; i < a->n_congestion_allowed; i++)
		if (!text_equal(a->congestion_allowed[i], b->congestion_allowed[i]))
			return false;
	return true;
}

static bool scope_equal(const Config *a, const Config *b)
{
	return memcmp(a->knobs, b->knobs, sizeof(a->knobs)) == 0 &&
	       a->per_destination == b->per_destination &&
	       a->exploration_permille == b->exploration_permille &&
	       a->override_sysctl == b->override_sysctl;
}

static bool tuning_equal(const Config *a, const Config *b)
{
	return congestion_equal(a, b) && a->buffers == b->buffers &&
	       a->buffers_max_bytes == b->buffers_max_bytes && a->fast_open == b->fast_open &&
	       a->fast_open_bits == b->fast_open_bits &&
	       a->memory_budget_permille == b->memory_budget_permille &&
	       a->memory_budget_bytes == b->memory_budget_bytes && a->objective == b->objective &&
	       scope_equal(a, b);
}

/* What is read from the URL, but not how it is written: tls://a is tls://a:443. */
static bool same_destination(const ConfigEndpoint *a, const ConfigEndpoint *b)
{
	return text_equal(a->scheme, b->scheme) && text_equal(a->host, b->host) &&
	       a->port == b->port && text_equal(a->target, b->target) && a->dns_type == b->dns_type;
}

bool config_endpoint_same_probe(const ConfigEndpoint *a, const ConfigEndpoint *b)
{
	return same_destination(a, b) && a->interval_ns == b->interval_ns &&
	       a->timeout_ns == b->timeout_ns && a->family == b->family &&
	       address_equal(&a->source, &b->source) && a->verify == b->verify &&
	       text_equal(a->ca_file, b->ca_file) && a->body_limit_bytes == b->body_limit_bytes;
}

bool config_endpoint_equal(const ConfigEndpoint *a, const ConfigEndpoint *b)
{
	return config_endpoint_same_probe(a, b) && text_equal(a->name, b->name) &&
	       text_equal(a->url, b->url) && text_equal(a->group, b->group) &&
	       a->target_p50_ns == b->target_p50_ns && a->target_p95_ns == b->target_p95_ns &&
	       a->target_p99_ns == b->target_p99_ns && a->has_objective == b->has_objective &&
	       a->objective == b->objective;
}

ConfigDiff config_diff(const Config *old_config, const Config *new_config)
{
	ConfigDiff diff = {
		.daemon = !daemon_equal(old_config, new_config),
		.tuning = !tuning_equal(old_config, new_config),
		.needs_restart = needs_restart(old_config, new_config),
	};

	for (size_t i = 0; i < old_config->n_endpoints; i++)
		if (!config_find_endpoint(new_config, old_config->endpoints[i].name))
			diff.removed++;

	for (size_t i = 0; i < new_config->n_endpoints; i++) {
		const ConfigEndpoint *endpoint = &new_config->endpoints[i];
		const ConfigEndpoint *before = config_find_endpoint(old_config, endpoint->name);
		if (!before)
			diff.added++;
		else if (!config_endpoint_equal(before, endpoint))
			diff.changed++;
	}
	return diff;
}
