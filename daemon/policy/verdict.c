/* SPDX-License-Identifier: MIT */
/*
 * Keep, if the benefit e-process reaches 1/alpha and the median difference is worth it; give up as
 * soon as harm is likely; stop after TRIAL_PAIRS_MAX pairs, since an effect that 60 pairs do not
 * show is not worth a setting that differs from the administrator's.
 */
#include "daemon/policy/verdict.h"

#include <math.h>

#include "common/stats.h"

static void update_e(TrialRecord *record)
{
	double sum = 0, squares = 0;

	for (unsigned i = 0; i < record->n_pairs; i++) {
		double d = CLAMP(record->differences[i], -VERDICT_CLIP, VERDICT_CLIP);

		sum += d;
		squares += d * d;
	}
	record->log_e_benefit = stats_log_e(sum, squares, STATS_RHO, +1);
	record->log_e_harm = stats_log_e(sum, squares, STATS_RHO, -1);
}

VerdictStep verdict_add_pair(TrialRecord *record, double difference, double minimum)
{
	if (record->n_pairs >= TRIAL_PAIRS_MAX)
		return VERDICT_STEP_EXHAUSTED;

	record->differences[record->n_pairs++] = difference;
	update_e(record);
	record->effect = stats_hodges_lehmann(record->differences, record->n_pairs);

	if (record->log_e_harm >= log(VERDICT_E_HARM))
		return VERDICT_STEP_HARM;
	if (record->log_e_benefit >= log(VERDICT_E_KEEP) &&
	    stats_median(record->differences, record->n_pairs) >= minimum)
		return VERDICT_STEP_KEEP;
	return record->n_pairs == TRIAL_PAIRS_MAX ? VERDICT_STEP_EXHAUSTED : VERDICT_STEP_CONTINUE;
}
