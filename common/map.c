/* SPDX-License-Identifier: MIT */
/*
 * Chained hashing, with a doubly linked recency list through the same entries.
 *
 * The bucket array starts small and doubles with the count, up to the capacity. It never shrinks:
 * a map that was full once will be again. If it cannot grow, the map works on with longer chains;
 * running out of memory must not lose a measurement that is already in hand. Chains are short by
 * the keyed hash (SipHash-1-3, Aumasson and Bernstein 2012), since peers choose their addresses.
 *
 * Invariants: an entry is in exactly one chain and in the recency list, or in neither; count <=
 * capacity; n_buckets is a power of two.
 */
#include "common/map.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "common/random.h"

#define BUCKETS_INITIAL 8

int map_init(Map *map, size_t capacity, const MapOps *ops, void *context)
{
	assert(capacity > 0);

	MapEntry **buckets = calloc(BUCKETS_INITIAL, sizeof(MapEntry *));
	if (!buckets)
		return -ENOMEM;

	*map = (Map){
		.buckets = buckets,
		.n_buckets = BUCKETS_INITIAL,
		.capacity = capacity,
		.ops = ops,
		.context = context,
	};
	return 0;
}

void map_clear(Map *map)
{
	if (!map)
		return;
	while (map->oldest) {
		MapEntry *entry = map->oldest;
		map_remove(map, entry);
		map->ops->evict(entry, map->context);
	}
	free(map->buckets);
	*map = (Map){0};
}

static MapEntry **bucket_of(const Map *map, uint64_t hash)
{
	return &map->buckets[hash & (map->n_buckets - 1)];
}

static void recency_unlink(Map *map, MapEntry *entry)
{
	*(entry->older ? &entry->older->newer : &map->oldest) = entry->newer;
	*(entry->newer ? &entry->newer->older : &map->newest) = entry->older;
	entry->older = entry->newer = NULL;
}

static void recency_append(Map *map, MapEntry *entry)
{
	entry->newer = NULL;
	entry->older = map->newest;
	*(map->newest ? &map->newest->newer : &map->oldest) = entry;
	map->newest = entry;
}

static void chain_push(Map *map, MapEntry *entry)
{
	MapEntry **bucket = bucket_of(map, entry->hash);

	entry->chain = *bucket;
	*bucket = entry;
}

/* Doubles the buckets if it can. */
static void grow(Map *map)
{
	MapEntry **buckets = calloc(map->n_buckets * 2, sizeof(MapEntry *));

	if (!buckets)
		return;
	free(map->buckets);
	map->buckets = buckets;
	map->n_buckets *= 2;
	for (MapEntry *entry = map->oldest; entry; entry = entry->newer)
		chain_push(map, entry);
}

MapEntry *map_find(const Map *map, uint64_t hash, const void *key)
{
	for (MapEntry *entry = *bucket_of(map, hash); entry; entry = entry->chain)
		if (entry->hash == hash && map->ops->equal(entry, key))
			return entry;
	return NULL;
}

void map_touch(Map *map, MapEntry *entry)
{
	recency_unlink(map, entry);
	recency_append(map, entry);
}

int map_insert(Map *map, uint64_t hash, MapEntry *entry)
{
	if (map->count == map->capacity) {
		MapEntry *victim = map->oldest;
		map_remove(map, victim);
		map->evicted++;
		map->ops->evict(victim, map->context);
	}
	if (map->count == map->n_buckets)
		grow(map);

	entry->hash = hash;
	chain_push(map, entry);
	recency_append(map, entry);
	map->count++;
	return 0;
}

void map_remove(Map *map, MapEntry *entry)
{
	MapEntry **link = bucket_of(map, entry->hash);

	while (*link != entry) {
		assert(*link); /* the entry is not of this map */
		link = &(*link)->chain;
	}
	*link = entry->chain;
	entry->chain = NULL;
	recency_unlink(map, entry);
	map->count--;
}

static uint64_t rotate(uint64_t value, unsigned bits)
{
	return value << bits | value >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static void sip_start(uint64_t v[4])
{
	static uint64_t key[2];

	while (key[0] == 0) {
		key[0] = random_system.next(random_system.context);
		key[1] = random_system.next(random_system.context);
	}
	v[0] = key[0] ^ UINT64_C(0x736f6d6570736575);
	v[1] = key[1] ^ UINT64_C(0x646f72616e646f6d);
	v[2] = key[0] ^ UINT64_C(0x6c7967656e657261);
	v[3] = key[1] ^ UINT64_C(0x7465646279746573);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
}

uint64_t map_hash_bytes(const void *bytes, size_t length)
{
	const unsigned char *cursor = bytes;
	uint64_t v[4], word;
	size_t rest = length;

	sip_start(v);
	for (; rest >= sizeof(word); rest -= sizeof(word), cursor += sizeof(word)) {
		memcpy(&word, cursor, sizeof(word));
		sip_word(v, word);
	}
	word = 0;
	if (rest > 0)
		memcpy(&word, cursor, rest);
	/* The length's low byte sits in the one byte the rest cannot reach. */
	unsigned char low = (unsigned char)length;
	memcpy((unsigned char *)&word + sizeof(word) - 1, &low, 1);
	sip_word(v, word);

	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t map_hash_u64(uint64_t value)
{
	return map_hash_bytes(&value, sizeof(value));
}
