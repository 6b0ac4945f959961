/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The flows and the paths of this host, both bounded: the least recently seen is evicted and
 * counted. One sweep = path_table_sweep_begin, any number of samples, path_table_sweep_end. A
 * sample seen twice in one sweep (a repeated dump) does no harm: deltas are against the last one.
 *
 * The epoch is the label of a trial's arm: flows first seen while it holds carry it for life, so
 * that connections born under one setting are never counted for another.
 */
#include "daemon/model/path.h"

#define PATH_TABLE_CAPACITY 4096
#define FLOW_TABLE_CAPACITY 32768

typedef struct PathTable PathTable;

typedef void (*PathTableObserver)(const Path *path, const FlowSample *sample,
				  const FlowDelta *delta, void *context);

/* An empty table for at most so many paths and flows. -ENOMEM */
int path_table_new(size_t path_capacity, size_t flow_capacity, PathTable **ret_table);
/* Frees it with all its paths and flows. */
void path_table_free(PathTable *table);
/* Sees every flow's delta; for the meter of a running trial. NULL: none. */
void path_table_set_observer(PathTable *table, PathTableObserver observer, void *context);

void path_table_sweep_begin(PathTable *table, uint64_t now_ns);
/* Loopback flows are ignored. */
void path_table_add(PathTable *table, const FlowSample *sample, const PathCaps *caps,
		    uint64_t now_ns);
/* Flows not seen since sweep_begin are gone (their destroy event may have told the rest); rolls the
 * windows. `complete` false (dump interrupted): nothing is dropped. */
void path_table_sweep_end(PathTable *table, uint64_t now_ns, bool complete);

/* New flows from now on carry `epoch`. Flows that exist keep theirs. */
void path_table_set_epoch(PathTable *table, uint32_t epoch);
uint32_t path_table_epoch(const PathTable *table);

Path *path_table_find(const PathTable *table, const Address *address);
size_t path_table_count(const PathTable *table);
size_t path_table_flow_count(const PathTable *table);
uint64_t path_table_paths_evicted(const PathTable *table);
uint64_t path_table_flows_evicted(const PathTable *table);
/* Bytes of bulk data moved (acked or received) in the last sweep: whether the host is busy. */
uint64_t path_table_last_sweep_bytes(const PathTable *table);
/* The paths, busiest (bytes since first seen) first; up to n. Returns how many. */
size_t path_table_top(const PathTable *table, const Path *ret_paths[], size_t n);
