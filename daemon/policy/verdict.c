/* SPDX-License-Identifier: MIT */
/*
 * Keep, if the benefit e-process reaches its threshold and the median difference is worth it; give
 * up as soon as harm is likely; stop after the last pair, since an effect that 60 pairs do not show
 * is not worth a setting that differs from the administrator's.
 */
#include "daemon/policy/verdict.h"

#include <math.h>

#include "common/stats.h"

/* What a re-test must still find, of the least effect that was worth a keep: half. It is a check of
 * something proven, and ten pairs of a true effect at the minimum lie below it half of the time. */
#define RETEST_SHARE 0.5

typedef enum Component {
	COMPONENT_SMALL,
	COMPONENT_LARGE,
	COMPONENT_PRIOR,
	_COMPONENTS,
} Component;

static const double weights[_COMPONENTS] = {
	[COMPONENT_SMALL] = VERDICT_WEIGHT_SMALL,
	[COMPONENT_LARGE] = 1 - VERDICT_WEIGHT_SMALL,
};

static double half_normal(const TrialRecord *record, int side)
{
	double sum = 0, squares = 0;

	for (unsigned i = 0; i < record->n_pairs; i++) {
		double d = CLAMP(record->differences[i], -VERDICT_CLIP, VERDICT_CLIP);

		sum += d;
		squares += d * d;
	}
	return stats_log_e(sum, squares, STATS_RHO, side);
}

static double log_e(const TrialRecord *record, int side)
{
	double logs[_COMPONENTS] = {
		[COMPONENT_SMALL] = half_normal(record, side),
		[COMPONENT_LARGE] = stats_log_bet(record->differences, record->n_pairs,
						  VERDICT_SLOPE, VERDICT_CAP, side),
	};
	double shares[_COMPONENTS];

	if (side * record->prior <= 0)
		return stats_log_mixture(logs, weights, COMPONENT_PRIOR);
	for (Component i = 0; i < COMPONENT_PRIOR; i++)
		shares[i] = weights[i] * (1 - VERDICT_WEIGHT_PRIOR);
	shares[COMPONENT_PRIOR] = VERDICT_WEIGHT_PRIOR;
	logs[COMPONENT_PRIOR] = stats_log_bet_on(record->differences, record->n_pairs,
						 record->prior, VERDICT_PRIOR_CAP);
	return stats_log_mixture(logs, shares, _COMPONENTS);
}

static bool still_there(const TrialRecord *record, const VerdictRule *rule)
{
	return record->log_e_benefit > 0 && record->effect >= RETEST_SHARE * rule->minimum;
}

static VerdictStep at_the_end(const TrialRecord *record, const VerdictRule *rule, unsigned last)
{
	if (!rule->retest)
		return record->n_pairs < last ? VERDICT_STEP_CONTINUE : VERDICT_STEP_EXHAUSTED;

	if (record->n_pairs >= last && still_there(record, rule))
		return VERDICT_STEP_KEEP;
	/* Undecided once: as many pairs again. */
	return record->n_pairs < MIN(2 * last, (unsigned)TRIAL_PAIRS_MAX) ? VERDICT_STEP_CONTINUE
									  : VERDICT_STEP_EXHAUSTED;
}

VerdictStep verdict_add_pair(TrialRecord *record, double difference, const VerdictRule *rule)
{
	unsigned last =
		rule->pairs_max ? MIN(rule->pairs_max, (unsigned)TRIAL_PAIRS_MAX) : TRIAL_PAIRS_MAX;

	if (record->n_pairs >= TRIAL_PAIRS_MAX)
		return VERDICT_STEP_EXHAUSTED;

	record->differences[record->n_pairs++] = difference;
	record->e_keep = rule->e_keep > 0 ? rule->e_keep : VERDICT_E_KEEP;
	record->log_e_benefit = log_e(record, +1);
	record->log_e_harm = log_e(record, -1);
	record->effect = stats_hodges_lehmann(record->differences, record->n_pairs);

	if (record->log_e_harm >= log(VERDICT_E_HARM))
		return VERDICT_STEP_HARM;
	if (record->log_e_benefit >= log(record->e_keep) &&
	    stats_median(record->differences, record->n_pairs) >= rule->minimum)
		return VERDICT_STEP_KEEP;
	return at_the_end(record, rule, last);
}
