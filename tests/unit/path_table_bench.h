/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A path table, a clock that moves a second with each sweep, and what the table's observer saw
 * last: for the tests of flows and paths. One file of tests each, so all of it is static.
 */
#include "common/base.h"
#include "common/clock.h"
#include "daemon/model/path_table.h"
#include "tests/unit/fake_host.h"
#include "tests/unit/harness.h"

static const PathCaps caps = {.congestion = "cubic"};

static PathTable *table;
static uint64_t now_ns;
static FlowDelta seen; /* the last one */
static unsigned n_seen;

static inline void observe(const Path *path, const FlowSample *sample, const FlowDelta *delta,
			   void *context)
{
	ck_assert_ptr_eq(context, &seen);
	ck_assert(path_covers(path, &sample->remote));
	seen = *delta;
	n_seen++;
}

static inline void make(size_t paths, size_t flows)
{
	ck_assert_int_eq(path_table_new(paths, flows, &table), 0);
	path_table_set_observer(table, observe, &seen);
	now_ns = 1000 * NSEC_PER_SEC;
}

static inline void setup(void)
{
	make(16, 64);
}

static inline void teardown(void)
{
	path_table_free(table);
}

static inline void add(const FlowSample *sample)
{
	path_table_add(table, sample, &caps, now_ns);
}

static inline void begin(void)
{
	now_ns += NSEC_PER_SEC;
	path_table_sweep_begin(table, now_ns);
}

static inline void end(void)
{
	path_table_sweep_end(table, now_ns, true);
}

/* A complete sweep that sees this one flow, or none. */
static inline void sweep(const FlowSample *sample)
{
	begin();
	if (sample)
		add(sample);
	end();
}

static inline FlowSample flow(uint64_t cookie, uint64_t acked)
{
	FlowSample sample = fake_sample(cookie, FAKE_ADDRESS);

	sample.info.raw.bytes_acked = sample.info.raw.bytes_sent = acked;
	sample.info.raw.busy_time_us = acked;
	return sample;
}

static inline const Path *path(void)
{
	Address address = fake_address(FAKE_ADDRESS);

	return path_table_find(table, &address);
}
