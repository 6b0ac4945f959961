/* SPDX-License-Identifier: MIT */
#include "cli/measure_series.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "common/text.h"
#include "common/window.h"

void measure_series_clear(MeasureSeries *series)
{
	for (size_t i = 0; i < series->n_explanations; i++)
		free(series->explanations[i]);
	free(series->samples);
	*series = (MeasureSeries){.headline = series->headline, .rtt = series->rtt};
}

/* Ours, of the same words. NULL: there is none, or there are too many. */
static const char *keep_explanation(MeasureSeries *series, const char *explanation)
{
	char *copy;

	if (!explanation)
		return NULL;
	for (size_t i = 0; i < series->n_explanations; i++)
		if (strncmp(series->explanations[i], explanation, MEASURE_EXPLANATION_MAX - 1) == 0)
			return series->explanations[i];
	if (series->n_explanations == MEASURE_EXPLANATIONS_MAX)
		return NULL;
	copy = strndup(explanation, MEASURE_EXPLANATION_MAX - 1);
	if (copy)
		series->explanations[series->n_explanations++] = copy;
	return copy;
}

static int reserve(MeasureSeries *series)
{
	size_t allocated = series->allocated ? 2 * series->allocated : 64;
	MeasureSample *samples;

	if (series->n < series->allocated)
		return 0;
	samples = reallocarray(series->samples, allocated, sizeof(*samples));
	if (!samples)
		return -ENOMEM;
	series->samples = samples;
	series->allocated = allocated;
	return 0;
}

/* Facts of different probes add up: one that failed early has not seen what another has. */
static void learn(MeasureSeries *series, const ProbeFacts *facts)
{
	if (!facts)
		return;
	series->has_facts = true;
	if (facts->has_tls && (facts->tls.trust != TRUST_UNKNOWN || !series->facts.has_tls))
		series->facts.tls = facts->tls;
	if (facts->has_http && (facts->http.status > 0 || !series->facts.has_http))
		series->facts.http = facts->http;
	if (facts->has_dns)
		series->facts.dns = facts->dns;
	if (facts->has_icmp && (facts->icmp.ttl > 0 || !series->facts.has_icmp))
		series->facts.icmp = facts->icmp;
	series->facts.has_tls = series->facts.has_tls || facts->has_tls;
	series->facts.has_http = series->facts.has_http || facts->has_http;
	series->facts.has_dns = series->facts.has_dns || facts->has_dns;
	series->facts.has_icmp = series->facts.has_icmp || facts->has_icmp;
}

int measure_series_add(MeasureSeries *series, uint64_t at_ns, const ProbeResult *result)
{
	MeasureSample *sample;
	int r = reserve(series);

	if (r < 0)
		return r;
	sample = &series->samples[series->n++];
	*sample = (MeasureSample){
		.at_ns = at_ns,
		.outcome = result->outcome,
		.wall_us = result->wall_us,
		.failed_in = result->failed_in,
		.syn_retransmits = result->syn_retransmits,
		.error = result->error,
		.explanation = keep_explanation(series, result->explanation),
	};
	if (result->outcome == PROBE_OK) {
		sample->phases = result->phases;
		memcpy(sample->phases_us, result->phases_us, sizeof(sample->phases_us));
	}
	learn(series, result->facts);
	return 0;
}

static int compare(const void *left, const void *right)
{
	const uint32_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

uint32_t *measure_series_values(const MeasureSeries *series, ProbePhase phase, size_t *ret_n)
{
	uint32_t *values;
	size_t n = 0;

	*ret_n = 0;
	if (series->n == 0)
		return NULL;
	values = calloc(series->n, sizeof(*values));
	if (!values)
		return NULL;
	for (size_t i = 0; i < series->n; i++)
		if (series->samples[i].phases & 1U << phase)
			values[n++] = series->samples[i].phases_us[phase];
	if (n == 0) {
		free(values);
		return NULL;
	}
	qsort(values, n, sizeof(*values), compare);
	*ret_n = n;
	return values;
}

uint32_t measure_quantile(const uint32_t *sorted, size_t n, unsigned permille)
{
	size_t rank = (n * permille + 999) / 1000;

	assert(n > 0);
	return sorted[CLAMP(rank, (size_t)1, n) - 1];
}

void measure_series_phase(const MeasureSeries *series, ProbePhase phase, MeasurePhase *ret)
{
	MeasurePhase summary = {0};
	_cleanup_free_ uint32_t *values = NULL;
	uint64_t sum_us = 0;
	size_t n;

	if (phase == PHASE_RESOLVE && series->has_resolve) {
		summary = (MeasurePhase){.n = 1,
					 .min_us = series->resolve_us,
					 .mean_us = series->resolve_us,
					 .max_us = series->resolve_us};
		*ret = summary;
		return;
	}
	values = measure_series_values(series, phase, &n);
	if (values) {
		for (size_t i = 0; i < n; i++)
			sum_us += values[i];
		summary = (MeasurePhase){
			.n = n,
			.min_us = values[0],
			.mean_us = (uint32_t)((sum_us + n / 2) / n),
			.max_us = values[n - 1],
			.has_p50 = n >= WINDOW_MIN_P50,
			.has_p95 = n >= WINDOW_MIN_P95,
			.has_p99 = n >= WINDOW_MIN_P99,
			.p50_us = measure_quantile(values, n, 500),
			.p95_us = measure_quantile(values, n, 950),
			.p99_us = measure_quantile(values, n, 990),
		};
	}
	*ret = summary;
}

void measure_series_count(const MeasureSeries *series, MeasureCounts *ret)
{
	MeasureCounts counts = {.attempts = series->n};

	for (size_t i = 0; i < series->n; i++) {
		ProbeOutcome outcome = series->samples[i].outcome;

		if (outcome == PROBE_OK)
			counts.successes++;
		else if (probe_outcome_is_local(outcome))
			counts.local++;
		else
			counts.losses++;
	}
	*ret = counts;
}

void measure_series_decompose(const MeasureSeries *series, Decomposition *ret)
{
	DecomposeMedians medians = {
		.rtt = series->rtt,
		.tls_rounds = series->facts.has_tls ? series->facts.tls.rounds : 1,
	};
	MeasurePhase least, cached;

	for (ProbePhase phase = 0; phase < _PROBE_PHASES; phase++) {
		size_t n;
		_cleanup_free_ uint32_t *values = measure_series_values(series, phase, &n);

		if (!values)
			continue;
		medians.has[phase] = true;
		medians.us[phase] = measure_quantile(values, n, 500);
		if (phase == series->headline)
			medians.samples = n;
	}
	measure_series_phase(series, series->rtt < _PROBE_PHASES ? series->rtt : PHASE_ANSWER,
			     &least);
	measure_series_phase(series, PHASE_CACHED, &cached);
	medians.has_floor = least.n > 0;
	medians.floor_us = least.min_us;
	if (series->rtt >= _PROBE_PHASES && cached.n > 0)
		medians.floor_us = MIN(least.min_us, cached.min_us);
	decompose_medians(&medians, ret);
}
