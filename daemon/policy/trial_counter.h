/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A trial by what the kernel counts: for a setting that is the host's alone, whose fault has a
 * counter of its own (drops for want of a queue, refusals for want of room). It cannot be switched
 * back and forth, since queues and tables fill over minutes; but the fault is caused by the limit
 * and by nothing else, so that it must all but vanish when the limit does:
 *
 *   kept: over three windows that each carry at least 0.8 of the load before, faults per load have
 *   fallen by 80 %, and no guard has risen.
 *   restored: they have not, or a guard has risen, or memory runs short.
 *   inconclusive: within half an hour there were not three such windows.
 *
 * Where nothing was counted before (a table that is nearly full, ports that are nearly used up) the
 * change is preventive: it is kept if over those three windows nothing has become worse.
 */
#include "daemon/policy/trial.h"

#define TRIAL_COUNTER_WINDOWS 3
#define TRIAL_COUNTER_NS      (UINT64_C(1800) * 1000000000)
/* For sockets that must be opened anew somebody has to restart a program. */
#define TRIAL_COUNTER_NEW_NS (UINT64_C(6) * 3600 * 1000000000)

/* In place of trial_step() for a plan of kind TRIAL_COUNTER. SWITCH once, to the new arm; then the
 * others. `host` NULL: nothing is counted. */
TrialStep trial_counter_step(Trial *trial, const HostWindows *host, uint64_t now_ns);
