/* SPDX-License-Identifier: MIT */
/*
 * Evidence keeps the names it has in JSON, each with its exact value and, where the name ends in a
 * known unit, the value as people read it. Times are UTC: the text travels (tickets, logs).
 */
#include "daemon/serve/explain.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/human.h"
#include "daemon/serve/views.h"

#define PAIRS_PER_LINE 6

static const char *human_usec(uint64_t us, char *buffer)
{
	return human_latency(us, buffer);
}

static const char *human_share(uint64_t permille, char *buffer)
{
	return human_permille((int64_t)permille, false, buffer);
}

static const struct {
	const char *suffix;
	const char *(*format)(uint64_t value, char *buffer);
} units[] = {
	{"Usec", human_usec}, {"Bps", human_rate},       {"Bytes", human_bytes},
	{"Ppm", human_ppm},   {"Permille", human_share},
};

static bool ends_with(const char *string, const char *suffix)
{
	size_t length = strlen(string), tail = strlen(suffix);

	return length >= tail && text_equal(string + length - tail, suffix);
}

static void explain_item(const EvidenceItem *item, Text *text)
{
	char buffer[HUMAN_MAX];

	text_appendf(text, "  %-28s %" PRId64, item->name, item->value);
	for (size_t i = 0; i < ARRAY_SIZE(units) && item->value >= 0; i++)
		if (ends_with(item->name, units[i].suffix)) {
			text_appendf(text, " (%s)", units[i].format((uint64_t)item->value, buffer));
			break;
		}
	text_append(text, "\n");
}

