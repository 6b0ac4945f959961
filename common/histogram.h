/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Latency histogram: log-linear buckets in integers (the layout of HdrHistogram), 64 sub-buckets
 * per octave, unit 1 us, 0 .. 2^26 us (67 s). A quantile is the bucket's midpoint: relative error
 * <= 1/128. Mergeable by addition; deterministic. Two shapes of the same thing: dense (for sums),
 * and a sparse list (for many idle windows: latencies of one path live in few buckets).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BUCKETS 1344
#define HISTOGRAM_MAX_US  ((UINT32_C(1) << 26) - 1) /* larger values count in the last bucket */

typedef struct Histogram {
	uint32_t counts[HISTOGRAM_BUCKETS];
	uint64_t count;
	uint64_t sum_us;
	uint32_t min_us, max_us; /* exact; meaningless when count is 0 */
} Histogram;

unsigned histogram_index(uint32_t us);
uint32_t histogram_bucket_low_us(unsigned index);
uint32_t histogram_bucket_mid_us(unsigned index);

/* Empties it. */
void histogram_reset(Histogram *histogram);
/* Counts one value of `us` microseconds. */
void histogram_add(Histogram *histogram, uint32_t us);
/* Adds all of `from`: exact, as if its values had been added one by one. */
void histogram_merge(Histogram *into, const Histogram *from);
/* Quantile by nearest rank, clamped into [min, max]. False (untouched) when empty. permille 0..1000
 */
bool histogram_quantile(const Histogram *histogram, unsigned permille, uint32_t *ret_us);

/*
 * Sparse: sorted (index, count) pairs. A pair is four bytes; a bucket that outgrows its count goes
 * on in a second pair of the same index, so nothing is lost: up to SPARSE_MAX pairs, enough for
 * 80 million samples in whatever buckets; beyond, counts saturate.
 */
#define SPARSE_MAX (2 * HISTOGRAM_BUCKETS)

typedef struct SparseBucket {
	uint16_t index;
	uint16_t count;
} SparseBucket;

typedef struct SparseHistogram {
	SparseBucket *buckets;
	uint16_t n, allocated;
	uint16_t n_second; /* pairs beyond the first of their index; at most HISTOGRAM_BUCKETS */
	uint32_t min_us, max_us;
	uint64_t count, sum_us;
} SparseHistogram;

void sparse_clear(SparseHistogram *sparse);           /* frees */
void sparse_reset(SparseHistogram *sparse);           /* empties, keeps memory */
int sparse_add(SparseHistogram *sparse, uint32_t us); /* -ENOMEM */
void histogram_merge_sparse(Histogram *into, const SparseHistogram *from);
