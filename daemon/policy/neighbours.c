/* SPDX-License-Identifier: MIT */
/*
 * Neighbour tables: raises gc_thresh2 and gc_thresh3 when entries come near them, since above the
 * second entries in use are evicted, and at the third a new neighbour is unreachable.
 *
 * Evidence: within three windows the entries reached four fifths of gc_thresh2; or
 * entries were refused. Step: both doubled, the third at least twice the second, to at most
 * RAM / 64 at 512 bytes an entry. The trial counts refusals; where there were none it is
 * preventive.
 */
#include "daemon/policy/host_evidence.h"

#include <inttypes.h>

#include "common/text.h"

#define NEAR_PERCENT 80
#define ENTRY_BYTES  512 /* a struct neighbour with its alignment and its place in the hash */
#define RAM_SHARE    64

typedef struct Table {
	TunableId second, third;
	HostGauge entries;
	HostCounter fulls;
	const char *name;
} Table;

static const Table tables[] = {
	{TUNABLE_NEIGH_GC_THRESH2, TUNABLE_NEIGH_GC_THRESH3, HOST_NEIGH_ENTRIES, HOST_NEIGH_FULLS,
	 "IPv4"},
	{TUNABLE_NEIGH6_GC_THRESH2, TUNABLE_NEIGH6_GC_THRESH3, HOST_NEIGH6_ENTRIES,
	 HOST_NEIGH6_FULLS, "IPv6"},
};

static bool propose_for(const ControllerInput *input, const Table *table, uint64_t entries,
			uint64_t fulls, Proposal *ret, char *reason)
{
	int64_t second = host_number(input, table->second, 0);
	int64_t third = host_number(input, table->third, 0);
	int64_t bound = (int64_t)(input->snapshot->memory_total_bytes / RAM_SHARE / ENTRY_BYTES);
	int64_t wanted = MIN(2 * second, bound / 2), wanted_third = MAX(2 * wanted, third);

	*ret = (Proposal){0};
	if (wanted <= second) {
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "the %s neighbour table is full, but more of it would take over "
				  "1/64 of the memory",
				  table->name);
		return false;
	}
	if (!host_step_add(input, controller_neighbours.name, table->second, 0, wanted, ret,
			   reason))
		return false;
	if (wanted_third > third && !host_step_add(input, controller_neighbours.name, table->third,
						   0, wanted_third, ret, reason))
		return false;
	if (!host_evidence_plan(input, table->fulls, _HOST_COUNTERS, NULL, 0, &ret->plan))
		return false;
	evidence_add(&ret->evidence, "entries", (int64_t)entries);
	evidence_add(&ret->evidence, "refused", (int64_t)fulls);
	evidence_add(&ret->evidence, "gcThresh2", second);
	evidence_add(&ret->evidence, "gcThresh3", third);
	(void)text_format(ret->evidence.summary, sizeof(ret->evidence.summary),
			  "the %s neighbour table had %" PRIu64 " entries of at most %" PRId64
			  " before they evict each other; %" PRIu64 " were refused in 90 s",
			  table->name, entries, second, fulls);
	(void)text_format(ret->evidence.formula, sizeof(ret->evidence.formula),
			  "%" PRIu64 " >= 0.8 * gc_thresh2: gc_thresh2 = 2 * %" PRId64
			  ", gc_thresh3 >= 2 * that",
			  entries, second);
	return true;
}

static bool propose(const ControllerInput *input, Proposal *ret, char *reason)
{
	uint64_t entries;
	HostSum fulls;

	if (!controller_may_write(input, TUNABLE_NEIGH_GC_THRESH2, reason) ||
	    !host_evidence_ready(input, reason))
		return false;
	(void)text_copy(reason, CONTROLLER_REASON_MAX, "the neighbour tables have room");
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		const Table *table = &tables[i];
		uint64_t second = (uint64_t)host_number(input, table->second, 0);

		if (!host_evidence_gauge_max(input, table->entries, &entries) ||
		    !host_evidence_counter(input, table->fulls, &fulls))
			continue;
		if (entries * 100 < second * NEAR_PERCENT && fulls.sum == 0)
			continue;
		if (propose_for(input, table, entries, fulls.sum, ret, reason))
			return true;
	}
	return false;
}

const Controller controller_neighbours = {
	.name = "neighbours",
	.knob = POLICY_NEIGHBOURS,
	.summary = "raises gc_thresh2 and gc_thresh3 when a neighbour table is nearly full",
	.subjects = CONTROLLER_SETS(TUNABLE_NEIGH_GC_THRESH2) |
		    CONTROLLER_SETS(TUNABLE_NEIGH_GC_THRESH3) |
		    CONTROLLER_SETS(TUNABLE_NEIGH6_GC_THRESH2) |
		    CONTROLLER_SETS(TUNABLE_NEIGH6_GC_THRESH3),
	.propose = propose,
};
