/* SPDX-License-Identifier: MIT */
/*
 * The names are part of the interface (JSON, log fields): they are pinned here.
 */
#include "common/probe_result.h"

#include <ctype.h>
#include <string.h>

#include "tests/unit/harness.h"

#define SAME_NAMES(name, n, ...)                                                                   \
	do {                                                                                       \
		static const char *const expected_[] = {__VA_ARGS__};                              \
		ck_assert_uint_eq(sizeof(expected_) / sizeof(expected_[0]), n);                    \
		for (unsigned i_ = 0; i_ < (n); i_++)                                              \
			ck_assert_str_eq(name(i_), expected_[i_]);                                 \
	} while (0)

START_TEST(test_names_are_the_documented_ones)
{
	SAME_NAMES(probe_outcome_name, _PROBE_OUTCOMES, "ok", "syn-retransmit", "timeout",
		   "refused", "unreachable", "unresolved", "local", "permission", "closed", "tls",
		   "certificate", "protocol", "limit", "status", "nxdomain", "nodata", "servfail",
		   "dns-error", "truncated");
	SAME_NAMES(probe_phase_name, _PROBE_PHASES, "resolve", "connect", "tls", "resumed",
		   "request", "transfer", "reused", "echo", "answer", "cached", "flow", "overhead",
		   "total");
	SAME_NAMES(probe_fastopen_name, _FASTOPEN_STATES, "unknown", "cookie", "works", "none",
		   "ignored", "blackhole");
}
END_TEST

START_TEST(test_every_outcome_has_a_distinct_label)
{
	for (int a = 0; a < _PROBE_OUTCOMES; a++) {
		const char *name = probe_outcome_name((ProbeOutcome)a);
		ck_assert_uint_gt(strlen(name), 0);
		for (const char *c = name; *c != '\0'; c++)
			ck_assert(islower((unsigned char)*c) || *c == '-');
		for (int b = 0; b < a; b++)
			ck_assert_str_ne(name, probe_outcome_name((ProbeOutcome)b));
	}
}
END_TEST

START_TEST(test_only_lacks_of_our_own_are_local)
{
	for (int outcome = 0; outcome < _PROBE_OUTCOMES; outcome++)
		ck_assert_int_eq(probe_outcome_is_local((ProbeOutcome)outcome),
				 outcome == PROBE_LOCAL || outcome == PROBE_PERMISSION);
}
END_TEST

/* A phase is there or not; a zero is a time, too. */
START_TEST(test_phases)
{
	ProbeResult result = {0};
	uint32_t us = 4711;

	for (ProbePhase phase = 0; phase < _PROBE_PHASES; phase++)
		ck_assert(!probe_result_get(&result, phase, &us));
	ck_assert_uint_eq(us, 4711);
	for (ProbePhase phase = 0; phase < _PROBE_PHASES; phase += 2)
		probe_result_set(&result, phase, phase * UINT64_C(1000) + 999);
	for (ProbePhase phase = 0; phase < _PROBE_PHASES; phase++) {
		ck_assert_int_eq(probe_result_get(&result, phase, &us), phase % 2 == 0);
		if (phase % 2 == 0)
			ck_assert_uint_eq(us, phase);
	}
	probe_result_set(&result, PHASE_TOTAL, UINT64_MAX);
	ck_assert(probe_result_get(&result, PHASE_TOTAL, &us) && us == UINT32_MAX);
}
END_TEST

HARNESS_MAIN("probe_result", HARNESS_CASE(suite, "names", test_names_are_the_documented_ones,
					  test_every_outcome_has_a_distinct_label);
	     HARNESS_CASE(suite, "meaning", test_only_lacks_of_our_own_are_local, test_phases);)
