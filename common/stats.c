/* SPDX-License-Identifier: MIT */
/*
 * Everything here works on small arrays on the stack. Order statistics are selected (Hoare's FIND),
 * not sorted for: the bootstrap takes a thousand medians of up to 2080 averages in one call, and
 * the daemon has one thread.
 */
#include "common/stats.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "common/base.h"
#include "common/random.h"

#define HODGES_LEHMANN_MAX 64
#define WALSH_MAX          (HODGES_LEHMANN_MAX * (HODGES_LEHMANN_MAX + 1) / 2)
#define BOOTSTRAP_ROUNDS   1000
#define BOOTSTRAP_SEED                                                                             \
	UINT64_C(0x6e65746f7074) /* any: the same evidence must give the same interval */

#define MATHIS_CONSTANT 1.22 /* sqrt(3/2): periodic loss, one acknowledgement per segment */

/* Variance of a paired difference before there is one: sigma 0.15, the middle of what paths show;
 * and its least, sigma 0.05, that three pairs alike by chance are not taken for certainty. */
#define BET_VARIANCE     0.0225
#define BET_VARIANCE_MIN 0.0025
#define BET_SLOPE_MAX    20.0

/* As model/floor.c, where the reasons are: half a sigma or half of a 20 % shift, alarm at 5. */
#define CUSUM_ALLOWANCE    0.5
#define CUSUM_ALLOWANCE_LN 0.10
#define CUSUM_ALARM        5.0
#define CUSUM_CLIP         3.0
#define CUSUM_RATE         0.02
#define CUSUM_SCALE_MIN    0.05

/* Beyond this, erfc() is near the end of the doubles' range and the series is exact to 1e-11. */
#define PHI_TAIL (-30.0)

/* z^2 / 2 + ln Phi(z): the two are added before they can cancel. A plain log(erfc()) underflows
 * for z < -38, and the sum would then turn evidence of harm into evidence of benefit. */
static double half_square_plus_log_phi(double z)
{
	double t;

	if (z > PHI_TAIL)
		return z * z / 2 + log(0.5 * erfc(-z * M_SQRT1_2));
	t = 1 / (z * z);
	return -log(-z) - 0.5 * log(2 * M_PI) + log1p(-t * (1 - t * (3 - t * 15)));
}

double stats_log_e(double sum, double sum_of_squares, double rho, int side)
{
	double q = 1 + rho * sum_of_squares;
	double z = (side < 0 ? -sum : sum) * sqrt(rho / q);

	return M_LN2 - 0.5 * log(q) + half_square_plus_log_phi(z);
}

double stats_log_bet(const double *differences, size_t n, double slope, double cap, int side)
{
	double log_e = 0;

	for (size_t i = 0; i < n; i++)
		log_e += log1p((side < 0 ? -cap : cap) * tanh(slope * differences[i]));
	return log_e;
}

double stats_log_bet_on(const double *differences, size_t n, double effect, double cap)
{
	double spread = BET_VARIANCE, log_e = 0;

	for (size_t i = 0; i < n; i++) {
		double variance = spread / (double)(i + 1), off = differences[i] - effect;
		double slope = effect / MAX(variance, BET_VARIANCE_MIN);

		slope = CLAMP(slope, -BET_SLOPE_MAX, BET_SLOPE_MAX);
		log_e += log1p(cap * tanh(slope * differences[i]));
		spread += MIN(off * off, 1.0); /* one incident is not the noise */
	}
	return log_e;
}

double stats_log_mixture(const double *logs, const double *weights, size_t n)
{
	double largest = -INFINITY, sum = 0;

	for (size_t i = 0; i < n; i++)
		if (weights[i] > 0)
			largest = MAX(largest, logs[i]);
	for (size_t i = 0; i < n; i++)
		if (weights[i] > 0)
			sum += weights[i] * exp(logs[i] - largest);
	return largest + log(sum);
}

