/* SPDX-License-Identifier: MIT */
/*
 * One direction of the emulated link, without a clock or a file descriptor: packets go in with the
 * time of their arrival, and come out with the time at which they are due at the far end. Time is
 * whatever the caller says it is, so the arithmetic can be tested without waiting for it.
 *
 * A packet passes, in this order: the byte-limited drop-tail queue in front of the bottleneck, the
 * bottleneck (its serialisation time), the wire, where it may be lost (always, if it is too long
 * for it: a black hole of path MTU discovery), and the propagation delay. A lost packet has
 * therefore used its share of the bottleneck, as it does on a real path.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WANPATH_PPB 1000000000U /* loss is given in parts per this */

struct wanpath_params {
	uint64_t delay_ns;
	uint64_t jitter_ns; /* each packet takes delay … delay + jitter, never overtaking another */
	uint64_t rate_bps;    /* 0: infinitely fast */
	uint64_t queue_bytes; /* waiting for the bottleneck; 0: without limit */
	uint64_t loss_ppb;
	uint64_t largest_bytes; /* a longer packet vanishes without a word; 0: none does */
};

struct wanpath_packet {
	uint64_t due_ns;
	uint32_t length;
	uint8_t data[];
};

struct wanpath_counters {
	uint64_t packets, bytes; /* all that arrived */
	uint64_t lost;           /* random loss, and what was too long */
	uint64_t queue_dropped;  /* the queue was full */
	uint64_t store_dropped;  /* our own memory was full: the emulation was not faithful */
	uint64_t queue_max_bytes;
};

struct wanpath {
	struct wanpath_params params;
	struct wanpath_counters counters;
	uint64_t departure_ns; /* when the bottleneck has sent all it was given */
	uint64_t due_ns;       /* of the packet admitted last: due times never decrease */
	uint64_t random[2];
	uint8_t *store;
	size_t slot_size, n_slots, first, n_used;
};

/* `packet_max` is the longest packet. Returns 0 or -ENOMEM. */
int wanpath_init(struct wanpath *path, size_t packet_max, size_t n_slots, uint64_t seed);
void wanpath_clear(struct wanpath *path);
void wanpath_seed(struct wanpath *path, uint64_t seed);

/* Where the next packet may be written (packet_max bytes), NULL when the store is full. */
uint8_t *wanpath_slot(struct wanpath *path);
/*
 * Takes the `length` bytes in wanpath_slot() into the path. Returns true if the packet will arrive.
 * `now_ns` never decreases between calls.
 */
bool wanpath_admit(struct wanpath *path, size_t length, uint64_t now_ns);
/* To be called instead of wanpath_admit() when there was no slot. */
void wanpath_refuse(struct wanpath *path, size_t length);

/* The packet due next, or NULL; it stays valid until wanpath_pop(). */
const struct wanpath_packet *wanpath_head(const struct wanpath *path);
void wanpath_pop(struct wanpath *path);
