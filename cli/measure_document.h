/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What was measured, as one JSON document: the output of --json, and what the text is written from,
 * so that both say the same. Names and shapes are those of the daemon's endpoints where there are
 * such: integers with their unit in the name, null for what is not known, lists always lists.
 */
#include "cli/measure_series.h"
#include "cli/measure_target.h"
#include "common/json.h"

#define MEASURE_RESOLVE_ERROR_MAX 128
#define MEASURE_PROBES_MAX        100000 /* of one target: what is kept of them is bounded */

/* One target and how it went. */
typedef struct MeasureItem {
	const MeasureTarget *target;
	int family; /* AF_UNSPEC: one that this host can reach */
	MeasureSeries series;
	char resolve_error[MEASURE_RESOLVE_ERROR_MAX]; /* "": resolved */
} MeasureItem;

typedef struct MeasureRun {
	MeasureItem *items;
	size_t n;
	uint64_t count; /* probes of each target that were asked for; 0: until interrupted */
	uint64_t interval_ns, timeout_ns;
	uint64_t started_realtime_ns;
	bool interrupted;
} MeasureRun;

/* The caller's; NULL only when memory ran out. Samples of which there may be many: only if asked
 * for. */
Json *measure_document(const MeasureRun *run, bool samples);
