/* SPDX-License-Identifier: MIT */
#include "common/human.h"

#include "common/base.h"
#include "tests/unit/harness.h"

typedef struct Row {
	uint64_t value;
	const char *text;
} Row;

static void check_rows(const char *(*format)(uint64_t, char *), const Row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char buffer[HUMAN_MAX];

		ck_assert_str_eq(format(rows[i].value, buffer), rows[i].text);
	}
}

START_TEST(test_latency)
{
	static const Row rows[] = {{0, "0.000 ms"},    {1, "0.001 ms"},     {153, "0.153 ms"},
				   {999, "0.999 ms"},  {1000, "1.00 ms"},   {9994, "9.99 ms"},
				   {9996, "10.0 ms"},  {20149, "20.1 ms"},  {99950, "100 ms"},
				   {104499, "104 ms"}, {1204000, "1204 ms"}};

	check_rows(human_latency, rows, ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_rate)
{
	static const Row rows[] = {{0, "0 bit/s"},
				   {999, "999 bit/s"},
				   {812000, "812 kbit/s"},
				   {94200000, "94.2 Mbit/s"},
				   {1200000000, "1.20 Gbit/s"},
				   {40000000000, "40.0 Gbit/s"}};

	check_rows(human_rate, rows, ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_bytes)
{
	static const Row rows[] = {{0, "0 B"},
				   {1023, "1023 B"},
				   {1024, "1.00 KiB"},
				   {6291456, "6.00 MiB"},
				   {1048575, "1024 KiB"},
				   {UINT64_C(1) << 42, "4.00 TiB"}};

	check_rows(human_bytes, rows, ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_span)
{
	static const Row rows[] = {{0, "<1 s"},
				   {999999, "<1 s"},
				   {42000000, "42 s"},
				   {200000000, "3 min 20 s"},
				   {180000000, "3 min"},
				   {UINT64_C(86400000000), "1 d"},
				   {UINT64_C(190800000000), "2 d 5 h"},
				   {UINT64_C(86430000000), "1 d"}};

	check_rows(human_span, rows, ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_shares)
{
	char buffer[HUMAN_MAX];
	static const Row ppm[] = {{0, "0 %"},
				  {123, "0.0123 %"},
				  {5000, "0.500 %"},
				  {12345, "1.23 %"},
				  {1000000, "100 %"}};

	check_rows(human_ppm, ppm, ARRAY_SIZE(ppm));
	ck_assert_str_eq(human_permille(0, true, buffer), "0 %");
	ck_assert_str_eq(human_permille(5, false, buffer), "0.5 %");
	ck_assert_str_eq(human_permille(880, true, buffer), "+88.0 %");
	ck_assert_str_eq(human_permille(-140, true, buffer), "-14.0 %");
}
END_TEST

/* No number, however absurd, may overflow the buffer or loop. */
START_TEST(test_extremes)
{
	char buffer[HUMAN_MAX];

	human_latency(UINT64_MAX, buffer);
	human_rate(UINT64_MAX, buffer);
	human_bytes(UINT64_MAX, buffer);
	human_span(UINT64_MAX, buffer);
	human_ppm(UINT64_MAX, buffer);
	ck_assert_str_eq(human_permille(INT64_MIN, false, buffer), "-922337203685477580.8 %");
}
END_TEST

HARNESS_MAIN("human", HARNESS_CASE(suite, "human", test_latency, test_rate, test_bytes, test_span,
				   test_shares, test_extremes);)
