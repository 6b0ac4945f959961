/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the daemon knows, as the JSON of common/org.netopt.Daemon.varlink: one pure function per
 * object. Integers with their unit in the name; null for what is not known, never 0; always arrays.
 * The caller owns the result. NULL only when memory ran out (json_failed() remembers it).
 */
#include "common/json.h"
#include "common/window.h"
#include "daemon/kern/netstat.h"
#include "daemon/kern/process.h"
#include "daemon/kern/rtnl.h"
#include "daemon/kern/tcp_metrics.h"
#include "daemon/model/decompose.h"
#include "daemon/model/path.h"
#include "daemon/policy/change.h"
#include "daemon/serve/control.h"
#include "daemon/tune/registry.h"

/* The span of what is decomposed, and of what the slowest are chosen by. */
#define VIEW_SPAN WINDOW_10MIN

Json *view_window(WindowSpan span, const WindowSummary *summary);
/* `syn_linear`: see decompose_syn_retransmits(). */
Json *view_endpoint(const Endpoint *endpoint, unsigned syn_linear, uint64_t now_ns);
Json *view_path(const Path *path, uint64_t now_ns);
/* `administered`: the file of sysctl.d that sets it, or NULL. */
Json *view_tunable(TunableId id, const TunableState *state, const char *administered,
		   uint64_t now_ns);
Json *view_change(const Change *change, uint64_t now_ns);
Json *view_route(const ControlRoute *route, uint64_t now_ns);
/* With the family of one target of the endpoint. */
Json *view_slow(const Endpoint *endpoint, const EndpointTarget *target,
		const Decomposition *decomposition, uint64_t now_ns);

/* NULL without samples: nothing can be said. */
Json *view_decomposition(const Decomposition *decomposition);

/* `process` NULL: unknown, or not asked for. */
Json *view_flow(const FlowSample *sample, const Process *process);
Json *view_listener(const FlowSample *sample, const Process *process);
Json *view_metric(const TcpMetric *metric);
Json *view_link(const Link *link);
Json *view_gateway(const Gateway *gateway);
Json *view_counters(const Counters *counters); /* those that are present; NULL: none */
Json *view_sockets(const SocketCounts *counts);
Json *view_netns(const ControlNetns *netns, uint64_t now_ns);

/* A value as people read it: that of a route which has none of ours is "unset". `buffer` of at
 * least TUNABLE_WORD_MAX. */
const char *view_value(TunableId id, const TunableValue *value, char *buffer, size_t size);

/* How much better the new values did, in permille of the old ones: of a switchback the estimated
 * effect, of a mechanical change the goodput. False: not known (yet). */
bool view_gain(const TrialRecord *trial, int64_t *ret_permille);

/* Nanoseconds of `since_ns` until `now_ns`, as usec; null if since_ns is 0 (never). */
void view_set_ago(Json *object, const char *key, uint64_t now_ns, uint64_t since_ns);
/* NULL and "" become null. */
void view_set_text(Json *object, const char *key, const char *text);
/* The value, or null. */
void view_set_known(Json *object, const char *key, bool known, uint64_t value);
/* floorUsec, floorPreviousUsec, pathEpoch, pathSinceAgoUsec: of an endpoint's target or of a path.
 */
void view_set_floor(Json *object, const Floor *floor, uint64_t now_ns);
/* null if unset */
void view_set_address(Json *object, const char *key, const Address *address);
