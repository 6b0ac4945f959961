/* SPDX-License-Identifier: MIT */
/*
 * The life of the registry, and giving things back. Writing is in apply.c, the moves that both
 * share in ledger.c.
 *
 * Recovery is nothing but a restore: what the journal of a dead process lists and the kernel still
 * holds is taken over as our own, and then put back as on any stop. Each step of it may die and be
 * repeated, because the journal is only forgotten when the originals are back.
 *
 * What counts as somebody else's doing: any value other than the one we know, also the original
 * put back by hand. Who does that wants us to stay away, and there is nothing left to restore.
 * A value written by hand that happens to be the one we wrote cannot be told from ours. A foreign
 * tunable stays foreign, whatever it holds later, until registry_release().
 */
#include "daemon/tune/registry.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "daemon/tune/ledger.h"

/* What a dead process left: ours where it matches the journal, foreign where it does not. The
 * restore that follows reports both. */
static void take_over(Registry *registry, const Journal *found)
{
	registry->journal = *found;
	for (size_t i = 0; i < found->n_entries; i++) {
		const JournalEntry *entry = &found->entries[i];
		const TunableValue *last = &entry->ours[entry->n_ours - 1];
		TunableState *state = &registry->states[entry->id];
		TunableValue now = state->present ? state->current : *last;

		registry->seen[entry->id] = registry->touched[entry->id] = true;
		state->original = entry->original;
		state->change_id = entry->change_id;
		state->ours = *last;
		if (ledger_may_be_ours(entry, &now)) {
			ledger_own(registry, entry->id, &now, entry->change_id);
			continue;
		}
		state->owner = OWNER_FOREIGN;
		ledger_forget(registry, entry->id);
	}
}

static int load_journal(Registry *registry)
{
	Journal found;
	int r;

	/* A dry run touches nothing, and that includes the journal of a run that was not dry. */
	if (registry->params.dry_run || registry->params.state_directory_fd < 0)
		return 0;
	r = journal_load(registry->params.state_directory_fd, &registry->params.identity, &found);
	if (r == -ENOMEM)
		return r;
	if (r == 0) {
		take_over(registry, &found);
		/* Failures are reported one by one, and remain ours for the next attempt. */
		(void)registry_restore_all(registry);
	} else if (r == JOURNAL_STALE) {
		ledger_report(registry, REGISTRY_STALE, _TUNABLES, NULL, NULL, 0);
	} else if (r == JOURNAL_DAMAGED) {
		ledger_report(registry, REGISTRY_FAILED, _TUNABLES, NULL, NULL, -EBADMSG);
	} else if (r < 0) {
		registry->journal_error = r;
		ledger_report(registry, REGISTRY_FAILED, _TUNABLES, NULL, NULL, r);
	}
	return 0;
}

int registry_new(const RegistryParams *params, Registry **ret_registry)
{
	Registry *registry = calloc(1, sizeof(*registry));
	int r;

	if (!registry)
		return -ENOMEM;
	registry->params = *params;
	registry->journal.identity = params->identity;
	for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++)
		(void)ledger_observe(registry, id); /* what cannot be read is not present */
	r = load_journal(registry);
	if (r < 0) {
		registry_free(registry);
		return r;
	}
	*ret_registry = registry;
	return 0;
}

void registry_free(Registry *registry)
{
	free(registry);
}

const TunableState *registry_get(const Registry *registry, TunableId id)
{
	assert((unsigned)id < _TUNABLE_SYSCTLS);
	return &registry->states[id];
}

static int leave_alone(Registry *registry, TunableId id, const TunableValue *found)
{
	TunableState *state = &registry->states[id];
	TunableValue ours = state->ours;

	if (state->owner != OWNER_FOREIGN)
		ledger_disown(registry, id, found);
	if (registry->touched[id])
		ledger_report(registry, REGISTRY_LEFT_ALONE, id, &ours, found, 0);
	return REGISTRY_REFUSED;
}

/* A collateral may have been changed once more by our own restore of its cause. */
static bool is_still_ours(Registry *registry, TunableId id, const TunableValue *now)
{
	const JournalEntry *entry = ledger_entry(&registry->journal, id);

	if (tunables[id].kind == TUNABLE_WORDS)
		return entry && ledger_may_be_ours(entry, now);
	return tunable_equal(now, &registry->states[id].current);
}

static int restore_failed(Registry *registry, TunableId id, const TunableValue *holds, int error)
{
	TunableState *state = &registry->states[id];
	JournalEntry *entry = ledger_entry_make(registry, id, &state->original);

	ledger_report(registry, REGISTRY_FAILED, id, holds, &state->original, error);
	/* Half of it may be back: the next attempt, of whatever process, must know it as ours. */
	if (!tunable_equal(holds, &state->current)) {
		ledger_entry_set_ours(entry, &state->current, holds);
		registry->unsaved = true;
		ledger_own(registry, id, holds, state->change_id);
	}
	return error;
}

