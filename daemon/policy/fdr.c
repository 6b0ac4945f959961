/* SPDX-License-Identifier: MIT */
/*
 * The candidate is accepted as one of k if k - 1 of the others reach K / (alpha k) too. The
 * threshold falls with k, so the largest such k asks least of it.
 */
#include "daemon/policy/fdr.h"

#include <math.h>

#include "common/base.h"

double fdr_threshold(const double *log_e, size_t n, size_t n_running, double alpha)
{
	size_t total = n + MAX(n_running, (size_t)1), k = n + 1;

	for (;;) {
		double needed = log((double)total / (alpha * (double)k));
		size_t companions = 0;

		for (size_t i = 0; i < n; i++)
			companions += log_e[i] >= needed;
		if (companions + 1 >= k)
			return exp(needed);
		/* Fewer ask for more, so none of the numbers in between has enough. */
		k = companions + 1;
	}
}
