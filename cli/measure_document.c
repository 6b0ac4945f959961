/* SPDX-License-Identifier: MIT */
#include "cli/measure_document.h"

#include <math.h>
#include <string.h>

#include "cli/measure_advice.h"
#include "cli/measure_compare.h"
#include "common/clock.h"
#include "common/probe_facts.h"

static void set_known(Json *object, const char *key, bool known, uint64_t value)
{
	if (known)
		json_set_uint(object, key, value);
	else
		json_set_null(object, key);
}

static Json *phase_json(const MeasureSeries *series, ProbePhase phase)
{
	MeasurePhase summary;
	Json *json;

	measure_series_phase(series, phase, &summary);
	if (summary.n == 0)
		return NULL;
	json = json_new_object();
	json_set_string(json, "phase", probe_phase_name(phase));
	json_set_uint(json, "count", summary.n);
	json_set_uint(json, "minUsec", summary.min_us);
	json_set_uint(json, "meanUsec", summary.mean_us);
	set_known(json, "p50Usec", summary.has_p50, summary.p50_us);
	set_known(json, "p95Usec", summary.has_p95, summary.p95_us);
	set_known(json, "p99Usec", summary.has_p99, summary.p99_us);
	json_set_uint(json, "maxUsec", summary.max_us);
	return json;
}

static Json *phases_json(const MeasureSeries *series)
{
	Json *phases = json_new_array();

	for (ProbePhase phase = 0; phase < _PROBE_PHASES; phase++) {
		Json *json = phase_json(series, phase);

		if (json)
			json_append(phases, json);
	}
	return phases;
}

static void append_failure(Json *failures, const MeasureSample *sample, uint64_t n)
{
	Json *json = json_new_object();

	json_set_string(json, "reason", probe_outcome_name(sample->outcome));
	json_set_string(json, "failedIn", probe_phase_name(sample->failed_in));
	json_set_uint(json, "count", n);
	json_set_string(json, "explanation", sample->explanation);
	json_append(failures, json);
}

/* Each reason once, in the order they came; the explanation is the first's. */
static Json *failures_json(const MeasureSeries *series)
{
	uint64_t counts[_PROBE_OUTCOMES][_PROBE_PHASES] = {{0}};
	Json *failures = json_new_array();

	for (size_t i = 0; i < series->n; i++)
		counts[series->samples[i].outcome][series->samples[i].failed_in]++;
	for (size_t i = 0; i < series->n; i++) {
		const MeasureSample *sample = &series->samples[i];
		uint64_t *n = &counts[sample->outcome][sample->failed_in];

		if (sample->outcome != PROBE_OK && *n > 0)
			append_failure(failures, sample, *n);
		*n = 0;
	}
	return failures;
}

static Json *decomposition_json(const MeasureSeries *series)
{
	Decomposition decomposition;
	Json *json, *parts;

	measure_series_decompose(series, &decomposition);
	if (decomposition.samples == 0)
		return NULL;
	json = json_new_object();
	parts = json_new_array();
	json_set_uint(json, "samples", decomposition.samples);
	json_set_uint(json, "rounds", decomposition.rounds);
	set_known(json, "floorUsec", decomposition.has_floor, decomposition.floor_us);
	json_set_uint(json, "totalUsec", decomposition.total_us);
	for (DecompositionPart part = 0; part < _PARTS; part++) {
		Json *one;

		if (!decomposition.has[part])
			continue;
		one = json_new_object();
		json_set_string(one, "part", decomposition_part_name(part));
		json_set_uint(one, "usec", decomposition.us[part]);
		json_append(parts, one);
	}
	json_set(json, "parts", parts);
	return json;
}

static Json *sample_json(const MeasureSample *sample)
{
	Json *json = json_new_object(), *phases = json_new_array();
	bool failed = sample->outcome != PROBE_OK;

	json_set_uint(json, "atUsec", sample->at_ns / NSEC_PER_USEC);
	json_set_string(json, "outcome", probe_outcome_name(sample->outcome));
	json_set_string(json, "failedIn", failed ? probe_phase_name(sample->failed_in) : NULL);
	json_set_string(json, "error", sample->error > 0 ? strerror(sample->error) : NULL);
	json_set_string(json, "explanation", sample->explanation);
	json_set_uint(json, "synRetransmits", sample->syn_retransmits);
	set_known(json, "wallUsec", sample->wall_us > 0, sample->wall_us);
	for (ProbePhase phase = 0; phase < _PROBE_PHASES; phase++) {
		Json *one;

		if (!(sample->phases & 1U << phase))
			continue;
		one = json_new_object();
		json_set_string(one, "phase", probe_phase_name(phase));
		json_set_uint(one, "usec", sample->phases_us[phase]);
		json_append(phases, one);
	}
	json_set(json, "phases", phases);
	return json;
}

