/* SPDX-License-Identifier: MIT */
/*
 * The outcome names are part of the interface (JSON, log fields): they are pinned here.
 */
#include "common/probe_result.h"

#include <ctype.h>
#include <string.h>

#include "tests/unit/harness.h"

START_TEST(test_names_are_the_documented_ones)
{
	ck_assert_str_eq(probe_outcome_name(PROBE_OK), "ok");
	ck_assert_str_eq(probe_outcome_name(PROBE_SYN_RETRANSMIT), "syn-retransmit");
	ck_assert_str_eq(probe_outcome_name(PROBE_TIMEOUT), "timeout");
	ck_assert_str_eq(probe_outcome_name(PROBE_REFUSED), "refused");
	ck_assert_str_eq(probe_outcome_name(PROBE_UNREACHABLE), "unreachable");
	ck_assert_str_eq(probe_outcome_name(PROBE_UNRESOLVED), "unresolved");
	ck_assert_str_eq(probe_outcome_name(PROBE_LOCAL), "local");
}
END_TEST

START_TEST(test_every_outcome_has_a_distinct_label)
{
	for (int a = 0; a < _PROBE_OUTCOMES; a++) {
		const char *name = probe_outcome_name((ProbeOutcome)a);
		ck_assert_ptr_nonnull(name);
		ck_assert_uint_gt(strlen(name), 0);
		for (const char *c = name; *c != '\0'; c++)
			ck_assert(islower((unsigned char)*c) || *c == '-');
		for (int b = 0; b < a; b++)
			ck_assert_str_ne(name, probe_outcome_name((ProbeOutcome)b));
	}
}
END_TEST

HARNESS_MAIN("probe_result", HARNESS_CASE(suite, "names", test_names_are_the_documented_ones,
					  test_every_outcome_has_a_distinct_label);)
