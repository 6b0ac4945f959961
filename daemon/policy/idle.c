/* SPDX-License-Identifier: MIT */
/*
 * Restarts after idle: turns tcp_slow_start_after_idle off when connections that live on pause for
 * longer than their RTO and then send more than an initial window. The kernel takes their window
 * away meanwhile (tcp_cwnd_restart() halves it for each RTO, down to the initial one), so that a
 * burst takes several round trips in place of one: 1 MB after 3 s on a path of 100 ms took 710 ms,
 * and 145 ms without.
 *
 * Only where cubic or reno is in use: others have their own idea of a pause. Evidence: five such
 * restarts to one path within its last windows, and a round trip that one can feel. The trial is a
 * switchback that measures the rate of bursts; losses in them are its guardrail.
 */
#include "daemon/policy/controller.h"

#include <inttypes.h>
#include <math.h>

#include "common/clock.h"
#include "common/text.h"

#define RESTARTS_MIN 5
#define RTT_MIN_US   5000
#define FRESH_NS     (3 * PATH_WINDOW_NS)
/* A burst ends sooner by this much, or it is not worth it. */
#define EFFECT_MINIMUM 1.05

static bool restarts_slowly(const char *congestion)
{
	return text_equal(congestion, "cubic") || text_equal(congestion, "reno");
}

/* Of all windows that are kept: pauses of a minute leave windows without a sample. */
static uint32_t restarts_of(const ControllerInput *input, const Path *path, uint64_t *ret_bytes)
{
	uint32_t restarts = 0;
	uint64_t bytes = 0;

	for (unsigned i = 0; i < PATH_WINDOWS; i++) {
		const PathWindow *window = path_window(path, i);

		if (!window || window->start_ns < input->evidence_since_ns)
			break;
		restarts += window->restarts;
		bytes = MAX(bytes, (uint64_t)window->max_restart_bytes);
	}
	*ret_bytes = bytes;
	return restarts;
}

static const Path *most_restarts(const ControllerInput *input, uint32_t *ret_restarts,
				 uint64_t *ret_bytes)
{
	const Path *paths[CONTROLLER_PATHS], *found = NULL;
	size_t n = controller_paths(input, paths);
	uint32_t most = RESTARTS_MIN - 1;

	for (size_t i = 0; i < n; i++) {
		uint64_t bytes;
		uint32_t restarts;

		if (!controller_asked(input, paths[i]) || !restarts_slowly(paths[i]->congestion) ||
		    paths[i]->min_rtt_us == UINT32_MAX || paths[i]->min_rtt_us < RTT_MIN_US ||
		    input->snapshot->now_ns - paths[i]->last_seen_ns > FRESH_NS)
			continue;
		restarts = restarts_of(input, paths[i], &bytes);
		if (restarts <= most)
			continue;
		most = *ret_restarts = restarts;
		*ret_bytes = bytes;
		found = paths[i];
	}
	return found;
}

/* How many round trips slow start needs from the initial window, where one would do. */
static unsigned rounds(uint64_t bytes, uint32_t mss)
{
	uint64_t window = UINT64_C(10) * MAX(mss, UINT32_C(536)), sent = window;
	unsigned n = 1;

	for (; sent < bytes && n < 16; n++) {
		window *= 2;
		sent += window;
	}
	return n;
}

static void explain(const Path *path, uint32_t restarts, uint64_t bytes, Evidence *evidence)
{
	unsigned n = rounds(bytes, path->mss);
	char address[ADDRESS_TEXT_MAX];

	evidence_add(evidence, "restarts", restarts);
	evidence_add(evidence, "burstBytes", (int64_t)bytes);
	evidence_add(evidence, "minRttUsec", path->min_rtt_us);
	evidence_add(evidence, "rounds", n);
	(void)text_format(
		evidence->summary, sizeof(evidence->summary),
		"connections to %s pause for longer than their timeout and then send up "
		"to %.1f kB, which begins from a window of 10 packets each time (%u times "
		"in two minutes)",
		address_format(&path->address, address), (double)bytes / 1e3, restarts);
	(void)text_format(
		evidence->formula, sizeof(evidence->formula),
		"%.1f kB from 10 * %u bytes in slow start: %u round trips of %.1f ms, with "
		"the window kept 1: tcp_slow_start_after_idle = 0",
		(double)bytes / 1e3, path->mss, n, path->min_rtt_us / 1e3);
}

static bool propose(const ControllerInput *input, Proposal *ret, char *reason)
{
	const PolicyTunable *state = &input->snapshot->tunables[TUNABLE_TCP_SLOW_START_AFTER_IDLE];
	ChangeTunable tunable = {.id = TUNABLE_TCP_SLOW_START_AFTER_IDLE,
				 .old_value = state->current,
				 .new_value = state->current};
	WindowSum none = {.loss = -1};
	uint32_t restarts = 0;
	uint64_t bytes = 0;
	const Path *path;

	if (!controller_may_write(input, TUNABLE_TCP_SLOW_START_AFTER_IDLE, reason))
		return false;
	if (state->current.numbers[0] == 0) {
		(void)text_copy(reason, CONTROLLER_REASON_MAX,
				"windows are kept over pauses already");
		return false;
	}
	path = most_restarts(input, &restarts, &bytes);
	if (!path) {
		(void)text_copy(reason, CONTROLLER_REASON_MAX,
				"no connections with cubic or reno send bursts after pauses");
		return false;
	}
	tunable.new_value.numbers[0] = 0;
	if (input->held(input->context, controller_idle.name, &path->address, &tunable)) {
		(void)text_copy(reason, CONTROLLER_REASON_MAX,
				"on hold for the path with most bursts: it was tried or advised "
				"lately");
		return false;
	}
	*ret = (Proposal){.tunables = {tunable}, .n_tunables = 1};
	controller_plan(&ret->plan, TRIAL_SWITCHBACK, input, path, &none);
	ret->plan.meter = METER_BURST;
	ret->plan.minimum = log(EFFECT_MINIMUM);
	explain(path, restarts, bytes, &ret->evidence);
	return true;
}

static void why_not(const ControllerInput *input, const Path *path, char *reason)
{
	uint64_t bytes;
	uint32_t restarts = restarts_of(input, path, &bytes);

	if (input->snapshot->tunables[TUNABLE_TCP_SLOW_START_AFTER_IDLE].current.numbers[0] == 0)
		return;
	if (restarts < RESTARTS_MIN)
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "%u bursts after pauses in two minutes (at least %u)", restarts,
				  RESTARTS_MIN);
	else if (path->min_rtt_us == UINT32_MAX || path->min_rtt_us < RTT_MIN_US)
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "%u bursts after pauses, but a floor under 5 ms", restarts);
	else if (!restarts_slowly(path->congestion))
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "%u bursts after pauses, but %s has its own idea of a pause",
				  restarts, path->congestion);
}

const Controller controller_idle = {
	.name = "idle",
	.knob = POLICY_IDLE,
	.patience_ns = 3 * NSEC_PER_MIN,
	.summary =
		"lets connections keep their window over pauses when they send bursts after them",
	.subjects = CONTROLLER_SETS(TUNABLE_TCP_SLOW_START_AFTER_IDLE),
	.propose = propose,
	.why_not = why_not,
};
