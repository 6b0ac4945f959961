/* SPDX-License-Identifier: MIT */
/*
 * Congestion control, per destination first: proposes another algorithm as a metric of the route
 * when the path's own numbers predict that the present one wastes it (congestion_class.c). Whether
 * the prediction is true, the switchback trial decides, of all flows to that destination at a time.
 *
 * The host's setting is proposed only
 *  - when destinations that carry 80 % of the bulk bytes agree, each by a metric that it has kept,
 *    and the rest has no path that must not have it: the trial then is about the rest;
 *  - for a path whose route cannot carry a metric (several addresses, a tunnel, ...), if it alone
 *    carries 80 % of the bulk bytes: no path's setting is imposed upon the others.
 *
 * Never below a floor of 2 ms (LAN, data centre: bbr retransmits there for no gain), never if
 * applications choose for themselves (a metric overrides setsockopt()), or are the limit. A metric
 * in force that lost its reason goes back without a trial.
 */
#include "daemon/policy/controller.h"

#include <math.h>
#include <string.h>

#include "common/text.h"
#include "daemon/policy/congestion_class.h"

#define FLOOR_MIN_US         2000
#define SHARE_PERMILLE       800
#define NEGLIGIBLE_PERMILLE  10  /* of the bulk bytes: a path that has no say */
#define OWN_CHOICE_PERMILLE  200 /* samples whose algorithm neither host nor route gave them */
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

/* A path that has something to say: its windows, and what they mean. */
typedef struct Candidate {
	const Path *path;
	WindowSum sum;
	CongestionFindings findings;
	uint64_t share_permille; /* of the bulk bytes */
	const char *current;     /* what its new connections get */
	const char *name;        /* what to try instead */
} Candidate;

static bool may_try(const Candidate *candidate)
{
	const WindowSum *sum = &candidate->sum;

	return candidate->path->min_rtt_us >= FLOOR_MIN_US &&
	       sum->samples_other_congestion * 1000 <= sum->samples * OWN_CHOICE_PERMILLE &&
	       sum->samples_app_limited * 1000 <= sum->samples * APP_LIMITED_PERMILLE;
}

/* The one alternative for a class; NULL if it is not allowed or not there. */
static const char *alternative(const ControllerInput *input, CongestionClass class)
{
	const char *name = class == CONGESTION_OVERRUN ? "cubic" : "bbr";

	return is_allowed(input, name) ? name : NULL;
}

static const char *host_congestion(const ControllerInput *input)
{
	return input->snapshot->tunables[TUNABLE_TCP_CONGESTION_CONTROL].current.words;
}

static void add_numbers(const Candidate *candidate, Evidence *evidence)
{
	const WindowSum *sum = &candidate->sum;
	const CongestionFindings *findings = &candidate->findings;

	evidence_add(evidence, "minRttUsec", candidate->path->min_rtt_us);
	evidence_add(evidence, "srttP50Usec", sum->srtt_p50_us);
	evidence_add(evidence, "srttSwingPermille", findings->swing_permille);
	evidence_add(evidence, "retransPpm", (int64_t)(sum->loss * 1e6));
	evidence_add(evidence, "mssBytes", candidate->path->mss);
	evidence_add(evidence, "goodputBps", (int64_t)sum->goodput_bps);
	if (isfinite(findings->mathis_bps))
		evidence_add(evidence, "mathisBps", (int64_t)findings->mathis_bps);
	evidence_add(evidence, "maxDeliveryRateBps", (int64_t)sum->max_delivery_bps);
	evidence_add(evidence, "shareOfBulkBytesPermille", (int64_t)candidate->share_permille);
	evidence_add(evidence, "bulkFlows", sum->flows);
}

