/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The handlers of the methods that list something. Each list has a limit, so that no reply is
 * larger than about 2 MiB whatever the host holds, and says how many there are in all.
 */
#include "daemon/serve/call.h"

/* An endpoint with both families and every phase of https is some 15 KiB. */
#define LIST_ENDPOINTS_MAX 100
/* Of the others, which are 0.3 to 2 KiB each. What a person reads is less, hence the defaults. */
#define LIST_MAX 1000

#define LIST_ENDPOINTS_DEFAULT LIST_ENDPOINTS_MAX
#define LIST_PATHS_DEFAULT     100
#define LIST_FLOWS_DEFAULT     50
#define LIST_LISTENERS_DEFAULT 200
#define LIST_METRICS_DEFAULT   200
#define LIST_LINKS_DEFAULT     200
#define LIST_NETNS_DEFAULT     100
#define LIST_ROUTES_DEFAULT    200

/* One for each method, with the arguments of its row in methods.c. */
void list_endpoints(Call *call); /* name, offset, limit */
void list_paths(Call *call);     /* limit, as all below */
void list_flows(Call *call);     /* and process */
void list_listeners(Call *call); /* and process */
void list_metrics(Call *call);
void list_links(Call *call);
void list_counters(Call *call); /* no argument */
void list_namespaces(Call *call);
void list_tunables(Call *call); /* no argument */
void list_routes(Call *call);

/* The endpoints [*ret_begin, *ret_end) that the arguments ask for: the one of that name, or at most
 * `limit` from `offset` on. False: there is none of that name, which the reply says. */
bool list_choose(Call *call, const ControlView *view, const ArgumentValue *name,
		 const ArgumentValue *offset, const ArgumentValue *limit, size_t *ret_begin,
		 size_t *ret_end);
/* The limit that was given, or `otherwise`. */
size_t list_limit(const ArgumentValue *limit, size_t otherwise);
