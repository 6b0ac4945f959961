/* SPDX-License-Identifier: MIT */
/*
 * What we know of each tunable, and the one place where a sysctl is written.
 *
 * sysctls have no compare-and-swap. The nearest thing is to read immediately before the write and
 * immediately after it; what an administrator writes in the microseconds between the first read and
 * our write is lost to both of us, and nothing in user space can close that gap.
 *
 * When a value reads back as neither the old nor the new one, there are two explanations: the
 * kernel applied half of it (the first numbers of a triple) or clamped it, or somebody else wrote
 * at the same moment. The first lies, number by number, between old and new; there it is ours to
 * put back. Anything else is taken for somebody else's, and left alone.
 */
#include "daemon/tune/ledger.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"

uint64_t ledger_now(const Registry *registry)
{
	return clock_monotonic_ns(&registry->params.clock);
}

static void report(const Registry *registry, RegistryEvent event, TunableId id,
		   const char *old_value, const char *new_value, int error)
{
	RegistryReport record = {
		.event = event,
		.id = id,
		.old_value = old_value,
		.new_value = new_value,
		.change_id = id < _TUNABLE_SYSCTLS ? registry->states[id].change_id : 0,
		.error = error,
	};

	if (registry->params.report)
		registry->params.report(&record, registry->params.context);
}

void ledger_report(const Registry *registry, RegistryEvent event, TunableId id,
		   const TunableValue *old_value, const TunableValue *new_value, int error)
{
	char old_text[TUNABLE_WORD_MAX] = "", new_text[TUNABLE_WORD_MAX] = "";

	if (old_value)
		(void)tunable_format(old_value, old_text, sizeof(old_text));
	if (new_value)
		(void)tunable_format(new_value, new_text, sizeof(new_text));
	report(registry, event, id, old_text, new_text, error);
}

int ledger_read(const Registry *registry, TunableId id, TunableValue *ret_value)
{
	char text[SYSCTL_VALUE_MAX];
	int r = sysctl_read(&registry->params.sysctl, tunables[id].key, text, sizeof(text));

	if (r < 0)
		return r == -EMSGSIZE ? -EBADMSG : r;
	return tunable_parse(&tunables[id], text, ret_value) < 0 ? -EBADMSG : 0;
}

static bool is_writable(const Registry *registry, TunableId id)
{
	if (tunables[id].scope == TUNABLE_SCOPE_HOST && !registry->params.identity.initial_netns)
		return false;
	return sysctl_writable(&registry->params.sysctl, tunables[id].key);
}

int ledger_observe(Registry *registry, TunableId id)
{
	TunableState *state = &registry->states[id];
	TunableValue now;
	int r = ledger_read(registry, id, &now);

	registry->read_errors[id] = r;
	state->present = r == 0;
	state->writable = r == 0 && is_writable(registry, id);
	if (r == -EBADMSG && state->owner == OWNER_NETOPT) {
		ledger_disown(registry, id, NULL);
		return 1;
	}
	if (r < 0)
		return r == -ENOENT || r == -EBADMSG ? 0 : r;
	if (!registry->seen[id]) {
		registry->seen[id] = true;
		state->original = state->current = now;
		return 0;
	}
	if (tunable_equal(&now, &state->current))
		return 0;
	if (state->owner == OWNER_NETOPT ||
	    (state->owner == OWNER_HOST && tunables[id].proposable)) {
		ledger_disown(registry, id, &now);
		return 1;
	}
	if (state->owner == OWNER_HOST)
		state->original = now;
	state->current = now;
	state->changed_ns = ledger_now(registry);
	return 0;
}

void ledger_disown(Registry *registry, TunableId id, const TunableValue *found)
{
	TunableState *state = &registry->states[id];
	char old_text[TUNABLE_WORD_MAX], new_text[TUNABLE_WORD_MAX] = "(not understood)";

	(void)tunable_format(&state->current, old_text, sizeof(old_text));
	if (found) {
		(void)tunable_format(found, new_text, sizeof(new_text));
		state->current = *found;
	}
	state->owner = OWNER_FOREIGN;
	state->changed_ns = ledger_now(registry);
	ledger_forget(registry, id);
	report(registry, REGISTRY_FOREIGN, id, old_text, new_text, 0);
}

void ledger_own(Registry *registry, TunableId id, const TunableValue *value, uint64_t change_id)
{
	TunableState *state = &registry->states[id];

	registry->touched[id] = true;
	state->owner = OWNER_NETOPT;
	state->ours = state->current = *value;
	state->change_id = change_id;
	state->changed_ns = ledger_now(registry);
}

bool ledger_is_needed(const Registry *registry, TunableId id, TunableOwner owner)
{
	const TunableValue *original = &registry->states[id].original;

	for (TunableId cause = 0; cause < _TUNABLE_SYSCTLS; cause++) {
		const TunableState *state = &registry->states[cause];

		if (tunables[cause].collateral == id && state->owner == owner &&
		    !tunable_has_word(original, state->current.words))
			return true;
	}
	return false;
}

JournalEntry *ledger_entry(Journal *journal, TunableId id)
{
	for (size_t i = 0; i < journal->n_entries; i++) {
		if (journal->entries[i].id == id)
			return &journal->entries[i];
	}
	return NULL;
}

JournalEntry *ledger_entry_make(Registry *registry, TunableId id, const TunableValue *original)
{
	Journal *journal = &registry->journal;
	JournalEntry *entry = ledger_entry(journal, id);

	if (entry)
		return entry;
	assert(journal->n_entries < _TUNABLE_SYSCTLS);
	entry = &journal->entries[journal->n_entries++];
	*entry = (JournalEntry){.id = id, .original = *original};
	return entry;
}

