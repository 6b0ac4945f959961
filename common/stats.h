/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Statistics for deciding, not for decorating. The e-process is the exact, anytime-valid one for
 * conditionally symmetric differences (de la Pena 1999; Howard, Ramdas et al., arXiv 1810.08240):
 * with a fair coin drawn before every pair, under "no effect" each paired difference is symmetric
 * whatever the autocorrelation, season or tails, so exp(lambda S - lambda^2 V / 2) is a
 * supermartingale, and its half-normal mixture over lambda may be looked at after every pair.
 */
#include <stdbool.h>
#include <stddef.h>

#define STATS_RHO 100.0 /* for differences of logarithms: tuned to effects of 5 to 20 % */

/* log of the e-value of the pairs seen so far; side +1 benefit, -1 harm. S = sum d, V = sum d^2. */
double stats_log_e(double sum, double sum_of_squares, double rho, int side);

/*
 * log of the e-value of betting, with each pair, on the sign of its difference, more the larger it
 * is: prod(1 + side * cap * tanh(slope * d)). Given |d| the sign is a fair coin under "no effect",
 * so each factor has mean 1 whatever the size of the difference: a martingale, as valid as the one
 * above. It gains up to ln(1 + cap) a pair and loses at most ln(1 - cap), 0 <= cap < 1.
 */
double stats_log_bet(const double *differences, size_t n, double slope, double cap, int side);
/* The same for somebody who expects this effect (not 0): the sign of `effect` is the side, and the
 * slope of each bet, effect / variance, comes from the pairs before it. Valid whether the effect
 * exists or not, since what is staked is known before the coin falls. */
double stats_log_bet_on(const double *differences, size_t n, double effect, double cap);
/* log(sum of weights[i] * exp(logs[i])); weights >= 0, not all 0. */
double stats_log_mixture(const double *logs, const double *weights, size_t n);

/*
 * Change point of a series of block values (logarithms): a two-sided CUSUM of what lies outside an
 * allowance, in units of the series' own scale, clipped at three so that no single block decides.
 * Silent for the first STATS_CUSUM_WARM values. Zeroed is empty.
 */
#define STATS_CUSUM_WARM 5
typedef struct StatsCusum {
	unsigned n;
	double mean, scale;
	double up, down;
} StatsCusum;
/* True: the series has moved. */
bool stats_cusum_add(StatsCusum *cusum, double value);

/* Sorts a copy on the heap-free path (n <= STATS_MAX). NAN when n is 0. */
#define STATS_MAX 512
double stats_median(const double *values, size_t n);
/* Linear-interpolated quantile, q in [0, 1] (type 7 of Hyndman and Fan). */
double stats_quantile(const double *values, size_t n, double q);
/* Hodges-Lehmann: the median of the Walsh averages; n <= 64. */
double stats_hodges_lehmann(const double *values, size_t n);
/* Percentile bootstrap of the Hodges-Lehmann estimate, B = 1000, seeded: reproducible. n <= 64 */
void stats_bootstrap(const double *values, size_t n, double confidence, double *ret_low,
		     double *ret_high);

/* Loss-limited rate of a loss-based congestion control in bit/s: 1.22 * mss / (rtt * sqrt(p))
 * (Mathis, Semke, Mahdavi, Ott 1997). Infinity when p is 0. */
double stats_mathis_bps(unsigned mss_bytes, double rtt_us, double loss);
