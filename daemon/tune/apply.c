/* SPDX-License-Identifier: MIT */
/*
 * registry_apply(): several tunables, all or none.
 *
 * First everything is checked without touching anything; then the journal learns what may be
 * changed and to what; then one write after the other, each read back. When one fails the ones
 * before it are undone in reverse order, and so is the failed one: the kernel may have applied half
 * of it.
 *
 * tcp_congestion_control has a collateral: in the init namespace the kernel adds its new value to
 * the list of allowed ones and never takes it out. The list is a step of its own that the kernel
 * performs for us, right behind the step that causes it. It is undone last, because putting the
 * congestion control back may add that one, too.
 */
#include "daemon/tune/ledger.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "common/text.h"

typedef struct Step {
	TunableId id;
	bool by_kernel;             /* not written by us: it follows from the step before */
	TunableValue before, after; /* by_kernel: the most it may become */
	TunableValue holds;         /* as far as we know */
	TunableState saved;
} Step;

typedef struct Transaction {
	Registry *registry;
	uint64_t change_id;
	char *reason;
	size_t reason_size;
	Journal journal; /* before the transaction */
	Step steps[_TUNABLE_SYSCTLS];
	size_t n_steps;
} Transaction;

static void give_reason(Transaction *t, TunableId id, const char *why)
{
	if (t->reason)
		(void)text_format(t->reason, t->reason_size, "%s: %s", tunables[id].key, why);
}

static int refuse(Transaction *t, TunableId id, const char *why)
{
	give_reason(t, id, why);
	return REGISTRY_REFUSED;
}

static Step *add_step(Transaction *t, TunableId id, bool by_kernel, const TunableValue *after)
{
	Step *step = &t->steps[t->n_steps++];
	const TunableState *state = &t->registry->states[id];

	*step = (Step){
		.id = id,
		.by_kernel = by_kernel,
		.before = state->current,
		.after = *after,
		.holds = state->current,
		.saved = *state,
	};
	return step;
}

/* What the kernel may make of the collateral: it adds what we write, and later, when we put it
 * back, what was there before. */
static int plan_collateral(Transaction *t, const Step *cause)
{
	Registry *registry = t->registry;
	TunableId id = tunables[cause->id].collateral;
	const TunableState *state;
	TunableValue most;
	int r;

	if (id == _TUNABLES ||
	    (tunables[id].scope == TUNABLE_SCOPE_HOST && !registry->params.identity.initial_netns))
		return 0;
	state = &registry->states[id];
	r = ledger_observe(registry, id);
	if (r < 0 || registry->read_errors[id] == -ENOENT)
		return MIN(r, 0);
	most = state->current;
	if (tunable_add_word(&most, cause->after.words) < 0 ||
	    tunable_add_word(&most, cause->before.words) < 0 ||
	    tunable_add_word(&most, cause->saved.original.words) < 0)
		return refuse(t, id, "the list is too long");
	if (!state->present)
		return refuse(t, id, "the kernel would change it, and its value is not understood");
	if (tunable_equal(&most, &state->current))
		return 0;
	if (state->owner == OWNER_FOREIGN)
		return refuse(t, id,
			      "the kernel would change it, and it was changed by somebody "
			      "else");
	if (!state->writable)
		return refuse(t, id, "the kernel would change it, and it could not be put back");
	(void)add_step(t, id, true, &most);
	return 0;
}

static int plan_step(Transaction *t, const TunableChange *change)
{
	TunableId id = change->id;
	const TunableState *state = &t->registry->states[id];
	int r;

	if (!tunables[id].proposable)
		return refuse(t, id, "only ever restored, never set");
	r = ledger_observe(t->registry, id);
	if (r < 0) {
		give_reason(t, id, strerror(-r));
		return r;
	}
	if (state->owner == OWNER_FOREIGN)
		return refuse(t, id, "changed by somebody else");
	if (!state->present)
		return refuse(t, id, "not there, or of a form that is not understood");
	if (!state->writable)
		return refuse(t, id, "read-only");
	if (tunable_equal(&change->value, &state->current))
		return 0;
	return plan_collateral(t, add_step(t, id, false, &change->value));
}

static int plan(Transaction *t, const TunableChange *changes, size_t n)
{
	char why[128];

	for (size_t i = 0; i < n; i++) {
		TunableId id = changes[i].id;

		if ((unsigned)id >= _TUNABLE_SYSCTLS)
			return -EINVAL;
		for (size_t k = 0; k < i; k++) {
			if (changes[k].id == id)
				return -EINVAL;
		}
		if (tunable_check(&tunables[id], &changes[i].value, why, sizeof(why)) < 0) {
			give_reason(t, id, why);
			return -ERANGE;
		}
	}
	for (size_t i = 0; i < n; i++) {
		int r = plan_step(t, &changes[i]);
		if (r != 0)
			return r;
	}
	return 0;
}

/* Nothing is written before this has succeeded. */
static int record(Transaction *t)
{
	Registry *registry = t->registry;
	int r;

	for (size_t i = 0; i < t->n_steps; i++) {
		const Step *step = &t->steps[i];
		JournalEntry *entry = ledger_entry_make(registry, step->id, &step->saved.original);

		ledger_entry_set_ours(entry, step->by_kernel ? &step->after : &step->before,
				      &step->after);
		entry->change_id = t->change_id;
	}
	r = ledger_save(registry);
	if (r < 0) {
		registry->journal = t->journal;
		if (t->reason)
			(void)text_format(t->reason, t->reason_size,
					  "the journal cannot be written: %s", strerror(-r));
	}
	return r;
}

