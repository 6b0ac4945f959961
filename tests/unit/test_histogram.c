/* SPDX-License-Identifier: MIT */
/*
 * The oracle is an exact sort: twelve shapes of a million samples each, every quantile within 1/128
 * of the sample of the same rank.
 */
#include "common/histogram.h"

#include <math.h>
#include <string.h>

#include "common/base.h"
#include "common/random.h"
#include "tests/unit/harness.h"

#define SAMPLES 1000000
#define SEED    UINT64_C(20240607)

START_TEST(test_index_is_monotonic_and_covers)
{
	unsigned previous = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint32_t low = histogram_bucket_low_us(i), mid = histogram_bucket_mid_us(i);

		ck_assert_uint_eq(histogram_index(low), i);
		ck_assert_uint_eq(histogram_index(mid), i);
		if (i > 0)
			ck_assert_uint_eq(histogram_index(low - 1), i - 1);
	}
	for (uint32_t us = 0; us < UINT32_C(1) << 26; us += 1 + us / 1000) {
		ck_assert_uint_ge(histogram_index(us), previous);
		previous = histogram_index(us);
	}
	ck_assert_uint_eq(histogram_index(HISTOGRAM_MAX_US), HISTOGRAM_BUCKETS - 1);
	ck_assert_uint_eq(histogram_index(HISTOGRAM_MAX_US + 1), HISTOGRAM_BUCKETS - 1);
	ck_assert_uint_eq(histogram_index(UINT32_MAX), HISTOGRAM_BUCKETS - 1);
}
END_TEST

/* Both ends of every bucket are within 1/128 of its midpoint; up to 128 us it is the value. */
START_TEST(test_midpoint_error)
{
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t low = histogram_bucket_low_us(i), mid = histogram_bucket_mid_us(i);
		uint64_t last = i + 1 < HISTOGRAM_BUCKETS ? histogram_bucket_low_us(i + 1) - 1
							  : HISTOGRAM_MAX_US;

		ck_assert_uint_le((mid - low) * 128, low);
		ck_assert_uint_le((last - mid) * 128, last);
		if (last < 128)
			ck_assert_uint_eq(low, last);
	}
}
END_TEST

static uint32_t clamp_us(double us)
{
	return us <= 0 ? 0 : us >= HISTOGRAM_MAX_US ? HISTOGRAM_MAX_US : (uint32_t)us;
}

static uint32_t constant(const Random *random, uint32_t i)
{
	(void)random, (void)i;
	return 20007;
}

static uint32_t tiny(const Random *random, uint32_t i)
{
	(void)i;
	return (uint32_t)(random_unit(random) * 140);
}

static uint32_t uniform(const Random *random, uint32_t i)
{
	(void)i;
	return (uint32_t)(random_unit(random) * HISTOGRAM_MAX_US);
}

static uint32_t narrow(const Random *random, uint32_t i)
{
	(void)i;
	return clamp_us(100000 + 500 * random_normal(random));
}

static uint32_t wide_normal(const Random *random, uint32_t i)
{
	(void)i;
	return clamp_us(30000 + 20000 * random_normal(random));
}

static uint32_t exponential(const Random *random, uint32_t i)
{
	(void)i;
	return clamp_us(random_exponential(random, 300));
}

static uint32_t slow_exponential(const Random *random, uint32_t i)
{
	(void)i;
	return clamp_us(random_exponential(random, 2e7)); /* 3 % beyond the range, clamped */
}

static uint32_t lognormal(const Random *random, uint32_t i)
{
	(void)i;
	return clamp_us(20000 * exp(0.5 * random_normal(random)));
}

static uint32_t pareto(const Random *random, uint32_t i)
{
	(void)i;
	return clamp_us(150 * pow(1 - random_unit(random), -1 / 1.1));
}

static uint32_t bimodal(const Random *random, uint32_t i)
{
	(void)i;
	return clamp_us(random_unit(random) < 0.97 ? 900 + 40 * random_normal(random)
						   : 203000 + 900 * random_normal(random));
}

static uint32_t powers(const Random *random, uint32_t i)
{
	uint32_t power = UINT32_C(1) << (uint32_t)(random_unit(random) * 26);

	return power + i % 3 - 1; /* the edges of octaves */
}

static uint32_t ramp(const Random *random, uint32_t i)
{
	(void)random;
	return i * 67 % 40000000;
}

static const struct {
	const char *name;
	uint32_t (*sample)(const Random *random, uint32_t i);
} distributions[] = {
	{"constant", constant},
	{"tiny", tiny},
	{"uniform", uniform},
	{"narrow", narrow},
	{"wide_normal", wide_normal},
	{"exponential", exponential},
	{"slow_exponential", slow_exponential},
	{"lognormal", lognormal},
	{"pareto", pareto},
	{"bimodal", bimodal},
	{"powers", powers},
	{"ramp", ramp},
};

