/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A bounded intrusive hash map with least-recently-used eviction.
 *
 * Whatever an outsider can make grow lives in one of these: it has a cap, evicts the entry unused
 * for longest, and counts that it did. Entries are embedded in the caller's structs (first member
 * not required: use CONTAINER_OF); the map owns only its bucket array.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct MapEntry {
	struct MapEntry *chain;         /* next in the bucket */
	struct MapEntry *older, *newer; /* the recency list */
	uint64_t hash;
} MapEntry;

typedef struct MapOps {
	bool (*equal)(const MapEntry *entry, const void *key);
	void (*evict)(MapEntry *entry, void *context); /* called after unlinking; frees the entry */
} MapOps;

typedef struct Map {
	MapEntry **buckets;
	size_t n_buckets; /* a power of two; grows with the count, so an idle map is small */
	size_t count, capacity;
	MapEntry *oldest, *newest;
	uint64_t evicted; /* entries dropped because the map was full */
	const MapOps *ops;
	void *context;
} Map;

int map_init(Map *map, size_t capacity, const MapOps *ops, void *context); /* -ENOMEM */
void map_clear(Map *map); /* evict()s every entry (not counted as evicted) and frees the buckets */

/* Does not touch recency. */
MapEntry *map_find(const Map *map, uint64_t hash, const void *key);
/* Marks an entry as the most recently used. */
void map_touch(Map *map, MapEntry *entry);
/* Inserts a new entry (the key must not be present), evicting the oldest when full. */
int map_insert(Map *map, uint64_t hash, MapEntry *entry); /* -ENOMEM */
/* Unlinks without evict(). */
void map_remove(Map *map, MapEntry *entry);

/* From the most to the least recently used; the current entry may be removed while iterating. */
#define map_each(map, entry)                                                                       \
	for (MapEntry *entry = (map)->newest, *map_older_ = entry ? entry->older : NULL; entry;    \
	     entry = map_older_, map_older_ = entry ? entry->older : NULL)

/*
 * Keyed with a secret of this process, so that nobody outside can choose keys that collide. Hence
 * they differ from run to run: never store or send one.
 */
uint64_t map_hash_bytes(const void *bytes, size_t length);
uint64_t map_hash_u64(uint64_t value);
