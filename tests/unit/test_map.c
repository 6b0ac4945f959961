/* SPDX-License-Identifier: MIT */
/*
 * The bounded map against the simplest thing that behaves the same: an array kept in order of use.
 * After every random operation both must hold the same keys in the same order.
 */
#include "common/map.h"

#include <string.h>

#include "common/base.h"
#include "common/random.h"
#include "tests/unit/harness.h"

typedef struct Item {
	uint64_t key;
	MapEntry entry; /* not first, so that CONTAINER_OF has something to do */
} Item;

typedef struct Evictions {
	uint64_t keys[4096];
	size_t count;
} Evictions;

static bool item_equal(const MapEntry *entry, const void *key)
{
	return CONTAINER_OF(entry, const Item, entry)->key == *(const uint64_t *)key;
}

static void item_evict(MapEntry *entry, void *context)
{
	Evictions *evictions = context;
	Item *item = CONTAINER_OF(entry, Item, entry);

	ck_assert_ptr_null(entry->older);
	ck_assert_ptr_null(entry->newer);
	if (evictions && evictions->count < ARRAY_SIZE(evictions->keys))
		evictions->keys[evictions->count++] = item->key;
	free(item);
}

static const MapOps item_ops = {.equal = item_equal, .evict = item_evict};

/* Few distinct hashes: chains are long, and equality has to tell the keys apart. */
static uint64_t poor_hash(uint64_t key)
{
	return key % 5;
}

typedef uint64_t (*HashFunction)(uint64_t key);

static Item *find(Map *map, HashFunction hash, uint64_t key)
{
	MapEntry *entry = map_find(map, hash(key), &key);
	return entry ? CONTAINER_OF(entry, Item, entry) : NULL;
}

static Item *insert(Map *map, HashFunction hash, uint64_t key)
{
	Item *item = calloc(1, sizeof(*item));

	ck_assert_ptr_nonnull(item);
	item->key = key;
	ck_assert_int_eq(map_insert(map, hash(key), &item->entry), 0);
	return item;
}

typedef struct Model {
	uint64_t keys[64]; /* from the least to the most recently used */
	size_t count, capacity;
	uint64_t evicted;
} Model;

static size_t model_find(const Model *model, uint64_t key)
{
	size_t i = 0;

	while (i < model->count && model->keys[i] != key)
		i++;
	return i;
}

static void model_drop(Model *model, size_t i)
{
	memmove(&model->keys[i], &model->keys[i + 1],
		(model->count - i - 1) * sizeof(model->keys[0]));
	model->count--;
}

static void model_insert(Model *model, uint64_t key)
{
	if (model->count == model->capacity) {
		model_drop(model, 0);
		model->evicted++;
	}
	model->keys[model->count++] = key;
}

/* Plain comparisons and one assertion: Check writes to a pipe for each that holds. */
static void compare(Map *map, const Model *model, HashFunction hash)
{
	size_t i = model->count;
	bool same = map->count == model->count && map->evicted == model->evicted &&
		    (map->n_buckets & (map->n_buckets - 1)) == 0;

	map_each (map, entry) {
		Item *item = CONTAINER_OF(entry, Item, entry);
		same &= i > 0 && item->key == model->keys[i - 1];
		same &= find(map, hash, item->key) == item;
		if (!same)
			break;
		i--;
	}
	ck_assert(same && i == 0);
}

static void step(Map *map, Model *model, HashFunction hash, uint64_t key, unsigned action)
{
	size_t i = model_find(model, key);
	Item *item = find(map, hash, key);

	ck_assert_int_eq(item != NULL, i < model->count);
	if (!item) {
		if (action == 0)
			return;
		insert(map, hash, key);
		model_insert(model, key);
	} else if (action < 2) {
		map_remove(map, &item->entry);
		free(item);
		model_drop(model, i);
	} else if (action < 6) {
		map_touch(map, &item->entry);
		model_drop(model, i);
		model->keys[model->count++] = key;
	} /* else only looked at, which must not change the order */
}

static void run_model(size_t capacity, HashFunction hash, uint64_t seed)
{
	uint64_t state = seed;
	Random random = random_seeded(&state);
	Model model = {.capacity = capacity};
	Map map;

	ck_assert_int_eq(map_init(&map, capacity, &item_ops, NULL), 0);
	for (int i = 0; i < 4000; i++) {
		uint64_t word = random.next(random.context);
		step(&map, &model, hash, (word >> 8) % (capacity * 2), word & 7);
		compare(&map, &model, hash);
	}
	ck_assert_uint_gt(map.evicted, 0);
	map_clear(&map);
}

START_TEST(random_operations_against_the_model)
{
	static const size_t capacities[] = {1, 2, 3, 8, 9, 40, 64};

	for (size_t i = 0; i < ARRAY_SIZE(capacities); i++) {
		run_model(capacities[i], map_hash_u64, 1000 + i);
		run_model(capacities[i], poor_hash, 2000 + i);
	}
}
END_TEST

START_TEST(evicts_in_order_of_use)
{
	Evictions evictions = {0};
	Map map;

	ck_assert_int_eq(map_init(&map, 3, &item_ops, &evictions), 0);
	for (uint64_t key = 1; key <= 3; key++)
		insert(&map, map_hash_u64, key);
	ck_assert_ptr_nonnull(find(&map, map_hash_u64, 2)); /* looking is not using */
	map_touch(&map, &find(&map, map_hash_u64, 1)->entry);
	ck_assert_uint_eq(evictions.count, 0);

	insert(&map, map_hash_u64, 4);
	insert(&map, map_hash_u64, 5);
	insert(&map, map_hash_u64, 6);
	ck_assert_uint_eq(evictions.count, 3);
	ck_assert_uint_eq(evictions.keys[0], 2);
	ck_assert_uint_eq(evictions.keys[1], 3);
	ck_assert_uint_eq(evictions.keys[2], 1);
	ck_assert_uint_eq(map.evicted, 3);

	map_clear(&map);
	ck_assert_uint_eq(evictions.count, 6);
	ck_assert_uint_eq(evictions.keys[3], 4);
	ck_assert_uint_eq(evictions.keys[5], 6);
}
END_TEST

