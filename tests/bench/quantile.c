/* SPDX-License-Identifier: MIT */
/*
 * quantile: how far a quantile of the histogram is from that of the sorted samples, for twelve
 * shapes of latency and a million samples of each, and whether a histogram that was merged from the
 * slots of a window is the same as one that saw everything.
 *
 * Prints the largest relative error of each shape over 15 quantiles, as one JSON object.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base.h"
#include "common/histogram.h"
#include "common/random.h"

#define SAMPLES 1000000
#define SLOTS   24
#define SEED    UINT64_C(20261122)

typedef double (*Shape)(const Random *random);

static double constant(const Random *random)
{
	(void)random;
	return 150007;
}

static double uniform(const Random *random)
{
	return 67e6 * random_unit(random);
}

static double loopback(const Random *random)
{
	return 20 + 100 * random_unit(random);
}

static double lan(const Random *random)
{
	return 400 + random_exponential(random, 60);
}

static double wan(const Random *random)
{
	return 20000 + random_exponential(random, 1500);
}

static double normal(const Random *random)
{
	return 80000 + 15000 * random_normal(random);
}

static double narrow(const Random *random)
{
	return 149000 + 300 * random_normal(random);
}

static double exponential(const Random *random)
{
	return random_exponential(random, 30000);
}

static double lognormal(const Random *random)
{
	return 12000 * exp(0.8 * random_normal(random));
}

static double pareto(const Random *random)
{
	return 300 * pow(1 - random_unit(random), -1 / 1.2);
}

static double retransmits(const Random *random)
{
	return random_unit(random) < 0.98 ? lan(random) : 1e6 + wan(random);
}

static double delayed_acks(const Random *random)
{
	return random_unit(random) < 0.6 ? lan(random) : 40000 + lan(random);
}

static const struct {
	const char *name;
	Shape shape;
} shapes[] = {
	{"constant", constant},
	{"uniform", uniform},
	{"loopback", loopback},
	{"lan", lan},
	{"wan", wan},
	{"normal", normal},
	{"narrow", narrow},
	{"exponential", exponential},
	{"lognormal", lognormal},
	{"pareto", pareto},
	{"retransmits", retransmits},
	{"delayed_acks", delayed_acks},
};

static const unsigned permilles[] = {1,   10,  50,  100, 250, 333, 500, 667,
				     750, 900, 950, 980, 990, 995, 999};

static int compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

/* Against the sample of the same rank. */
static double worst_error(const Histogram *histogram, const uint32_t *sorted)
{
	double worst = 0;

	for (size_t i = 0; i < ARRAY_SIZE(permilles); i++) {
		double exact = sorted[SAMPLES / 1000 * permilles[i] - 1];
		uint32_t estimate = 0;

		(void)histogram_quantile(histogram, permilles[i], &estimate); /* it is not empty */
		worst = fmax(worst, fabs(estimate - exact) / fmax(exact, 1));
	}
	return worst;
}

static double measure(Shape shape, uint32_t *samples, bool *ret_merged)
{
	static Histogram whole, merged;
	SparseHistogram slots[SLOTS] = {0};
	uint64_t state = SEED;
	Random random = random_seeded(&state);

	histogram_reset(&whole);
	histogram_reset(&merged);
	for (size_t i = 0; i < SAMPLES; i++) {
		double us = fmin(fmax(shape(&random), 0), HISTOGRAM_MAX_US);

		samples[i] = (uint32_t)us;
		histogram_add(&whole, samples[i]);
		if (sparse_add(&slots[i % SLOTS], samples[i]) < 0)
			abort();
	}
	for (size_t i = 0; i < SLOTS; i++) {
		histogram_merge_sparse(&merged, &slots[i]);
		sparse_clear(&slots[i]);
	}
	*ret_merged = memcmp(&whole, &merged, sizeof(whole)) == 0;
	qsort(samples, SAMPLES, sizeof(*samples), compare);
	return worst_error(&whole, samples);
}

int main(void)
{
	uint32_t *samples = malloc(SAMPLES * sizeof(*samples));
	bool merged = true;

	if (!samples)
		return 1;
	printf("{");
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		bool same;
		double error = measure(shapes[i].shape, samples, &same);

		merged = merged && same;
		printf("\"%s\":%.6f,", shapes[i].name, error);
	}
	printf("\"merged\":%s}\n", merged ? "true" : "false");
	free(samples);
	return 0;
}
