/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Guardrails of a trial: what the new setting must not do to the path, however it is rewarded. Each
 * compares a block of the new arm with one of the old, so that what the path does to both is blamed
 * on neither. A reading that saw too little hits none.
 */
#include "daemon/policy/meter.h"

typedef struct GuardLimits {
	uint32_t floor_us;     /* of the path */
	double latency_weight; /* of the reward; 0: queues do not matter */
} GuardLimits;

/* Of a complete block: which guardrail the new arm's reading hits ("retransmissions"), or NULL. */
const char *guard_block(const GuardLimits *limits, const MeterReading *old_arm,
			const MeterReading *new_arm);

/* While a block of the new arm runs, every so often: a part of a block says less than a whole one,
 * so goodput has to fall further. */
#define GUARD_LOOK_NS (UINT64_C(10) * 1000000000)
const char *guard_look(const GuardLimits *limits, const MeterReading *old_arm,
		       const MeterReading *new_arm);

/*
 * Whether connections no longer get through: hardly any of those that were born by the look before
 * (`births`) has moved data by now, or there are none at all where the old arm would have had
 * several. The ages are those of the blocks. NULL: they do.
 */
const char *guard_through(const MeterReading *old_arm, uint64_t old_age_ns,
			  const MeterReading *new_arm, uint64_t new_age_ns, unsigned births);
