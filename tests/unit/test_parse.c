/* SPDX-License-Identifier: MIT */
/*
 * Tables of texts and what they are. Each failing case also checks that the result is untouched,
 * and each formatted value is read back.
 */
#include "common/parse.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/base.h"
#include "common/clock.h"
#include "common/random.h"
#include "tests/unit/harness.h"

#define UNTOUCHED UINT64_C(0xa5a5a5a5a5a5a5a5)

#define S  NSEC_PER_SEC
#define MS NSEC_PER_MSEC

typedef struct Case {
	const char *text;
	int result;
	uint64_t value;
} Case;

static void check(const Case *cases, size_t n, int (*parse)(const char *, uint64_t *))
{
	for (size_t i = 0; i < n; i++) {
		uint64_t value = UNTOUCHED;
		uint64_t expected = cases[i].result == 0 ? cases[i].value : UNTOUCHED;
		int r = parse(cases[i].text, &value);

		ck_assert_msg(r == cases[i].result, "\"%s\": %d, not %d", cases[i].text, r,
			      cases[i].result);
		ck_assert_msg(value == expected, "\"%s\": %" PRIu64 ", not %" PRIu64, cases[i].text,
			      value, expected);
	}
}

static int full_uint64(const char *text, uint64_t *ret_value)
{
	return parse_uint64(text, 0, UINT64_MAX, ret_value);
}

static int small_uint64(const char *text, uint64_t *ret_value)
{
	return parse_uint64(text, 10, 20, ret_value);
}

START_TEST(uint64)
{
	static const Case full[] = {
		{"0", 0, 0},
		{"1", 0, 1},
		{"9", 0, 9},
		{"10", 0, 10},
		{"010", 0, 10},
		{"0000000000000000000000000000000000007", 0, 7},
		{"4294967295", 0, UINT32_MAX},
		{"4294967296", 0, UINT64_C(4294967296)},
		{"9223372036854775807", 0, INT64_MAX},
		{"9223372036854775808", 0, UINT64_C(9223372036854775808)},
		{"18446744073709551609", 0, UINT64_MAX - 6},
		{"18446744073709551610", 0, UINT64_MAX - 5},
		{"18446744073709551615", 0, UINT64_MAX},
		{"18446744073709551616", -ERANGE, 0},
		{"18446744073709551619", -ERANGE, 0},
		{"18446744073709551620", -ERANGE, 0},
		{"20000000000000000000", -ERANGE, 0},
		{"99999999999999999999", -ERANGE, 0},
		{"36893488147419103232", -ERANGE, 0},  /* 2^65: wraps to 0 */
		{"184467440737095516160", -ERANGE, 0}, /* 10 * 2^64: wraps to 0 */
		{"184467440737095516161", -ERANGE, 0},
		{"999999999999999999999999999999999999999999999", -ERANGE, 0},
		{"18446744073709551616x", -EINVAL, 0}, /* no number at all comes first */
		{"", -EINVAL, 0},
		{" ", -EINVAL, 0},
		{" 1", -EINVAL, 0},
		{"1 ", -EINVAL, 0},
		{"1\n", -EINVAL, 0},
		{"\t1", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"-0", -EINVAL, 0},
		{"--1", -EINVAL, 0},
		{"0x10", -EINVAL, 0},
		{"0b1", -EINVAL, 0},
		{"ff", -EINVAL, 0},
		{"1e3", -EINVAL, 0},
		{"1.0", -EINVAL, 0},
		{"1,000", -EINVAL, 0},
		{"1_000", -EINVAL, 0},
		{"1 000", -EINVAL, 0},
		{"1'000", -EINVAL, 0},
		{"one", -EINVAL, 0},
		{"/", -EINVAL, 0}, /* the neighbours of the digits */
		{":", -EINVAL, 0},
		{"\xd9\xa1", -EINVAL, 0}, /* an Arabic one */
	};
	static const Case bounded[] = {
		{"10", 0, 10},      {"20", 0, 20},     {"15", 0, 15},      {"9", -ERANGE, 0},
		{"21", -ERANGE, 0}, {"0", -ERANGE, 0}, {"9x", -EINVAL, 0}, {"21x", -EINVAL, 0},
	};

	check(full, ARRAY_SIZE(full), full_uint64);
	check(bounded, ARRAY_SIZE(bounded), small_uint64);
}
END_TEST

