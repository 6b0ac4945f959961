/* SPDX-License-Identifier: MIT */
/*
 * Sweeps that each see one of several parts of the flows: nothing that lives is dropped, no byte is
 * counted twice, and births are known once every part was looked at.
 */
#include "daemon/model/path_table.h"

#include "tests/unit/path_table_bench.h"

/* A flow that is in one of four parts is seen in every fourth sweep, and is not gone in between. */
START_TEST(test_parts_drop_nothing_that_lives)
{
	FlowSample first = flow(2, 1000), second = flow(1, 1000);

	sweep(NULL);
	path_table_set_slices(table, 4);
	for (unsigned i = 0; i < 12; i++) {
		first.info.raw.bytes_acked += 10;
		second.info.raw.bytes_acked += 10;
		sweep(i % 4 == 0 ? &first : i % 4 == 1 ? &second : NULL);
		if (i > 0)
			ck_assert_uint_eq(path_table_flow_count(table), 2);
	}
	ck_assert_uint_eq(path()->bytes_acked, 1090 + 1100); /* not one byte twice, or lost */
	ck_assert_uint_eq(path()->flows, 2);                 /* of all parts of the turn */
	sweep(&first);
	ck_assert_uint_eq(path()->flows, 1); /* so far in this one */
	for (unsigned i = 0; i < 8; i++)
		sweep(NULL);
	ck_assert_uint_eq(path_table_flow_count(table), 0);
}
END_TEST

/* One of eight parts had its look seven sweeps ago when there are but two parts from now on: it is
 * not gone before these were looked at twice each. */
START_TEST(test_fewer_parts_drop_nothing_that_lives)
{
	FlowSample early = flow(1, 1000), late = flow(2, 1000);

	path_table_set_slices(table, 8);
	for (unsigned i = 0; i < 8; i++)
		sweep(i == 0 ? &early : i == 7 ? &late : NULL);
	path_table_set_slices(table, 2);
	for (unsigned i = 0; i < 3; i++) {
		sweep(NULL);
		ck_assert_uint_eq(path_table_flow_count(table), 2);
	}
	sweep(&late);
	ck_assert_uint_eq(path_table_flow_count(table), 1);
	path_table_set_slices(table, 1);
	sweep(NULL);
	ck_assert_uint_eq(path_table_flow_count(table), 1);
	sweep(NULL);
	ck_assert_uint_eq(path_table_flow_count(table), 0);
}
END_TEST

/* What is new was born since its part was looked at before: after a change of their number since
 * the last one of all the parts was. */
START_TEST(test_births_know_the_look_before)
{
	FlowSample a = flow(1, 1000), b = flow(2, 1000), c = flow(3, 1000), d = flow(4, 1000);

	sweep(NULL);
	path_table_set_slices(table, 8);
	for (unsigned i = 0; i < 8; i++)
		sweep(NULL);
	path_table_set_slices(table, 1);
	sweep(&a);
	ck_assert(seen.born);
	ck_assert_uint_eq(seen.elapsed_ns, 8 * NSEC_PER_SEC);
	sweep(&b);
	ck_assert_uint_eq(seen.elapsed_ns, NSEC_PER_SEC);
	path_table_set_slices(table, 4);
	sweep(&c);
	ck_assert_uint_eq(seen.elapsed_ns, NSEC_PER_SEC);
	sweep(&d);
	ck_assert(seen.born);
	ck_assert_uint_eq(seen.elapsed_ns, 2 * NSEC_PER_SEC);
}
END_TEST

/* Once every part was looked at, what is new in one was born since. */
START_TEST(test_parts_know_births)
{
	FlowSample a = flow(1, 1000), b = flow(2, 1000), c = flow(3, 1000);

	path_table_set_slices(table, 2);
	sweep(&a);
	ck_assert(!seen.birth_seen);
	sweep(&b); /* of the other part, never looked at before */
	ck_assert(!seen.birth_seen);
	sweep(&a);
	sweep(&c);
	ck_assert(seen.birth_seen && seen.born);
	ck_assert_uint_eq(seen.elapsed_ns, 2 * NSEC_PER_SEC); /* since this part's last look */

	begin();
	path_table_sweep_end(table, now_ns, false); /* one part was missed: all is open again */
	sweep(&(FlowSample){0});
	c = flow(4, 1000);
	sweep(&c);
	ck_assert(!seen.birth_seen);
}
END_TEST

START_TEST(test_whole_sweeps_cover_what_parts_need)
{
	FlowSample a = flow(1, 1000), b = flow(2, 1000);

	sweep(NULL); /* a whole one */
	path_table_set_slices(table, 4);
	sweep(&a);
	ck_assert(seen.birth_seen && seen.born);
	path_table_set_slices(table, 1);
	sweep(&a);
	path_table_set_slices(table, 4);
	sweep(&b);
	ck_assert(seen.birth_seen && seen.born);
}
END_TEST

/* Pinned by a filter, a flow is seen in every sweep, and counts once in a turn. */
START_TEST(test_a_flow_of_every_part_counts_once)
{
	FlowSample a = flow(1, 1000);

	sweep(NULL);
	path_table_set_slices(table, 4);
	for (unsigned i = 0; i < 4; i++)
		sweep(&a);
	ck_assert_uint_eq(path()->flows, 1);
}
END_TEST

HARNESS_MAIN("path_parts",
	     HARNESS_FIXTURE(suite, "parts", setup, teardown, test_parts_drop_nothing_that_lives,
			     test_fewer_parts_drop_nothing_that_lives,
			     test_births_know_the_look_before, test_parts_know_births,
			     test_whole_sweeps_cover_what_parts_need,
			     test_a_flow_of_every_part_counts_once);)