void ledger_entry_set_ours(JournalEntry *entry, const TunableValue *a, const TunableValue *b)
{
	entry->n_ours = 0;
	if (!tunable_equal(a, &entry->original))
		entry->ours[entry->n_ours++] = *a;
	if (entry->n_ours == 0 || !tunable_equal(a, b))
		entry->ours[entry->n_ours++] = *b;
}

void ledger_entry_copy(Registry *registry, TunableId id, Journal *from)
{
	const JournalEntry *entry = ledger_entry(from, id);

	if (entry)
		*ledger_entry_make(registry, id, &entry->original) = *entry;
	else
		ledger_forget(registry, id);
}

void ledger_forget(Registry *registry, TunableId id)
{
	Journal *journal = &registry->journal;
	JournalEntry *entry = ledger_entry(journal, id);

	if (!entry)
		return;
	*entry = journal->entries[--journal->n_entries];
	registry->unsaved = true;
}

static bool is_mixture(const TunableValue *head, const TunableValue *tail,
		       const TunableValue *value)
{
	TunableValue mixture = *tail;

	if (value->kind != TUNABLE_TRIPLE)
		return false;
	for (size_t i = 0; i < 2; i++) {
		mixture.numbers[i] = head->numbers[i];
		if (tunable_equal(&mixture, value))
			return true;
	}
	return false;
}

bool ledger_may_be_ours(const JournalEntry *entry, const TunableValue *value)
{
	const TunableValue *candidates[3] = {&entry->original};
	size_t n = 1;

	for (unsigned i = 0; i < entry->n_ours; i++)
		candidates[n++] = &entry->ours[i];
	for (size_t i = 0; i < n; i++) {
		if (tunable_equal(candidates[i], value))
			return true;
		if (value->kind == TUNABLE_WORDS && tunable_is_subset(&entry->original, value) &&
		    tunable_is_subset(value, candidates[i]))
			return true;
		for (size_t k = 0; k < n; k++) {
			if (is_mixture(candidates[i], candidates[k], value))
				return true;
		}
	}
	return false;
}

int ledger_save(Registry *registry)
{
	int r;

	if (registry->journal_error < 0)
		return registry->journal_error;
	if (registry->params.state_directory_fd < 0)
		return -EROFS;
	r = journal_store(registry->params.state_directory_fd, &registry->journal);
	registry->unsaved = r < 0;
	return r;
}

static bool is_between(const TunableValue *value, const TunableValue *a, const TunableValue *b)
{
	if (value->kind != TUNABLE_TRIPLE && value->kind != TUNABLE_PAIR &&
	    value->kind != TUNABLE_INTEGER)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(value->numbers); i++) {
		int64_t low = MIN(a->numbers[i], b->numbers[i]);
		int64_t high = MAX(a->numbers[i], b->numbers[i]);

		if (value->numbers[i] < low || value->numbers[i] > high)
			return false;
	}
	return true;
}

/* One write and what came of it. `from` is what was there immediately before. */
static int write_and_judge(Registry *registry, TunableId id, const TunableValue *from,
			   const TunableValue *to, TunableValue *ret_holds)
{
	char text[TUNABLE_WORD_MAX], readback[SYSCTL_VALUE_MAX];
	TunableValue now;
	int r = sysctl_write_verified(&registry->params.sysctl, tunables[id].key,
				      tunable_format(to, text, sizeof(text)), readback);

	if (tunable_parse(&tunables[id], readback, &now) < 0 &&
	    ledger_read(registry, id, &now) < 0) {
		/* Unknown: what follows must reckon with our value being there. */
		*ret_holds = *to;
		return r < 0 ? r : -EIO;
	}
	*ret_holds = now;
	if (tunable_equal(&now, to))
		return MIN(r, 0);
	if (tunable_equal(&now, from) || is_between(&now, from, to))
		return r < 0 ? r : -EIO;
	return LEDGER_OVERTAKEN;
}

int ledger_put(Registry *registry, TunableId id, const TunableValue *from, const TunableValue *to,
	       TunableValue *ret_holds)
{
	TunableValue now;
	int r = ledger_read(registry, id, &now);

	if (r < 0 || !tunable_equal(&now, from)) {
		*ret_holds = r < 0 ? *from : now;
		return r < 0 ? r : LEDGER_OVERTAKEN;
	}
	return write_and_judge(registry, id, from, to, ret_holds);
}

static int put_back_once(Registry *registry, TunableId id, const TunableValue *from,
			 const TunableValue *to, TunableValue *ret_holds)
{
	TunableValue now;
	int r = ledger_read(registry, id, &now);

	*ret_holds = r < 0 ? *from : now;
	if (r < 0 || tunable_equal(&now, to))
		return r;
	if (!tunable_equal(&now, from) && !is_between(&now, from, to))
		return LEDGER_OVERTAKEN;
	return write_and_judge(registry, id, &now, to, ret_holds);
}

int ledger_put_back(Registry *registry, TunableId id, const TunableValue *from,
		    const TunableValue *to, TunableValue *ret_holds)
{
	TunableValue now;
	int r = put_back_once(registry, id, from, to, ret_holds);

	if (r < 0)
		r = put_back_once(registry, id, from, to, ret_holds);
	if (r < 0 && ledger_read(registry, id, &now) == 0 && tunable_equal(&now, to)) {
		*ret_holds = now; /* it failed, and yet it is there */
		return 0;
	}
	return r;
}
