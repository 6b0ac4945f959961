/* SPDX-License-Identifier: MIT */
/*
 * Buffers: raises tcp_wmem[2] or tcp_rmem[2] when a buffer, and nothing else, limits bulk flows.
 *
 * Evidence: in three windows of 30 s in a row at least 30 % of a path's bulk samples are at cap by
 * the triple test (model/path). rwnd_limited and sndbuf_limited are not used: the first is 100 %
 * also at full rate, the second has massive false negatives.
 *
 * Size: the rate of a limited flow is censored, so one step assumes 1.5 times what was seen:
 *   send:    wmem[2] = 2.1 * BDP         (the kernel keeps about 0.6 of sndbuf in flight)
 *   receive: rmem[2] = G * BDP / r       (r: window offered per byte of rcvbuf; G = 1.25)
 * with BDP = 1.5 * rate * min_rtt, in whole MiB, at most doubled in a step, and only if that is 25
 * % more than now. Not srtt: it contains our own queue. Bounds: half of the kernel's memory
 * pressure mark shared by the flows that are big now, RAM / 64, 512 MiB.
 *
 * Verified mechanically, on connections born after the write; one step at a time, so a step that
 * gains less than 5 % is put back and ends the climb.
 */
#include "daemon/policy/controller.h"

#include "common/text.h"

#define MIB (INT64_C(1024) * 1024)

#define CENSORED_PERMILLE      1500
#define SEND_PERMILLE          2100
#define RECEIVE_PERMILLE       1250
#define AT_CAP_PERMILLE        300 /* of the samples of each window */
#define SAMPLES_MIN            3
#define RAISE_MIN_PERMILLE     1250
#define BUFFER_MAX             (512 * MIB)
#define RAM_SHARE              64
#define RATIO_DEFAULT_PERMILLE 500

static bool send_limited(const PathWindow *window)
{
	return window->samples >= SAMPLES_MIN &&
	       window->samples_send_at_cap * 1000 >= window->samples * AT_CAP_PERMILLE;
}

static bool receive_limited(const PathWindow *window)
{
	return window->samples >= SAMPLES_MIN &&
	       window->samples_receive_at_cap * 1000 >= window->samples * AT_CAP_PERMILLE;
}

static bool all_windows(const Path *path, bool (*test)(const PathWindow *window))
{
	for (unsigned i = 0; i < CONTROLLER_WINDOWS; i++)
		if (!test(path_window(path, i)))
			return false;
	return true;
}

/* Big flows now: what a larger maximum would be paid for by, if all of them filled it. The last
 * complete window counts too, since evidence is complete just when the current one is empty. */
static int64_t big_flows(const ControllerInput *input)
{
	const Path *paths[CONTROLLER_PATHS];
	size_t n = path_table_top(input->snapshot->paths, paths, CONTROLLER_PATHS);
	int64_t flows = 0;

	for (size_t i = 0; i < n; i++) {
		const PathWindow *last = path_window(paths[i], 0);

		if (paths[i]->current.samples > 0 || (last && last->samples > 0))
			flows += paths[i]->flows;
	}
	return MAX(flows, INT64_C(1));
}

/* The largest maximum the memory budget allows for this tunable. */
static int64_t budget_limit(const ControllerInput *input, int64_t other_maximum, int64_t flows,
			    int64_t *ret_budget)
{
	const Snapshot *snapshot = input->snapshot;
	const PolicyConfig *config = input->config;
	int64_t budget =
		(int64_t)(config->memory_budget_bytes ? config->memory_budget_bytes
						      : snapshot->tcp_pressure_bytes / 1000 *
								config->memory_budget_permille);
	int64_t limit = (budget - (int64_t)snapshot->tcp_memory_bytes) * 2 / flows - other_maximum;

	*ret_budget = budget;
	limit = MIN(limit, (int64_t)(snapshot->memory_total_bytes / RAM_SHARE));
	return MIN(limit, BUFFER_MAX);
}