START_TEST(int64)
{
	static const struct {
		const char *text;
		int64_t minimum, maximum;
		int result;
		int64_t value;
	} cases[] = {
		{"0", INT64_MIN, INT64_MAX, 0, 0},
		{"-0", INT64_MIN, INT64_MAX, 0, 0},
		{"7", INT64_MIN, INT64_MAX, 0, 7},
		{"-7", INT64_MIN, INT64_MAX, 0, -7},
		{"9223372036854775807", INT64_MIN, INT64_MAX, 0, INT64_MAX},
		{"9223372036854775808", INT64_MIN, INT64_MAX, -ERANGE, 0},
		{"-9223372036854775807", INT64_MIN, INT64_MAX, 0, -INT64_MAX},
		{"-9223372036854775808", INT64_MIN, INT64_MAX, 0, INT64_MIN},
		{"-9223372036854775809", INT64_MIN, INT64_MAX, -ERANGE, 0},
		{"18446744073709551615", INT64_MIN, INT64_MAX, -ERANGE, 0},
		{"-18446744073709551615", INT64_MIN, INT64_MAX, -ERANGE, 0},
		{"18446744073709551616", INT64_MIN, INT64_MAX, -ERANGE, 0},
		{"-18446744073709551616", INT64_MIN, INT64_MAX, -ERANGE, 0},
		{"-1", -1, 1, 0, -1},
		{"1", -1, 1, 0, 1},
		{"-2", -1, 1, -ERANGE, 0},
		{"2", -1, 1, -ERANGE, 0},
		{"", INT64_MIN, INT64_MAX, -EINVAL, 0},
		{"-", INT64_MIN, INT64_MAX, -EINVAL, 0},
		{"+1", INT64_MIN, INT64_MAX, -EINVAL, 0},
		{"--1", INT64_MIN, INT64_MAX, -EINVAL, 0},
		{"- 1", INT64_MIN, INT64_MAX, -EINVAL, 0},
		{" -1", INT64_MIN, INT64_MAX, -EINVAL, 0},
		{"-1 ", INT64_MIN, INT64_MAX, -EINVAL, 0},
		{"1-", INT64_MIN, INT64_MAX, -EINVAL, 0},
		{"-0x1", INT64_MIN, INT64_MAX, -EINVAL, 0},
		{"99999999999999999999-", INT64_MIN, INT64_MAX, -EINVAL, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t value = 4711;
		int64_t expected = cases[i].result == 0 ? cases[i].value : 4711;
		int r = parse_int64(cases[i].text, cases[i].minimum, cases[i].maximum, &value);

		ck_assert_msg(r == cases[i].result, "\"%s\": %d", cases[i].text, r);
		ck_assert_msg(value == expected, "\"%s\": %" PRId64, cases[i].text, value);
	}
}
END_TEST

START_TEST(booleans)
{
	static const char *const yes[] = {"true", "yes", "on", "1", "TRUE", "Yes", "oN"};
	static const char *const no[] = {"false", "no", "off", "0", "FALSE", "No", "oFF"};
	static const char *const bad[] = {"",        "t",  "f",   "y",     "n",  "2",
					  "01",      "00", "-1",  " 1",    "1 ", "true ",
					  "enabled", "o",  "tru", "truee", "10", "nO\n"};
	bool value;

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		value = false;
		ck_assert_int_eq(parse_bool(yes[i], &value), 0);
		ck_assert_msg(value, "%s", yes[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
		value = true;
		ck_assert_int_eq(parse_bool(no[i], &value), 0);
		ck_assert_msg(!value, "%s", no[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		for (int before = 0; before < 2; before++) {
			value = before;
			ck_assert_msg(parse_bool(bad[i], &value) == -EINVAL, "%s", bad[i]);
			ck_assert_int_eq(value, before);
		}
}
END_TEST

static const Case duration_cases[] = {
	{"0", 0, 0},
	{"0s", 0, 0},
	{"0ns", 0, 0},
	{"0.0s", 0, 0},
	{"0w 0d", 0, 0},
	{"5", 0, 5 * S},
	{"1.5", 0, 1500 * MS},
	{"1ns", 0, 1},
	{"1us", 0, 1000},
	{"1ms", 0, MS},
	{"1s", 0, S},
	{"1sec", 0, S},
	{"1second", 0, S},
	{"2seconds", 0, 2 * S},
	{"1m", 0, 60 * S},
	{"1min", 0, 60 * S},
	{"1minute", 0, 60 * S},
	{"2minutes", 0, 120 * S},
	{"1h", 0, 3600 * S},
	{"1hour", 0, 3600 * S},
	{"2hours", 0, 7200 * S},
	{"1d", 0, 86400 * S},
	{"1day", 0, 86400 * S},
	{"2days", 0, 172800 * S},
	{"1w", 0, 604800 * S},
	{"1week", 0, 604800 * S},
	{"2weeks", 0, 1209600 * S},
	{"250ms", 0, 250 * MS},
	{"1min 30s", 0, 90 * S},
	{"1min30s", 0, 90 * S},
	{"1 min  30\ts", 0, 90 * S},
	{"30s 1min", 0, 90 * S},
	{"1s 1s", 0, 2 * S},
	{"0.1s", 0, 100 * MS},
	{"0.3s", 0, 300 * MS},
	{"1.000000001s", 0, S + 1},
	{"0.000000001s", 0, 1},
	{"1.0000000019s", 0, S + 1},
	{"1.999999999999999999999999999s", 0, 2 * S - 1},
	{"0.5w", 0, 302400 * S},
	{"1.5ns", 0, 1},
	{"0.0000000001s", -ERANGE, 0}, /* not zero, but less than we can say */
	{"0.00000000000000000000000000001s", -ERANGE, 0},
	{"0.9ns", -ERANGE, 0},
	{"36525d", 0, UINT64_C(3155760000000000000)},
	{"876600h", 0, UINT64_C(3155760000000000000)},
	{"3155760000000000000ns", 0, UINT64_C(3155760000000000000)},
	{"36524d 24h", 0, UINT64_C(3155760000000000000)},
	{"3155760000000000001ns", -ERANGE, 0},
	{"36525d 1ns", -ERANGE, 0},
	{"1ns 36525d", -ERANGE, 0},
	{"36525.1d", -ERANGE, 0},
	{"18446744073709551615ns", -ERANGE, 0},
	{"18446744073709551616ns", -ERANGE, 0},
	{"18446744073s", -ERANGE, 0},
	{"1s 18446744073709551615ns", -ERANGE, 0}, /* the sum wraps */
	{"18446744074s", -ERANGE, 0},              /* wraps past 2^64 ns */
	{"30500568904944w", -ERANGE, 0},
	{"18446744073709551615w", -ERANGE, 0},
	{"99999999999999999999999999w", -ERANGE, 0},
	{"36525d 36525d 36525d 36525d 36525d 36525d", -ERANGE, 0},
	{"99999999999999999999", -ERANGE, 0},
	{"99999999999999999999 x", -EINVAL, 0},
	{"99999w x", -EINVAL, 0},
	{"", -EINVAL, 0},
	{" ", -EINVAL, 0},
	{"s", -EINVAL, 0},
	{" 1s", -EINVAL, 0},
	{"1s ", -EINVAL, 0},
	{"1 ", -EINVAL, 0},
	{"1s\n", -EINVAL, 0},
	{"-1s", -EINVAL, 0},
	{"+1s", -EINVAL, 0},
	{"1s -1ms", -EINVAL, 0},
	{".5s", -EINVAL, 0},
	{"5.s", -EINVAL, 0},
	{"5.", -EINVAL, 0},
	{"1..5s", -EINVAL, 0},
	{"1.5.5s", -EINVAL, 0},
	{"1,5s", -EINVAL, 0},
	{"1e3s", -EINVAL, 0},
	{"0x1s", -EINVAL, 0},
	{"5 30s", -EINVAL, 0},
	{"30s 5", -EINVAL, 0},
	{"1min, 30s", -EINVAL, 0},
	{"1S", -EINVAL, 0},
	{"1M", -EINVAL, 0}, /* systemd's months */
	{"1y", -EINVAL, 0},
	{"1mss", -EINVAL, 0},
	{"1se", -EINVAL, 0},
	{"1msec", -EINVAL, 0},
	{"infinity", -EINVAL, 0},
	{"1\xc2\xb5s", -EINVAL, 0},
};

START_TEST(durations)
{
	check(duration_cases, ARRAY_SIZE(duration_cases), parse_duration);
}
END_TEST

static const Case size_cases[] = {
	{"0", 0, 0},
	{"0K", 0, 0},
	{"1", 0, 1},
	{"123", 0, 123},
	{"4K", 0, 4096},
	{"4k", 0, 4096},
	{"4KB", 0, 4096},
	{"4KiB", 0, 4096},
	{"4 KiB", 0, 4096},
	{"1M", 0, 1 << 20},
	{"64MiB", 0, 64 << 20},
	{"1.5M", 0, 3 << 19},
	{"0.5K", 0, 512},
	{"0.1K", 0, 102},
	{"1G", 0, 1 << 30},
	{"1T", 0, UINT64_C(1) << 40},
	{"16777215T", 0, UINT64_C(16777215) << 40},
	{"16777215.999999999999T", 0, UINT64_MAX - 1},
	{"16777216T", -ERANGE, 0},
	{"17179869183G", 0, UINT64_C(17179869183) << 30},
	{"17179869184G", -ERANGE, 0},
	{"18014398509481983K", 0, UINT64_C(18014398509481983) << 10},
	{"18014398509481983.9999999999K", 0, UINT64_MAX},
	{"18014398509481984K", -ERANGE, 0},
	{"18446744073709551615", 0, UINT64_MAX},
	{"18446744073709551616", -ERANGE, 0},
	{"18446744073709551615T", -ERANGE, 0},
	{"99999999999999999999999T", -ERANGE, 0},
	{"0.0001K", -ERANGE, 0},
	{"99999999999999999999999X", -EINVAL, 0},
	{"", -EINVAL, 0},
	{"K", -EINVAL, 0},
	{"1.5", -EINVAL, 0},
	{"1.0", -EINVAL, 0},
	{".5K", -EINVAL, 0},
	{"1.K", -EINVAL, 0},
	{"1 ", -EINVAL, 0},
	{" 1", -EINVAL, 0},
	{"1K ", -EINVAL, 0},
	{"1K\n", -EINVAL, 0},
	{"-1K", -EINVAL, 0},
	{"+1K", -EINVAL, 0},
	{"1B", -EINVAL, 0},
	{"1Kb", -EINVAL, 0}, /* might be bits */
	{"1Kib", -EINVAL, 0},
	{"1KI", -EINVAL, 0},
	{"1KiBs", -EINVAL, 0},
	{"1KK", -EINVAL, 0},
	{"1K1", -EINVAL, 0},
	{"1K 1", -EINVAL, 0},
	{"1P", -EINVAL, 0},
	{"1E", -EINVAL, 0},
	{"1\x0b", -EINVAL, 0},
	{"1+", -EINVAL, 0},
	{"1-", -EINVAL, 0},
	{"1@", -EINVAL, 0},
	{"0x1K", -EINVAL, 0},
};

START_TEST(sizes)
{
	check(size_cases, ARRAY_SIZE(size_cases), parse_size);
}
END_TEST

static int percent(const char *text, uint64_t *ret_value)
{
	unsigned permille = 4711;
	int r = parse_percent(text, &permille);

	if (r == 0)
		*ret_value = permille;
	else
		ck_assert_uint_eq(permille, 4711);
	return r;
}

START_TEST(percents)
{
	static const Case cases[] = {
		{"0%", 0, 0},
		{"0.0%", 0, 0},
		{"0.1%", 0, 1},
		{"25%", 0, 250},
		{"12.5%", 0, 125},
		{"12.50%", 0, 125},
		{"12.50000000000000000000%", 0, 125},
		{"99.9%", 0, 999},
		{"100%", 0, 1000},
		{"100.0%", 0, 1000},
		{"100.1%", -ERANGE, 0},
		{"101%", -ERANGE, 0},
		{"18446744073709551615%", -ERANGE, 0},
		{"1844674407370955162%", -ERANGE, 0}, /* times 10 wraps to 4 */
		{"18446744073709551616%", -ERANGE, 0},
		{"12.55%", -EINVAL, 0},
		{"0.01%", -EINVAL, 0},
		{"25", -EINVAL, 0},
		{"25 %", -EINVAL, 0},
		{"25%%", -EINVAL, 0},
		{"25% ", -EINVAL, 0},
		{" 25%", -EINVAL, 0},
		{"-1%", -EINVAL, 0},
		{"+1%", -EINVAL, 0},
		{"%", -EINVAL, 0},
		{"", -EINVAL, 0},
		{".5%", -EINVAL, 0},
		{"5.%", -EINVAL, 0},
	};

	check(cases, ARRAY_SIZE(cases), percent);
}
END_TEST

START_TEST(format_duration)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{0, "0"},
		{1, "1ns"},
		{999, "999ns"},
		{1000, "1us"},
		{1500, "1.5us"},
		{250 * MS, "250ms"},
		{MS + 1, "1.000001ms"},
		{S, "1s"},
		{1500 * MS, "1.5s"},
		{S + 1, "1.000000001s"},
		{59 * S, "59s"},
		{90 * S, "1min 30s"},
		{60 * S + 250 * MS, "1min 250ms"},
		{90 * S + 250 * MS, "1min 30.25s"},
		{3600 * S, "1h"},
		{3601 * S, "1h 1s"},
		{86400 * S, "1d"},
		{7 * 86400 * S, "1w"},
		{(((7 + 1) * 24 + 1) * 60 + 1) * 60 * S + S, "1w 1d 1h 1min 1s"},
		{UINT64_MAX, "30500w 3d 23h 34min 33.709551615s"},
	};
	char buffer[64];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		parse_format_duration(cases[i].ns, buffer, sizeof(buffer));
		ck_assert_str_eq(buffer, cases[i].text);
	}
}
END_TEST

START_TEST(format_size)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{0, "0"},
		{1, "1"},
		{1023, "1023"},
		{1024, "1K"},
		{1025, "1025"},
		{4096, "4K"},
		{1536 << 10, "1536K"},
		{64 << 20, "64M"},
		{UINT64_C(3) << 30, "3G"},
		{UINT64_C(1) << 40, "1T"},
		{UINT64_C(1) << 50, "1024T"},
		{UINT64_C(1) << 63, "8388608T"},
		{UINT64_MAX, "18446744073709551615"},
	};
	char buffer[32];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		parse_format_size(cases[i].bytes, buffer, sizeof(buffer));
		ck_assert_str_eq(buffer, cases[i].text);
	}
}
END_TEST

