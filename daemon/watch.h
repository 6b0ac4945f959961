/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The endpoints being watched: ties each [Endpoint] of the configuration, and each endpoint that
 * was discovered, to its model (Endpoint) and to its prober. Whatever stays what it was keeps its
 * history.
 *
 * A discovered peer may be watched without probes (scheme "flow"): then its latency is what the
 * host's own flows to it say.
 */
#include "daemon/config/config.h"
#include "daemon/model/endpoint.h"
#include "daemon/model/path_table.h"
#include "daemon/probe/prober.h"

typedef struct Watch Watch;

/* An endpoint that nobody configured. */
typedef struct WatchItem {
	EndpointOrigin origin;
	ConfigEndpoint config;
} WatchItem;

#define WATCH_SCHEME_FLOW "flow"

/* Watches nothing yet. The prober must outlive it. -ENOMEM */
int watch_new(Prober *prober, const Clock *clock, Watch **ret_watch);
/* Stops all probing. */
void watch_free(Watch *watch);
/* Adds, removes and changes endpoints until the configured ones are those of the configuration.
 * -ENOMEM: what could be set up is. */
int watch_configure(Watch *watch, const Config *config);
/* Likewise for those that were discovered. One whose name is that of a configured endpoint is
 * passed over. */
int watch_discovered(Watch *watch, const WatchItem *items, size_t n);
/* One sample for each endpoint without probes whose flows moved data since `since_ns`. */
void watch_flows(Watch *watch, const PathTable *paths, uint64_t since_ns);
/* The configured ones first, in their order. Valid until the next change. */
Endpoint *const *watch_endpoints(const Watch *watch, size_t *ret_n);