static void explain(const ControllerInput *input, const Path *path, const WindowSum *sum,
		    const ChangeTunable *tunable, int64_t rate_bps, int64_t bdp, int64_t wanted,
		    int64_t budget, int64_t flows, Evidence *evidence)
{
	bool send = tunable->id == TUNABLE_TCP_WMEM;
	char address[ADDRESS_TEXT_MAX];
	double now_mb = (double)tunable->old_value.numbers[2] / 1e6;

	evidence_add(evidence, "minRttUsec", path->min_rtt_us);
	evidence_add(evidence, "srttP50Usec", sum->srtt_p50_us);
	evidence_add(evidence, "goodputBps", (int64_t)sum->goodput_bps);
	evidence_add(evidence, "maxDeliveryRateBps", rate_bps);
	evidence_add(evidence, "bdpBytes", bdp);
	evidence_add(evidence, "currentMaxBytes", tunable->old_value.numbers[2]);
	evidence_add(evidence, "wantedMaxBytes", wanted);
	evidence_add(evidence, "proposedMaxBytes", tunable->new_value.numbers[2]);
	evidence_add(evidence, "windowBytes",
		     (int64_t)(send ? sum->max_inflight_bytes : sum->max_rcv_wnd_bytes));
	evidence_add(evidence, "bulkFlows", flows);
	evidence_add(evidence, "memoryBudgetBytes", budget);
	evidence_add(evidence, "tcpMemoryBytes", (int64_t)input->snapshot->tcp_memory_bytes);
	(void)text_format(evidence->summary, sizeof(evidence->summary),
			  "bulk flows %s %s fill a %.1f MB %s buffer and nothing else limits them: "
			  "the path (%.1f ms) has room",
			  send ? "to" : "from", address_format(&path->address, address), now_mb,
			  send ? "send" : "receive", path->min_rtt_us / 1e3);
	(void)text_format(
		evidence->formula, sizeof(evidence->formula),
		"%s = %s * BDP; BDP = 1.5 * %.1f Mbit/s * %.1f ms = %.2f MB; wanted %.2f MB "
		"in whole MiB, at most x2 a step: %.2f MB -> %.2f MB",
		send ? "tcp_wmem[2]" : "tcp_rmem[2]", send ? "2.1" : "1.25 / ratio",
		(double)rate_bps / 1e6, path->min_rtt_us / 1e3, (double)bdp / 1e6,
		(double)wanted / 1e6, now_mb, (double)tunable->new_value.numbers[2] / 1e6);
}

static int64_t receive_ratio_permille(const WindowSum *sum)
{
	uint64_t ratio = sum->max_rcvbuf_bytes
				 ? sum->max_rcv_wnd_bytes * 1000 / sum->max_rcvbuf_bytes
				 : RATIO_DEFAULT_PERMILLE;

	return (int64_t)CLAMP(ratio, UINT64_C(250), UINT64_C(900));
}

