/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the screen of `watch` knows: the last update of the daemon, taken apart, and what only the
 * course of several tells: the recent medians of an endpoint, the rates of a path, when a change
 * changed. Pure: updates and the time come in. An update is a reply of the method Monitor.
 *
 * Rows are flat, so that the whole can be copied, which is what a paused display shows.
 */
#include "common/json.h"
#include "common/text.h"

#define WATCH_NAME_MAX  64 /* with its NUL; as in the configuration */
#define WATCH_WORD_MAX  16
#define WATCH_LONG_MAX  192
#define WATCH_TREND_MAX 48
/* From a daemon that keeps no history, the median of the last minute is taken so often. */
#define WATCH_TREND_STEP_NS (UINT64_C(5) * 1000000000)
#define WATCH_ENDPOINTS_MAX 1000
#define WATCH_PATHS_MAX     1000
#define WATCH_CHANGES_MAX   500 /* then the oldest is forgotten */
#define WATCH_RATE_SAMPLES  6   /* at most one a second: a rate is of the last 5 seconds */

/* Whatever is unknown is -1, or "". */
typedef struct WatchEndpoint {
	char name[WATCH_NAME_MAX];
	char group[WATCH_NAME_MAX];
	char state[WATCH_WORD_MAX];
	char slo[WATCH_WORD_MAX];
	int64_t p50_us, p95_us, p99_us, loss_permille; /* of 10 minutes */
	int64_t trend_us[WATCH_TREND_MAX];             /* the newest last */
	size_t n_trend;
	uint64_t trend_ns; /* of the newest */
} WatchEndpoint;

typedef struct WatchCounted {
	uint64_t when_ns;
	int64_t sent_bytes, received_bytes;
} WatchCounted;

typedef struct WatchPath {
	char name[WATCH_NAME_MAX];    /* "192.0.2.0/24" */
	char address[WATCH_NAME_MAX]; /* "192.0.2.0" */
	char congestion[WATCH_WORD_MAX];
	char setting[WATCH_LONG_MAX]; /* of ours: "congctl bbr" */
	int64_t flows, sending_bps, receiving_bps, srtt_us, floor_us, lost_ppm;
	WatchCounted counted[WATCH_RATE_SAMPLES]; /* the newest last */
	size_t n_counted;
} WatchPath;

typedef struct WatchChange {
	int64_t id;
	char controller[WATCH_NAME_MAX];
	char path[WATCH_NAME_MAX];
	char outcome[WATCH_WORD_MAX]; /* its verdict once it has one, else its state */
	char values[WATCH_LONG_MAX]; /* "net.ipv4.tcp_rmem: OLD -> NEW", of a route "congctl: OLD ->
					NEW" */
	char setting[WATCH_LONG_MAX]; /* of a route, while in force: "congctl bbr" */
	int64_t gain_permille;
	bool has_gain, in_force, provisional;
	int64_t proposed_us; /* of the wall clock */
	uint64_t changed_ns; /* when we saw it change; 0: it was so when we came */
} WatchChange;

/* Zero-initialise. */
typedef struct WatchData {
	bool known; /* there was an update */
	int64_t realtime_us;
	char health[WATCH_WORD_MAX];
	char reasons[4 * WATCH_LONG_MAX]; /* separated by "; " */
	WatchEndpoint *endpoints;
	WatchPath *paths;
	WatchChange *changes; /* by id, the newest first */
	size_t n_endpoints, n_paths, n_changes;
} WatchData;

void watch_data_clear(WatchData *data);
/* Takes an update in. `first`: of a connection: what an earlier daemon told of changes is void.
 * -ENOMEM: nothing, or only a part of it, was taken. */
int watch_data_apply(WatchData *data, const Json *update, bool first, uint64_t now_ns);
/* Replaces the contents of `to`. -ENOMEM: as it was. */
int watch_data_copy(WatchData *to, const WatchData *from);
size_t watch_data_down(const WatchData *data);     /* endpoints that do not answer */
size_t watch_data_in_force(const WatchData *data); /* changes */