static void set_target(Json *json, const MeasureTarget *target, const Address *address)
{
	char buffer[ADDRESS_TEXT_MAX];
	const char *family = address->family == AF_INET    ? "ipv4"
			     : address->family == AF_INET6 ? "ipv6"
							   : NULL;

	json_set_string(json, "url", target->text);
	json_set_string(json, "scheme", target->url.scheme);
	json_set_string(json, "host", target->url.host[0] ? target->url.host : NULL);
	set_known(json, "port", target->url.port > 0, target->url.port);
	json_set_string(json, "family", family);
	json_set_string(json, "address", family ? address_format(address, buffer) : NULL);
}

static void set_counts(Json *json, const MeasureSeries *series)
{
	MeasureCounts counts;
	uint64_t judged;

	measure_series_count(series, &counts);
	judged = counts.successes + counts.losses;
	json_set_uint(json, "attempts", counts.attempts);
	json_set_uint(json, "successes", counts.successes);
	json_set_uint(json, "losses", counts.losses);
	json_set_uint(json, "localFailures", counts.local);
	set_known(json, "lossPermille", judged > 0,
		  judged > 0 ? (counts.losses * 1000 + judged / 2) / judged : 0);
}

/* null: it is the quickest, or nothing is known. */
static Json *difference_json(const MeasureRun *run, size_t item, size_t quickest)
{
	MeasureDifference difference;
	Json *json;

	if (item == quickest || quickest == run->n)
		return NULL;
	measure_difference(&run->items[item].series, &run->items[quickest].series, &difference);
	if (difference.pairs == 0)
		return NULL;
	json = json_new_object();
	json_set_uint(json, "pairs", difference.pairs);
	json_set_int(json, "usec", lround(difference.us));
	json_set_int(json, "lowUsec", lround(difference.low_us));
	json_set_int(json, "highUsec", lround(difference.high_us));
	return json;
}

static Json *samples_json(const MeasureSeries *series)
{
	Json *samples = json_new_array();

	for (size_t i = 0; i < series->n; i++)
		json_append(samples, sample_json(&series->samples[i]));
	return samples;
}

static Json *item_json(const MeasureItem *item)
{
	const MeasureSeries *series = &item->series;
	_cleanup_(text_clear) Text problem = {.data = NULL};
	Json *json = json_new_object();

	set_target(json, item->target, &series->address);
	set_known(json, "resolveUsec", series->has_resolve, series->resolve_us);
	json_set_string(json, "resolveError", *item->resolve_error ? item->resolve_error : NULL);
	json_set_string(json, "headline", probe_phase_name(series->headline));
	set_counts(json, series);
	json_set(json, "failuresByReason", failures_json(series));
	json_set(json, "phases", phases_json(series));
	json_set(json, "decomposition", decomposition_json(series));
	probe_facts_set(json, series->has_facts ? &series->facts : NULL);
	json_set_string(json, "problem",
			measure_advice(item, &problem) ? text_string(&problem) : NULL);
	return json;
}

Json *measure_document(const MeasureRun *run, bool samples)
{
	Json *json = json_new_object(), *targets = json_new_array();
	size_t quickest = measure_quickest(run);

	json_set_uint(json, "startedRealtimeUsec", run->started_realtime_ns / NSEC_PER_USEC);
	set_known(json, "count", run->count > 0, run->count);
	json_set_uint(json, "intervalUsec", run->interval_ns / NSEC_PER_USEC);
	json_set_uint(json, "timeoutUsec", run->timeout_ns / NSEC_PER_USEC);
	json_set_bool(json, "interrupted", run->interrupted);
	for (size_t i = 0; i < run->n; i++) {
		Json *target = item_json(&run->items[i]);

		json_set(target, "slowerThanQuickest", difference_json(run, i, quickest));
		if (samples)
			json_set(target, "samples", samples_json(&run->items[i].series));
		json_append(targets, target);
	}
	json_set(json, "targets", targets);
	return json;
}