static void explain(const Candidate *candidate, Evidence *evidence)
{
	const WindowSum *sum = &candidate->sum;
	CongestionClass class = candidate->findings.class;
	char address[ADDRESS_TEXT_MAX];
	double floor_ms = candidate->path->min_rtt_us / 1e3;
	double queue_ms = sum->srtt_p50_us / 1e3 - floor_ms;

	add_numbers(candidate, evidence);
	address_format(&candidate->path->address, address);
	if (class == CONGESTION_BLOATED)
		(void)text_format(evidence->summary, sizeof(evidence->summary),
				  "%s fills the queue on the way to %s: %.1f ms on top of %.1f ms",
				  candidate->current, address, queue_ms, floor_ms);
	else
		(void)text_format(
			evidence->summary, sizeof(evidence->summary),
			"%.2f %% is retransmitted to %s %s: %s %s", 100 * sum->loss, address,
			class == CONGESTION_LOSS ? "without a queue" : "(a shallow buffer)",
			candidate->current,
			class == CONGESTION_LOSS ? "takes loss for congestion" : "overruns it");
	(void)text_format(
		evidence->formula, sizeof(evidence->formula),
		"loss-based limit 1.22 * %u B / (%.1f ms * sqrt(%.5f)) = %.1f Mbit/s (Mathis); "
		"goodput %.1f Mbit/s, best delivery rate %.1f Mbit/s, queue %.1f ms over %.1f "
		"ms, swinging by %u permille; try %s against %s",
		candidate->path->mss, floor_ms, MAX(sum->loss, 0.0),
		candidate->findings.mathis_bps / 1e6, (double)sum->goodput_bps / 1e6,
		(double)sum->max_delivery_bps / 1e6, queue_ms, floor_ms,
		candidate->findings.swing_permille, candidate->name, candidate->current);
}

/* The host's setting, for a path that cannot have its own; `reason` says why it cannot. */
static bool propose_for_host(const ControllerInput *input, const Candidate *candidate,
			     Proposal *ret, char *reason)
{
	const TunableValue *current =
		&input->snapshot->tunables[TUNABLE_TCP_CONGESTION_CONTROL].current;
	ChangeTunable tunable = {
		.id = TUNABLE_TCP_CONGESTION_CONTROL, .old_value = *current, .new_value = *current};
	const Address *address = &candidate->path->address;

	(void)text_copy(tunable.new_value.words, sizeof(tunable.new_value.words), candidate->name);
	if (input->held(input->context, controller_congestion.name, address, &tunable)) {
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "%s was tried on this path and is on hold", candidate->name);
		return false;
	}
	if (candidate->share_permille < SHARE_PERMILLE) {
		char why[CONTROLLER_REASON_MAX];

		(void)text_copy(why, sizeof(why), reason);
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "a path would gain, but carries under 80 %% of the bulk bytes, "
				  "and %s",
				  why);
		return false;
	}
	if (!controller_may_write(input, TUNABLE_TCP_CONGESTION_CONTROL, reason))
		return false;
	*ret = (Proposal){.tunables = {tunable}, .n_tunables = 1};
	return true;
}

static bool propose_for(const ControllerInput *input, Candidate *candidate, Proposal *ret,
			char *reason)
{
	CongestionClass class = candidate->findings.class;
	PolicyRoute route;

	/* What a metric of ours loses is held against its trial, by the engine. */
	if (class == CONGESTION_CONTENT ||
	    (class == CONGESTION_OVERRUN && path_metrics(candidate->path)->congestion[0]))
		return false;
	if (class != CONGESTION_OVERRUN && congestion_forbids_bbr(class)) {
		(void)text_format(reason, CONTROLLER_REASON_MAX, "a path %s",
				  congestion_class_reason(class));
		return false;
	}
	candidate->name = alternative(input, class);
	if (!candidate->name || text_equal(candidate->name, candidate->current)) {
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "a path calls for another algorithm, but %s is not %s",
				  class == CONGESTION_OVERRUN ? "cubic" : "bbr",
				  candidate->name ? "another one" : "available and allowed");
		return false;
	}
	if (controller_route(input, candidate->path, &route, reason)) {
		if (!controller_propose_metric(input, controller_congestion.name, candidate->path,
					       &route, TUNABLE_ROUTE_CONGCTL, 0, candidate->name,
					       ret, reason))
			return false;
	} else if (!propose_for_host(input, candidate, ret, reason)) {
		return false;
	}
	explain(candidate, &ret->evidence);
	controller_plan(&ret->plan, TRIAL_SWITCHBACK, input, candidate->path, &candidate->sum);
	return true;
}