bool stats_cusum_add(StatsCusum *cusum, double value)
{
	double scale = MAX(cusum->scale, CUSUM_SCALE_MIN);
	double allowance = MAX(CUSUM_ALLOWANCE, CUSUM_ALLOWANCE_LN / scale);
	double r = CLAMP((value - cusum->mean) / scale, -CUSUM_CLIP, CUSUM_CLIP), rate;

	cusum->n++;
	if (cusum->n <= STATS_CUSUM_WARM) {
		double off = value - cusum->mean;

		cusum->mean += off / cusum->n;
		if (cusum->n > 1) /* 1.25 E|x - mean| is sigma; the running mean lags by 1 / n */
			cusum->scale += (1.25 * fabs(off) - cusum->scale) / (double)(cusum->n - 1);
		return false;
	}
	cusum->up = MAX(0.0, cusum->up + r - allowance);
	cusum->down = MAX(0.0, cusum->down - r - allowance);
	rate = MAX(CUSUM_RATE, 1.0 / cusum->n);
	cusum->mean += rate * r * scale;
	cusum->scale += rate / 2 * (1.25 * fabs(r) * scale - cusum->scale);
	return cusum->up > CUSUM_ALARM || cusum->down > CUSUM_ALARM;
}

/* The k-th smallest, from 0; afterwards nothing before it is larger and nothing after it smaller.
 */
static double select_kth(double *values, size_t n, size_t k)
{
	ptrdiff_t low = 0, high = (ptrdiff_t)n - 1, target = (ptrdiff_t)k;

	assert(k < n);
	while (low < high) {
		double pivot = values[target];
		ptrdiff_t i = low, j = high;

		do {
			while (values[i] < pivot)
				i++;
			while (pivot < values[j])
				j--;
			if (i <= j) {
				double swapped = values[i];

				values[i++] = values[j];
				values[j--] = swapped;
			}
		} while (i <= j);
		if (j < target)
			low = i;
		if (target < i)
			high = j;
	}
	return values[k];
}

/* Type 7: h = (n - 1) q, between the neighbours of h. Reorders values. */
static double quantile_in_place(double *values, size_t n, double q)
{
	double h = (double)(n - 1) * CLAMP(q, 0.0, 1.0), low, next;
	size_t k = (size_t)h;

	low = select_kth(values, n, k);
	if (h <= (double)k)
		return low;
	next = values[k + 1];
	for (size_t i = k + 2; i < n; i++)
		next = MIN(next, values[i]);
	return low + (h - (double)k) * (next - low);
}

double stats_quantile(const double *values, size_t n, double q)
{
	double copy[STATS_MAX];

	assert(n <= STATS_MAX);
	if (n == 0)
		return NAN;
	memcpy(copy, values, n * sizeof(*values));
	return quantile_in_place(copy, n, q);
}

double stats_median(const double *values, size_t n)
{
	return stats_quantile(values, n, 0.5);
}

double stats_hodges_lehmann(const double *values, size_t n)
{
	double averages[WALSH_MAX];
	size_t m = 0;

	assert(n <= HODGES_LEHMANN_MAX);
	if (n == 0)
		return NAN;
	for (size_t i = 0; i < n; i++)
		for (size_t j = i; j < n; j++)
			averages[m++] = values[i] / 2 + values[j] / 2;
	return quantile_in_place(averages, m, 0.5);
}

void stats_bootstrap(const double *values, size_t n, double confidence, double *ret_low,
		     double *ret_high)
{
	double estimates[BOOTSTRAP_ROUNDS], sample[HODGES_LEHMANN_MAX];
	uint64_t seed = BOOTSTRAP_SEED;
	Random random = random_seeded(&seed);
	double outside = (1 - confidence) / 2;

	assert(n <= HODGES_LEHMANN_MAX);
	if (n == 0) {
		*ret_low = *ret_high = NAN;
		return;
	}
	for (size_t round = 0; round < BOOTSTRAP_ROUNDS; round++) {
		for (size_t i = 0; i < n; i++)
			sample[i] = values[random.next(random.context) % n];
		estimates[round] = stats_hodges_lehmann(sample, n);
	}
	*ret_low = quantile_in_place(estimates, BOOTSTRAP_ROUNDS, outside);
	*ret_high = quantile_in_place(estimates, BOOTSTRAP_ROUNDS, 1 - outside);
}

double stats_mathis_bps(unsigned mss_bytes, double rtt_us, double loss)
{
	if (loss <= 0 || rtt_us <= 0)
		return INFINITY;
	return MATHIS_CONSTANT * mss_bytes * 8 / (rtt_us / 1e6 * sqrt(loss));
}
