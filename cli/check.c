/* SPDX-License-Identifier: MIT */
#include "cli/check.h"

#include <inttypes.h>

#include "cli/endpoint.h"
#include "cli/reply.h"
#include "common/human.h"

/* The measures, and the members of a window and of an endpoint that are about them. */
static const struct {
	const char *name, *key, *target;
} measures[_MEASURES] = {
	[MEASURE_P50] = {"p50", "p50Usec", "targetP50Usec"},
	[MEASURE_P95] = {"p95", "p95Usec", "targetP95Usec"},
	[MEASURE_P99] = {"p99", "p99Usec", "targetP99Usec"},
	[MEASURE_LOSS] = {"loss", "lossPermille", NULL},
};

const char *check_state_name(CheckState state)
{
	static const char *const names[] = {
		[CHECK_OK] = "ok",
		[CHECK_UNKNOWN] = "unknown",
		[CHECK_WARNING] = "warning",
		[CHECK_CRITICAL] = "critical",
	};

	return names[state];
}

static bool is_set(const SettingsLimit *limit)
{
	return limit->warning >= 0 || limit->critical >= 0;
}

void check_limits(const Settings *settings, const Json *endpoint, SettingsLimit *ret_limits)
{
	bool any = false;

	for (size_t i = 0; i < _MEASURES; i++) {
		ret_limits[i] = settings->limits[i];
		any = any || is_set(&settings->limits[i]);
	}
	for (size_t i = 0; i < _MEASURES && !any; i++)
		if (measures[i].target)
			ret_limits[i] = (SettingsLimit){
				-1, json_int(json_get(endpoint, measures[i].target), -1)};
}

static const char *format(SettingsMeasure measure, int64_t value, char *buffer)
{
	return measure == MEASURE_LOSS ? human_permille(value, false, buffer)
				       : human_latency((uint64_t)value, buffer);
}

static void append_comma(Text *text)
{
	text_append(text, text->length > 0 ? ", " : "");
}

static CheckState check_measure(SettingsMeasure measure, const SettingsLimit *limit, int64_t value,
				Text *problems)
{
	bool critical = limit->critical >= 0 && value > limit->critical;
	bool warning = limit->warning >= 0 && value > limit->warning;
	char have[HUMAN_MAX], may[HUMAN_MAX];

	if (!is_set(limit))
		return CHECK_OK;
	if (value < 0) {
		append_comma(problems);
		text_appendf(problems, "%s: too few samples", measures[measure].name);
		return CHECK_UNKNOWN;
	}
	if (!critical && !warning)
		return CHECK_OK;
	append_comma(problems);
	text_appendf(problems, "%s %s > %s", measures[measure].name, format(measure, value, have),
		     format(measure, critical ? limit->critical : limit->warning, may));
	return critical ? CHECK_CRITICAL : CHECK_WARNING;
}

static int64_t measured(const Json *endpoint, SettingsMeasure measure)
{
	return json_int(json_get(endpoint_window(endpoint), measures[measure].key), -1);
}

/* An endpoint that does not answer has no latency that could be judged. */
static bool is_judged(const Json *endpoint, CheckState *ret_state, Text *problems)
{
	const char *state = reply_word(endpoint, "state");

	if (text_equal(state, "up"))
		return true;
	*ret_state = text_equal(state, "down") || text_equal(state, "unresolved") ? CHECK_CRITICAL
										  : CHECK_UNKNOWN;
	text_append(problems, state);
	if (json_get(endpoint, "resolveError"))
		text_appendf(problems, " (%s)", reply_word(endpoint, "resolveError"));
	return false;
}

CheckState check_endpoint(const Settings *settings, const Json *endpoint, Text *problems)
{
	CheckState worst = CHECK_OK;
	SettingsLimit limits[_MEASURES];

	if (!is_judged(endpoint, &worst, problems))
		return worst;
	check_limits(settings, endpoint, limits);
	for (SettingsMeasure i = 0; i < _MEASURES; i++) {
		CheckState state = check_measure(i, &limits[i], measured(endpoint, i), problems);

		worst = MAX(worst, state);
	}
	return worst;
}

/* What may be in a label: all but quotes, "=" and "|", which plugins cannot say. */
static void append_label(const char *name, Text *text)
{
	for (; *name; name++)
		text_append_bytes(text,
				  *name == '\'' || *name == '=' || *name == '|' ||
						  (unsigned char)*name < 0x20
					  ? "_"
					  : name,
				  1);
}

static void append_number(SettingsMeasure measure, int64_t value, Text *text)
{
	if (value >= 0 && measure == MEASURE_LOSS)
		text_appendf(text, "%" PRId64 ".%" PRId64, value / 10, value % 10);
	else if (value >= 0)
		text_appendf(text, "%" PRId64, value);
}

void check_append_data(const Settings *settings, const Json *endpoint, Text *text)
{
	SettingsLimit limits[_MEASURES];

	check_limits(settings, endpoint, limits);
	for (SettingsMeasure i = 0; i < _MEASURES; i++) {
		int64_t value = measured(endpoint, i);

		if (value < 0)
			continue;
		text_append(text, text->length > 0 ? " '" : "'");
		append_label(reply_word(endpoint, "name"), text);
		text_appendf(text, " %s'=", measures[i].name);
		append_number(i, value, text);
		text_append(text, i == MEASURE_LOSS ? "%;" : "us;");
		append_number(i, limits[i].warning, text);
		text_append(text, ";");
		append_number(i, limits[i].critical, text);
		text_append(text, i == MEASURE_LOSS ? ";0;100" : ";0");
	}
}
