/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The decision of a switchback trial from its paired differences. Anytime-valid: it may be asked
 * after every pair without inflating the error. Pure arithmetic on TrialRecord.
 *
 * Differences enter the e-process clipped to +-VERDICT_CLIP. Clipping is odd, so conditional
 * symmetry (and with it validity) is untouched; it keeps one incident from drowning the pairs
 * before it, and brings large effects back into the range the mixture is tuned for. Measured, 2000
 * runs each on drifting, heavy-tailed latencies (tests/unit/test_simulation.c), clipped against
 * unclipped: false keeps 0.95 % / 0.85 %; 5 % effect: power 0.94 / 0.93; 20 % effect: 9.2 pairs /
 * 10.5; tenfold gain: 9 pairs / 14.
 */
#include "daemon/policy/change.h"

/* Twice the upper end of the effects (5 to 20 %) for which rho is tuned would add nothing. */
#define VERDICT_CLIP 0.2
/* 1 / alpha with alpha = 0.05, one-sided. */
#define VERDICT_E_KEEP 20.0
/* Harm is believed sooner than benefit: a false alarm only costs an opportunity. */
#define VERDICT_E_HARM 5.0

typedef enum VerdictStep {
	VERDICT_STEP_CONTINUE,
	VERDICT_STEP_KEEP,
	VERDICT_STEP_HARM,
	VERDICT_STEP_EXHAUSTED, /* TRIAL_PAIRS_MAX pairs and no proof: not kept */
} VerdictStep;

/* Appends one pair (d > 0: the new setting was better) and updates e-values and effect.
 * minimum: the least median difference worth keeping, in ln units. */
VerdictStep verdict_add_pair(TrialRecord *record, double difference, double minimum);
