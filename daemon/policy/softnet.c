/* SPDX-License-Identifier: MIT */
/*
 * The receive path of the kernel: netdev_max_backlog when a processor's queue overflows (drops in
 * softnet_stat), netdev_budget and netdev_budget_usecs when rounds end with packets left (time
 * squeezes) and that is more than noise.
 *
 * Evidence: drops in each of three windows, ten or more in all; or squeezed rounds that handled at
 * least 5 % of all packets, a second each. Step: doubled. Not when the processors spend half of
 * their time in softirqs: then no queue is long enough, and packets should go to more processors
 * (RPS, more queues), which is for the operator to arrange.
 */
#include "daemon/policy/host_evidence.h"

#include <inttypes.h>

#include "common/text.h"

#define DROPS_MIN              10
#define SQUEEZES_MIN           30 /* in each window */
#define SQUEEZED_SHARE_PERCENT 5
#define SATURATED_PERCENT      50
#define BUDGET_USECS_EACH      2000 /* at least: less than a tick of HZ=500 */

static bool is_saturated(const ControllerInput *input, uint64_t *ret_percent)
{
	HostSum softirq, all;

	if (!host_evidence_counter(input, HOST_SOFTIRQ_TIME, &softirq) ||
	    !host_evidence_counter(input, HOST_CPU_TIME, &all) || all.sum == 0)
		return false;
	*ret_percent = softirq.sum * 100 / all.sum;
	return *ret_percent >= SATURATED_PERCENT;
}

static bool plan_for(const ControllerInput *input, HostCounter fault, Proposal *ret)
{
	static const HostCounter guards[] = {HOST_TIMEOUTS, HOST_SOFTIRQ_TIME};

	return host_evidence_plan(input, fault, HOST_SOFTNET_PROCESSED, guards, ARRAY_SIZE(guards),
				  &ret->plan);
}

static bool propose_backlog(const ControllerInput *input, const HostSum *drops,
			    const HostSum *packets, Proposal *ret, char *reason)
{
	int64_t now = host_number(input, TUNABLE_NETDEV_MAX_BACKLOG, 0);

	*ret = (Proposal){0};
	if (!host_step_add(input, controller_softnet.name, TUNABLE_NETDEV_MAX_BACKLOG, 0, 2 * now,
			   ret, reason) ||
	    !plan_for(input, HOST_SOFTNET_DROPPED, ret))
		return false;
	evidence_add(&ret->evidence, "drops", (int64_t)drops->sum);
	evidence_add(&ret->evidence, "packets", (int64_t)packets->sum);
	evidence_add(&ret->evidence, "currentPackets", now);
	(void)text_format(ret->evidence.summary, sizeof(ret->evidence.summary),
			  "%" PRIu64 " of %" PRIu64 " packets received in 90 s found the queue of "
			  "their processor full",
			  drops->sum, packets->sum);
	(void)text_format(ret->evidence.formula, sizeof(ret->evidence.formula),
			  "netdev_max_backlog = 2 * %" PRId64, now);
	return true;
}

static bool propose_budget(const ControllerInput *input, const HostSum *squeezes,
			   const HostSum *packets, Proposal *ret, char *reason)
{
	int64_t budget = host_number(input, TUNABLE_NETDEV_BUDGET, 0);
	int64_t usecs = host_number(input, TUNABLE_NETDEV_BUDGET_USECS, 0);

	*ret = (Proposal){0};
	if (!host_step_add(input, controller_softnet.name, TUNABLE_NETDEV_BUDGET, 0, 2 * budget,
			   ret, reason))
		return false;
	if (input->snapshot->tunables[TUNABLE_NETDEV_BUDGET_USECS].present &&
	    !host_step_add(input, controller_softnet.name, TUNABLE_NETDEV_BUDGET_USECS, 0,
			   MAX(2 * usecs, (int64_t)BUDGET_USECS_EACH), ret, reason))
		return false;
	if (!plan_for(input, HOST_SOFTNET_SQUEEZED, ret))
		return false;
	evidence_add(&ret->evidence, "squeezes", (int64_t)squeezes->sum);
	evidence_add(&ret->evidence, "packets", (int64_t)packets->sum);
	evidence_add(&ret->evidence, "budgetPackets", budget);
	evidence_add(&ret->evidence, "budgetUsec", usecs);
	(void)text_format(ret->evidence.summary, sizeof(ret->evidence.summary),
			  "%" PRIu64 " rounds of the receive path in 90 s ended with packets left "
			  "(%" PRIu64 " packets in all)",
			  squeezes->sum, packets->sum);
	(void)text_format(ret->evidence.formula, sizeof(ret->evidence.formula),
			  "squeezes * budget / packets = %" PRIu64 " * %" PRId64 " / %" PRIu64
			  " >= 5 %%: both budgets doubled",
			  squeezes->sum, budget, packets->sum);
	return true;
}

static bool propose(const ControllerInput *input, Proposal *ret, char *reason)
{
	HostSum drops = {0}, squeezes = {0}, packets;
	uint64_t percent, budget = (uint64_t)host_number(input, TUNABLE_NETDEV_BUDGET, 0);
	bool drop, squeeze;

	if (!controller_may_write(input, TUNABLE_NETDEV_MAX_BACKLOG, reason) ||
	    !host_evidence_ready(input, reason))
		return false;
	(void)text_copy(reason, CONTROLLER_REASON_MAX,
			"no packets are dropped or left over by the receive path");
	if (!host_evidence_counter(input, HOST_SOFTNET_PROCESSED, &packets) || packets.sum == 0)
		return false;
	drop = host_evidence_counter(input, HOST_SOFTNET_DROPPED, &drops) && drops.least > 0 &&
	       drops.sum >= DROPS_MIN;
	squeeze = host_evidence_counter(input, HOST_SOFTNET_SQUEEZED, &squeezes) &&
		  squeezes.least >= SQUEEZES_MIN &&
		  squeezes.sum * budget * 100 >= packets.sum * SQUEEZED_SHARE_PERCENT;
	if ((drop || squeeze) && is_saturated(input, &percent)) {
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "packets are dropped or left over, but softirqs take %" PRIu64
				  " %% of all processor time: spread them (RPS, more queues)",
				  percent);
		return false;
	}
	return (drop && propose_backlog(input, &drops, &packets, ret, reason)) ||
	       (squeeze && propose_budget(input, &squeezes, &packets, ret, reason));
}

const Controller controller_softnet = {
	.name = "softnet",
	.knob = POLICY_SOFTNET,
	.summary =
		"raises the queues and budgets of the receive path when packets are dropped there",
	.subjects = CONTROLLER_SETS(TUNABLE_NETDEV_MAX_BACKLOG) |
		    CONTROLLER_SETS(TUNABLE_NETDEV_BUDGET) |
		    CONTROLLER_SETS(TUNABLE_NETDEV_BUDGET_USECS),
	.propose = propose,
};
