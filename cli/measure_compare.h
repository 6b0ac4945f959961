/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Several targets beside each other, the quickest first. They were probed in turns, so each is
 * compared with the quickest round by round: what slowed both is in neither difference.
 */
#include "cli/measure_document.h"
#include "cli/settings.h"
#include "common/text.h"

/* How much longer one series takes than another. */
typedef struct MeasureDifference {
	size_t pairs; /* rounds in which both succeeded that were compared; 0: nothing is known */
	double us;    /* Hodges-Lehmann estimate */
	double low_us, high_us; /* 95 % of it by bootstrap */
} MeasureDifference;

void measure_difference(const MeasureSeries *series, const MeasureSeries *than,
			MeasureDifference *ret);
/* The item of the least median; run->n: none has one. */
size_t measure_quickest(const MeasureRun *run);
/* An empty line and the table. */
void measure_compare_append(const MeasureRun *run, const Settings *settings, Text *text);