/* The oracle sorts a million numbers of 26 bits: in two passes of 13, faster than qsort(3). */
static void sort_samples(uint32_t *samples, size_t n)
{
	uint32_t *other = malloc(n * sizeof(*other)), *from = samples, *to = other;

	ck_assert_ptr_nonnull(other);
	for (unsigned shift = 0; shift < 26; shift += 13) {
		size_t starts[(1 << 13) + 1] = {0};

		for (size_t i = 0; i < n; i++)
			starts[(from[i] >> shift & 8191) + 1]++;
		for (size_t i = 1; i < ARRAY_SIZE(starts); i++)
			starts[i] += starts[i - 1];
		for (size_t i = 0; i < n; i++)
			to[starts[from[i] >> shift & 8191]++] = from[i];
		to = from;
		from = from == samples ? other : samples;
	}
	free(other);
}

static int compare_us(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static const unsigned permilles[] = {0,   1,   10,  50,  100, 250, 333, 500,
				     667, 750, 900, 950, 990, 995, 999, 1000};

/* Nearest rank, by its definition in real numbers. */
static uint32_t exact_quantile(const uint32_t *sorted, size_t n, unsigned permille)
{
	size_t rank = (size_t)ceil((double)n * permille / 1000 - 1e-9);

	return sorted[rank > 0 ? rank - 1 : 0];
}

/* Returns the worst relative error. */
static double assert_quantiles(const char *name, const Histogram *histogram, const uint32_t *sorted,
			       size_t n)
{
	double worst = 0;

	for (size_t i = 0; i < ARRAY_SIZE(permilles); i++) {
		uint32_t exact = exact_quantile(sorted, n, permilles[i]), estimate = 0;
		uint64_t error;

		ck_assert(histogram_quantile(histogram, permilles[i], &estimate));
		error = (uint64_t)llabs((long long)estimate - exact);
		ck_assert_msg(error * 128 <= exact,
			      "%s, n %zu, permille %u: %u instead of %u (seed %llu)", name, n,
			      permilles[i], estimate, exact, (unsigned long long)SEED);
		worst = MAX(worst, exact > 0 ? (double)error / exact : 0);
	}
	return worst;
}

START_TEST(test_against_exact_sort)
{
	uint32_t *samples = malloc(SAMPLES * sizeof(*samples));
	uint64_t state = SEED + (uint64_t)_i, sum = 0;
	Random random = random_seeded(&state);
	Histogram histogram;

	ck_assert_ptr_nonnull(samples);
	histogram_reset(&histogram);
	for (uint32_t i = 0; i < SAMPLES; i++) {
		samples[i] = distributions[_i].sample(&random, i);
		histogram_add(&histogram, samples[i]);
		sum += samples[i];
	}
	sort_samples(samples, SAMPLES);
	printf("# %s: worst relative error %.2f %%\n", distributions[_i].name,
	       100 * assert_quantiles(distributions[_i].name, &histogram, samples, SAMPLES));
	fflush(stdout);
	ck_assert_uint_eq(histogram.count, SAMPLES);
	ck_assert_uint_eq(histogram.sum_us, sum);
	ck_assert_uint_eq(histogram.min_us, samples[0]);
	ck_assert_uint_eq(histogram.max_us, samples[SAMPLES - 1]);
	free(samples);
}
END_TEST

/* Few samples, where a rank off by one is seen at once. */
START_TEST(test_against_exact_sort_when_few)
{
	uint64_t state = SEED;
	Random random = random_seeded(&state);

	for (size_t n = 1; n <= 130; n++)
		for (unsigned d = 0; d < ARRAY_SIZE(distributions); d++) {
			uint32_t samples[130];
			Histogram histogram;

			histogram_reset(&histogram);
			for (uint32_t i = 0; i < n; i++) {
				samples[i] = distributions[d].sample(&random, i);
				histogram_add(&histogram, samples[i]);
			}
			qsort(samples, n, sizeof(*samples), compare_us);
			(void)assert_quantiles(distributions[d].name, &histogram, samples, n);
		}
}
END_TEST

START_TEST(test_empty)
{
	Histogram histogram;
	uint32_t us = 4711;

	histogram_reset(&histogram);
	for (unsigned permille = 0; permille <= 1000; permille += 500)
		ck_assert(!histogram_quantile(&histogram, permille, &us));
	ck_assert_uint_eq(us, 4711);
}
END_TEST

START_TEST(test_one_is_exact)
{
	static const uint32_t values[] = {
		0, 1, 63, 64, 127, 128, 129, 1000003, HISTOGRAM_MAX_US, UINT32_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		Histogram histogram;
		uint32_t us = 4711;

		histogram_reset(&histogram);
		histogram_add(&histogram, values[i]);
		for (unsigned permille = 0; permille <= 1000; permille += 250) {
			ck_assert(histogram_quantile(&histogram, permille, &us));
			ck_assert_uint_eq(us, values[i]);
		}
	}
}
END_TEST

START_TEST(test_two)
{
	Histogram histogram;
	uint32_t us = 0;

	histogram_reset(&histogram);
	histogram_add(&histogram, 50);
	histogram_add(&histogram, 10);
	ck_assert(histogram_quantile(&histogram, 0, &us) && us == 10);
	ck_assert(histogram_quantile(&histogram, 500, &us) && us == 10);
	ck_assert(histogram_quantile(&histogram, 501, &us) && us == 50);
	ck_assert(histogram_quantile(&histogram, 1000, &us) && us == 50);
}
END_TEST

START_TEST(test_never_outside_what_was_seen)
{
	Histogram histogram;
	uint32_t us = 0;

	histogram_reset(&histogram);
	for (unsigned i = 0; i < 10; i++)
		histogram_add(&histogram, 1000001); /* not its bucket's midpoint */
	ck_assert(histogram_quantile(&histogram, 500, &us) && us == 1000001);
	histogram_add(&histogram, UINT32_MAX);
	ck_assert(histogram_quantile(&histogram, 1000, &us) && us == UINT32_MAX);
}
END_TEST

START_TEST(test_reset)
{
	Histogram histogram, empty = {0};

	memset(&histogram, 0xff, sizeof(histogram));
	histogram_reset(&histogram);
	ck_assert_int_eq(memcmp(&histogram, &empty, sizeof(empty)), 0);
}
END_TEST

START_TEST(test_merge_is_adding)
{
	uint64_t state = SEED;
	Random random = random_seeded(&state);
	Histogram all = {0}, parts[3] = {0}, merged = {0}, other_order = {0}, empty = {0};

	for (uint32_t i = 0; i < 30000; i++) {
		uint32_t us = distributions[i % ARRAY_SIZE(distributions)].sample(&random, i);

		histogram_add(&all, us);
		histogram_add(&parts[i % 3], us);
	}
	for (unsigned i = 0; i < 3; i++) {
		histogram_merge(&merged, &parts[i]);
		histogram_merge(&merged, &empty);
		histogram_merge(&other_order, &parts[2 - i]);
	}
	ck_assert_int_eq(memcmp(&merged, &all, sizeof(all)), 0);
	ck_assert_int_eq(memcmp(&other_order, &all, sizeof(all)), 0);
	histogram_merge(&empty, &empty);
	ck_assert_uint_eq(empty.count, 0);
}
END_TEST

START_TEST(test_counts_saturate)
{
	Histogram a = {0}, b = {0};
	uint32_t us = 0;

	histogram_add(&a, 5);
	a.counts[5] = UINT32_MAX - 1;
	a.count = UINT32_MAX - 1;
	b = a;
	histogram_add(&a, 5);
	histogram_add(&a, 5);
	ck_assert_uint_eq(a.counts[5], UINT32_MAX);
	histogram_merge(&a, &b);
	ck_assert_uint_eq(a.counts[5], UINT32_MAX);
	/* More samples than the buckets can tell: still an answer. */
	ck_assert(histogram_quantile(&a, 999, &us) && us == 5);
}
END_TEST

static void assert_sorted(const SparseHistogram *sparse)
{
	unsigned second = 0;

	ck_assert_uint_le(sparse->n, sparse->allocated);
	ck_assert_uint_le(sparse->allocated, SPARSE_MAX);
	for (unsigned i = 1; i < sparse->n; i++) {
		ck_assert_uint_le(sparse->buckets[i - 1].index, sparse->buckets[i].index);
		if (sparse->buckets[i - 1].index != sparse->buckets[i].index)
			continue;
		ck_assert_uint_eq(sparse->buckets[i - 1].count, UINT16_MAX);
		second++;
	}
	ck_assert_uint_eq(sparse->n_second, second);
}

START_TEST(test_sparse_equals_dense)
{
	uint64_t state = SEED;
	Random random = random_seeded(&state);

	for (unsigned d = 0; d < ARRAY_SIZE(distributions); d++) {
		SparseHistogram sparse = {0};
		Histogram dense = {0}, expanded = {0};

		for (uint32_t i = 0; i < 20000; i++) {
			uint32_t us = distributions[d].sample(&random, i);

			histogram_add(&dense, us);
			ck_assert_int_eq(sparse_add(&sparse, us), 0);
		}
		assert_sorted(&sparse);
		histogram_merge_sparse(&expanded, &sparse);
		ck_assert_int_eq(memcmp(&expanded, &dense, sizeof(dense)), 0);
		histogram_merge_sparse(&expanded, &sparse);
		histogram_merge(&dense, &dense);
		ck_assert_int_eq(memcmp(&expanded, &dense, sizeof(dense)), 0);
		sparse_clear(&sparse);
	}
}
END_TEST

/* Every bucket once, from the top down: the most moves, and all the memory it may ever take. */
START_TEST(test_sparse_full)
{
	SparseHistogram sparse = {0};
	Histogram histogram = {0};

	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = HISTOGRAM_BUCKETS; i-- > 0;)
			ck_assert_int_eq(sparse_add(&sparse, histogram_bucket_low_us(i)), 0);
	ck_assert_uint_eq(sparse.n, HISTOGRAM_BUCKETS);
	ck_assert_uint_le(sparse.allocated, SPARSE_MAX);
	assert_sorted(&sparse);
	histogram_merge_sparse(&histogram, &sparse);
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		ck_assert_uint_eq(histogram.counts[i], 2);
	sparse_clear(&sparse);
}
END_TEST

