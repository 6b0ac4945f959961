/* SPDX-License-Identifier: MIT */
/*
 * The limits and why. Retransmissions are absolute as well, for a setting that lives at the cost of
 * others does so whatever the old one did.
 */
#include "daemon/policy/guard.h"

#include <math.h>

#include "common/base.h"

/* Retransmissions: over 3 % the setting lives at the cost of others (a shallow buffer), whatever
 * it gains; or three times the old arm's, if that is more. A larger first flight: 2 %. */
#define RETRANS       0.03
#define RETRANS_SHORT 0.02
#define RETRANS_TIMES 3.0
/* Smoothed RTT p50, that is a standing queue: 1.5 times the old arm's and 10 ms more. Not p90,
 * which the reward weighs already: bbr's start-up alone (a second of a 6 s transfer) lifted p90
 * over 1.5 times on a 100 ms path whose median stayed at 101 ms, and ended trials that gained
 * tenfold. */
#define SRTT_PERMILLE 1500
#define SRTT_US       10000
/* The reward weighs latency by the objective. Where it is tripled all the same, the queue buys what
 * no objective would refuse: no guardrail. (On a 100 ms path with 0.5 % loss bbr gained twentyfold,
 * but on a busy machine its median srtt passed 150 ms at times.) Likewise for timeouts. */
#define PAID 3.0
/* Goodput of the old arm's: of a block, and of a part of one. */
#define GOODPUT_PERMILLE      800
#define GOODPUT_LOOK_PERMILLE 500
/* Timeouts and repeated SYNs per connection: three times as many, and not just a few. */
#define EVENTS_MIN   5
#define EVENTS_TIMES 3.0
/* A part of a block says something with this much time with data outstanding. */
#define LOOK_BUSY_US UINT64_C(2000000)
/* Connections that say something; the old arm's share must be twice the new one's. */
#define BIRTHS_MIN 5
/* So many were to be expected: none at all happens once in 3000 times. */
#define EXPECTED_MIN 8

static bool is_paid_for(const GuardLimits *limits, const MeterReading *old_arm,
			const MeterReading *new_arm)
{
	double old_reward, new_reward;

	return meter_reward(old_arm, limits->floor_us, limits->latency_weight, &old_reward) &&
	       meter_reward(new_arm, limits->floor_us, limits->latency_weight, &new_reward) &&
	       new_reward - old_reward >= log(PAID);
}

static bool queues(const GuardLimits *limits, const MeterReading *old_arm,
		   const MeterReading *new_arm)
{
	return old_arm->has_srtt && new_arm->has_srtt && limits->latency_weight > 0 &&
	       (uint64_t)new_arm->srtt_p50_us * 1000 >
		       (uint64_t)old_arm->srtt_p50_us * SRTT_PERMILLE &&
	       new_arm->srtt_p50_us > old_arm->srtt_p50_us + SRTT_US;
}

/* More events per connection; one of the old arm's is given to it, for none is no rate. */
static bool more_often(unsigned old_events, unsigned old_births, unsigned new_events,
		       unsigned new_births)
{
	return new_events >= EVENTS_MIN && old_births > 0 && new_births > 0 &&
	       (double)new_events * old_births >
		       EVENTS_TIMES * (double)(old_events + 1) * new_births;
}

static const char *compare(const GuardLimits *limits, const MeterReading *old_arm,
			   const MeterReading *new_arm, unsigned goodput_permille)
{
	double retrans = new_arm->kind == METER_SHORT ? RETRANS_SHORT : RETRANS;

	if (old_arm->has_retrans)
		retrans = MAX(retrans, RETRANS_TIMES * old_arm->retrans);
	if (new_arm->has_retrans && new_arm->retrans > retrans)
		return "retransmissions";
	if (more_often(old_arm->syn_retrans, old_arm->births, new_arm->syn_retrans,
		       new_arm->births))
		return "repeated SYNs";
	if (old_arm->has_goodput && new_arm->has_goodput && !meter_is_request(new_arm->kind) &&
	    new_arm->goodput_bps * 1000 < old_arm->goodput_bps * goodput_permille)
		return "goodput";
	if (is_paid_for(limits, old_arm, new_arm))
		return NULL;
	if (queues(limits, old_arm, new_arm))
		return "round-trip time p50";
	if (more_often(old_arm->rto, old_arm->births, new_arm->rto, new_arm->births))
		return "retransmission timeouts";
	return NULL;
}

const char *guard_block(const GuardLimits *limits, const MeterReading *old_arm,
			const MeterReading *new_arm)
{
	return compare(limits, old_arm, new_arm, GOODPUT_PERMILLE);
}

const char *guard_look(const GuardLimits *limits, const MeterReading *old_arm,
		       const MeterReading *new_arm)
{
	if (new_arm->flows < meter_units_min(new_arm->kind) || new_arm->busy_us < LOOK_BUSY_US)
		return NULL;
	return compare(limits, old_arm, new_arm, GOODPUT_LOOK_PERMILLE);
}

const char *guard_through(const MeterReading *old_arm, uint64_t old_age_ns,
			  const MeterReading *new_arm, uint64_t new_age_ns, unsigned births)
{
	double expected =
		old_age_ns == 0 ? 0
				: (double)old_arm->moving * (double)new_age_ns / (double)old_age_ns;

	if (new_arm->moving == 0 && expected >= EXPECTED_MIN)
		return "no connection gets data through";
	/* moving / births, of which the old arm's is over twice the new one's */
	if (births >= BIRTHS_MIN && old_arm->births >= BIRTHS_MIN &&
	    (uint64_t)old_arm->moving * births > 2 * (uint64_t)new_arm->moving * old_arm->births)
		return "too few connections get data through";
	return NULL;
}