/* --- metrics that lost their reason --- */

/* Why the metric of this path should go, and whether it does harm; NULL: it should not. That the
 * host does the same is no reason: the host's setting may be on trial. Nor is what is
 * retransmitted: that the engine holds against what the trial has seen, for a path's own losses
 * come and go. */
static const char *lost_reason(const Candidate *candidate, bool *ret_harmful)
{
	const Path *path = candidate->path;
	const WindowSum *sum = &candidate->sum;

	*ret_harmful = false;
	if (sum->samples_other_congestion * 1000 > sum->samples * OWN_CHOICE_PERMILLE)
		return "applications choose for themselves";
	*ret_harmful = true;
	if (path->min_rtt_us < FLOOR_MIN_US && text_equal(path_metrics(path)->congestion, "bbr"))
		return "the path is shorter than 2 ms now";
	return NULL;
}

static bool withdraw(const ControllerInput *input, const Candidate *candidate, Proposal *ret)
{
	const char *name = path_metrics(candidate->path)->congestion;
	char reason[CONTROLLER_REASON_MAX], address[ADDRESS_TEXT_MAX];
	PolicyRoute route;
	const char *why;
	bool harmful;

	if (!(why = lost_reason(candidate, &harmful)) ||
	    !controller_route(input, candidate->path, &route, reason) ||
	    tunable_is_unset(controller_metric(&route, TUNABLE_ROUTE_CONGCTL)) ||
	    !controller_propose_metric(input, controller_congestion.name, candidate->path, &route,
				       TUNABLE_ROUTE_CONGCTL, 0, NULL, ret, reason))
		return false;
	ret->harmful = harmful;
	add_numbers(candidate, &ret->evidence);
	(void)text_format(ret->evidence.summary, sizeof(ret->evidence.summary),
			  "%s on the way to %s has lost its reason: %s", name,
			  address_format(&candidate->path->address, address), why);
	(void)text_format(ret->evidence.formula, sizeof(ret->evidence.formula),
			  "floor %.1f ms (at least 2 ms), %u of %u samples of another algorithm",
			  candidate->path->min_rtt_us / 1e3,
			  candidate->sum.samples_other_congestion, candidate->sum.samples);
	return true;
}

/* --- the host, once most of its destinations agree --- */

typedef struct Agreement {
	const char *name; /* what most bytes go by, as metrics in force */
	uint64_t permille;
	const Candidate *rest; /* the busiest path without a metric */
	const char *against;   /* why a path of the rest must not have it; NULL: none */
} Agreement;

static const char *objection(const Candidate *candidate, const char *name)
{
	if (!text_equal(name, "bbr"))
		return NULL;
	if (candidate->path->min_rtt_us < FLOOR_MIN_US)
		return "is shorter than 2 ms";
	return congestion_forbids_bbr(candidate->findings.class)
		       ? congestion_class_reason(candidate->findings.class)
		       : NULL;
}

static Agreement agree(const ControllerInput *input, const Candidate candidates[], size_t n)
{
	Agreement agreement = {0};

	for (size_t i = 0; i < n; i++) {
		const char *name = path_metrics(candidates[i].path)->congestion;
		uint64_t permille = 0;

		for (size_t k = 0; name[0] && k < n; k++)
			if (text_equal(path_metrics(candidates[k].path)->congestion, name))
				permille += candidates[k].share_permille;
		if (permille > agreement.permille && !text_equal(name, host_congestion(input)))
			agreement = (Agreement){.name = name, .permille = permille};
	}
	for (size_t i = 0; agreement.name && i < n; i++) {
		const Candidate *candidate = &candidates[i];

		if (path_metrics(candidate->path)->congestion[0] ||
		    candidate->share_permille < NEGLIGIBLE_PERMILLE)
			continue;
		if (!agreement.rest && may_try(candidate))
			agreement.rest = candidate;
		if (!agreement.against)
			agreement.against = objection(candidate, agreement.name);
	}
	return agreement;
}

