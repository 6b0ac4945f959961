/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The probes of one target, all of them, so that every quantile is that of the samples and not of
 * buckets. Pure: results come in with their time.
 *
 * A failure is a loss with its reason and never a latency; what is a lack of our own (no
 * descriptors, no permission) is neither.
 */
#include "common/probe_result.h"
#include "daemon/model/decompose.h"

#define MEASURE_EXPLANATIONS_MAX 16 /* differing ones; more are not told */
#define MEASURE_EXPLANATION_MAX  160

typedef struct MeasureSample {
	uint64_t at_ns; /* end of the probe, since the beginning of the measurement */
	ProbeOutcome outcome;
	uint32_t wall_us;
	/* Only when PROBE_OK, see ProbeResult: */
	uint32_t phases;
	uint32_t phases_us[_PROBE_PHASES];
	/* Otherwise: */
	ProbePhase failed_in;
	uint32_t syn_retransmits;
	int error;               /* positive errno or 0 */
	const char *explanation; /* the series', or NULL */
} MeasureSample;

typedef struct MeasureSeries {
	ProbePhase headline, rtt; /* as of ProbeKind */
	Address address;          /* family 0: none was found */
	bool has_resolve;         /* the name came over DNS ... */
	uint32_t resolve_us;      /* ... in so long */
	MeasureSample *samples;
	size_t n, allocated;
	bool has_facts;
	ProbeFacts facts; /* the last that were told */
	char *explanations[MEASURE_EXPLANATIONS_MAX];
	size_t n_explanations;
} MeasureSeries;

void measure_series_clear(MeasureSeries *series);
/* -ENOMEM */
int measure_series_add(MeasureSeries *series, uint64_t at_ns, const ProbeResult *result);

/* One phase of all probes. Percentiles of too few are not known (WINDOW_MIN_... of window.h). */
typedef struct MeasurePhase {
	uint64_t n; /* 0: it never took place, nothing else is valid */
	uint32_t min_us, mean_us, max_us;
	bool has_p50, has_p95, has_p99;
	uint32_t p50_us, p95_us, p99_us;
} MeasurePhase;

/* The values of a phase in ascending order, the caller's to free; NULL: none, or no memory. */
uint32_t *measure_series_values(const MeasureSeries *series, ProbePhase phase, size_t *ret_n);
/* By nearest rank: a value that was measured. n > 0, permille 1..1000 */
uint32_t measure_quantile(const uint32_t *sorted, size_t n, unsigned permille);
void measure_series_phase(const MeasureSeries *series, ProbePhase phase, MeasurePhase *ret);

typedef struct MeasureCounts {
	uint64_t attempts, successes, losses, local; /* attempts is the sum of the others */
} MeasureCounts;
void measure_series_count(const MeasureSeries *series, MeasureCounts *ret);

/* The medians split into the parts that the time is made of; no samples: nothing can be said. */
void measure_series_decompose(const MeasureSeries *series, Decomposition *ret);