/* Values of every magnitude, round ones among them. */
START_TEST(formats_read_back)
{
	static const uint64_t steps[] = {1, 10, 1000, 1024, MS, S, 60 * S, 3600 * S};
	uint64_t state = 5, value;
	Random random = random_seeded(&state);
	char buffer[64];

	for (int i = 0; i < 20000; i++) {
		uint64_t step = steps[(unsigned)i % ARRAY_SIZE(steps)];
		uint64_t word = random.next(random.context) >> (random.next(random.context) & 63);
		word -= word % step;

		parse_format_size(word, buffer, sizeof(buffer));
		ck_assert_int_eq(parse_size(buffer, &value), 0);
		ck_assert_uint_eq(value, word);

		word %= UINT64_C(3155760000000000000);
		parse_format_duration(word, buffer, sizeof(buffer));
		ck_assert_msg(parse_duration(buffer, &value) == 0, "%s", buffer);
		ck_assert_uint_eq(value, word);
	}
}
END_TEST

START_TEST(formats_stay_inside_the_buffer)
{
	uint64_t long_one = (((7 + 1) * 24 + 1) * 60 + 1) * 60 * S + S;

	for (size_t size = 0; size < 24; size++) {
		char buffer[25];

		memset(buffer, '#', sizeof(buffer));
		parse_format_duration(long_one, buffer, size);
		ck_assert_int_eq(buffer[size], '#');
		if (size > 0) {
			ck_assert_uint_eq(strlen(buffer),
					  MIN(size - 1, strlen("1w 1d 1h 1min 1s")));
			ck_assert_int_eq(strncmp(buffer, "1w 1d 1h 1min 1s", size - 1), 0);
		}

		memset(buffer, '#', sizeof(buffer));
		parse_format_size(UINT64_MAX, buffer, size);
		ck_assert_int_eq(buffer[size], '#');
		if (size > 0)
			ck_assert_uint_eq(strlen(buffer), MIN(size - 1, (size_t)20));
	}
}
END_TEST

START_TEST(hex_digits)
{
	static const char digits[] = "0123456789abcdef";

	for (int c = 0; c < 256; c++) {
		const char *at = c > 0 ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;

		ck_assert_int_eq(parse_hex_digit((char)c), at ? (int)(at - digits) : -1);
	}
}
END_TEST

HARNESS_MAIN("parse", HARNESS_CASE(suite, "numbers", uint64, int64, booleans, hex_digits);
	     HARNESS_CASE(suite, "units", durations, sizes, percents);
	     HARNESS_CASE(suite, "format", format_duration, format_size, formats_read_back,
			  formats_stay_inside_the_buffer);)
