/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A measurement made by hand. For tests only.
 */
#include <errno.h>
#include <string.h>

#include "cli/measure_document.h"
#include "common/clock.h"
#include "tests/unit/harness.h"

static MeasureTarget target;
static MeasureItem items[3];
static MeasureRun run;

static inline void add_address(MeasureItem *item, const char *text)
{
	ck_assert_int_eq(address_parse(text, &item->series.address), 0);
}

/* One item, of an https URL, without samples. */
static inline void setup(void)
{
	ConfigFault fault;

	ck_assert_int_eq(measure_target_parse("https://www.example.net/", &target, &fault), 0);
	memset(items, 0, sizeof(items));
	for (size_t i = 0; i < ARRAY_SIZE(items); i++) {
		items[i].target = &target;
		items[i].series.headline = PHASE_TOTAL;
		items[i].series.rtt = PHASE_CONNECT;
		add_address(&items[i], "192.0.2.1");
	}
	run = (MeasureRun){.items = items,
			   .n = 1,
			   .count = 20,
			   .interval_ns = 200 * NSEC_PER_MSEC,
			   .timeout_ns = 3 * NSEC_PER_SEC};
}

static inline void teardown(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		measure_series_clear(&items[i].series);
}

static inline void add_failure(MeasureItem *item, ProbeOutcome outcome, ProbePhase in,
			       const char *explanation)
{
	ProbeResult result = {.outcome = outcome,
			      .failed_in = in,
			      .wall_us = 1000,
			      .error = outcome == PROBE_TIMEOUT ? ETIMEDOUT : 0,
			      .explanation = explanation};

	ck_assert_int_eq(measure_series_add(&item->series, 7 * NSEC_PER_MSEC, &result), 0);
}

/* One round trip of `rtt_us` for each of connect, tls and request; beyond them TLS takes 500 us,
 * the server 2000, the transfer 100, this host 50. */
static inline void add_https(MeasureItem *item, uint32_t rtt_us, const ProbeFacts *facts)
{
	ProbeResult result = {.outcome = PROBE_OK, .facts = facts};

	probe_result_set(&result, PHASE_CONNECT, rtt_us * NSEC_PER_USEC);
	probe_result_set(&result, PHASE_TLS, (rtt_us + 500) * NSEC_PER_USEC);
	probe_result_set(&result, PHASE_REQUEST, (rtt_us + 2000) * NSEC_PER_USEC);
	probe_result_set(&result, PHASE_TRANSFER, 100 * NSEC_PER_USEC);
	probe_result_set(&result, PHASE_REUSED, (rtt_us + 2000) * NSEC_PER_USEC);
	probe_result_set(&result, PHASE_OVERHEAD, 50 * NSEC_PER_USEC);
	probe_result_set(&result, PHASE_TOTAL, (3 * rtt_us + 2650) * NSEC_PER_USEC);
	ck_assert_int_eq(measure_series_add(&item->series, NSEC_PER_SEC, &result), 0);
}