static bool propose_for(const ControllerInput *input, const Path *path, const WindowSum *sum,
			TunableId id, Proposal *ret, char *reason)
{
	const Snapshot *snapshot = input->snapshot;
	bool send = id == TUNABLE_TCP_WMEM;
	TunableId other = send ? TUNABLE_TCP_RMEM : TUNABLE_TCP_WMEM;
	ChangeTunable tunable = {.id = id,
				 .old_value = snapshot->tunables[id].current,
				 .new_value = snapshot->tunables[id].current};
	int64_t now = tunable.old_value.numbers[2], flows = big_flows(input), budget, limit;
	int64_t rate = (int64_t)(send ? MAX(sum->max_any_delivery_bps, sum->max_delivery_bps)
				      : sum->max_receive_bps);
	int64_t bdp = rate / 8 * CENSORED_PERMILLE / 1000 * path->min_rtt_us / 1000000;
	int64_t wanted = send ? bdp * SEND_PERMILLE / 1000
			      : bdp * RECEIVE_PERMILLE / receive_ratio_permille(sum);
	int64_t target = (wanted + MIB - 1) / MIB * MIB;

	limit = budget_limit(input, snapshot->tunables[other].current.numbers[2], flows, &budget);
	target = MIN(target, 2 * now);
	target = MIN(target, limit);
	if (target * 1000 < now * RAISE_MIN_PERMILLE) {
		(void)text_format(reason, CONTROLLER_REASON_MAX, "%s: a path fills it, but %s",
				  tunables[id].key,
				  limit * 1000 < now * RAISE_MIN_PERMILLE
					  ? "the memory budget has no room for more"
					  : "it is already large enough for its rate and RTT");
		return false;
	}

	tunable.new_value.numbers[2] = target;
	if (input->held(input->context, controller_buffers.name, &path->address, &tunable)) {
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "%s: the next step is on hold: it was tried or advised lately",
				  tunables[id].key);
		return false;
	}
	*ret = (Proposal){.tunables = {tunable}, .n_tunables = 1};
	explain(input, path, sum, &tunable, rate, bdp, wanted, budget, flows, &ret->evidence);
	controller_plan(&ret->plan, TRIAL_MECHANICAL, input, path, sum);
	return true;
}

static bool fixed_value(const ControllerInput *input, Proposal *ret, char *reason)
{
	static const TunableId ids[] = {TUNABLE_TCP_RMEM, TUNABLE_TCP_WMEM};

	*ret = (Proposal){.plan.kind = TRIAL_NONE};
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		TunableValue value = input->snapshot->tunables[ids[i]].current;

		if (!controller_may_write(input, ids[i], reason))
			return false;
		value.numbers[2] = (int64_t)input->config->buffers_max_bytes;
		if (tunable_equal(&value, &input->snapshot->tunables[ids[i]].current))
			continue;
		ret->tunables[ret->n_tunables++] =
			(ChangeTunable){ids[i], input->snapshot->tunables[ids[i]].current, value};
	}
	(void)text_copy(ret->evidence.summary, sizeof(ret->evidence.summary),
			"Buffers= fixes the maximum of tcp_rmem and tcp_wmem");
	(void)text_copy(reason, CONTROLLER_REASON_MAX, "holds the value fixed by Buffers=");
	return ret->n_tunables > 0;
}

static bool propose(const ControllerInput *input, Proposal *ret, char *reason)
{
	const Path *paths[CONTROLLER_PATHS];
	size_t n = path_table_top(input->snapshot->paths, paths, CONTROLLER_PATHS);
	WindowSum sum;

	if (input->config->switches[POLICY_BUFFERS] == POLICY_FIXED)
		return fixed_value(input, ret, reason);
	(void)text_copy(reason, CONTROLLER_REASON_MAX,
			"no bulk flow has been limited by a buffer for 90 s");
	for (size_t i = 0; i < n; i++) {
		if (paths[i]->min_rtt_us == UINT32_MAX || !controller_sum(input, paths[i], &sum))
			continue;
		if (!sum.receiving && all_windows(paths[i], send_limited) &&
		    controller_may_write(input, TUNABLE_TCP_WMEM, reason) &&
		    propose_for(input, paths[i], &sum, TUNABLE_TCP_WMEM, ret, reason))
			return true;
		if (sum.receiving && all_windows(paths[i], receive_limited) &&
		    controller_may_write(input, TUNABLE_TCP_RMEM, reason) &&
		    propose_for(input, paths[i], &sum, TUNABLE_TCP_RMEM, ret, reason))
			return true;
	}
	return false;
}

const Controller controller_buffers = {
	.name = "buffers",
	.knob = POLICY_BUFFERS,
	.summary = "raises tcp_rmem and tcp_wmem when a buffer limits bulk flows",
	.propose = propose,
};
