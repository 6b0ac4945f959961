/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * When to probe: a Poisson schedule (RFC 2330 section 11.1.1), so that periodic load can neither
 * hide from the probes nor hit all of them. Pure: time and randomness come in, a due time goes out.
 *
 * Due times are absolute and each follows from the previous due time, not from when it was served:
 * a slow probe or a busy host shifts no slot. Slots that passed while this process did not run are
 * counted and dropped; serving them late would measure the aftermath of our own stall, all at once.
 */
#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/random.h"

/* A slot served later than this is not the slot that was drawn. */
#define SCHEDULE_LATE_NS NSEC_PER_SEC
/* The first slot follows within this time (or the mean, if that is less): a fresh start shows
 * something soon, and many endpoints do not fire together. */
#define SCHEDULE_FIRST_NS NSEC_PER_SEC

/* Gaps lie in [mean / 10, 5 mean]: no bursts at one server, no endpoint forgotten for minutes. */
#define SCHEDULE_GAP_MIN 0.1
#define SCHEDULE_GAP_MAX 5.0

typedef struct Schedule {
	uint64_t mean_ns;
	uint64_t due_ns;
} Schedule;

/* Starts anew; the first slot is uniform within SCHEDULE_FIRST_NS or the mean. mean_ns > 0. */
void schedule_start(Schedule *schedule, uint64_t mean_ns, const Random *random, uint64_t now_ns);

/*
 * Moves past every slot that is due. True if the last of them is to be served now; *ret_missed
 * (always set) counts the others. A slot more than SCHEDULE_LATE_NS old is missed, not served.
 */
bool schedule_take(Schedule *schedule, const Random *random, uint64_t now_ns, uint64_t *ret_missed);

/* From now to the next slot; 0 when it is due. */
uint64_t schedule_delay(const Schedule *schedule, uint64_t now_ns);
