/* SPDX-License-Identifier: MIT */
/*
 * Congestion control, host-wide: proposes another algorithm when the path's own numbers predict
 * that the present one wastes it. Whether the prediction is true, the switchback trial decides.
 *
 * Three classes of path are worth an experiment:
 *  loss-limited: packets are lost although there is no queue (srtt p50 <= 1.25 floor), and the
 * goodput is what Mathis' formula B = 1.22 mss / (rtt sqrt(p)) allows a loss-based algorithm
 * (within 1.5), or the best delivery rate seen says that 1.2 times the goodput is to be had;
 *  bloated: the queue is more than twice the floor, which a loss-based algorithm fills by design,
 * and the objective cares for latency; overrun: the present algorithm is bbr and more than 3 % is
 * retransmitted: a shallow buffer, where it lives at the cost of others. Never below a floor of 2
 * ms (LAN, data centre: bbr retransmits there for no gain), never if applications choose for
 * themselves, or are the limit. Since the sysctl is host-wide, one path must carry 80 % of the bulk
 * bytes: no path's setting is imposed upon the others.
 */
#include "daemon/policy/controller.h"

#include <math.h>
#include <string.h>

#include "common/stats.h"
#include "common/text.h"

#define FLOOR_MIN_US         2000
#define LOSS_MIN             0.0005
#define QUEUE_FREE_PERMILLE  1250
#define BLOATED_PERMILLE     3000 /* srtt p50 against the floor: queue twice the floor */
#define MATHIS_SLACK         1.5
#define GAIN_MIN             1.2
#define DELIVERY_USABLE      0.9
#define OVERRUN_LOSS         0.03
#define SHARE_PERMILLE       800
#define OWN_CHOICE_PERMILLE  200 /* samples whose algorithm is not the host's */
#define APP_LIMITED_PERMILLE 700

static const char *const default_allowed[] = {"cubic", "bbr"};

static bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at += length)
		if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
			return true;
	return false;
}

static bool is_allowed(const ControllerInput *input, const char *name)
{
	const PolicyConfig *config = input->config;

	if (!has_word(input->snapshot->congestion_available, name))
		return false;
	for (size_t i = 0; i < config->n_congestion_allowed; i++)
		if (text_equal(config->congestion_allowed[i], name))
			return true;
	for (size_t i = 0; config->n_congestion_allowed == 0 && i < ARRAY_SIZE(default_allowed);
	     i++)
		if (text_equal(default_allowed[i], name))
			return true;
	return false;
}

typedef enum PathClass {
	CLASS_NOTHING, /* no experiment */
	CLASS_LOSS,
	CLASS_BLOATED,
	CLASS_OVERRUN,
} PathClass;

static bool loss_limited(const Path *path, const WindowSum *sum, double mathis_bps)
{
	double goodput = (double)sum->goodput_bps;
	double gain = DELIVERY_USABLE * (double)sum->max_delivery_bps / MAX(goodput, mathis_bps);

	if (sum->loss < LOSS_MIN ||
	    (uint64_t)sum->srtt_p50_us * 1000 > (uint64_t)path->min_rtt_us * QUEUE_FREE_PERMILLE)
		return false;
	return goodput <= MATHIS_SLACK * mathis_bps || gain >= GAIN_MIN;
}

static PathClass classify(const ControllerInput *input, const Path *path, const WindowSum *sum,
			  const char *current, double mathis_bps)
{
	if (text_equal(current, "bbr"))
		return sum->loss > OVERRUN_LOSS ? CLASS_OVERRUN : CLASS_NOTHING;
	if (loss_limited(path, sum, mathis_bps))
		return CLASS_LOSS;
	if (input->config->objective != POLICY_THROUGHPUT &&
	    (uint64_t)sum->srtt_p50_us * 1000 > (uint64_t)path->min_rtt_us * BLOATED_PERMILLE)
		return CLASS_BLOATED;
	return CLASS_NOTHING;
}

/* The one candidate for a class; NULL if it is not allowed or not there. */
static const char *candidate(const ControllerInput *input, PathClass class)
{
	const char *name = class == CLASS_OVERRUN ? "cubic" : "bbr";

	return is_allowed(input, name) ? name : NULL;
}

static void explain(const Path *path, const WindowSum *sum, PathClass class, double mathis_bps,
		    uint64_t share_permille, const char *current, const char *name,
		    Evidence *evidence)
{
	char address[ADDRESS_TEXT_MAX];
	double floor_ms = path->min_rtt_us / 1e3, queue_ms = sum->srtt_p50_us / 1e3 - floor_ms;

	address_format(&path->address, address);
	evidence_add(evidence, "minRttUsec", path->min_rtt_us);
	evidence_add(evidence, "srttP50Usec", sum->srtt_p50_us);
	evidence_add(evidence, "retransPpm", (int64_t)(sum->loss * 1e6));
	evidence_add(evidence, "mssBytes", path->mss);
	evidence_add(evidence, "goodputBps", (int64_t)sum->goodput_bps);
	if (isfinite(mathis_bps))
		evidence_add(evidence, "mathisBps", (int64_t)mathis_bps);
	evidence_add(evidence, "maxDeliveryRateBps", (int64_t)sum->max_delivery_bps);
	evidence_add(evidence, "shareOfBulkBytesPermille", (int64_t)share_permille);
	evidence_add(evidence, "bulkFlows", sum->flows);
	if (class == CLASS_BLOATED)
		(void)text_format(evidence->summary, sizeof(evidence->summary),
				  "%s fills the queue on the way to %s: %.1f ms on top of %.1f ms",
				  current, address, queue_ms, floor_ms);
	else
		(void)text_format(
			evidence->summary, sizeof(evidence->summary),
			"%.2f %% is retransmitted to %s %s: %s %s", 100 * sum->loss, address,
			class == CLASS_LOSS ? "without a queue" : "(a shallow buffer)", current,
			class == CLASS_LOSS ? "takes loss for congestion" : "overruns it");
	(void)text_format(
		evidence->formula, sizeof(evidence->formula),
		"loss-based limit 1.22 * %u B / (%.1f ms * sqrt(%.5f)) = %.1f Mbit/s (Mathis); "
		"goodput %.1f Mbit/s, best delivery rate %.1f Mbit/s, queue %.1f ms over %.1f "
		"ms; try %s against %s",
		path->mss, floor_ms, MAX(sum->loss, 0.0), mathis_bps / 1e6,
		(double)sum->goodput_bps / 1e6, (double)sum->max_delivery_bps / 1e6, queue_ms,
		floor_ms, name, current);
}

