/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The decision of a switchback trial from its paired differences. Anytime-valid: it may be asked
 * after every pair without inflating the error. Pure arithmetic on TrialRecord.
 *
 * The e-value is a mixture of e-processes, and so is one itself:
 *  small: the half-normal mixture of differences clipped to +-VERDICT_CLIP, tuned to effects of 5
 * to 20 %. Clipping is odd, so conditional symmetry (and with it validity) is untouched; it keeps
 * one incident from drowning the pairs before it. Alone it needs 9 pairs at least. large: a bet on
 * the sign of each difference, by its size: cautious below 20 %, all but 1 - CAP beyond a factor of
 * two. So six pairs prove what is obvious. prior: if an effect was learned before, a bet on just
 * that.
 */
#include "daemon/policy/change.h"

/* Twice the upper end of the effects (5 to 20 %) for which rho is tuned would add nothing. */
#define VERDICT_CLIP         0.2
#define VERDICT_SLOPE        2.0
#define VERDICT_CAP          0.9
#define VERDICT_WEIGHT_SMALL 0.5
#define VERDICT_WEIGHT_PRIOR 0.5
#define VERDICT_PRIOR_CAP    0.95
/* 1 / alpha with alpha = 0.05, one-sided. */
#define VERDICT_E_KEEP 20.0
/* Harm is believed sooner than benefit: a false alarm only costs an opportunity. */
#define VERDICT_E_HARM 5.0

typedef enum VerdictStep {
	VERDICT_STEP_CONTINUE,
	VERDICT_STEP_KEEP,
	VERDICT_STEP_HARM,
	VERDICT_STEP_EXHAUSTED, /* the last pair and no proof: not kept */
} VerdictStep;

typedef struct VerdictRule {
	double minimum;     /* the least median difference worth keeping, ln units */
	double e_keep;      /* 0: VERDICT_E_KEEP */
	unsigned pairs_max; /* 0: TRIAL_PAIRS_MAX */
	/* Of something proven before: after pairs_max pairs it is kept if harm is not likely, the
	 * evidence points the right way (e-value over 1) and the effect (Hodges-Lehmann) is half
	 * of the minimum at least. If not, once more as many pairs; then it is EXHAUSTED. */
	bool retest;
} VerdictRule;

/* Appends one pair (d > 0: the new setting was better) and updates e-values and effect;
 * record->prior is bet on. */
VerdictStep verdict_add_pair(TrialRecord *record, double difference, const VerdictRule *rule);
