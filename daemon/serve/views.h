/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the daemon knows, as the JSON of common/org.netopt.Daemon.varlink: one pure function per
 * object. Integers with their unit in the name; null for what is not known, never 0; always arrays.
 * The caller owns the result. NULL only when memory ran out (json_failed() remembers it).
 */
#include "common/json.h"
#include "common/window.h"
#include "daemon/model/endpoint.h"
#include "daemon/model/path.h"
#include "daemon/policy/change.h"
#include "daemon/tune/registry.h"

Json *view_window(WindowSpan span, const WindowSummary *summary);
Json *view_endpoint(const Endpoint *endpoint, uint64_t now_ns);
Json *view_path(const Path *path, uint64_t now_ns);
Json *view_tunable(TunableId id, const TunableState *state, uint64_t now_ns);
Json *view_change(const Change *change);

/* How much better the new values did, in permille of the old ones: of a switchback the estimated
 * effect, of a mechanical change the goodput. False: not known (yet). */
bool view_gain(const TrialRecord *trial, int64_t *ret_permille);

/* Nanoseconds of `since_ns` until `now_ns`, as usec; null if since_ns is 0 (never). */
void view_set_ago(Json *object, const char *key, uint64_t now_ns, uint64_t since_ns);
/* NULL and "" become null. */
void view_set_text(Json *object, const char *key, const char *text);
