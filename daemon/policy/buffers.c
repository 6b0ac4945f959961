/* SPDX-License-Identifier: MIT */
/*
 * Buffers: raises tcp_wmem[2] or tcp_rmem[2] when a buffer, and nothing else, limits bulk flows.
 *
 * Evidence: in three windows of 30 s in a row at least 30 % of a path's bulk samples are at cap by
 * the triple test (model/path). rwnd_limited and sndbuf_limited are not used: the first is 100 %
 * also at full rate, the second has massive false negatives.
 *
 * Size: the rate of a limited flow is censored, so one step assumes g = 1.5 times what was seen:
 *   send:    wmem[2] = 2.1 * BDP         (the kernel keeps about 0.63 of sndbuf in flight)
 *   receive: rmem[2] = G * BDP / r       (r: window offered per byte of rcvbuf; G = 1.25, or 2 if
 *                                         over 0.1 % is lost: what waits for it needs a BDP more)
 * with BDP = 1.5 * rate * min_rtt, in whole MiB, at most doubled in a step, and only if that is 25
 * % more than now. Not srtt: it contains our own queue. Where a path is limited both ways, both are
 * one proposal. Bounds: half of the kernel's memory pressure mark shared by the sockets that were
 * big within the last hour (95th percentile), RAM / 64, 512 MiB.
 *
 * Verified mechanically, on connections born after the write; one step at a time, so a step that
 * gains less than 3 % is put back and ends the climb. 3 and not 5: on 300 Mbit/s and 150 ms the
 * step from 8 to 16 MiB lifts 280 Mbit/s by 2 to 7 %, and what is put back in error must not cost
 * 5 % of what the path could give.
 *
 * Given back when the kernel comes under memory pressure, or collapses and prunes receive queues.
 */
#include "daemon/policy/buffers.h"

#include <math.h>
#include <string.h>

#include "common/text.h"
#include "daemon/policy/controller.h"

#define MIB (INT64_C(1024) * 1024)

#define CENSORED_PERMILLE      1500
#define SEND_PERMILLE          2100
#define RECEIVE_PERMILLE       1250
#define RECEIVE_LOSSY_PERMILLE 2000
#define EFFECT_MINIMUM         1.03
/* Receive queues collapsed or pruned: so many in a window, and one in so many segments received. */
#define COLLAPSES_MIN          100
#define COLLAPSES_PER          1000
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

static int64_t flows_of_busy_paths(const ControllerInput *input)
{
	const Path *paths[CONTROLLER_PATHS];
	size_t n = controller_paths(input, paths);
	int64_t flows = 0;

	for (size_t i = 0; i < n; i++) {
		const PathWindow *last = path_window(paths[i], 0);

		/* Evidence is complete just when the current window is empty. */
		if (paths[i]->current.samples > 0 || (last && last->samples > 0))
			flows += paths[i]->flows;
	}
	return flows;
}

/* What a larger maximum would be paid for by, if all of them filled it. Where no socket holds a
 * quarter of its buffer (receivers whose programs read at once) all that are busy count. */
static int64_t big_sockets(const ControllerInput *input)
{
	int64_t big = host_windows_big(input->snapshot->host);

	return big > 0 ? big : MAX(flows_of_busy_paths(input), INT64_C(1));
}

static int64_t budget_of(const ControllerInput *input)
{
	const PolicyConfig *config = input->config;

	if (config->memory_budget_bytes > 0)
		return (int64_t)config->memory_budget_bytes;
	return (int64_t)(input->snapshot->tcp_pressure_bytes / 1000 *
			 config->memory_budget_permille);
}

/* The largest maximum that the memory allows, beside that of the other direction. */
static int64_t limit_of(const ControllerInput *input, int64_t other_maximum, int64_t flows)
{
	const Snapshot *snapshot = input->snapshot;
	int64_t limit = (budget_of(input) - (int64_t)snapshot->tcp_memory_bytes) * 2 / flows -
			other_maximum;

	limit = MIN(limit, (int64_t)(snapshot->memory_total_bytes / RAM_SHARE));
	return MIN(limit, BUFFER_MAX);
}

/* One direction of a path: how it was computed. */
typedef struct Size {
	TunableId id;
	int64_t now, rate_bps, bdp, wanted, limit, target;
	int64_t gain, per; /* of the BDP: a fraction */
} Size;

static bool is_lossy(const Path *path)
{
	uint32_t samples = 0, reordered = 0;

	for (unsigned i = 0; i < CONTROLLER_WINDOWS; i++) {
		samples += path_window(path, i)->samples;
		reordered += path_window(path, i)->samples_reordered;
	}
	return reordered * 2 > samples;
}

static int64_t receive_ratio_permille(const WindowSum *sum)
{
	uint64_t ratio = sum->max_rcvbuf_bytes
				 ? sum->max_rcv_wnd_bytes * 1000 / sum->max_rcvbuf_bytes
				 : RATIO_DEFAULT_PERMILLE;

	return (int64_t)CLAMP(ratio, UINT64_C(250), UINT64_C(900));
}

