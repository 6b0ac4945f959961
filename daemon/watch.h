/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The endpoints being watched: ties each [Endpoint] of the configuration to its model (Endpoint)
 * and to its prober. A reload keeps the history of what did not change.
 */
#include "daemon/config/config.h"
#include "daemon/model/endpoint.h"
#include "daemon/probe/prober.h"

typedef struct Watch Watch;

/* Watches nothing yet. The prober must outlive it. -ENOMEM */
int watch_new(Prober *prober, const Clock *clock, Watch **ret_watch);
/* Stops all probing. */
void watch_free(Watch *watch);
/* Adds, removes and changes endpoints until they are those of the configuration. -ENOMEM: what
 * could be set up is. */
int watch_configure(Watch *watch, const Config *config);
Endpoint *const *watch_endpoints(const Watch *watch, size_t *ret_n);
