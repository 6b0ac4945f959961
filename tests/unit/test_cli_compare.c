/* SPDX-License-Identifier: MIT */
/*
 * Intervals of medians: against the binomial table, and against distributions whose median is
 * known: an interval of 95 % that holds it less often is a defect, whatever the distribution.
 */
#include "cli/compare.h"

#include <math.h>

#include "common/random.h"
#include "tests/unit/cli_bench.h"

/* Tables of the sign test, two-sided 5 %: the number of signs that may be the other ones, and one.
 * (Conover, Practical Nonparametric Statistics, table A3.) */
static const struct {
	size_t n, rank;
} ranks[] = {{0, 0},  {1, 0},  {5, 0},   {6, 1},   {8, 1},    {9, 2},      {12, 3},      {15, 4},
	     {20, 6}, {25, 8}, {30, 10}, {60, 22}, {100, 40}, {1000, 469}, {10000, 4902}};

START_TEST(test_rank)
{
	ck_assert_uint_eq(compare_rank(ranks[_i].n), ranks[_i].rank);
}
END_TEST

typedef double (*Draw)(const Random *random);

/* In ms. */

static double exponential(const Random *random)
{
	return 20 + random_exponential(random, 5);
}

static double lognormal(const Random *random)
{
	return 20 * exp(0.5 * random_normal(random));
}

static double flat(const Random *random)
{
	return 10 + 20 * random_unit(random);
}

/* One in ten waits for a queue. */
static double mixed(const Random *random)
{
	double base = 20 + random_unit(random);

	return random_unit(random) < 0.1 ? base + 1 + 50 * random_unit(random) : base;
}

static const struct {
	const char *name;
	Draw draw;
	double median_ms;
} shapes[] = {
	{"exponential", exponential, 20 + 5 * M_LN2},
	{"lognormal", lognormal, 20},
	{"flat", flat, 20},
	{"mixed", mixed, 20 + 0.5 / 0.9},
};

#define ROUNDS 400

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static Json *history_of(const int64_t *values, size_t n)
{
	Json *history = json_new_array(), *object = json_new_object();

	for (size_t i = 0; i < n; i++) {
		json_set_int(object, "x", values[i]);
		json_append(history, json_reference(json_get(object, "x")));
		json_set_null(object, "x");
	}
	json_free(object);
	return history;
}

static Json *window_of(int64_t *values, size_t n)
{
	Json *window = json_new_object();

	qsort(values, n, sizeof(*values), by_value);
	json_set_uint(window, "count", n);
	json_set_uint(window, "failures", 0);
	json_set_int(window, "minUsec", values[0]);
	json_set_int(window, "p50Usec", values[n / 2]);
	json_set_int(window, "p95Usec", values[n * 95 / 100]);
	return window;
}

/* How many of 1000 intervals hold the median. */
static unsigned coverage(size_t shape, size_t n, bool minutes)
{
	unsigned held = 0;
	uint64_t state = 7 + shape;
	Random random = random_seeded(&state);

	for (unsigned round = 0; round < ROUNDS; round++) {
		int64_t values[600], median_us = (int64_t)(shapes[shape].median_ms * 1000);
		_cleanup_json_ Json *reply = NULL;
		CompareInterval interval;

		for (size_t i = 0; i < n; i++)
			values[i] = (int64_t)(shapes[shape].draw(&random) * 1000);
		reply = minutes ? history_of(values, n) : window_of(values, n);
		ck_assert(minutes ? compare_by_minutes(reply, &interval)
				  : compare_by_quantiles(reply, &interval));
		ck_assert_int_le(interval.low_us, interval.median_us);
		ck_assert_int_ge(interval.high_us, interval.median_us);
		held += interval.low_us <= median_us && median_us <= interval.high_us;
	}
	return held * 1000 / ROUNDS;
}

START_TEST(test_coverage)
{
	static const size_t minutes[] = {6, 10, 60}, samples[] = {20, 150, 600};

	for (size_t i = 0; i < ARRAY_SIZE(minutes); i++) {
		unsigned held = coverage((size_t)_i, minutes[i], true);

		ck_assert_msg(held >= 930, "%s, %zu minutes: %u", shapes[_i].name, minutes[i],
			      held);
		held = coverage((size_t)_i, samples[i], false);
		ck_assert_msg(held >= 930, "%s, %zu samples: %u", shapes[_i].name, samples[i],
			      held);
	}
}
END_TEST

static Json *parse(const char *text)
{
	Json *json;

	ck_assert_int_eq(json_parse(text, strlen(text), &json), 0);
	return json;
}