/* More of one value than 16 bits count. */
START_TEST(test_sparse_goes_on_in_another_pair)
{
	SparseHistogram sparse = {0};
	Histogram dense = {0}, expanded = {0};

	for (uint32_t i = 0; i < 200000; i++) {
		uint32_t us = i % 3 == 2 ? 40 : i % 3 == 1 ? 7 : 90000;

		histogram_add(&dense, us);
		ck_assert_int_eq(sparse_add(&sparse, us), 0);
	}
	assert_sorted(&sparse);
	ck_assert_uint_eq(sparse.n, 6);
	histogram_merge_sparse(&expanded, &sparse);
	ck_assert_int_eq(memcmp(&expanded, &dense, sizeof(dense)), 0);
	sparse_reset(&sparse);
	ck_assert_uint_eq(sparse.n_second, 0);
	sparse_clear(&sparse);
}
END_TEST

/* When every further pair is in use, counts saturate, and there is still room for each index. */
START_TEST(test_sparse_exhausted)
{
	SparseHistogram sparse = {0};

	ck_assert_int_eq(sparse_add(&sparse, 9), 0);
	sparse.buckets[0].count = UINT16_MAX;
	sparse.n_second = HISTOGRAM_BUCKETS;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		ck_assert_int_eq(sparse_add(&sparse, histogram_bucket_low_us(i)), 0);
	ck_assert_uint_eq(sparse.n, HISTOGRAM_BUCKETS);
	ck_assert_uint_eq(sparse.buckets[9].count, UINT16_MAX);
	ck_assert_uint_eq(sparse.buckets[10].count, 1);
	ck_assert_uint_eq(sparse.count, 1 + HISTOGRAM_BUCKETS);
	sparse_clear(&sparse);
}
END_TEST

