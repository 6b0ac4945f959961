/* SPDX-License-Identifier: MIT */
#include "daemon/model/kernel_default.h"

#include "common/text.h"
#include "tests/unit/harness.h"

#define GIB (UINT64_C(1) << 30)

static const struct {
	TunableId id;
	const char *release;
	uint64_t memory_bytes;
	const char *expected;
} rows[] = {
	{TUNABLE_TCP_RMEM, "6.1.0-18-amd64", 4 * GIB, "4096 131072 6291456"},
	{TUNABLE_TCP_RMEM, "6.15", 64 * GIB, "4096 131072 6291456"},
	{TUNABLE_TCP_RMEM, "6.16.1", 64 * GIB, "4096 131072 33554432"},
	{TUNABLE_TCP_RMEM, "7.0", 64 * GIB, "4096 131072 33554432"},
	{TUNABLE_TCP_RMEM, "6.16.1", 4 * GIB, NULL}, /* by its pages, which are not known */
	{TUNABLE_TCP_RMEM, "6.1.0", 0, NULL},
	{TUNABLE_SOMAXCONN, "5.4.0", 0, "4096"},
	{TUNABLE_SOMAXCONN, "4.19.0", 0, "128"},
	{TUNABLE_RMEM_MAX, "6.12.57+deb13", 0, "212992"},
	{TUNABLE_RMEM_MAX, "6.18.44", 0, "4194304"},
	{TUNABLE_RMEM_MAX, "6", 0, NULL},
	{TUNABLE_RMEM_MAX, "", 0, NULL},
	{TUNABLE_RMEM_MAX, "next", 0, NULL},
	{TUNABLE_TCP_MEM, "6.1.0", 4 * GIB, NULL},
	{TUNABLE_TCP_CONGESTION_CONTROL, "6.1.0", 4 * GIB, NULL},
	{TUNABLE_ROUTE_ECN, "6.1.0", 4 * GIB, NULL},
};

START_TEST(test_row)
{
	const char *found = kernel_default(rows[_i].id, rows[_i].release, rows[_i].memory_bytes);

	ck_assert_msg(text_equal(found, rows[_i].expected), "%s", found ? found : "nothing");
}
END_TEST

/* Whatever the table says can be written, and is within our own range. */
START_TEST(test_values)
{
	for (TunableId id = 0; id < _TUNABLES; id++) {
		const char *text = kernel_default(id, "6.18.0", 64 * GIB);
		char reason[128];
		TunableValue value;

		if (!text)
			continue;
		ck_assert_int_eq(tunable_parse(&tunables[id], text, &value), 0);
		ck_assert_msg(tunable_check(&tunables[id], &value, reason, sizeof(reason)) == 0,
			      "%s: %s", tunables[id].key, reason);
	}
}
END_TEST

static void add_all(Suite *suite)
{
	TCase *all = tcase_create("kernel_default");

	tcase_add_loop_test(all, test_row, 0, (int)ARRAY_SIZE(rows));
	tcase_add_test(all, test_values);
	suite_add_tcase(suite, all);
}

HARNESS_MAIN("kernel_default", add_all(suite);)