START_TEST(test_too_few)
{
	_cleanup_json_ Json *five = parse("[1,null,2,3,4,null,5]");
	_cleanup_json_ Json *six = parse("[10,null,20,30,40,null,50,60]");
	_cleanup_json_ Json *few = parse("{\"count\":21,\"failures\":2,\"minUsec\":1,"
					 "\"p50Usec\":2,\"p95Usec\":3}");
	_cleanup_json_ Json *none = parse("{\"count\":500,\"failures\":0,\"minUsec\":1,"
					  "\"p50Usec\":null,\"p95Usec\":null}");
	CompareInterval interval;

	ck_assert(!compare_by_minutes(five, &interval));
	ck_assert(!compare_by_minutes(NULL, &interval));
	ck_assert(!compare_by_quantiles(few, &interval));
	ck_assert(!compare_by_quantiles(none, &interval));
	ck_assert(compare_by_minutes(six, &interval));
	ck_assert_int_eq(interval.low_us, 10);
	ck_assert_int_eq(interval.median_us, 35);
	ck_assert_int_eq(interval.high_us, 60);
	ck_assert_uint_eq(interval.n, 6);
}
END_TEST

START_TEST(test_differs)
{
	CompareInterval a = {COMPARE_MINUTES, 10, 8, 12, 9}, b = {COMPARE_MINUTES, 15, 12, 20, 9};
	CompareInterval none = {.method = COMPARE_NONE};

	ck_assert(!compare_differs(&a, &b)); /* they touch */
	b.low_us = 13;
	ck_assert(compare_differs(&a, &b));
	ck_assert(compare_differs(&b, &a));
	ck_assert(!compare_differs(&a, &none));
}
END_TEST

#define MEMBER(name, group, headline, history)                                                     \
	"{\"name\":\"" name "\",\"state\":\"up\",\"group\":\"" group "\",\"headline\":\"" headline \
	"\",\"windows\":[],\"history\":" history "}"

START_TEST(test_verb)
{
	_cleanup_json_ Json *json = NULL;
	const Json *second;

	fixed_reply = "{\"parameters\":{\"total\":4,\"endpoints\":[" MEMBER("far", "eu", "connect", "[50000,50001,50002,50003,50004,50005]") "," MEMBER(
		"near", "eu", "connect",
		"[20000,21000,20500,20400,20300,20200]") "," MEMBER("close", "eu", "connect",
								    "[20100,20900,20800,20700,"
								    "20600,20500]") "," MEMBER("ne"
											       "w",
											       "eu",
											       "con"
											       "nec"
											       "t",
											       "[]") "," MEMBER("us",
														"us",
														"connect",
														"[]") "]}}";
	fork_server(serve_fixed);
	ck_assert_int_eq(run("compare", "eu", NULL), CLI_OK);
	check_has(out, "   1  near      up     20.4 ms  20.0 ms - 21.0 ms ");
	check_has(out, "first\n   2  close     up     20.7 ms  20.1 ms - 20.9 ms ");
	check_has(out, "no difference shown\n   3  far       up     50.0 ms  50.0 ms - 50.0 ms ");
	check_has(out, "slower by 29.0 ms or more\n   -  new       up           - ");
	check_has(out, "By the medians of single minutes.\n");
	ck_assert_ptr_null(strstr(out, "us "));
	ck_assert_int_eq(run("compare", "eu", "--json", NULL), CLI_OK);
	json = parse_out();
	ck_assert_uint_eq(json_length(json_get(json, "endpoints")), 4);
	second = json_at(json_get(json, "endpoints"), 1);
	ck_assert_str_eq(json_string(json_get(second, "method")), "minutes");
	ck_assert(!json_bool(json_get(second, "differsFromFirst"), true));
	ck_assert_int_eq(run("compare", NULL), CLI_OK);
	ck_assert_str_eq(out, "GROUP  ENDPOINTS\neu             4\nus             1\n");
	ck_assert_int_eq(run("compare", "asia", NULL), CLI_FAILED);
	check_has(err, "no endpoint is in the group asia; see: netoptctl compare");
	ck_assert_int_eq(run("compare", "us", NULL), CLI_OK);
	check_has(out, "Too few samples to compare anything yet.\n");
}
END_TEST

START_TEST(test_verb_by_quantiles)
{
	ck_assert_int_eq(run("compare", "eu", NULL), CLI_OK); /* that of the made-up daemon */
	check_has(out, "   1  site ");
	check_has(out, "By the single samples of the last 10 minutes.\n");
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *pure = tcase_create("pure"), *alone = tcase_create("alone");
	TCase *served = tcase_create("served");

	tcase_add_loop_test(pure, test_rank, 0, (int)ARRAY_SIZE(ranks));
	tcase_add_loop_test(pure, test_coverage, 0, (int)ARRAY_SIZE(shapes));
	tcase_add_test(pure, test_too_few);
	tcase_add_test(pure, test_differs);
	suite_add_tcase(suite, pure);
	tcase_add_checked_fixture(alone, setup_directory, teardown);
	tcase_add_test(alone, test_verb);
	suite_add_tcase(suite, alone);
	tcase_add_checked_fixture(served, setup, teardown);
	tcase_add_test(served, test_verb_by_quantiles);
	suite_add_tcase(suite, served);
}

HARNESS_MAIN("cli_compare", add_cases(suite);)