START_TEST(test_sparse_reset_and_clear)
{
	SparseHistogram sparse = {0};
	Histogram histogram = {0};
	SparseBucket *memory;

	histogram_merge_sparse(&histogram, &sparse);
	ck_assert_uint_eq(histogram.count, 0);
	ck_assert_int_eq(sparse_add(&sparse, 9), 0);
	memory = sparse.buckets;
	sparse_reset(&sparse);
	ck_assert_ptr_eq(sparse.buckets, memory);
	histogram_merge_sparse(&histogram, &sparse);
	ck_assert_uint_eq(histogram.count, 0);
	ck_assert_int_eq(sparse_add(&sparse, 700), 0);
	ck_assert_uint_eq(sparse.min_us, 700); /* nothing of before the reset */
	ck_assert_uint_eq(sparse.max_us, 700);
	ck_assert_uint_eq(sparse.sum_us, 700);
	sparse_clear(&sparse);
	ck_assert_ptr_null(sparse.buckets);
	sparse_clear(&sparse);
}
END_TEST

static void add_oracle(Suite *suite)
{
	TCase *oracle = tcase_create("oracle");

	tcase_set_timeout(oracle, 60);
	tcase_add_loop_test(oracle, test_against_exact_sort, 0, (int)ARRAY_SIZE(distributions));
	tcase_add_test(oracle, test_against_exact_sort_when_few);
	suite_add_tcase(suite, oracle);
}

HARNESS_MAIN("histogram", add_oracle(suite);
	     HARNESS_CASE(suite, "buckets", test_index_is_monotonic_and_covers,
			  test_midpoint_error);
	     HARNESS_CASE(suite, "dense", test_empty, test_one_is_exact, test_two,
			  test_never_outside_what_was_seen, test_reset, test_merge_is_adding,
			  test_counts_saturate);
	     HARNESS_CASE(suite, "sparse", test_sparse_equals_dense, test_sparse_full,
			  test_sparse_goes_on_in_another_pair, test_sparse_exhausted,
			  test_sparse_reset_and_clear);)