static Size size_of(const ControllerInput *input, const Path *path, const WindowSum *sum,
		    TunableId id, int64_t other_maximum, int64_t flows)
{
	bool send = id == TUNABLE_TCP_WMEM;
	Size size = {.id = id,
		     .now = input->snapshot->tunables[id].current.numbers[2],
		     .rate_bps =
			     (int64_t)(send ? MAX(sum->max_any_delivery_bps, sum->max_delivery_bps)
					    : sum->max_receive_bps),
		     .limit = limit_of(input, other_maximum, flows)};

	size.gain = send             ? SEND_PERMILLE
		    : is_lossy(path) ? RECEIVE_LOSSY_PERMILLE
				     : RECEIVE_PERMILLE;
	size.per = send ? 1000 : receive_ratio_permille(sum);
	size.bdp = size.rate_bps / 8 * CENSORED_PERMILLE / 1000 * path->min_rtt_us / 1000000;
	size.wanted = size.bdp * size.gain / size.per;
	size.target = MIN((size.wanted + MIB - 1) / MIB * MIB, 2 * size.now);
	size.target = MIN(size.target, size.limit);
	return size;
}

static bool is_raise(const Size *size, int64_t value)
{
	return value * 1000 >= size->now * RAISE_MIN_PERMILLE;
}

static void explain(const ControllerInput *input, const Path *path, const WindowSum *sum,
		    const Size *size, int64_t flows, Evidence *evidence)
{
	bool send = size->id == TUNABLE_TCP_WMEM;
	char address[ADDRESS_TEXT_MAX];

	evidence_add(evidence, "minRttUsec", path->min_rtt_us);
	evidence_add(evidence, "srttP50Usec", sum->srtt_p50_us);
	evidence_add(evidence, "goodputBps", (int64_t)sum->goodput_bps);
	evidence_add(evidence, "maxDeliveryRateBps", size->rate_bps);
	evidence_add(evidence, "bdpBytes", size->bdp);
	evidence_add(evidence, "currentMaxBytes", size->now);
	evidence_add(evidence, "wantedMaxBytes", size->wanted);
	evidence_add(evidence, "proposedMaxBytes", size->target);
	evidence_add(evidence, "windowBytes",
		     (int64_t)(send ? sum->max_inflight_bytes : sum->max_rcv_wnd_bytes));
	evidence_add(evidence, "bigSockets", flows);
	evidence_add(evidence, "memoryBudgetBytes", budget_of(input));
	evidence_add(evidence, "tcpMemoryBytes", (int64_t)input->snapshot->tcp_memory_bytes);
	(void)text_format(evidence->summary, sizeof(evidence->summary),
			  "bulk flows %s %s fill a %.1f MB %s buffer and nothing else limits them: "
			  "the path (%.1f ms) has room",
			  send ? "to" : "from", address_format(&path->address, address),
			  (double)size->now / 1e6, send ? "send" : "receive",
			  path->min_rtt_us / 1e3);
	(void)text_format(
		evidence->formula, sizeof(evidence->formula),
		"%s[2] = %g%s * BDP; BDP = 1.5 * %.1f Mbit/s * %.1f ms = %.2f MB; wanted %.2f MB "
		"in whole MiB, at most x2 a step: %.2f MB -> %.2f MB",
		tunables[size->id].key + strlen("net.ipv4."), (double)size->gain / 1e3,
		send ? "" : " / ratio", (double)size->rate_bps / 1e6, path->min_rtt_us / 1e3,
		(double)size->bdp / 1e6, (double)size->wanted / 1e6, (double)size->now / 1e6,
		(double)size->target / 1e6);
}

static ChangeTunable change_to(const ControllerInput *input, const Size *size)
{
	ChangeTunable tunable = {.id = size->id,
				 .old_value = input->snapshot->tunables[size->id].current,
				 .new_value = input->snapshot->tunables[size->id].current};

	tunable.new_value.numbers[2] = size->target;
	return tunable;
}

static bool is_limited(const Path *path, TunableId id)
{
	return all_windows(path, id == TUNABLE_TCP_WMEM ? send_limited : receive_limited);
}

/* The other direction of the same path with it, if that is limited, too, and there is memory for
 * both. */
static void add_other(const ControllerInput *input, const Path *path, const WindowSum *sum,
		      const Size *first, int64_t flows, Proposal *proposal)
{
	TunableId id = first->id == TUNABLE_TCP_WMEM ? TUNABLE_TCP_RMEM : TUNABLE_TCP_WMEM;
	char ignored[CONTROLLER_REASON_MAX];
	ChangeTunable tunable;
	Size size;

	if (!is_limited(path, id) || !controller_may_write(input, id, ignored))
		return;
	size = size_of(input, path, sum, id, first->target, flows);
	if (!is_raise(&size, size.target))
		return;
	tunable = change_to(input, &size);
	if (input->held(input->context, controller_buffers.name, &path->address, &tunable))
		return;
	proposal->tunables[proposal->n_tunables++] = tunable;
	evidence_add(&proposal->evidence, "otherMaxBytes", size.now);
	evidence_add(&proposal->evidence, "proposedOtherMaxBytes", size.target);
}