static bool propose_for(const ControllerInput *input, const Path *path, const WindowSum *sum,
			uint64_t share_permille, Proposal *ret, char *reason)
{
	const TunableValue *current =
		&input->snapshot->tunables[TUNABLE_TCP_CONGESTION_CONTROL].current;
	double mathis = stats_mathis_bps(path->mss, path->min_rtt_us, MAX(sum->loss, 0.0));
	PathClass class = classify(input, path, sum, current->words, mathis);
	ChangeTunable tunable = {
		.id = TUNABLE_TCP_CONGESTION_CONTROL, .old_value = *current, .new_value = *current};
	const char *name;

	if (class == CLASS_NOTHING)
		return false;
	name = candidate(input, class);
	if (!name || text_equal(name, current->words)) {
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "a path calls for another algorithm, but %s is not %s",
				  class == CLASS_OVERRUN ? "cubic" : "bbr",
				  name ? "another one" : "available and allowed");
		return false;
	}
	(void)text_copy(tunable.new_value.words, sizeof(tunable.new_value.words), name);
	if (input->held(input->context, controller_congestion.name, &path->address, &tunable)) {
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "%s was tried on this path and is on hold", name);
		return false;
	}
	if (share_permille < SHARE_PERMILLE) {
		(void)text_copy(reason, CONTROLLER_REASON_MAX,
				"a path would gain, but carries under 80 % of the bulk bytes, and "
				"the setting is host-wide");
		return false;
	}
	*ret = (Proposal){.tunables = {tunable}, .n_tunables = 1};
	explain(path, sum, class, mathis, share_permille, current->words, name, &ret->evidence);
	controller_plan(&ret->plan, TRIAL_SWITCHBACK, input, path, sum);
	return true;
}

static bool fixed_value(const ControllerInput *input, Proposal *ret, char *reason)
{
	const PolicyTunable *state = &input->snapshot->tunables[TUNABLE_TCP_CONGESTION_CONTROL];
	ChangeTunable tunable = {.id = TUNABLE_TCP_CONGESTION_CONTROL,
				 .old_value = state->current,
				 .new_value = state->current};
	const char *name = input->config->congestion_allowed[0];

	if (text_equal(state->current.words, name)) {
		(void)text_copy(reason, CONTROLLER_REASON_MAX,
				"holds the algorithm fixed by CongestionControl=");
		return false;
	}
	(void)text_copy(tunable.new_value.words, sizeof(tunable.new_value.words), name);
	*ret = (Proposal){.tunables = {tunable}, .n_tunables = 1, .plan.kind = TRIAL_NONE};
	(void)text_format(ret->evidence.summary, sizeof(ret->evidence.summary),
			  "CongestionControl= fixes %s", name);
	return true;
}

/* Bulk bytes sent to all paths in the evidence windows. */
static uint64_t bulk_total(const Path *const paths[], size_t n)
{
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++)
		for (unsigned w = 0; w < CONTROLLER_WINDOWS; w++) {
			const PathWindow *window = path_window(paths[i], w);

			total += window ? window->bulk_bytes_acked : 0;
		}
	return total;
}

static bool own_choice_or_app_limited(const WindowSum *sum)
{
	return sum->samples_other_congestion * 1000 > sum->samples * OWN_CHOICE_PERMILLE ||
	       sum->samples_app_limited * 1000 > sum->samples * APP_LIMITED_PERMILLE;
}

static bool propose(const ControllerInput *input, Proposal *ret, char *reason)
{
	const Path *paths[CONTROLLER_PATHS];
	size_t n = path_table_top(input->snapshot->paths, paths, CONTROLLER_PATHS);
	uint64_t total = bulk_total(paths, n);
	WindowSum sum;

	if (!controller_may_write(input, TUNABLE_TCP_CONGESTION_CONTROL, reason))
		return false;
	if (input->config->switches[POLICY_CONGESTION] == POLICY_FIXED)
		return fixed_value(input, ret, reason);
	(void)text_copy(reason, CONTROLLER_REASON_MAX,
			"no path loses packets without a queue, or queues without need");
	for (size_t i = 0; i < n; i++) {
		const Path *path = paths[i];

		if (path->min_rtt_us == UINT32_MAX || path->min_rtt_us < FLOOR_MIN_US ||
		    !controller_sum(input, path, &sum) || sum.receiving || sum.loss < 0 ||
		    sum.goodput_bps == 0 || own_choice_or_app_limited(&sum))
			continue;
		if (propose_for(input, path, &sum, sum.acked * 1000 / MAX(total, UINT64_C(1)), ret,
				reason))
			return true;
	}
	return false;
}

const Controller controller_congestion = {
	.name = "congestion",
	.knob = POLICY_CONGESTION,
	.summary = "tries another congestion control where the present one wastes the path",
	.propose = propose,
};
