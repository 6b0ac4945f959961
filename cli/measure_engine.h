/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The measuring itself: names are resolved once, then each target is probed in turn, at most one
 * probe at a time, so that no target is measured under another load than the next. SIGINT and
 * SIGTERM end it; what was measured until then is there.
 */
#include "cli/measure_document.h"

typedef struct MeasureEngineParams {
	bool verify; /* certificates that are not trusted are failures */
	/* After each probe. */
	void (*sample)(void *context, const MeasureRun *run, size_t item);
	void *context;
} MeasureEngineParams;

/* Fills the series of the items, whose targets are set, and `interrupted`. Negative errno: it could
 * not even begin. A target that does not resolve has its `resolve_error` and no samples. */
int measure_engine_run(const MeasureEngineParams *params, MeasureRun *run);
