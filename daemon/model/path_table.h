/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The flows and the paths of this host, both bounded. A full table first merges addresses of one
 * prefix into a path of that prefix, then evicts the least recently seen; both are counted. Merged
 * are also at least PATH_ALIKE_SIBLINGS siblings that look alike, once the table is a quarter full.
 * The busiest quarter of what the table can hold, and what is pinned, stay exact. What was merged
 * stays so: addresses of a prefix that is a path belong to it.
 * One sweep = path_table_sweep_begin, any number of samples, path_table_sweep_end. A
 * sample seen twice in one sweep (a repeated dump) does no harm: deltas are against the last one.
 *
 * The epoch is the label of a trial's arm: flows first seen while it holds carry it for life, so
 * that connections born under one setting are never counted for another.
 */
#include "daemon/model/path.h"

#define PATH_TABLE_CAPACITY 4096
#define FLOW_TABLE_CAPACITY 32768

/* Paths that may keep a history of windows at a time, most bytes first: evidence is sought among
 * the 64 busiest. */
#define PATH_TABLE_HISTORIES 512
/* Paths whose starts are kept at a time, first come: no more can have a route of ours. One that had
 * no connection for ten minutes gives its place up. */
#define PATH_TABLE_STARTS 256

typedef struct PathTable PathTable;

typedef void (*PathTableObserver)(const Path *path, const FlowSample *sample,
				  const FlowDelta *delta, void *context);

/* An empty table for at most so many paths and flows. -ENOMEM */
int path_table_new(size_t path_capacity, size_t flow_capacity, PathTable **ret_table);
/* Frees it with all its paths and flows. */
void path_table_free(PathTable *table);
/* The lengths of prefixes into which addresses are merged (24 and 48 at first); 32 and 128: never.
 * Prefixes that were merged to other lengths before are left to be evicted. */
void path_table_set_prefixes(PathTable *table, unsigned ipv4_length, unsigned ipv6_length);
/* The paths of these addresses (a trial runs there, or a route of ours lies there) are neither
 * merged nor evicted; those pinned before are free again. Where there is no such path, nothing is
 * pinned. */
void path_table_pin(PathTable *table, const Address *addresses, size_t n);
/* The route of this address has these metrics of ours (NULL: none), as of the current sweep: see
 * path_expect(). To be said whenever it changes, and may be said again at any time. False: there is
 * no path of exactly this address, and nothing to remember it. */
bool path_table_expect(PathTable *table, const Address *address, const PathMetrics *metrics);
/* Sees every flow's delta; for the meter of a running trial. NULL: none. */
void path_table_set_observer(PathTable *table, PathTableObserver observer, void *context);

/*
 * From now on each sweep sees one of so many parts of the flows, in turn, and a flow is always in
 * the same part (kern/diag_filter.h). What is new in a part was born since that part was last
 * looked at, once every part has been; a path's `flows` are those seen so far in the present turn.
 * A flow is gone when its part was looked at twice without it, since the last call of this.
 */
void path_table_set_slices(PathTable *table, unsigned slices);
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

/* The path of an address: its own, or that of its prefix; NULL: neither. */
Path *path_table_find(const PathTable *table, const Address *address);
size_t path_table_count(const PathTable *table);
size_t path_table_flow_count(const PathTable *table);
uint64_t path_table_paths_evicted(const PathTable *table);
/* Paths that were merged into a prefix. */
uint64_t path_table_paths_merged(const PathTable *table);
uint64_t path_table_flows_evicted(const PathTable *table);
/* Bytes of bulk data moved (acked or received) in the last sweep: whether the host is busy. */
uint64_t path_table_last_sweep_bytes(const PathTable *table);
/* When this flow was first seen, and whether that was its birth; false: it is not known, or young.
 */
bool path_table_birth(const PathTable *table, uint64_t cookie, uint64_t *ret_ns, bool *ret_seen);
/* Any of path_table_count(), in no order. */
const Path *path_table_at(const PathTable *table, size_t index);
/* The paths, busiest (bytes since first seen) first; up to n. Returns how many. */
size_t path_table_top(const PathTable *table, const Path *ret_paths[], size_t n);
