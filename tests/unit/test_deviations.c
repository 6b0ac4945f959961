/* SPDX-License-Identifier: MIT */
/* Advice on what deviates, one at a time, and never a write. */
#include "tests/unit/controller_bench.h"

static size_t setting(const char *key)
{
	for (size_t i = 0; i < host_settings_count; i++)
		if (strcmp(host_settings[i].key, key) == 0)
			return i;
	ck_abort_msg("no setting %s", key);
	return 0;
}

START_TEST(test_advice)
{
	host.settings.values[setting("net.ipv4.tcp_sack")] = 0;
	ck_assert(bench_ask(&controller_deviations));
	ck_assert(proposal.advice);
	ck_assert_uint_eq(proposal.n_tunables, 0);
	ck_assert_str_eq(proposal.tunables[0].new_value.words, "net.ipv4.tcp_sack");
	ck_assert_str_eq(proposal.evidence.summary,
			 "net.ipv4.tcp_sack is 0, the kernel's default is 1: a loss of several "
			 "packets costs a round trip each");
	bench_hold_all = true;
	bench_refuses(&controller_deviations, "1 settings deviate");
}
END_TEST

START_TEST(test_above)
{
	host.settings.values[setting("net.ipv4.tcp_timestamps")] = 3;
	ck_assert(bench_ask(&controller_deviations));
	ck_assert(strstr(proposal.evidence.summary, "is 3, the kernel's default is 2"));
}
END_TEST

START_TEST(test_nothing)
{
	bench_refuses(&controller_deviations, "as the kernel has them");
	host.settings.values[setting("net.ipv4.tcp_timestamps")] = 2; /* a default elsewhere */
	bench_refuses(&controller_deviations, "as the kernel has them");
	host.settings.values[setting("net.ipv4.tcp_frto")] = 0;
	host.settings.known[setting("net.ipv4.tcp_frto")] = false;
	bench_refuses(&controller_deviations, "as the kernel has them");
	host.settings.read_ns = 0;
	bench_refuses(&controller_deviations, "not been read yet");
	host.snapshot.settings = NULL;
	bench_refuses(&controller_deviations, "not been read yet");
}
END_TEST

/* What we may write is not what we only report. */
START_TEST(test_table)
{
	for (size_t i = 0; i < host_settings_count; i++) {
		ck_assert_ptr_null(tunable_find(host_settings[i].key, NULL));
		ck_assert_int_le(host_settings[i].low, host_settings[i].high);
		ck_assert(host_settings[i].consequence[0]);
		ck_assert_uint_lt(strlen(host_settings[i].key), TUNABLE_WORD_MAX);
	}
}
END_TEST

HARNESS_MAIN("deviations", HARNESS_FIXTURE(suite, "deviations", bench_setup, bench_teardown,
					   test_advice, test_above, test_nothing, test_table);)
