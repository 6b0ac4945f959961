/* SPDX-License-Identifier: MIT */
/*
 * A change as JSON. The record holds logarithms and ratios as doubles; the interface has integers
 * only, so they are scaled here, and what is not a finite number is not known.
 */
#include "daemon/serve/views.h"

#include <math.h>

#include "common/base.h"
#include "common/clock.h"

/* value * scale, rounded; null if that is no int64. */
static bool scale_double(double value, double scale, int64_t *ret)
{
	double scaled = round(value * scale);

	if (!isfinite(scaled) || fabs(scaled) > 9e18)
		return false;
	*ret = (int64_t)scaled;
	return true;
}

static void set_scaled(Json *object, const char *key, bool known, double value, double scale)
{
	int64_t scaled;

	if (known && scale_double(value, scale, &scaled))
		json_set_int(object, key, scaled);
	else
		json_set_null(object, key);
}

/* 0 means unknown in the record. */
static void set_nonzero(Json *object, const char *key, uint64_t value)
{
	if (value > 0)
		json_set_uint(object, key, value);
	else
		json_set_null(object, key);
}

bool view_gain(const TrialRecord *trial, int64_t *ret_permille)
{
	if (trial->kind == TRIAL_SWITCHBACK && trial->n_pairs > 0)
		return scale_double(expm1(trial->effect), 1000, ret_permille);
	if (trial->kind == TRIAL_MECHANICAL && trial->before_goodput_bps > 0 &&
	    trial->after_goodput_bps > 0)
		return scale_double(
			(double)trial->after_goodput_bps / (double)trial->before_goodput_bps - 1,
			1000, ret_permille);
	return false;
}

static Json *view_differences(const TrialRecord *trial)
{
	Json *differences = json_new_array();
	Json *holder = json_new_object(); /* reuses the null rule for single numbers */

	for (unsigned i = 0; i < MIN(trial->n_pairs, (unsigned)TRIAL_PAIRS_MAX); i++) {
		set_scaled(holder, "value", true, trial->differences[i], 1000);
		json_append(differences, json_reference(json_get(holder, "value")));
	}
	json_free(holder);
	return differences;
}

static Json *view_trial(const TrialRecord *trial)
{
	bool compared = trial->kind == TRIAL_SWITCHBACK && trial->n_pairs > 0;
	int64_t gain = 0;
	bool has_gain = view_gain(trial, &gain);
	Json *json = json_new_object();

	json_set_string(json, "kind", trial_kind_name(trial->kind));
	view_set_text(json, "phase", trial->phase);
	json_set_uint(json, "pairs", trial->n_pairs);
	json_set_uint(json, "pairsDropped", trial->n_dropped);
	json_set(json, "differencesMilliLog", view_differences(trial));
	set_scaled(json, "gainPermille", has_gain, (double)gain, 1);
	set_scaled(json, "gainLowPermille", compared, expm1(trial->effect_low), 1000);
	set_scaled(json, "gainHighPermille", compared, expm1(trial->effect_high), 1000);
	set_scaled(json, "logEBenefitMilli", compared, trial->log_e_benefit, 1000);
	set_scaled(json, "logEHarmMilli", compared, trial->log_e_harm, 1000);
	set_scaled(json, "logEKeepMilli", trial->kind == TRIAL_SWITCHBACK && trial->e_keep > 0,
		   log(trial->e_keep), 1000);
	set_scaled(json, "priorMilliLog", trial->prior != 0, trial->prior, 1000);
	set_nonzero(json, "beforeGoodputBps", trial->before_goodput_bps);
	set_nonzero(json, "afterGoodputBps", trial->after_goodput_bps);
	set_nonzero(json, "beforeSrttP90Usec", trial->before_srtt_p90_us);
	set_nonzero(json, "afterSrttP90Usec", trial->after_srtt_p90_us);
	set_scaled(json, "beforeRetransPpm",
		   trial->kind != TRIAL_NONE && trial->before_retrans >= 0, trial->before_retrans,
		   1e6);
	set_scaled(json, "afterRetransPpm", trial->kind != TRIAL_NONE && trial->after_retrans >= 0,
		   trial->after_retrans, 1e6);
	json_set_uint(json, "flowsBefore", trial->flows_before);
	json_set_uint(json, "flowsAfter", trial->flows_after);
	return json;
}

