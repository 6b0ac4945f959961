/* SPDX-License-Identifier: MIT */
/*
 * The record of a change and its names. Nothing here decides; the record only remembers.
 */
#include "daemon/policy/change.h"

#include "common/text.h"

/* More items than there is room for are dropped: evidence is shown; who compares with it later does
 * without. */
void evidence_add(Evidence *evidence, const char *name, int64_t value)
{
	if (evidence->n_items < EVIDENCE_ITEMS_MAX)
		evidence->items[evidence->n_items++] = (EvidenceItem){name, value};
}

bool evidence_get(const Evidence *evidence, const char *name, int64_t *ret)
{
	for (size_t i = 0; i < evidence->n_items; i++) {
		if (!text_equal(evidence->items[i].name, name))
			continue;
		*ret = evidence->items[i].value;
		return true;
	}
	return false;
}

const char *change_state_name(ChangeState state)
{
	static const char *const names[] = {
		[CHANGE_ADVISED] = "advised",
		[CHANGE_TRIAL] = "trial",
		[CHANGE_DECIDED] = "decided",
	};

	return names[state];
}

const char *change_verdict_name(ChangeVerdict verdict)
{
	static const char *const names[] = {
		[VERDICT_NONE] = "none",
		[VERDICT_KEPT] = "kept",
		[VERDICT_RESTORED] = "restored",
		[VERDICT_INCONCLUSIVE] = "inconclusive",
	};

	return names[verdict];
}

const char *trial_kind_name(TrialKind kind)
{
	static const char *const names[] = {
		[TRIAL_NONE] = "none",
		[TRIAL_MECHANICAL] = "mechanical",
		[TRIAL_SWITCHBACK] = "switchback",
		[TRIAL_COUNTER] = "counter",
	};

	return names[kind];
}
