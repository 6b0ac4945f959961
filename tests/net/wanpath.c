/* SPDX-License-Identifier: MIT */
/*
 * The bottleneck is a virtual clock: a packet departs at max(now, last departure) + its length at
 * the rate. The bytes waiting are then simply the time until the last departure, at that rate, so
 * there is nothing to keep in step. Because neither queue nor jitter may reorder, due times never
 * decrease, and the store is a ring of fixed slots instead of a heap. When it runs empty it starts
 * again at slot 0, which keeps the memory in use small and hot.
 *
 * A change of rate or delay holds for packets that arrive after it; those under way keep their
 * times, and are not overtaken.
 */
#include "tests/net/wanpath.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S 1000000000ULL

static uint64_t splitmix(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* xoroshiro128+: one addition and a few shifts for each packet. */
static uint64_t random_next(struct wanpath *path)
{
	uint64_t a = path->random[0], b = path->random[1], sum = a + b;

	b ^= a;
	path->random[0] = ((a << 24) | (a >> 40)) ^ b ^ (b << 16);
	path->random[1] = (b << 37) | (b >> 27);
	return sum;
}

/* Uniform in 0 … bound - 1; the bias of the multiplication is far below what a test can see. */
static uint64_t random_below(struct wanpath *path, uint64_t bound)
{
	return (uint64_t)(((unsigned __int128)random_next(path) * bound) >> 64);
}

void wanpath_seed(struct wanpath *path, uint64_t seed)
{
	path->random[0] = splitmix(&seed);
	path->random[1] = splitmix(&seed);
}

int wanpath_init(struct wanpath *path, size_t packet_max, size_t n_slots, uint64_t seed)
{
	size_t slot_size = (sizeof(struct wanpath_packet) + packet_max + 63) & ~(size_t)63;
	uint8_t *store;

	assert(n_slots > 0);
	store = calloc(n_slots, slot_size);
	if (!store)
		return -ENOMEM;

	*path = (struct wanpath){.store = store, .slot_size = slot_size, .n_slots = n_slots};
	wanpath_seed(path, seed);
	return 0;
}

void wanpath_clear(struct wanpath *path)
{
	free(path->store);
	*path = (struct wanpath){0};
}

static struct wanpath_packet *slot_at(const struct wanpath *path, size_t offset)
{
	size_t index = path->first + offset;

	if (index >= path->n_slots)
		index -= path->n_slots;
	return (struct wanpath_packet *)(void *)(path->store + index * path->slot_size);
}

uint8_t *wanpath_slot(struct wanpath *path)
{
	return path->n_used == path->n_slots ? NULL : slot_at(path, path->n_used)->data;
}

static void count(struct wanpath *path, size_t length)
{
	path->counters.packets++;
	path->counters.bytes += length;
}

void wanpath_refuse(struct wanpath *path, size_t length)
{
	count(path, length);
	path->counters.store_dropped++;
}

static uint64_t serialisation_ns(uint64_t bytes, uint64_t rate_bps)
{
	return (uint64_t)((unsigned __int128)bytes * 8 * NS_PER_S / rate_bps);
}

/* The bottleneck: sets the packet's departure, or returns false when the queue has no room. */
static bool serialise(struct wanpath *path, size_t length, uint64_t now_ns)
{
	const struct wanpath_params *params = &path->params;
	uint64_t start = path->departure_ns > now_ns ? path->departure_ns : now_ns;
	uint64_t queued;

	if (params->rate_bps == 0) {
		path->departure_ns = start;
		return true;
	}

	queued =
		(uint64_t)((unsigned __int128)(start - now_ns) * params->rate_bps / (8 * NS_PER_S));
	if (params->queue_bytes > 0 && queued + length > params->queue_bytes)
		return false;
	if (queued + length > path->counters.queue_max_bytes)
		path->counters.queue_max_bytes = queued + length;

	path->departure_ns = start + serialisation_ns(length, params->rate_bps);
	return true;
}

/* The die is only cast where there is loss, so that other paths keep their sequence. */
static bool is_lost(struct wanpath *path, size_t length)
{
	const struct wanpath_params *params = &path->params;

	if (params->largest_bytes > 0 && length > params->largest_bytes)
		return true;
	return params->loss_ppb > 0 && random_below(path, WANPATH_PPB) < params->loss_ppb;
}

bool wanpath_admit(struct wanpath *path, size_t length, uint64_t now_ns)
{
	const struct wanpath_params *params = &path->params;
	struct wanpath_packet *packet;
	uint64_t due;

	assert(path->n_used < path->n_slots);
	assert(sizeof(*packet) + length <= path->slot_size);

	count(path, length);
	if (!serialise(path, length, now_ns)) {
		path->counters.queue_dropped++;
		return false;
	}
	if (is_lost(path, length)) {
		path->counters.lost++;
		return false;
	}

	due = path->departure_ns + params->delay_ns;
	if (params->jitter_ns > 0)
		due += random_below(path, params->jitter_ns);
	if (due < path->due_ns)
		due = path->due_ns;
	path->due_ns = due;

	packet = slot_at(path, path->n_used++);
	packet->due_ns = due;
	packet->length = (uint32_t)length;
	return true;
}

const struct wanpath_packet *wanpath_head(const struct wanpath *path)
{
	return path->n_used == 0 ? NULL : slot_at(path, 0);
}

void wanpath_pop(struct wanpath *path)
{
	assert(path->n_used > 0);

	path->n_used--;
	path->first = path->n_used == 0 || path->first + 1 == path->n_slots ? 0 : path->first + 1;
}
