/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Sentences about what was measured.
 */
#include "cli/measure_series.h"
#include "common/json.h"
#include "common/text.h"

/* What most of the time is, and why; nothing if nothing can be said. */
void measure_words_mostly(const MeasureSeries *series, Text *text);
/* What a connection that is kept open would take instead; nothing if that is not known. */
void measure_words_kept(const MeasureSeries *series, Text *text);
/* "1 of 20 (5.0 %): timeout in connect 1"; `failures` as the document has them. */
void measure_words_loss(const MeasureSeries *series, const Json *failures, Text *text);
