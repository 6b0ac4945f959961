/* SPDX-License-Identifier: MIT */
/*
 * Pending SYNs live in a direct-mapped table, keyed by addresses and ports; a collision forgets the
 * older one, which costs one record, never a wrong one: the whole key is compared. A SYN-ACK also
 * has to acknowledge the SYN's sequence number.
 */
#include "tests/net/wansyn.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/net/wanlog.h"
#include "tests/net/wanpacket.h"

#define PENDING_N 4096

struct pending {
	struct wanpacket_key key;
	uint32_t sequence;
	uint32_t n_syns; /* 0: free */
	uint64_t at_ns;
};

struct wansyn {
	struct wanlog *log;
	struct pending pending[PENDING_N];
};

/* Only packets with the SYN bit, and just these of the two bits. */
static bool dissect(const uint8_t *packet, size_t length, bool reversed, uint8_t flags,
		    struct wanpacket *ret)
{
	return wanpacket_dissect(packet, length, reversed, ret) &&
	       ret->key.protocol == IPPROTO_TCP &&
	       (ret->flags & (WANPACKET_SYN | WANPACKET_ACK)) == flags;
}

static struct pending *pending_at(struct wansyn *syn, const struct wanpacket_key *key)
{
	const uint8_t *bytes = (const uint8_t *)key;
	uint32_t hash = 2166136261U;

	for (size_t i = 0; i < sizeof(*key); i++)
		hash = (hash ^ bytes[i]) * 16777619U;
	return &syn->pending[hash % PENDING_N];
}

void wansyn_sent(struct wansyn *syn, const uint8_t *packet, size_t length, uint64_t now_ns)
{
	struct wanpacket segment;
	struct pending *pending;

	if (!dissect(packet, length, false, WANPACKET_SYN, &segment))
		return;

	pending = pending_at(syn, &segment.key);
	if (pending->n_syns > 0 && pending->sequence == segment.sequence &&
	    memcmp(&pending->key, &segment.key, sizeof(segment.key)) == 0) {
		pending->n_syns++;
		return;
	}
	*pending = (struct pending){
		.key = segment.key, .sequence = segment.sequence, .n_syns = 1, .at_ns = now_ns};
}

void wansyn_delivered(struct wansyn *syn, const uint8_t *packet, size_t length, uint64_t now_ns)
{
	char source[WANPACKET_ADDRESS_MAX], target[WANPACKET_ADDRESS_MAX];
	struct wanpacket segment;
	struct pending *pending;

	if (!dissect(packet, length, true, WANPACKET_SYN | WANPACKET_ACK, &segment))
		return;

	pending = pending_at(syn, &segment.key);
	if (pending->n_syns == 0 || segment.acknowledgement != pending->sequence + 1 ||
	    memcmp(&pending->key, &segment.key, sizeof(segment.key)) != 0)
		return;
	wanlog_line(syn->log,
		    "{\"source\":\"%s\",\"target\":\"%s\",\"syns\":%" PRIu32 ",\"rttNs\":%" PRIu64
		    ",\"atNs\":%" PRIu64 "}\n",
		    wanpacket_address(&segment.key, 0, source),
		    wanpacket_address(&segment.key, 1, target), pending->n_syns,
		    now_ns - pending->at_ns, pending->at_ns);
	pending->n_syns = 0;
}

int wansyn_flush(struct wansyn *syn)
{
	return wanlog_flush(syn->log);
}

int wansyn_new(const char *file, struct wansyn **ret_syn)
{
	struct wansyn *syn = calloc(1, sizeof(*syn));
	int r;

	if (!syn)
		return -ENOMEM;
	r = wanlog_new(file, &syn->log);
	if (r < 0) {
		free(syn);
		return r;
	}
	*ret_syn = syn;
	return 0;
}

void wansyn_free(struct wansyn *syn)
{
	if (!syn)
		return;
	wanlog_free(syn->log);
	free(syn);
}