static void explain_time(const char *label, uint64_t realtime_ns, Text *text)
{
	time_t seconds = (time_t)(realtime_ns / NSEC_PER_SEC);
	struct tm parts;
	char buffer[32];

	if (realtime_ns == 0 || !gmtime_r(&seconds, &parts) ||
	    strftime(buffer, sizeof(buffer), "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
		return;
	text_appendf(text, "%-10s%s", label, buffer);
}

static const char *outcome(const Change *change)
{
	if (change->state == CHANGE_DECIDED)
		return change_verdict_name(change->verdict);
	return change->state == CHANGE_TRIAL ? "being tried" : "advised, not written";
}

static void explain_heading(const Change *change, Text *text)
{
	char buffer[ADDRESS_TEXT_MAX > HUMAN_MAX ? ADDRESS_TEXT_MAX : HUMAN_MAX];

	text_appendf(text, "Change %" PRIu64 " by %s: %s%s\n", change->id, change->controller,
		     outcome(change), change->in_force ? ", in force" : "");
	explain_time("proposed", change->proposed_realtime_ns, text);
	text_append(text, "\n");
	if (change->decided_ns > change->proposed_ns) {
		explain_time("decided", change->decided_realtime_ns, text);
		text_appendf(text, ", after %s\n",
			     human_span((change->decided_ns - change->proposed_ns) / NSEC_PER_USEC,
					buffer));
	}
	text_appendf(text, "%-10s%s\n", "path",
		     change->path.family ? address_format(&change->path, buffer)
					 : "the whole host");
}

static void explain_values(const Change *change, Text *text)
{
	text_append(text, "\nValues\n");
	for (size_t i = 0; i < change->n_tunables; i++) {
		const ChangeTunable *tunable = &change->tunables[i];
		char old_text[TUNABLE_WORD_MAX], new_text[TUNABLE_WORD_MAX];
		char address[ADDRESS_TEXT_MAX];

		text_append(text, "  ");
		if (tunable_is_route(tunable->id))
			text_appendf(text, "%s ", address_format(&change->path, address));
		text_appendf(
			text, "%s: %s -> %s\n    affects: %s\n", tunables[tunable->id].key,
			view_value(tunable->id, &tunable->old_value, old_text, sizeof(old_text)),
			view_value(tunable->id, &tunable->new_value, new_text, sizeof(new_text)),
			tunables[tunable->id].affects);
	}
}

static void explain_why(const Evidence *evidence, Text *text)
{
	text_appendf(text, "\nWhy\n  %s\n", evidence->summary);
	if (evidence->n_items > 0)
		text_append(text, "\nEvidence\n");
	for (size_t i = 0; i < evidence->n_items; i++)
		explain_item(&evidence->items[i], text);
	if (*evidence->formula)
		text_appendf(text, "\nFormula\n  %s\n", evidence->formula);
}

/* One side of the comparison; what is unknown is "-". */
static void explain_side(const char *label, uint64_t goodput_bps, uint32_t srtt_us, double retrans,
			 unsigned flows, Text *text)
{
	char rate[HUMAN_MAX] = "-", srtt[HUMAN_MAX] = "-", loss[HUMAN_MAX] = "-";

	if (goodput_bps > 0)
		human_rate(goodput_bps, rate);
	if (srtt_us > 0)
		human_latency(srtt_us, srtt);
	if (retrans >= 0 && retrans <= 1)
		human_ppm((uint64_t)(retrans * 1e6 + 0.5), loss);
	text_appendf(text,
		     "  %-7s goodput %s, srtt p90 %s, retransmitted %s, over %u connection%s\n",
		     label, rate, srtt, loss, flows, flows == 1 ? "" : "s");
}

static void explain_pairs(const TrialRecord *trial, Text *text)
{
	text_appendf(text, "  pairs   %u complete, %u dropped for lack of data\n", trial->n_pairs,
		     trial->n_dropped);
	for (unsigned i = 0; i < MIN(trial->n_pairs, (unsigned)TRIAL_PAIRS_MAX); i++)
		text_appendf(text, "%s%+.3f%s", i % PAIRS_PER_LINE == 0 ? "          " : " ",
			     trial->differences[i],
			     i % PAIRS_PER_LINE == PAIRS_PER_LINE - 1 || i + 1 == trial->n_pairs
				     ? "\n"
				     : "");
	if (trial->n_pairs == 0)
		return;
	text_append(text, "          (ln of new over old; above 0 the new values are better)\n");
	text_appendf(text, "  effect  %+.3f, 95 %% between %+.3f and %+.3f\n", trial->effect,
		     trial->effect_low, trial->effect_high);
	text_appendf(text, "  e-value ln %.2f for a benefit", trial->log_e_benefit);
	if (trial->e_keep > 0)
		text_appendf(text, " (ln %.2f to keep)", log(trial->e_keep));
	text_appendf(text, ", ln %.2f for harm\n", trial->log_e_harm);
}

static void explain_prior(const TrialRecord *trial, Text *text)
{
	if (trial->prior != 0)
		text_appendf(text,
			     "  prior   %+.3f, of an earlier trial: it shortens this one, and "
			     "proves nothing\n",
			     trial->prior);
}

/* Whether there is anything to show: a counter counts what it counts. */
static bool has_sides(const TrialRecord *trial)
{
	return trial->kind != TRIAL_COUNTER || trial->before_goodput_bps > 0 ||
	       trial->after_goodput_bps > 0;
}

static void explain_trial(const TrialRecord *trial, Text *text)
{
	char buffer[HUMAN_MAX];
	int64_t gain;

	text_append(text, "\nTrial\n");
	switch (trial->kind) {
	case TRIAL_NONE:
		text_append(text, "  none: the values are fixed by the configuration, or advice\n");
		return;
	case TRIAL_MECHANICAL:
		text_append(text, "  a limit was removed; judged on connections born afterwards\n");
		break;
	case TRIAL_SWITCHBACK:
		text_append(text, "  old and new values in turn, in random order, pair by pair\n");
		break;
	case TRIAL_COUNTER:
		text_append(text, "  faults that the kernel counts, per load, before and after\n");
		break;
	}
	if (*trial->phase)
		text_appendf(text, "  phase   %s\n", trial->phase);
	explain_prior(trial, text);
	if (has_sides(trial)) {
		explain_side("before", trial->before_goodput_bps, trial->before_srtt_p90_us,
			     trial->before_retrans, trial->flows_before, text);
		explain_side("after", trial->after_goodput_bps, trial->after_srtt_p90_us,
			     trial->after_retrans, trial->flows_after, text);
	}
	if (trial->kind == TRIAL_SWITCHBACK)
		explain_pairs(trial, text);
	if (view_gain(trial, &gain))
		text_appendf(text, "  gain    %s\n", human_permille(gain, true, buffer));
}

/* One after the other, as "3, 4, 17". */
static void explain_hours(uint32_t hours, Text *text)
{
	const char *comma = "";

	for (unsigned hour = 0; hour < 24; hour++) {
		if (!(hours >> hour & 1))
			continue;
		text_appendf(text, "%s%u", comma, hour);
		comma = ", ";
	}
}

static void explain_retests(const Change *change, uint64_t now_ns, Text *text)
{
	char buffer[HUMAN_MAX];

	if (change->retest_of == 0 && !change->provisional && change->retests == 0 &&
	    change->retest_ns == 0)
		return;
	text_append(text, "\nRe-tests\n");
	if (change->retest_of > 0)
		text_appendf(text, "  this is a re-test of change %" PRIu64 "\n",
			     change->retest_of);
	if (change->provisional)
		text_append(text,
			    "  provisional until one in another part of the day confirms it\n");
	if (change->retests > 0)
		text_appendf(text, "  confirmed %u time%s\n", change->retests,
			     change->retests == 1 ? "" : "s");
	if (change->retest_ns > now_ns)
		text_appendf(text, "  the next one is due in %s\n",
			     human_span((change->retest_ns - now_ns) / NSEC_PER_USEC, buffer));
	else if (change->retest_ns > 0)
		text_append(text, "  the next one is due\n");
	if (change->hours != 0) {
		text_append(text, "  hours of the day covered (UTC): ");
		explain_hours(change->hours, text);
		text_append(text, "\n");
	}
}

static void explain_operator(const Change *change, uint64_t now_ns, Text *text)
{
	char buffer[HUMAN_MAX];

	if (change->by_operator)
		text_append(text, "\nAsked for\n  by an operator, with 'netoptctl apply'\n");
	if (!change_is_held(change, now_ns))
		return;
	text_append(text, "\nHeld\n  by an operator: no re-test, no restoration by itself, no "
			  "proposal, ");
	if (change->held_until_ns == UINT64_MAX)
		text_append(text, "until told otherwise\n");
	else
		text_appendf(text, "for another %s\n",
			     human_span((change->held_until_ns - now_ns) / NSEC_PER_USEC, buffer));
}

void explain_change(const Change *change, uint64_t now_ns, Text *text)
{
	explain_heading(change, text);
	explain_values(change, text);
	explain_why(&change->evidence, text);
	explain_trial(&change->trial, text);
	explain_retests(change, now_ns, text);
	explain_operator(change, now_ns, text);
	text_appendf(text, "\nVerdict\n  %s", outcome(change));
	if (*change->reason)
		text_appendf(text, ": %s", change->reason);
	text_append(text, "\n");
}
