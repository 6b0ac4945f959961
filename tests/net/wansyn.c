/* SPDX-License-Identifier: MIT */
/*
 * Pending SYNs live in a direct-mapped table, keyed by addresses and ports; a collision forgets the
 * older one, which costs one record, never a wrong one: the whole key is compared. A SYN-ACK also
 * has to acknowledge the SYN's sequence number.
 */
#include "tests/net/wansyn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PENDING_N      4096
#define BUFFER_BYTES   (1 << 20)
#define LINE_MAX_BYTES 256
#define FLAG_SYN       0x02
#define FLAG_ACK       0x10

struct key {
	uint8_t address[2][16]; /* host, peer; IPv4 in the first four bytes */
	uint16_t port[2];       /* network order */
	uint16_t version;
};

struct segment {
	struct key key;
	uint32_t sequence, acknowledgement;
	uint8_t flags;
};

struct pending {
	struct key key;
	uint32_t sequence;
	uint32_t n_syns; /* 0: free */
	uint64_t at_ns;
};

struct wansyn {
	int fd;
	size_t n_buffered;
	char buffer[BUFFER_BYTES];
	struct pending pending[PENDING_N];
};

static uint32_t load32(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return ntohl(value);
}

/* `reversed`: the packet goes to the host, so that both directions have the same key. */
static bool dissect(const uint8_t *packet, size_t length, bool reversed, struct segment *ret)
{
	struct segment segment = {0};
	size_t header, at, size, from = reversed ? 1 : 0;

	if (length < 40)
		return false;
	segment.key.version = packet[0] >> 4;
	if (segment.key.version == 4 && packet[9] == IPPROTO_TCP) {
		header = (size_t)(packet[0] & 15) * 4;
		at = 12;
		size = 4;
	} else if (segment.key.version == 6 && packet[6] == IPPROTO_TCP) {
		header = 40;
		at = 8;
		size = 16;
	} else
		return false;
	if (length < header + 20)
		return false;

	memcpy(segment.key.address[from], packet + at, size);
	memcpy(segment.key.address[1 - from], packet + at + size, size);
	memcpy(&segment.key.port[from], packet + header, 2);
	memcpy(&segment.key.port[1 - from], packet + header + 2, 2);
	segment.sequence = load32(packet + header + 4);
	segment.acknowledgement = load32(packet + header + 8);
	segment.flags = packet[header + 13];
	*ret = segment;
	return true;
}

static struct pending *pending_at(struct wansyn *syn, const struct key *key)
{
	const uint8_t *bytes = (const uint8_t *)key;
	uint32_t hash = 2166136261U;

	for (size_t i = 0; i < sizeof(*key); i++)
		hash = (hash ^ bytes[i]) * 16777619U;
	return &syn->pending[hash % PENDING_N];
}

void wansyn_sent(struct wansyn *syn, const uint8_t *packet, size_t length, uint64_t now_ns)
{
	struct segment segment;
	struct pending *pending;

	if (!dissect(packet, length, false, &segment) ||
	    (segment.flags & (FLAG_SYN | FLAG_ACK)) != FLAG_SYN)
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

static void record(struct wansyn *syn, const struct pending *pending, uint64_t rtt_ns)
{
	char text[2][INET6_ADDRSTRLEN];
	const struct key *key = &pending->key;
	int family = key->version == 4 ? AF_INET : AF_INET6, n;

	if (syn->n_buffered + LINE_MAX_BYTES > sizeof(syn->buffer) && wansyn_flush(syn) < 0)
		return;
	for (size_t i = 0; i < 2; i++)
		(void)inet_ntop(family, key->address[i], text[i], sizeof(text[i]));
	n = snprintf(syn->buffer + syn->n_buffered, LINE_MAX_BYTES,
		     "{\"source\":\"%s%s%s:%u\",\"target\":\"%s%s%s:%u\",\"syns\":%" PRIu32
		     ",\"rttNs\":%" PRIu64 ",\"atNs\":%" PRIu64 "}\n",
		     family == AF_INET6 ? "[" : "", text[0], family == AF_INET6 ? "]" : "",
		     ntohs(key->port[0]), family == AF_INET6 ? "[" : "", text[1],
		     family == AF_INET6 ? "]" : "", ntohs(key->port[1]), pending->n_syns, rtt_ns,
		     pending->at_ns);
	if (n > 0 && n < LINE_MAX_BYTES)
		syn->n_buffered += (size_t)n;
}

void wansyn_delivered(struct wansyn *syn, const uint8_t *packet, size_t length, uint64_t now_ns)
{
	struct segment segment;
	struct pending *pending;

	if (!dissect(packet, length, true, &segment) ||
	    (segment.flags & (FLAG_SYN | FLAG_ACK)) != (FLAG_SYN | FLAG_ACK))
		return;

	pending = pending_at(syn, &segment.key);
	if (pending->n_syns == 0 || segment.acknowledgement != pending->sequence + 1 ||
	    memcmp(&pending->key, &segment.key, sizeof(segment.key)) != 0)
		return;
	record(syn, pending, now_ns - pending->at_ns);
	pending->n_syns = 0;
}

int wansyn_flush(struct wansyn *syn)
{
	size_t done = 0;

	while (done < syn->n_buffered) {
		ssize_t n = write(syn->fd, syn->buffer + done, syn->n_buffered - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			done += (size_t)n;
	}
	syn->n_buffered = 0;
	return 0;
}

int wansyn_new(const char *file, struct wansyn **ret_syn)
{
	struct wansyn *syn = calloc(1, sizeof(*syn));
	int r;

	if (!syn)
		return -ENOMEM;
	syn->fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (syn->fd < 0) {
		r = -errno;
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
	if (wansyn_flush(syn) < 0)
		fprintf(stderr, "wanlink: the record of handshakes is incomplete\n");
	close(syn->fd);
	free(syn);
}