static int restore_one(Registry *registry, TunableId id)
{
	TunableState *state = &registry->states[id];
	TunableValue now, holds;
	int r;

	if (state->owner == OWNER_HOST)
		return 0;
	if (state->owner == OWNER_FOREIGN)
		return leave_alone(registry, id, &state->current);
	r = ledger_read(registry, id, &now);
	if (r < 0)
		return restore_failed(registry, id, &state->current, r);
	if (!is_still_ours(registry, id, &now) || ledger_is_needed(registry, id, OWNER_FOREIGN))
		return leave_alone(registry, id, &now);
	if (ledger_is_needed(registry, id, OWNER_NETOPT))
		return REGISTRY_REFUSED; /* its cause is not back: both stay ours */
	r = ledger_put_back(registry, id, &now, &state->original, &holds);
	if (r == LEDGER_OVERTAKEN)
		return leave_alone(registry, id, &holds);
	if (r < 0)
		return restore_failed(registry, id, &holds, r);
	if (!tunable_equal(&now, &state->original))
		ledger_report(registry, REGISTRY_RESTORED, id, &now, &state->original, 0);
	state->owner = OWNER_HOST;
	state->current = state->original;
	state->changed_ns = ledger_now(registry);
	ledger_forget(registry, id);
	return 0;
}

static int worse(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 ? a : b;
	return MAX(a, b);
}

static int restore_set(Registry *registry, const bool *wanted)
{
	int result = 0;

	/* Causes first: putting one back may change its collateral once more. */
	for (int collaterals = 0; collaterals < 2; collaterals++) {
		for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++) {
			if (wanted[id] && tunables[id].proposable == !collaterals)
				result = worse(result, restore_one(registry, id));
		}
	}
	/* If this fails the file lists originals that are back: recovery finds nothing to do. */
	if (registry->unsaved)
		(void)ledger_save(registry);
	return result;
}

int registry_restore(Registry *registry, const TunableId *ids, size_t n)
{
	bool wanted[_TUNABLE_SYSCTLS] = {};

	for (size_t i = 0; i < n; i++) {
		TunableId collateral;

		if ((unsigned)ids[i] >= _TUNABLE_SYSCTLS)
			return -EINVAL;
		wanted[ids[i]] = true;
		collateral = tunables[ids[i]].collateral;
		if (collateral != _TUNABLES && registry->states[collateral].owner == OWNER_NETOPT)
			wanted[collateral] = true;
	}
	return restore_set(registry, wanted);
}

int registry_restore_all(Registry *registry)
{
	bool wanted[_TUNABLE_SYSCTLS];

	/* What somebody else changed before we ever wrote it is none of our business here. */
	for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++) {
		const TunableState *state = &registry->states[id];
		wanted[id] = state->owner == OWNER_NETOPT ||
			     (state->owner == OWNER_FOREIGN && registry->touched[id]);
	}
	return restore_set(registry, wanted);
}

int registry_keep_all(Registry *registry)
{
	Journal journal;
	int r;

	(void)registry_refresh(registry); /* so that nothing foreign is called kept */
	journal = registry->journal;
	registry->journal.n_entries = 0;
	if (journal.n_entries > 0 || registry->unsaved) {
		r = ledger_save(registry);
		if (r < 0) {
			registry->journal = journal;
			return r;
		}
	}
	for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++) {
		TunableState *state = &registry->states[id];

		if (state->owner != OWNER_NETOPT)
			continue;
		if (!tunable_equal(&state->current, &state->original))
			ledger_report(registry, REGISTRY_KEPT, id, &state->original,
				      &state->current, 0);
		state->owner = OWNER_HOST;
		state->original = state->current;
		state->changed_ns = ledger_now(registry);
	}
	return 0;
}

int registry_refresh(Registry *registry)
{
	int found = 0, error = 0;

	for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++) {
		int r = ledger_observe(registry, id);

		if (r < 0)
			error = r;
		else
			found += r;
	}
	if (registry->unsaved)
		(void)ledger_save(registry); /* stays unsaved, and is tried at the next refresh */
	return error < 0 ? error : found;
}

int registry_release(Registry *registry, TunableId id)
{
	TunableState *state;
	TunableValue now;
	int r;

	if ((unsigned)id >= _TUNABLE_SYSCTLS)
		return -EINVAL;
	state = &registry->states[id];
	if (state->owner == OWNER_FOREIGN) {
		r = ledger_read(registry, id, &now);
		if (r < 0)
			return r;
		state->owner = OWNER_HOST;
		state->original = state->current = now;
		state->change_id = 0;
		registry->touched[id] = false;
		state->changed_ns = ledger_now(registry);
	}
	/* The operator thinks of the congestion control, not of the list behind it. */
	if (tunables[id].collateral != _TUNABLES)
		return registry_release(registry, tunables[id].collateral);
	return 0;
}