static bool propose_agreed(const ControllerInput *input, const Candidate candidates[], size_t n,
			   Proposal *ret, char *reason)
{
	Agreement agreement = agree(input, candidates, n);
	Candidate subject;

	if (!agreement.rest || agreement.permille < SHARE_PERMILLE ||
	    !controller_asked(input, agreement.rest->path))
		return false;
	if (agreement.against) {
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "%s serves 80 %% of the bulk bytes, but is not made the host's: "
				  "a path %s",
				  agreement.name, agreement.against);
		return false;
	}
	subject = *agreement.rest;
	subject.name = agreement.name;
	subject.share_permille = agreement.permille;
	if (!propose_for_host(input, &subject, ret, reason))
		return false;
	add_numbers(&subject, &ret->evidence);
	(void)text_format(ret->evidence.summary, sizeof(ret->evidence.summary),
			  "%s has proven itself on paths with %.0f %% of the bulk bytes: it may be "
			  "right for the rest of the host",
			  agreement.name, (double)agreement.permille / 10);
	(void)text_format(ret->evidence.formula, sizeof(ret->evidence.formula),
			  "%.1f %% of the bulk bytes go by %s as a metric that was kept (at least "
			  "80 %%); try %s against %s on the busiest of the others",
			  (double)agreement.permille / 10, agreement.name, agreement.name,
			  subject.current);
	controller_plan(&ret->plan, TRIAL_SWITCHBACK, input, subject.path, &subject.sum);
	return true;
}

static bool fixed_value(const ControllerInput *input, Proposal *ret, char *reason)
{
	const PolicyTunable *state = &input->snapshot->tunables[TUNABLE_TCP_CONGESTION_CONTROL];
	ChangeTunable tunable = {.id = TUNABLE_TCP_CONGESTION_CONTROL,
				 .old_value = state->current,
				 .new_value = state->current};
	const char *name = input->config->congestion_allowed[0];

	if (!controller_may_write(input, TUNABLE_TCP_CONGESTION_CONTROL, reason))
		return false;
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
	return MAX(total, UINT64_C(1));
}

static bool look_at(const ControllerInput *input, const Path *path, uint64_t total, Candidate *ret)
{
	const char *own;

	*ret = (Candidate){.path = path};
	if (path->min_rtt_us == UINT32_MAX || !controller_sum(input, path, &ret->sum) ||
	    ret->sum.receiving || ret->sum.loss < 0 || ret->sum.goodput_bps == 0)
		return false;
	ret->share_permille = ret->sum.acked * 1000 / total;
	own = path_metrics(path)->congestion;
	ret->current = own[0] ? own : host_congestion(input);
	congestion_classify(input, path, &ret->sum, ret->current, &ret->findings);
	return true;
}

static bool withdraw_any(const ControllerInput *input, uint64_t total, Proposal *ret)
{
	const PathTable *table = input->snapshot->paths;
	Candidate candidate;

	for (size_t i = 0; i < path_table_count(table); i++) {
		const Path *path = path_table_at(table, i);

		if (controller_asked(input, path) && path_metrics(path)->congestion[0] &&
		    look_at(input, path, total, &candidate) && withdraw(input, &candidate, ret))
			return true;
	}
	return false;
}

