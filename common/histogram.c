/* SPDX-License-Identifier: MIT */
/*
 * Index arithmetic. Below 2 * 64 a bucket is one microsecond wide. Above, with e the position of
 * the highest bit, the six bits after it select the sub-bucket, so a bucket is 2^(e-6) wide and
 * starts at 64 times that or more: its midpoint is at most half a width, 1/128, from any member.
 *
 * Counters saturate rather than wrap: a bucket that says "4 billion or more" still ranks right.
 */
#include "common/histogram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base.h"

#define SUB_BUCKET_BITS 6
#define SUB_BUCKETS     (1U << SUB_BUCKET_BITS)

#define SPARSE_INITIAL 8 /* the buckets an idle path's 10 s need */

unsigned histogram_index(uint32_t us)
{
	unsigned shift;

	if (us < SUB_BUCKETS)
		return us;
	us = MIN(us, HISTOGRAM_MAX_US);
	shift = 31 - (unsigned)__builtin_clz(us) - SUB_BUCKET_BITS;
	return (shift << SUB_BUCKET_BITS) + (us >> shift);
}

static unsigned bucket_shift(unsigned index)
{
	return index < SUB_BUCKETS ? 0 : (index >> SUB_BUCKET_BITS) - 1;
}

uint32_t histogram_bucket_low_us(unsigned index)
{
	unsigned shift = bucket_shift(index);

	assert(index < HISTOGRAM_BUCKETS);
	return (index - (shift << SUB_BUCKET_BITS)) << shift;
}

uint32_t histogram_bucket_mid_us(unsigned index)
{
	uint32_t width = UINT32_C(1) << bucket_shift(index);

	return histogram_bucket_low_us(index) + width / 2;
}

static uint32_t add_saturating(uint32_t a, uint32_t b)
{
	uint32_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT32_MAX : sum;
}

void histogram_reset(Histogram *histogram)
{
	*histogram = (Histogram){0};
}

void histogram_add(Histogram *histogram, uint32_t us)
{
	uint32_t *bucket = &histogram->counts[histogram_index(us)];

	*bucket = add_saturating(*bucket, 1);
	histogram->min_us = histogram->count == 0 ? us : MIN(histogram->min_us, us);
	histogram->max_us = histogram->count == 0 ? us : MAX(histogram->max_us, us);
	histogram->count++;
	histogram->sum_us += us;
}

/* Everything of a merge but the buckets. */
static void merge_totals(Histogram *into, uint64_t count, uint64_t sum_us, uint32_t min_us,
			 uint32_t max_us)
{
	into->min_us = into->count == 0 ? min_us : MIN(into->min_us, min_us);
	into->max_us = into->count == 0 ? max_us : MAX(into->max_us, max_us);
	into->count += count;
	into->sum_us += sum_us;
}

void histogram_merge(Histogram *into, const Histogram *from)
{
	if (from->count == 0)
		return;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		into->counts[i] = add_saturating(into->counts[i], from->counts[i]);
	merge_totals(into, from->count, from->sum_us, from->min_us, from->max_us);
}

/* The smallest rank r with r / count >= permille / 1000, without overflow. */
static uint64_t nearest_rank(uint64_t count, unsigned permille)
{
	uint64_t thousands = count / 1000, rest = count % 1000;
	uint64_t rank = thousands * permille + (rest * permille + 999) / 1000;

	return MAX(rank, UINT64_C(1));
}

bool histogram_quantile(const Histogram *histogram, unsigned permille, uint32_t *ret_us)
{
	uint64_t rank, seen = 0;

	assert(permille <= 1000);
	if (histogram->count == 0)
		return false;
	rank = nearest_rank(histogram->count, permille);
	/* The last rank is known exactly, even above HISTOGRAM_MAX_US. */
	if (rank < histogram->count)
		for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
			seen += histogram->counts[i];
			if (seen < rank)
				continue;
			*ret_us = CLAMP(histogram_bucket_mid_us(i), histogram->min_us,
					histogram->max_us);
			return true;
		}
	*ret_us = histogram->max_us;
	return true;
}

void sparse_clear(SparseHistogram *sparse)
{
	free(sparse->buckets);
	*sparse = (SparseHistogram){0};
}

void sparse_reset(SparseHistogram *sparse)
{
	sparse->n = sparse->n_second = 0;
	sparse->count = sparse->sum_us = 0;
	sparse->min_us = sparse->max_us = 0;
}

/* The first position whose bucket is above index. */
static uint16_t sparse_position(const SparseHistogram *sparse, unsigned index)
{
	uint16_t low = 0, high = sparse->n;

	while (low < high) {
		uint16_t middle = (uint16_t)((low + high) / 2);

		if (sparse->buckets[middle].index <= index)
			low = (uint16_t)(middle + 1);
		else
			high = middle;
	}
	return low;
}

static int sparse_reserve(SparseHistogram *sparse)
{
	SparseBucket *grown;
	uint16_t wanted;

	if (sparse->n < sparse->allocated)
		return 0;
	/* By half: there are hundreds of these in each endpoint. */
	wanted = (uint16_t)CLAMP(sparse->allocated * 3 / 2, SPARSE_INITIAL, SPARSE_MAX);
	grown = realloc(sparse->buckets, wanted * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	sparse->buckets = grown;
	sparse->allocated = wanted;
	return 0;
}

/* Finds or makes the pair that takes the next count of this index: the last of them. */
static int sparse_bucket(SparseHistogram *sparse, unsigned index, SparseBucket **ret_bucket)
{
	uint16_t position = sparse_position(sparse, index);
	SparseBucket *bucket = position > 0 ? &sparse->buckets[position - 1] : NULL;
	bool there = bucket && bucket->index == index;
	int r;

	if (there && (bucket->count < UINT16_MAX || sparse->n_second == HISTOGRAM_BUCKETS)) {
		*ret_bucket = bucket;
		return 0;
	}
	r = sparse_reserve(sparse);
	if (r < 0)
		return r;
	bucket = &sparse->buckets[position];
	memmove(bucket + 1, bucket, (size_t)(sparse->n - position) * sizeof(*bucket));
	*bucket = (SparseBucket){.index = (uint16_t)index};
	sparse->n++;
	sparse->n_second = (uint16_t)(sparse->n_second + there);
	*ret_bucket = bucket;
	return 0;
}

int sparse_add(SparseHistogram *sparse, uint32_t us)
{
	SparseBucket *bucket;
	int r = sparse_bucket(sparse, histogram_index(us), &bucket);

	if (r < 0)
		return r;
	if (bucket->count < UINT16_MAX)
		bucket->count++;
	sparse->min_us = sparse->count == 0 ? us : MIN(sparse->min_us, us);
	sparse->max_us = sparse->count == 0 ? us : MAX(sparse->max_us, us);
	sparse->count++;
	sparse->sum_us += us;
	return 0;
}

void histogram_merge_sparse(Histogram *into, const SparseHistogram *from)
{
	if (from->count == 0)
		return;
	for (uint16_t i = 0; i < from->n; i++) {
		uint32_t *bucket = &into->counts[from->buckets[i].index];

		*bucket = add_saturating(*bucket, from->buckets[i].count);
	}
	merge_totals(into, from->count, from->sum_us, from->min_us, from->max_us);
}
