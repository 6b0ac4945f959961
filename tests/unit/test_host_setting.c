/* SPDX-License-Identifier: MIT */
/* The number in what the kernel shows. */
#include "daemon/model/host_setting.h"

#include "common/base.h"
#include "tests/unit/harness.h"

START_TEST(test_parse)
{
	int64_t value = 77;

	ck_assert(host_setting_parse("1\n", &value));
	ck_assert_int_eq(value, 1);
	ck_assert(host_setting_parse("\t-2 9\n", &value));
	ck_assert_int_eq(value, -2);
	ck_assert(host_setting_parse("4194304", &value));
	ck_assert_int_eq(value, 4194304);
}
END_TEST

START_TEST(test_not_a_number)
{
	static const char *const bad[] = {"",
					  "\n",
					  "on\n",
					  "1x\n",
					  "0x1",
					  "99999999999999999999",
					  "000000000000000000000000000000001"};
	int64_t value = 77;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(!host_setting_parse(bad[i], &value), "'%s'", bad[i]);
	ck_assert_int_eq(value, 77);
}
END_TEST

START_TEST(test_value)
{
	HostSettings settings = {.values = {5, 6}, .known = {false, true}};
	int64_t value = 77;

	ck_assert(!host_setting_value(&settings, host_settings[0].key, &value));
	ck_assert(!host_setting_value(&settings, "net.ipv4.nothing", &value));
	ck_assert(!host_setting_value(NULL, host_settings[1].key, &value));
	ck_assert_int_eq(value, 77);
	ck_assert(host_setting_value(&settings, host_settings[1].key, &value));
	ck_assert_int_eq(value, 6);
}
END_TEST

HARNESS_MAIN("host_setting",
	     HARNESS_CASE(suite, "text", test_parse, test_not_a_number, test_value);)
