/* SPDX-License-Identifier: MIT */
/*
 * The memory of TCP: raises tcp_mem when the kernel comes under pressure (all windows shrink) while
 * the host has plenty of memory. The engine gives back what netopt added to buffers first.
 *
 * Evidence: TCPMemoryPressures grew within three windows, and more than a quarter of the memory
 * was available all the time. Step: all three marks times 1.25; the pressure mark to at most 12 %
 * of RAM, the limit to at most 18 %. Not when half of what TCP holds lies unread in three sockets:
 * then a few slow readers are the cause, and more memory would only be more of theirs.
 *
 * Restored when less than 10 % of the memory is available, during the trial or after.
 */
#include "daemon/policy/host_evidence.h"

#include <inttypes.h>

#include "common/text.h"

#define STEP_PERCENT      125
#define AVAILABLE_PERCENT 25
#define SHORT_PERCENT     10
#define PRESSURE_PERCENT  12
#define LIMIT_PERCENT     18
#define SLOW_PERCENT      50

static int64_t pages_of(const Snapshot *snapshot, unsigned percent)
{
	return (int64_t)(snapshot->memory_total_bytes / 100 * percent / snapshot->page_bytes);
}

/* A few readers that do not read. */
static bool slow_readers(const ControllerInput *input)
{
	uint64_t top, pages;

	return host_evidence_gauge_max(input, HOST_QUEUED_TOP_BYTES, &top) &&
	       host_evidence_gauge_max(input, HOST_TCP_MEMORY_PAGES, &pages) &&
	       top * 100 >= pages * input->snapshot->page_bytes * SLOW_PERCENT;
}

static bool raised_marks(const ControllerInput *input, ChangeTunable *tunable)
{
	const Snapshot *snapshot = input->snapshot;
	int64_t *marks = tunable->new_value.numbers;

	tunable->id = TUNABLE_TCP_MEM;
	tunable->old_value = tunable->new_value = snapshot->tunables[TUNABLE_TCP_MEM].current;
	marks[1] = MIN(marks[1] * STEP_PERCENT / 100, pages_of(snapshot, PRESSURE_PERCENT));
	marks[2] = MIN(marks[2] * STEP_PERCENT / 100, pages_of(snapshot, LIMIT_PERCENT));
	marks[0] = MIN(marks[0] * STEP_PERCENT / 100, marks[1]);
	return marks[1] > tunable->old_value.numbers[1] &&
	       marks[2] >= tunable->old_value.numbers[2] && marks[2] >= marks[1];
}

/* What was kept goes back once the host itself runs short. */
static bool give_back(const ControllerInput *input, Proposal *ret)
{
	const Snapshot *snapshot = input->snapshot;
	const PolicyTunable *state = &snapshot->tunables[TUNABLE_TCP_MEM];
	uint64_t available;

	if ((input->stays && input->stays(input->context, controller_memory.name, &(Address){0},
					  TUNABLE_TCP_MEM)) ||
	    tunable_equal(&state->current, &state->original) ||
	    state->current.numbers[1] <= state->original.numbers[1] ||
	    !host_evidence_gauge_min(input, HOST_MEMORY_AVAILABLE, &available) ||
	    available * 100 >= snapshot->memory_total_bytes * SHORT_PERCENT)
		return false;
	*ret = (Proposal){
		.tunables = {{TUNABLE_TCP_MEM, state->current, state->original}},
		.n_tunables = 1,
	};
	evidence_add(&ret->evidence, "availableBytes", (int64_t)available);
	(void)text_format(ret->evidence.summary, sizeof(ret->evidence.summary),
			  "only %" PRIu64 " MiB of memory are available: tcp_mem goes back",
			  available >> 20);
	return true;
}

static void explain(const ControllerInput *input, const ChangeTunable *tunable, uint64_t pressures,
		    uint64_t available, Evidence *evidence)
{
	const Snapshot *snapshot = input->snapshot;
	int64_t before = tunable->old_value.numbers[1], after = tunable->new_value.numbers[1];

	evidence_add(evidence, "memoryPressures", (int64_t)pressures);
	evidence_add(evidence, "availableBytes", (int64_t)available);
	evidence_add(evidence, "memoryTotalBytes", (int64_t)snapshot->memory_total_bytes);
	evidence_add(evidence, "tcpMemoryBytes", (int64_t)snapshot->tcp_memory_bytes);
	evidence_add(evidence, "pressurePages", before);
	evidence_add(evidence, "proposedPages", after);
	(void)text_format(evidence->summary, sizeof(evidence->summary),
			  "TCP came under memory pressure %" PRIu64 " times in 90 s while %" PRIu64
			  " MiB of memory were available",
			  pressures, available >> 20);
	(void)text_format(evidence->formula, sizeof(evidence->formula),
			  "tcp_mem[1] = min(1.25 * %" PRId64 ", 12 %% of RAM = %" PRId64
			  ") = %" PRId64 " pages; tcp_mem[2] likewise to at most 18 %%",
			  before, pages_of(snapshot, PRESSURE_PERCENT), after);
}

static bool raise(const ControllerInput *input, uint64_t pressures, Proposal *ret, char *reason)
{
	const Snapshot *snapshot = input->snapshot;
	ChangeTunable tunable = {0};
	uint64_t available;
	const char *why = NULL;

	if (!host_evidence_gauge_min(input, HOST_MEMORY_AVAILABLE, &available) ||
	    available * 100 <= snapshot->memory_total_bytes * AVAILABLE_PERCENT)
		why = "less than a quarter of the memory is available";
	else if (slow_readers(input))
		why = "half of what it holds lies unread in three sockets: see to their programs";
	else if (!raised_marks(input, &tunable))
		why = "tcp_mem is at its bounds of 12 % and 18 % of RAM";
	else if (input->held(input->context, controller_memory.name, &(Address){0}, &tunable))
		why = "this step of tcp_mem is on hold: it was tried or advised lately";
	if (why) {
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "TCP is under memory pressure, but %s", why);
		return false;
	}
	*ret = (Proposal){.tunables = {tunable}, .n_tunables = 1};
	if (!host_evidence_plan(input, HOST_MEMORY_PRESSURES, HOST_IN_SEGMENTS, NULL, 0,
				&ret->plan))
		return false;
	ret->plan.counter.available_floor_bytes =
		snapshot->memory_total_bytes / 100 * SHORT_PERCENT;
	explain(input, &tunable, pressures, available, &ret->evidence);
	return true;
}

static bool propose(const ControllerInput *input, Proposal *ret, char *reason)
{
	HostSum pressures;

	if (!controller_may_write(input, TUNABLE_TCP_MEM, reason) ||
	    !host_evidence_ready(input, reason))
		return false;
	if (give_back(input, ret))
		return true;
	(void)text_copy(reason, CONTROLLER_REASON_MAX, "TCP is not under memory pressure");
	if (input->snapshot->page_bytes == 0 ||
	    !host_evidence_counter(input, HOST_MEMORY_PRESSURES, &pressures) || pressures.sum == 0)
		return false;
	return raise(input, pressures.sum, ret, reason);
}

const Controller controller_memory = {
	.name = "memory",
	.knob = POLICY_MEMORY,
	.summary = "raises tcp_mem when TCP is under pressure on a host with free memory",
	.subjects = CONTROLLER_SETS(TUNABLE_TCP_MEM),
	.propose = propose,
};
