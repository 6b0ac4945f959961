/* SPDX-License-Identifier: MIT */
#include "cli/compare.h"

#include <math.h>
#include <stdlib.h>

#include "cli/endpoint.h"

#define ALPHA      0.05
#define Z          1.96
#define EXACT_MAX  1000
#define VALUES_MAX EXACT_MAX

size_t compare_rank(size_t n)
{
	double term, below = 0;
	size_t rank = 0;

	if (n > EXACT_MAX) {
		double low = (double)n / 2 - Z * sqrt((double)n) / 2;

		return low < 1 ? 0 : (size_t)low;
	}
	/* P(B <= k) of the binomial (n, 1/2), k = 0, 1, ...: the rank is the number of k for which
	 * it stays within half of alpha. By logarithms, as 2^-1000 is just in range. */
	term = -(double)n * M_LN2;
	while (rank < n) {
		below += exp(term);
		if (below > ALPHA / 2)
			break;
		term += log((double)(n - rank)) - log((double)(rank + 1));
		rank++;
	}
	return rank;
}

static int compare_values(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

bool compare_by_minutes(const Json *history, CompareInterval *ret_interval)
{
	int64_t values[VALUES_MAX];
	size_t n = 0, rank;

	for (size_t i = 0; i < json_length(history) && n < VALUES_MAX; i++) {
		int64_t value = json_int(json_at(history, i), -1);

		if (value >= 0)
			values[n++] = value;
	}
	if (n < COMPARE_MINUTES_MIN)
		return false;
	qsort(values, n, sizeof(values[0]), compare_values);
	rank = compare_rank(n);
	*ret_interval = (CompareInterval){
		.method = COMPARE_MINUTES,
		.n = n,
		.median_us = (values[(n - 1) / 2] + values[n / 2]) / 2,
		.low_us = values[rank - 1],
		.high_us = values[n - rank],
	};
	return true;
}

bool compare_by_quantiles(const Json *window, CompareInterval *ret_interval)
{
	int64_t n =
		json_int(json_get(window, "count"), 0) - json_int(json_get(window, "failures"), 0);
	int64_t least = json_int(json_get(window, "minUsec"), -1);
	int64_t median = json_int(json_get(window, "p50Usec"), -1);
	int64_t p95 = json_int(json_get(window, "p95Usec"), -1);
	double slope, half;

	if (n < COMPARE_SAMPLES_MIN || least < 0 || median < least || p95 < median)
		return false;
	slope = MAX((double)(p95 - median) / 0.45, (double)(median - least) / 0.5);
	half = ceil(slope * Z / 2 / sqrt((double)n));
	*ret_interval = (CompareInterval){
		.method = COMPARE_QUANTILES,
		.n = (size_t)n,
		.median_us = median,
		.low_us = MAX(median - (int64_t)half, least),
		.high_us = median + (int64_t)half,
	};
	return true;
}

CompareInterval compare_endpoint(const Json *endpoint)
{
	CompareInterval interval = {.method = COMPARE_NONE};

	if (!compare_by_minutes(json_get(endpoint, "history"), &interval))
		(void)compare_by_quantiles(endpoint_window(endpoint), &interval); /* none then */
	return interval;
}

bool compare_differs(const CompareInterval *a, const CompareInterval *b)
{
	return a->method != COMPARE_NONE && b->method != COMPARE_NONE &&
	       (a->low_us > b->high_us || b->low_us > a->high_us);
}