const char *view_value(TunableId id, const TunableValue *value, char *buffer, size_t size)
{
	if (tunable_is_route(id) && tunable_is_unset(value))
		return "unset";
	return tunable_format(value, buffer, size);
}

Json *view_settings(const Change *change)
{
	Json *settings = json_new_array();

	for (size_t i = 0; i < change->n_tunables; i++) {
		const ChangeTunable *tunable = &change->tunables[i];
		char text[TUNABLE_WORD_MAX];
		Json *setting = json_new_object();

		json_set_string(setting, "key", tunables[tunable->id].key);
		json_set_string(setting, "old",
				view_value(tunable->id, &tunable->old_value, text, sizeof(text)));
		json_set_string(setting, "new",
				view_value(tunable->id, &tunable->new_value, text, sizeof(text)));
		json_append(settings, setting);
	}
	return settings;
}

Json *view_evidence(const Evidence *evidence)
{
	Json *items = json_new_array();

	for (size_t i = 0; i < evidence->n_items; i++) {
		Json *item = json_new_object();

		json_set_string(item, "name", evidence->items[i].name);
		json_set_int(item, "value", evidence->items[i].value);
		json_append(items, item);
	}
	return items;
}

static void set_retests(Json *json, const Change *change, uint64_t now_ns)
{
	Json *hours = json_new_array();
	Json *holder = json_new_object();

	for (unsigned hour = 0; hour < 24; hour++) {
		if (!(change->hours >> hour & 1))
			continue;
		json_set_uint(holder, "hour", hour);
		json_append(hours, json_reference(json_get(holder, "hour")));
	}
	json_free(holder);
	json_set_bool(json, "provisional", change->provisional);
	json_set_uint(json, "retests", change->retests);
	view_set_known(json, "retestUsec", change->retest_ns > 0,
		       change->retest_ns > now_ns ? (change->retest_ns - now_ns) / NSEC_PER_USEC
						  : 0);
	view_set_known(json, "retestOf", change->retest_of > 0, change->retest_of);
	json_set(json, "hoursUtc", hours);
}

Json *view_change(const Change *change, uint64_t now_ns)
{
	char address[ADDRESS_TEXT_MAX];
	Json *json = json_new_object();

	json_set_uint(json, "id", change->id);
	json_set_string(json, "controller", change->controller);
	json_set_string(json, "path",
			change->path.family ? address_format(&change->path, address) : NULL);
	json_set_string(json, "state", change_state_name(change->state));
	json_set_string(json, "verdict", change_verdict_name(change->verdict));
	json_set_bool(json, "inForce", change->in_force);
	json_set_uint(json, "proposedRealtimeUsec", change->proposed_realtime_ns / NSEC_PER_USEC);
	set_nonzero(json, "decidedRealtimeUsec", change->decided_realtime_ns / NSEC_PER_USEC);
	json_set(json, "tunables", view_settings(change));
	json_set_string(json, "summary", change->evidence.summary);
	json_set_string(json, "formula", change->evidence.formula);
	json_set(json, "evidence", view_evidence(&change->evidence));
	json_set(json, "trial", view_trial(&change->trial));
	set_retests(json, change, now_ns);
	json_set_bool(json, "held", change_is_held(change, now_ns));
	view_set_known(json, "heldUsec",
		       change_is_held(change, now_ns) && change->held_until_ns != UINT64_MAX,
		       (change->held_until_ns - now_ns) / NSEC_PER_USEC);
	view_set_text(json, "reason", change->reason);
	return json;
}