START_TEST(clear_does_not_count_and_may_be_repeated)
{
	Evictions evictions = {0};
	Map map, never = {0};

	ck_assert_int_eq(map_init(&map, 100, &item_ops, &evictions), 0);
	for (uint64_t key = 0; key < 50; key++)
		insert(&map, map_hash_u64, key);
	ck_assert_uint_eq(map.evicted, 0);
	map_clear(&map);
	ck_assert_uint_eq(evictions.count, 50);
	ck_assert_ptr_null(map.buckets);
	map_clear(&map);
	map_clear(&never);
	map_clear(NULL);
	ck_assert_uint_eq(evictions.count, 50);
}
END_TEST

START_TEST(buckets_follow_the_count)
{
	Map map;

	ck_assert_int_eq(map_init(&map, 4096, &item_ops, NULL), 0);
	ck_assert_uint_le(map.n_buckets, 16);
	for (uint64_t key = 0; key < 1000; key++)
		insert(&map, map_hash_u64, key);
	ck_assert_uint_ge(map.n_buckets, 1000);
	ck_assert_uint_le(map.n_buckets, 2048);
	for (uint64_t key = 0; key < 1000; key++)
		ck_assert_uint_eq(find(&map, map_hash_u64, key)->key, key);
	ck_assert_ptr_null(find(&map, map_hash_u64, 1000));
	map_clear(&map);
}
END_TEST

START_TEST(each_may_remove_the_current_entry)
{
	uint64_t last = 20;
	Map map;

	ck_assert_int_eq(map_init(&map, 100, &item_ops, NULL), 0);
	map_each (&map, entry)
		ck_abort_msg("an empty map has no entries");
	for (uint64_t key = 0; key < 20; key++)
		insert(&map, map_hash_u64, key);
	map_each (&map, entry) {
		Item *item = CONTAINER_OF(entry, Item, entry);
		ck_assert_uint_eq(item->key, --last);
		if (item->key % 3 != 0) {
			map_remove(&map, entry);
			free(item);
		}
	}
	ck_assert_uint_eq(last, 0);
	ck_assert_uint_eq(map.count, 7);
	for (uint64_t key = 0; key < 20; key++)
		ck_assert_int_eq(find(&map, map_hash_u64, key) != NULL, key % 3 == 0);
	map_clear(&map);
}
END_TEST

START_TEST(removed_entry_may_come_back)
{
	Evictions evictions = {0};
	Map map;

	ck_assert_int_eq(map_init(&map, 2, &item_ops, &evictions), 0);
	Item *item = insert(&map, map_hash_u64, 1);
	insert(&map, map_hash_u64, 2);
	map_remove(&map, &item->entry);
	ck_assert_uint_eq(evictions.count, 0);
	ck_assert_ptr_null(find(&map, map_hash_u64, 1));
	ck_assert_int_eq(map_insert(&map, map_hash_u64(1), &item->entry), 0);
	ck_assert_ptr_eq(map.newest, &item->entry);
	ck_assert_uint_eq(map.count, 2);
	map_clear(&map);
}
END_TEST

START_TEST(hash_depends_on_every_byte_and_the_length)
{
	unsigned char bytes[40] = {0};
	uint64_t seen[41];

	/* Runs of zeroes of every length differ, and so does each single-bit change. */
	for (size_t length = 0; length <= sizeof(bytes); length++) {
		seen[length] = map_hash_bytes(bytes, length);
		ck_assert_uint_eq(map_hash_bytes(bytes, length), seen[length]);
		for (size_t other = 0; other < length; other++)
			ck_assert_uint_ne(seen[other], seen[length]);
		for (size_t bit = 0; bit < length * 8; bit++) {
			bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
			if (map_hash_bytes(bytes, length) == seen[length])
				ck_abort_msg("bit %zu of %zu bytes", bit, length);
			bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
		}
	}
}
END_TEST

/* Consecutive keys into 256 buckets: chi-squared with 255 degrees of freedom; 400 is 6 sigma. */
START_TEST(hash_spreads_over_low_and_high_bits)
{
	unsigned low[256] = {0}, high[256] = {0};
	double chi_low = 0, chi_high = 0;

	for (uint64_t key = 0; key < 25600; key++) {
		uint64_t hash = map_hash_u64(key);
		low[hash & 255]++;
		high[hash >> 56]++;
	}
	for (size_t i = 0; i < 256; i++) {
		chi_low += (low[i] - 100.0) * (low[i] - 100.0) / 100;
		chi_high += (high[i] - 100.0) * (high[i] - 100.0) / 100;
	}
	ck_assert_msg(chi_low < 400 && chi_high < 400, "%f %f", chi_low, chi_high);
}
END_TEST

HARNESS_MAIN("map", HARNESS_CASE(suite, "model", random_operations_against_the_model);
	     HARNESS_CASE(suite, "map", evicts_in_order_of_use,
			  clear_does_not_count_and_may_be_repeated, buckets_follow_the_count,
			  each_may_remove_the_current_entry, removed_entry_may_come_back);
	     HARNESS_CASE(suite, "hash", hash_depends_on_every_byte_and_the_length,
			  hash_spreads_over_low_and_high_bits);)
