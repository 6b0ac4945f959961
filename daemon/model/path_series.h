/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Quantiles of what flows say of a path, over the last 10 minutes and the last hour, in a fixed
 * amount of memory, whatever the traffic: there are 4,096 paths.
 *
 * Each series has four histograms of 32 bins next to each other: the 5 minutes in progress, the 5
 * before, and the half hours that those go into. The bins begin as narrow as common/histogram.h's
 * (1/128 either way) and double their width when the samples no longer fit; a bin that is full
 * halves all. So the error of a quantile is at most half a bin: 1 % while the samples lie within a
 * half octave, 6 % within four octaves, 25 % within sixteen; of queueing, of itself and 1 ms.
 * Count, mean, least and greatest are exact.
 *
 * Of the smoothed RTT the median and the 95th percentile of each of the last 36 times 5 minutes are
 * kept, too.
 *
 * As in common/window.h a window is the part in progress and the one before: of "10min" between 5
 * and 10 minutes, of "1h" between 30 and 60.
 */
#include "daemon/model/history.h"

typedef enum PathSeries {
	PATH_SRTT,     /* smoothed RTT of flows that just had something acknowledged */
	PATH_QUEUEING, /* the same less the floor of the path's epoch */
	PATH_CONNECT,  /* RTT of flows when they are first seen: of their handshake */
	_PATH_SERIES,
} PathSeries;

/* "srtt" "queueing" "connect" */
const char *path_series_name(PathSeries series);

#define PATH_BINS 32

typedef struct PathBins {
	uint32_t n; /* exact, saturating; the counts below are shares of it */
	uint32_t min_us, max_us;
	float sum_us;
	uint16_t base; /* of the first bin: histogram_index() >> shift */
	uint8_t shift;
	uint8_t counts[PATH_BINS];
} PathBins;

#define PATH_STEPS   36
#define PATH_STEP_NS (UINT64_C(300) * 1000000000)

/* As a HistoryStep. */
typedef struct PathStep {
	uint16_t p50, p95, count;
} PathStep;

typedef struct PathStatistics {
	uint32_t slot; /* number of the 5 minutes in progress, since the clock's zero */
	uint32_t half; /* number of the half hour that bins[2] is of */
	PathBins bins[4][_PATH_SERIES]; /* 5 min, 5 min before, half hour, half hour before */
	PathStep steps[PATH_STEPS];     /* of PATH_SRTT, before `slot`: by number */
} PathStatistics;

/* Zeroed is empty. A time before the slot in progress counts in it. */
void path_series_add(PathStatistics *statistics, PathSeries series, uint64_t now_ns, uint32_t us);
/* Adds all of `from`, to half a bin. */
void path_series_merge(PathStatistics *into, const PathStatistics *from, uint64_t now_ns);
/* NULL statistics, and spans other than WINDOW_10MIN and WINDOW_1H, are empty. */
void path_series_summarise(const PathStatistics *statistics, PathSeries series, WindowSpan span,
			   uint64_t now_ns, WindowSummary *ret);
/* The smoothed RTT in the 5 minutes of this number (of the clock, divided by PATH_STEP_NS); all
 * zero if nothing is known of them. Nothing is said of failures. */
void path_series_at(const PathStatistics *statistics, uint64_t number, HistoryPoint *ret);
