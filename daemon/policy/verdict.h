/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The decision of a switchback trial from its paired differences. Anytime-valid: it may be asked
 * after every pair without inflating the error. Pure arithmetic on TrialRecord.
 *
 * The e-value is a mixture of e-processes, and so is one itself:
 *  - small: the half-normal mixture of differences clipped to +-VERDICT_CLIP, tuned to effects of
 *    5 to 20 %. Clipping is odd, so conditional symmetry (and with it validity) is untouched; it
 *    keeps one incident from drowning the pairs before it. Alone it needs 9 pairs at least.
 *  - large: a bet on the sign of each difference, by its size: next to nothing below 20 %, all but
 *    1 - CAP beyond a factor of two. So six pairs prove what is obvious.
 *  - prior: if an effect was learned before, a bet on just that.
 *
 * Measured, 1000 to 2000 runs each on drifting, heavy-tailed latencies (test_choices and others in
 * tests/unit/test_simulation.c). Of no effect: share kept, and false alarms of harm; of effects:
 * share kept, and after how many pairs.
 *
 *                               none        5 %         10 %         20 %  2x   10x
 *    small alone                .009 .067   .948 28.1   1.0  12.9    9.2  9.0  9.0
 *    both (in use)              .003 .044   .923 31.0   1.0  14.5   10.1  6.0  6.0
 *    weights 1/2 each           .002 .035   .907 31.9   1.0  15.1   10.3  6.0
 *    large from 30 % on         .005 .053   .930 30.5   1.0  14.1    8.9  6.0
 *    large from 60 % on         .002 .041   .921 31.1   1.0  14.6   10.2  6.8
 *    cap 0.8                    .003 .044   .921 31.1   1.0  14.6   10.2  7.0
 *    signs of any size          .019 .084   .916 27.5   .999 10.0    6.1  6.0
 *    in use, prior = effect                 .958 26.9   1.0  11.2
 *    in use, prior 10 %         .015 .044               1.0  11.2
 *
 * Where noise itself has the size of a twofold effect, six pairs alike come by chance once in 64
 * times: there about 2 % are kept of no effect, of the 5 % that the threshold allows.
 */
#include "daemon/policy/change.h"

/* Twice the upper end of the effects (5 to 20 %) for which rho is tuned would add nothing. */
#define VERDICT_CLIP 0.2
/* Where a difference begins to count as large: e^0.45, half as much again. */
#define VERDICT_LARGE        0.45
#define VERDICT_CAP          0.95
#define VERDICT_WEIGHT_SMALL 0.6
#define VERDICT_WEIGHT_PRIOR 0.25
#define VERDICT_PRIOR_CAP    0.9
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
