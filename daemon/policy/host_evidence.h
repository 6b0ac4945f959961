/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the controllers of host-wide settings share: the evidence of the last three windows of the
 * host, the baseline of a trial by counters, and one step of one number.
 */
#include "daemon/model/host_windows.h"
#include "daemon/policy/controller.h"

/* Over the last CONTROLLER_WINDOWS windows, newest first, all recent and begun after
 * evidence_since_ns: the sum, and what the least of them had. */
typedef struct HostSum {
	uint64_t sum, least;
} HostSum;

/* Whether there are so many windows; otherwise the reason. */
bool host_evidence_ready(const ControllerInput *input, char *reason);
/* False: a window does not have it, or there are not enough. */
bool host_evidence_counter(const ControllerInput *input, HostCounter counter, HostSum *ret);
/* Largest or least of those windows. */
bool host_evidence_gauge_max(const ControllerInput *input, HostGauge gauge, uint64_t *ret);
bool host_evidence_gauge_min(const ControllerInput *input, HostGauge gauge, uint64_t *ret);

/* A trial of kind TRIAL_COUNTER, its sums filled in. A guard that this host does not count is left
 * out. False: fault or load is not counted. */
bool host_evidence_plan(const ControllerInput *input, HostCounter fault, HostCounter load,
			const HostCounter *guards, unsigned n_guards, TrialPlan *ret);

/* Adds "this number, from what it is to `value`" (clamped to the range of the table) to the
 * proposal. False, with a reason: it may not be written, or has no room, or is held. */
bool host_step_add(const ControllerInput *input, const char *controller, TunableId id,
		   unsigned number, int64_t value, Proposal *proposal, char *reason);
int64_t host_number(const ControllerInput *input, TunableId id, unsigned number);
