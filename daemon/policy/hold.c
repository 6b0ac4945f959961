/* SPDX-License-Identifier: MIT */
/*
 * A hold that has ended stays in the table until its place is needed: it remembers how often, and
 * with that how long the next one lasts. Each kind counts for itself, so that a trial that starved
 * for want of connections does not lengthen what only a rejection should.
 */
#include "daemon/policy/hold.h"

#include <string.h>

#include "common/clock.h"

static const uint64_t lengths_ns[_HOLD_KINDS] = {
	[HOLD_REJECTED] = 7 * NSEC_PER_DAY,
	[HOLD_UNDECIDED] = 30 * NSEC_PER_MIN,
	[HOLD_ADVISED] = NSEC_PER_DAY,
	[HOLD_PROVEN] = NSEC_PER_DAY,
};

/* A value that follows from measurements is another one each time; what was tried is the step away
 * from what was in force. */
static bool is_measured(TunableId id)
{
	return tunables[id].kind == TUNABLE_TRIPLE || id == TUNABLE_ROUTE_RTO_MIN ||
	       id == TUNABLE_TCP_NOTSENT_LOWAT;
}

static bool same_setting(const ChangeTunable *a, const ChangeTunable *b)
{
	if (a->id != b->id)
		return false;
	if (a->id == _TUNABLES) /* advice that is about no tunable */
		return strcmp(a->new_value.words, b->new_value.words) == 0;
	return is_measured(a->id) ? tunable_equal(&a->old_value, &b->old_value)
				  : tunable_equal(&a->new_value, &b->new_value);
}

bool hold_covers(const HoldTable *table, const char *controller, const Address *path,
		 const ChangeTunable *tunable, uint64_t now_ns)
{
	for (size_t i = 0; i < table->n; i++) {
		const Hold *hold = &table->holds[i];

		if (hold->until_ns > now_ns && hold->controller == controller &&
		    (hold->path.family == 0 || address_equal(&hold->path, path)) &&
		    same_setting(&hold->tunable, tunable))
			return true;
	}
	return false;
}

/* The entry of exactly this path (or of every path), or NULL. */
static Hold *find(HoldTable *table, const char *controller, const Address *path,
		  const ChangeTunable *tunable)
{
	for (size_t i = 0; i < table->n; i++) {
		Hold *hold = &table->holds[i];

		if (hold->controller == controller && address_equal(&hold->path, path) &&
		    same_setting(&hold->tunable, tunable))
			return hold;
	}
	return NULL;
}

static Hold *place(HoldTable *table)
{
	Hold *first = &table->holds[0];

	if (table->n < HOLD_TABLE_MAX)
		return &table->holds[table->n++];
	for (size_t i = 1; i < table->n; i++)
		if (table->holds[i].until_ns < first->until_ns)
			first = &table->holds[i];
	return first;
}

static uint64_t length_ns(HoldKind kind, unsigned times)
{
	uint64_t length = lengths_ns[kind];

	for (unsigned i = 0; i < times && length < HOLD_MAX_DAYS * NSEC_PER_DAY; i++)
		length *= 2;
	return MIN(length, HOLD_MAX_DAYS * NSEC_PER_DAY);
}

void hold_add(HoldTable *table, HoldKind kind, const char *controller, const Address *path,
	      const ChangeTunable *tunable, uint64_t now_ns)
{
	Hold *hold = find(table, controller, path, tunable);

	if (!hold) {
		hold = place(table);
		*hold = (Hold){.controller = controller, .path = *path};
	}
	hold->tunable = *tunable;
	hold->until_ns = MAX(hold->until_ns, now_ns + length_ns(kind, hold->times[kind]++));
}

void hold_forget_all(HoldTable *table)
{
	table->n = 0;
}