static bool propose_for(const ControllerInput *input, const Path *path, const WindowSum *sum,
			TunableId id, Proposal *ret, char *reason)
{
	TunableId other = id == TUNABLE_TCP_WMEM ? TUNABLE_TCP_RMEM : TUNABLE_TCP_WMEM;
	int64_t flows = big_sockets(input);
	Size size = size_of(input, path, sum, id,
			    input->snapshot->tunables[other].current.numbers[2], flows);
	ChangeTunable tunable = change_to(input, &size);

	if (!is_raise(&size, size.target)) {
		(void)text_format(reason, CONTROLLER_REASON_MAX, "%s: a path fills it, but %s",
				  tunables[id].key,
				  is_raise(&size, size.limit)
					  ? "it is already large enough for its rate and RTT"
					  : "the memory budget has no room for more");
		return false;
	}
	if (input->held(input->context, controller_buffers.name, &path->address, &tunable)) {
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "%s: the next step is on hold: it was tried or advised lately",
				  tunables[id].key);
		return false;
	}
	*ret = (Proposal){.tunables = {tunable}, .n_tunables = 1};
	explain(input, path, sum, &size, flows, &ret->evidence);
	add_other(input, path, sum, &size, flows, ret);
	controller_plan(&ret->plan, TRIAL_MECHANICAL, input, path, sum);
	ret->plan.minimum = log(EFFECT_MINIMUM);
	return true;
}

bool buffers_hurt(const HostWindows *windows, uint64_t since_ns)
{
	for (unsigned i = 0; i < CONTROLLER_WINDOWS; i++) {
		const HostWindow *window = host_window(windows, i);
		uint64_t collapsed, pruned, dropped, segments;

		if (!window || window->start_ns < since_ns ||
		    !host_window_counter(window, HOST_RECEIVE_COLLAPSED, &collapsed) ||
		    !host_window_counter(window, HOST_PRUNE_CALLED, &pruned) ||
		    !host_window_counter(window, HOST_RECEIVE_PRUNED, &dropped) ||
		    !host_window_counter(window, HOST_IN_SEGMENTS, &segments))
			return false;
		collapsed += pruned + dropped;
		if (collapsed < COLLAPSES_MIN || collapsed * COLLAPSES_PER < segments)
			return false;
	}
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
	size_t n = controller_paths(input, paths);
	TunableId id;
	WindowSum sum;

	if (input->config->switches[POLICY_BUFFERS] == POLICY_FIXED)
		return fixed_value(input, ret, reason);
	(void)text_copy(reason, CONTROLLER_REASON_MAX,
			"no bulk flow has been limited by a buffer for 90 s");
	for (size_t i = 0; i < n; i++) {
		if (!controller_asked(input, paths[i]) || paths[i]->min_rtt_us == UINT32_MAX ||
		    !controller_sum(input, paths[i], &sum))
			continue;
		id = sum.receiving ? TUNABLE_TCP_RMEM : TUNABLE_TCP_WMEM;
		if (is_limited(paths[i], id) && controller_may_write(input, id, reason) &&
		    propose_for(input, paths[i], &sum, id, ret, reason))
			return true;
	}
	return false;
}

/* The least share of the windows, which is the one that decides; permille. */
static unsigned least_at_cap(const Path *path, TunableId id)
{
	unsigned least = 1000;

	for (unsigned i = 0; i < CONTROLLER_WINDOWS; i++) {
		const PathWindow *window = path_window(path, i);
		uint32_t at_cap = id == TUNABLE_TCP_WMEM ? window->samples_send_at_cap
							 : window->samples_receive_at_cap;

		least = MIN(least, (unsigned)(at_cap * 1000 / MAX(window->samples, UINT32_C(1))));
	}
	return least;
}

static void why_not(const ControllerInput *input, const Path *path, char *reason)
{
	WindowSum sum;
	TunableId id;

	if (!controller_sum(input, path, &sum)) {
		controller_why_no_sum(input, path, reason);
		return;
	}
	id = sum.receiving ? TUNABLE_TCP_RMEM : TUNABLE_TCP_WMEM;
	if (is_limited(path, id))
		return; /* propose() has said what is in the way */
	(void)text_format(
		reason, CONTROLLER_REASON_MAX,
		"the %s buffer of %.1f MB was full in %.0f %% of the samples of the least "
		"full of three windows (at least 30 %%); the largest window was %.2f MB",
		sum.receiving ? "receive" : "send",
		(double)input->snapshot->tunables[id].current.numbers[2] / 1e6,
		least_at_cap(path, id) / 10.0,
		(double)(sum.receiving ? sum.max_rcv_wnd_bytes : sum.max_inflight_bytes) / 1e6);
}

const Controller controller_buffers = {
	.name = "buffers",
	.knob = POLICY_BUFFERS,
	.summary = "raises tcp_rmem and tcp_wmem when a buffer limits bulk flows",
	.subjects = CONTROLLER_SETS(TUNABLE_TCP_RMEM) | CONTROLLER_SETS(TUNABLE_TCP_WMEM),
	.propose = propose,
	.why_not = why_not,
};
