/* SPDX-License-Identifier: MIT */
/*
 * What the kernel and the disk hold of ours, beside what we believe: for an operator who asks.
 *
 * The journal is compared as text: there is exactly one for each content, so a byte that differs is
 * a fact that differs.
 */
#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "common/durable.h"
#include "daemon/tune/ledger.h"

/* Larger than a journal of all tunables. */
#define JOURNAL_SIZE_MAX (64 * 1024)

typedef void (*Each)(const RegistryMismatch *mismatch, void *context);

static void compare_value(const Registry *registry, TunableId id, Each each, void *context)
{
	char believed[TUNABLE_WORD_MAX], live[TUNABLE_WORD_MAX] = "";
	const TunableState *state = &registry->states[id];
	RegistryMismatch mismatch = {.id = id, .live = live};
	TunableValue now;

	mismatch.error = ledger_read(registry, id, &now);
	if (mismatch.error == 0 && tunable_equal(&now, &state->current))
		return;
	if (mismatch.error == 0)
		(void)tunable_format(&now, live, sizeof(live));
	mismatch.believed = tunable_format(&state->current, believed, sizeof(believed));
	each(&mismatch, context);
}

static void compare_texts(const char *expected, size_t length, const char *found,
			  size_t found_length, Each each, void *context)
{
	RegistryMismatch mismatch = {.id = _TUNABLES, .believed = "as in memory"};

	if (length == found_length && memcmp(expected, found, length) == 0)
		return;
	mismatch.live = "another content";
	each(&mismatch, context);
}

static int compare_journal(const Registry *registry, Each each, void *context)
{
	_cleanup_free_ char *expected = NULL, *found = NULL;
	RegistryMismatch mismatch = {.id = _TUNABLES, .believed = "no entries", .live = ""};
	size_t length, found_length;
	int r = durable_read(registry->params.state_directory_fd, JOURNAL_FILE, JOURNAL_SIZE_MAX,
			     &found, &found_length);

	if (registry->journal.n_entries == 0) {
		if (r == -ENOENT)
			return 0;
		mismatch.error = r;
		mismatch.live = r == 0 ? "a journal with entries" : "";
		each(&mismatch, context);
		return 0;
	}
	if (r < 0) {
		mismatch.believed = "as in memory";
		mismatch.error = r;
		each(&mismatch, context);
		return 0;
	}
	r = journal_encode(&registry->journal, &expected, &length);
	if (r == 0)
		compare_texts(expected, length, found, found_length, each, context);
	return r;
}

int registry_compare(const Registry *registry, Each each, void *context, unsigned *ret_values,
		     unsigned *ret_entries)
{
	unsigned values = 0;
	int r = 0;

	for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++) {
		if (registry->states[id].owner != OWNER_NETOPT)
			continue;
		values++;
		compare_value(registry, id, each, context);
	}
	if (registry->params.state_directory_fd >= 0)
		r = compare_journal(registry, each, context);
	*ret_values = values;
	*ret_entries = (unsigned)registry->journal.n_entries;
	return r;
}
