/* SPDX-License-Identifier: MIT */
/*
 * The sources and the distributions. The statistical checks run on a fixed seed, so they pass or
 * fail for ever; the bounds are five standard errors, so a right implementation passes on any seed.
 * What the distributions do at the edges is shown with a source that yields the extreme words.
 */
#include "common/random.h"

#include <math.h>

#include "tests/unit/harness.h"

#define N 100000

static uint64_t constant_next(void *context)
{
	return *(uint64_t *)context;
}

static Random constant(uint64_t *word)
{
	return (Random){.next = constant_next, .context = word};
}

/* The reference output of splitmix64 (Vigna's splitmix64.c) for the seeds 0 and 1234567. */
START_TEST(seeded_is_splitmix64)
{
	static const uint64_t zero[] = {UINT64_C(0xe220a8397b1dcdaf), UINT64_C(0x6e789e6aa1b965f4),
					UINT64_C(0x06c45d188009454f)};
	static const uint64_t other[] = {UINT64_C(6457827717110365317),
					 UINT64_C(3203168211198807973),
					 UINT64_C(9817491932198370423)};
	uint64_t a = 0, b = 1234567;
	Random first = random_seeded(&a), second = random_seeded(&b);

	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(first.next(first.context), zero[i]);
		ck_assert_uint_eq(second.next(second.context), other[i]);
	}
}
END_TEST

START_TEST(same_seed_same_sequence)
{
	uint64_t a = 99, b = 99, c = 100;
	Random first = random_seeded(&a), second = random_seeded(&b), third = random_seeded(&c);
	int differing = 0;

	for (int i = 0; i < 100; i++) {
		double x = random_normal(&first);
		ck_assert(x == random_normal(&second));
		differing += x != random_normal(&third);
	}
	ck_assert_int_eq(differing, 100);
}
END_TEST

/* Not a test of getrandom(2), only that we return its words: 64 words agree in no bit position. */
START_TEST(system_words_vary_in_every_bit)
{
	uint64_t all = UINT64_MAX, any = 0;

	for (int i = 0; i < 256; i++) {
		uint64_t word = random_system.next(random_system.context);
		all &= word;
		any |= word;
	}
	ck_assert_uint_eq(all, 0);
	ck_assert_uint_eq(any, UINT64_MAX);
}
END_TEST

START_TEST(coin_is_fair)
{
	uint64_t state = 1;
	Random random = random_seeded(&state);
	int heads = 0, changes = 0;
	bool last = false;

	for (int i = 0; i < N; i++) {
		bool coin = random_coin(&random);
		heads += coin;
		changes += coin != last;
		last = coin;
	}
	/* sigma = sqrt(N)/2 = 158 */
	ck_assert_int_le(abs(heads - N / 2), 790);
	ck_assert_int_le(abs(changes - N / 2), 790);
}
END_TEST

START_TEST(unit_is_uniform)
{
	uint64_t state = 2;
	Random random = random_seeded(&state);
	int tenths[10] = {0};

	for (int i = 0; i < N; i++) {
		double u = random_unit(&random);
		ck_assert(u >= 0 && u < 1);
		tenths[(int)(u * 10)]++;
	}
	for (int i = 0; i < 10; i++) /* sigma = sqrt(N * 0.09) = 95 */
		ck_assert_int_le(abs(tenths[i] - N / 10), 475);
}
END_TEST

START_TEST(unit_edges)
{
	uint64_t zero = 0, ones = UINT64_MAX;
	Random low = constant(&zero), high = constant(&ones);

	ck_assert(random_unit(&low) == 0);
	ck_assert(random_unit(&high) == 1 - 0x1p-53);
	ck_assert(!random_coin(&low));
	ck_assert(random_coin(&high));
}
END_TEST

START_TEST(normal_moments)
{
	uint64_t state = 3;
	Random random = random_seeded(&state);
	double sum = 0, squares = 0, cubes = 0;
	int beyond = 0;

	for (int i = 0; i < N; i++) {
		double x = random_normal(&random);
		sum += x;
		squares += x * x;
		cubes += x * x * x;
		beyond += fabs(x) > 1.959964;
	}
	ck_assert(fabs(sum / N) < 5 * sqrt(1.0 / N));
	ck_assert(fabs(squares / N - 1) < 5 * sqrt(2.0 / N));
	ck_assert(fabs(cubes / N) < 5 * sqrt(15.0 / N));
	ck_assert(abs(beyond - N / 20) < 5 * sqrt(N * 0.05 * 0.95));
}
END_TEST

START_TEST(exponential_moments_and_median)
{
	uint64_t state = 4;
	Random random = random_seeded(&state);
	double sum = 0, squares = 0;
	int below_median = 0;

	for (int i = 0; i < N; i++) {
		double x = random_exponential(&random, 10);
		ck_assert(x > 0);
		sum += x;
		squares += x * x;
		below_median += x < 10 * M_LN2;
	}
	ck_assert(fabs(sum / N - 10) < 5 * 10 / sqrt(N));
	ck_assert(fabs(squares / N - 200) < 5 * 100 * sqrt(20.0 / N));
	ck_assert(abs(below_median - N / 2) < 790);
}
END_TEST

/* A gap of 0 would make a probe schedule spin; an infinite one would stop it. */
START_TEST(exponential_edges)
{
	uint64_t zero = 0, ones = UINT64_MAX;
	Random low = constant(&zero), high = constant(&ones);

	ck_assert(random_exponential(&high, 1e9) > 0);
	ck_assert(random_exponential(&low, 1) > 36);
	ck_assert(isfinite(random_exponential(&low, 1e9)));
	ck_assert(isfinite(random_normal(&low)));
	ck_assert(isfinite(random_normal(&high)));
}
END_TEST

HARNESS_MAIN("random", HARNESS_CASE(suite, "sources", seeded_is_splitmix64, same_seed_same_sequence,
				    system_words_vary_in_every_bit);
	     HARNESS_CASE(suite, "uniform", coin_is_fair, unit_is_uniform, unit_edges);
	     HARNESS_CASE(suite, "shapes", normal_moments, exponential_moments_and_median,
			  exponential_edges);)