static bool propose(const ControllerInput *input, Proposal *ret, char *reason)
{
	const Path *paths[CONTROLLER_PATHS];
	Candidate candidates[CONTROLLER_PATHS];
	size_t n = controller_paths(input, paths), found = 0;
	uint64_t total = bulk_total(paths, n);

	if (input->config->switches[POLICY_CONGESTION] == POLICY_FIXED)
		return fixed_value(input, ret, reason);
	/* Without metrics the host's setting is all there is. */
	if (!(input->config->per_destination && input->snapshot->route) &&
	    !controller_may_write(input, TUNABLE_TCP_CONGESTION_CONTROL, reason))
		return false;
	(void)text_copy(reason, CONTROLLER_REASON_MAX,
			"no path loses packets without a queue, or queues without need");
	for (size_t i = 0; i < n; i++)
		found += look_at(input, paths[i], total, &candidates[found]);
	if (withdraw_any(input, total, ret))
		return true;
	for (size_t i = 0; i < found; i++)
		if (controller_asked(input, candidates[i].path) && may_try(&candidates[i]) &&
		    propose_for(input, &candidates[i], ret, reason))
			return true;
	return propose_agreed(input, candidates, found, ret, reason);
}

/* What keeps a path from being tried at all; false: nothing. */
static bool why_not_tried(const Candidate *candidate, char *reason)
{
	const WindowSum *sum = &candidate->sum;
	uint32_t samples = MAX(sum->samples, UINT32_C(1));

	if (may_try(candidate))
		return false;
	if (candidate->path->min_rtt_us < FLOOR_MIN_US)
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "its floor is %.3f ms: below 2 ms no other algorithm is tried",
				  candidate->path->min_rtt_us / 1e3);
	else if (sum->samples_app_limited * 1000 > sum->samples * APP_LIMITED_PERMILLE)
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "the application is the limit in %.0f %% of the samples (at most "
				  "70 %%)",
				  100.0 * sum->samples_app_limited / samples);
	else
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "applications chose another algorithm themselves in %.0f %% of "
				  "the samples (at most 20 %%)",
				  100.0 * sum->samples_other_congestion / samples);
	return true;
}

static void why_content(const Candidate *candidate, char *reason)
{
	const WindowSum *sum = &candidate->sum;
	double floor_ms = candidate->path->min_rtt_us / 1e3;

	(void)text_format(reason, CONTROLLER_REASON_MAX,
			  "%s does well: %.3f %% retransmitted, a queue of %.1f ms over %.1f ms, "
			  "%.1f Mbit/s of at best %.1f",
			  candidate->current, 100 * sum->loss,
			  MAX(sum->srtt_p50_us / 1e3 - floor_ms, 0.0), floor_ms,
			  (double)sum->goodput_bps / 1e6, (double)sum->max_delivery_bps / 1e6);
}

static void why_not(const ControllerInput *input, const Path *path, char *reason)
{
	const Path *paths[CONTROLLER_PATHS];
	size_t n = controller_paths(input, paths);
	Candidate candidate;
	WindowSum sum;

	if (input->config->switches[POLICY_CONGESTION] == POLICY_FIXED)
		return;
	if (path->min_rtt_us == UINT32_MAX || !controller_sum(input, path, &sum)) {
		controller_why_no_sum(input, path, reason);
		return;
	}
	if (!look_at(input, path, bulk_total(paths, n), &candidate)) {
		(void)text_copy(reason, CONTROLLER_REASON_MAX,
				sum.receiving ? "this host receives from there: the peer's "
						"congestion control decides"
					      : "too little was sent to judge by");
		return;
	}
	if (!why_not_tried(&candidate, reason) && candidate.findings.class == CONGESTION_CONTENT)
		why_content(&candidate, reason);
}

const Controller controller_congestion = {
	.name = "congestion",
	.knob = POLICY_CONGESTION,
	.summary = "tries another congestion control where the present one wastes the path",
	.subjects = CONTROLLER_SETS(TUNABLE_TCP_CONGESTION_CONTROL) |
		    CONTROLLER_SETS(TUNABLE_ROUTE_CONGCTL),
	.propose = propose,
	.why_not = why_not,
};