static void report_put_back(Transaction *t, const Step *step)
{
	const TunableState *state = &t->registry->states[step->id];
	bool original = tunable_equal(&step->before, &state->original);

	ledger_report(t->registry, original ? REGISTRY_RESTORED : REGISTRY_WRITTEN, step->id,
		      &step->holds, &step->before, 0);
}

/* The kernel's own step holds whatever the undone cause has left there. */
static bool learn_collateral(Transaction *t, Step *step)
{
	JournalEntry *entry = ledger_entry(&t->registry->journal, step->id);
	int r = ledger_read(t->registry, step->id, &step->holds);

	if (r == 0 && entry && ledger_may_be_ours(entry, &step->holds) &&
	    !ledger_is_needed(t->registry, step->id, OWNER_FOREIGN))
		return true;
	if (r == 0)
		ledger_disown(t->registry, step->id, &step->holds);
	else
		ledger_report(t->registry, REGISTRY_FAILED, step->id, NULL, &step->before, r);
	return false;
}

static void undo_step(Transaction *t, Step *step)
{
	Registry *registry = t->registry;
	TunableValue holds;
	int r;

	if (step->by_kernel && !learn_collateral(t, step))
		return;
	r = ledger_put_back(registry, step->id, &step->holds, &step->before, &holds);
	if (r == LEDGER_OVERTAKEN) {
		ledger_disown(registry, step->id, &holds);
	} else if (r < 0) {
		/* Ours, and wrong: it stays in the journal, and the next restore tries again. */
		ledger_own(registry, step->id, &holds, t->change_id);
		ledger_entry_set_ours(ledger_entry_make(registry, step->id, &step->saved.original),
				      &step->after, &holds);
		ledger_report(registry, REGISTRY_FAILED, step->id, &holds, &step->before, r);
	} else {
		if (!tunable_equal(&step->holds, &step->before))
			report_put_back(t, step);
		registry->states[step->id] = step->saved;
		ledger_entry_copy(registry, step->id, &t->journal);
	}
}

/* The steps before `end` were tried. */
static void undo(Transaction *t, size_t end)
{
	Registry *registry = t->registry;

	for (size_t i = end; i-- > 0;) {
		if (!t->steps[i].by_kernel &&
		    registry->states[t->steps[i].id].owner != OWNER_FOREIGN)
			undo_step(t, &t->steps[i]);
	}
	for (size_t i = 0; i < end; i++) {
		if (t->steps[i].by_kernel &&
		    registry->states[t->steps[i].id].owner != OWNER_FOREIGN)
			undo_step(t, &t->steps[i]);
	}
	for (size_t i = end; i < t->n_steps; i++)
		ledger_entry_copy(registry, t->steps[i].id, &t->journal);
	/* If this fails the file says more than is true: each of those values is the original or
	 * was never ours, and recovery sees that. registry_refresh() tries again. */
	(void)ledger_save(registry);
}

static int follow_kernel(Transaction *t, Step *step)
{
	Registry *registry = t->registry;
	TunableValue now;
	int r = ledger_read(registry, step->id, &now);

	if (r < 0) {
		ledger_report(registry, REGISTRY_FAILED, step->id, &step->before, NULL, r);
		give_reason(t, step->id, strerror(-r));
		return r;
	}
	step->holds = now;
	if (!ledger_may_be_ours(ledger_entry(&registry->journal, step->id), &now)) {
		ledger_disown(registry, step->id, &now);
		return 0;
	}
	ledger_own(registry, step->id, &now, t->change_id);
	if (!tunable_equal(&now, &step->before))
		ledger_report(registry, REGISTRY_WRITTEN, step->id, &step->before, &now, 0);
	return 0;
}

static int perform_step(Transaction *t, Step *step)
{
	Registry *registry = t->registry;
	int r;

	if (step->by_kernel)
		return follow_kernel(t, step);
	r = ledger_put(registry, step->id, &step->before, &step->after, &step->holds);
	if (r == LEDGER_OVERTAKEN) {
		ledger_disown(registry, step->id, &step->holds);
		give_reason(t, step->id, "somebody else changed it at the same moment");
		return -EBUSY;
	}
	if (r < 0) {
		registry->states[step->id].change_id = t->change_id;
		ledger_report(registry, REGISTRY_FAILED, step->id, &step->before, &step->after, r);
		give_reason(t, step->id, strerror(-r));
		return r;
	}
	ledger_own(registry, step->id, &step->after, t->change_id);
	ledger_report(registry, REGISTRY_WRITTEN, step->id, &step->before, &step->after, 0);
	return 0;
}

static int perform(Transaction *t)
{
	for (size_t i = 0; i < t->n_steps; i++) {
		int r = perform_step(t, &t->steps[i]);

		if (r == 0)
			continue;
		/* A write that failed may have had its side effect. */
		if (!t->steps[i].by_kernel && i + 1 < t->n_steps && t->steps[i + 1].by_kernel)
			i++;
		undo(t, i + 1);
		return r;
	}
	return 0;
}

int registry_apply(Registry *registry, const TunableChange *changes, size_t n, uint64_t change_id,
		   char *reason, size_t reason_size)
{
	Transaction t = {
		.registry = registry,
		.change_id = change_id,
		.reason = reason_size > 0 ? reason : NULL,
		.reason_size = reason_size,
		.journal = registry->journal,
	};
	int r;

	if (t.reason)
		t.reason[0] = '\0';
	if (registry->params.dry_run) {
		if (t.reason)
			(void)text_copy(t.reason, reason_size, "dry run");
		return -EPERM;
	}
	r = plan(&t, changes, n);
	if (r != 0 || t.n_steps == 0)
		return r;
	/* What was found foreign meanwhile is out of the journal already. */
	t.journal = registry->journal;
	r = record(&t);
	if (r < 0)
		return r;
	return perform(&t);
}
