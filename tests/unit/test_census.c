/* SPDX-License-Identifier: MIT */
/* What the sockets of a sweep say together, made by hand. */
#include "daemon/model/census.h"

#include <stdio.h>

#include "common/clock.h"
#include "common/text.h"
#include "tests/unit/fake_host.h"
#include "tests/unit/harness.h"

#define NOW (1000 * NSEC_PER_SEC)

static Census census;
static const PathCaps caps = {.wmem_max_bytes = 4000000, .rmem_max_bytes = 6000000};

static void setup(void)
{
	census = (Census){0};
}

static FlowSample holding(uint64_t cookie, uint32_t received, uint32_t queued)
{
	FlowSample sample = fake_sample(cookie, FAKE_ADDRESS);

	sample.rmem_alloc = received;
	sample.wmem_queued = queued;
	return sample;
}

static void add(const FlowSample *sample)
{
	census_add(&census, sample, &caps, NOW);
}

START_TEST(test_counts)
{
	FlowSample samples[] = {holding(1, 100, 0), holding(2, 2000000, 0),
				holding(3, 900000, 1100000), holding(4, 300, 5),
				holding(5, 700, 0)};

	census_begin(&census, 1);
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		add(&samples[i]);
	ck_assert(!census.has_counted);
	census_end(&census, NOW);
	ck_assert(census.has_counted);
	ck_assert_uint_eq(census.counted.big, 2); /* over a quarter of 6 MB, and of 4 MB */
	ck_assert_uint_eq(census.counted.queued_bytes, 2901100);
	ck_assert_uint_eq(census.counted.top_bytes[0], 2000000);
	ck_assert_uint_eq(census.counted.top_bytes[1], 900000);
	ck_assert_uint_eq(census.counted.top_bytes[2], 700);
	census_begin(&census, 1);
	census_end(&census, NOW);
	ck_assert_uint_eq(census.counted.big, 0);
}
END_TEST

/* In parts: only a whole turn is a count. */
START_TEST(test_parts)
{
	FlowSample sample = holding(1, 2000000, 0);

	for (unsigned turn = 0; turn < 2; turn++)
		for (unsigned part = 0; part < 3; part++) {
			census_begin(&census, 3);
			add(&sample);
			ck_assert(census.has_counted == (turn > 0));
			census_end(&census, NOW);
			ck_assert_uint_eq(census.counted.big, turn > 0 || part == 2 ? 3 : 0);
		}
	census_begin(&census, 3);
	add(&sample);
	census_end(&census, NOW);
	census_begin(&census, 1); /* the turn that was begun is given up */
	census_end(&census, NOW);
	ck_assert_uint_eq(census.counted.big, 0);
}
END_TEST

/* 1448 bytes sent again and again; the handshake and a request passed. */
static FlowSample stalled(uint64_t cookie, const char *address)
{
	FlowSample sample = fake_sample(cookie, address);
	TcpInfoRaw *raw = &sample.info.raw;

	raw->ca_state = 4;
	raw->retransmits = 3;
	raw->backoff = 3;
	raw->unacked = 10;
	raw->pmtu = 1500;
	raw->bytes_received = 200;
	raw->bytes_acked = 1;
	raw->bytes_retrans = 3 * 1448;
	raw->bytes_sent = 1 + 10 * 1448 + raw->bytes_retrans;
	return sample;
}

START_TEST(test_black_hole)
{
	FlowSample a = stalled(1, "192.0.2.1"), b = stalled(2, "192.0.2.1");

	add(&a);
	add(&a);
	add(&b);
	ck_assert_uint_eq(census.n_suspects, 1);
	ck_assert_uint_eq(census.suspects[0].flows, 2);
	ck_assert_uint_eq(census.suspects[0].sightings, 3);
	ck_assert_uint_eq(census.suspects[0].mss, 1448);
	ck_assert_uint_eq(census.suspects[0].pmtu, 1500);
	ck_assert_uint_eq(census.stalls, 3);
	/* A small segment does not pass either: the peer is away. */
	b.info.raw.unacked = 1;
	b.info.raw.bytes_sent = 1 + 100 + b.info.raw.bytes_retrans;
	add(&b);
	ck_assert_uint_eq(census.n_suspects, 0);
	ck_assert_uint_eq(census.stalls, 3);
}
END_TEST

/* Heard of after the suspicion, and then a large packet was repeated in vain. */
START_TEST(test_confirmed)
{
	FlowSample hole = stalled(1, "192.0.2.1"), other = fake_sample(9, "192.0.2.1");
	const CensusSuspect *suspect = &census.suspects[0];

	hole.info.raw.last_ack_recv_ms = 5000;
	hole.info.raw.last_data_sent_ms = 999;
	census_add(&census, &hole, &caps, NOW);
	ck_assert_uint_eq(suspect->heard_ns, 0);
	ck_assert_uint_eq(suspect->unanswered_ns, 0);
	hole.info.raw.last_data_sent_ms = 1000;
	census_add(&census, &hole, &caps, NOW + 3 * NSEC_PER_SEC);
	ck_assert_uint_eq(suspect->unanswered_ns, NOW + 2 * NSEC_PER_SEC);
	ck_assert(!census_suspect_confirmed(suspect));
	other.info.raw.last_ack_recv_ms = 1000;
	census_add(&census, &other, &caps, NOW + 4 * NSEC_PER_SEC);
	ck_assert_uint_eq(suspect->heard_ns, NOW + 3 * NSEC_PER_SEC);
	ck_assert(!census_suspect_confirmed(suspect));
	hole.info.raw.last_ack_recv_ms = 500; /* it is the one that heard: no stall */
	census_add(&census, &hole, &caps, NOW + 6 * NSEC_PER_SEC);
	ck_assert(!census_suspect_confirmed(suspect));
	hole.info.raw.last_ack_recv_ms = 9000;
	census_add(&census, &hole, &caps, NOW + 6 * NSEC_PER_SEC);
	ck_assert(census_suspect_confirmed(suspect));
	ck_assert_uint_eq(suspect->flows, 1);
}
END_TEST

START_TEST(test_no_black_hole)
{
	FlowSample samples[6];

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		samples[i] = stalled(i, "192.0.2.1");
	samples[0].info.raw.retransmits = 2;
	samples[1].info.raw.ca_state = 3;
	samples[2].info.raw.snd_mss = 1000;
	samples[3].info.raw.bytes_received = 0; /* nothing ever came back */
	samples[4].destroyed = true;
	samples[5].info.raw.unacked = 0;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		add(&samples[i]);
	ck_assert_uint_eq(census.n_suspects, 0);
}
END_TEST

START_TEST(test_suspects_bounded)
{
	char address[32];

	for (unsigned i = 0; i < CENSUS_SUSPECTS + 3; i++) {
		FlowSample sample;

		(void)text_format(address, sizeof(address), "192.0.2.%u", i + 1);
		sample = stalled(i, address);
		census_add(&census, &sample, &caps, NOW + i);
	}
	ck_assert_uint_eq(census.n_suspects, CENSUS_SUSPECTS);
	for (size_t i = 0; i < census.n_suspects; i++)
		ck_assert_uint_ge(census.suspects[i].last_ns, NOW + 3);
	census_begin(&census, 1);
	census_end(&census, NOW + CENSUS_SUSPECT_NS + CENSUS_SUSPECTS + 3);
	ck_assert_uint_eq(census.n_suspects, 0);
}
END_TEST

static void listener(uint16_t port, uint32_t queue, uint32_t backlog, uint32_t drops)
{
	FlowSample sample = {.state = TCP_STATE_LISTEN,
			     .local_port = port,
			     .rqueue = queue,
			     .wqueue = backlog,
			     .drops = drops};

	census_listener_add(&census, &sample);
}

START_TEST(test_listeners)
{
	census_listeners_begin(&census, NOW);
	for (uint16_t i = 0; i < 40; i++)
		listener(i, 0, 128, 0);
	listener(80, 129, 128, 0);
	listener(443, 0, 4096, 17);
	listener(444, 0, 4096, 18);
	ck_assert_uint_eq(census.n_listeners, CENSUS_LISTENERS);
	ck_assert_uint_eq(census.listeners[0].port, 444);
	ck_assert_uint_eq(census.listeners[1].port, 443);
	ck_assert_uint_eq(census.listeners[1].drops, 17);
	ck_assert_uint_eq(census.listeners[2].port, 80);
	ck_assert_uint_eq(census.listeners[3].port, 0);
	census_listeners_begin(&census, NOW);
	ck_assert_uint_eq(census.n_listeners, 0);
}
END_TEST

/* Drops since the dump before, and handshakes that take all the room there is. */
START_TEST(test_listeners_again)
{
	FlowSample request = {.state = 3, .local_port = 25};

	census_listeners_begin(&census, NOW);
	listener(80, 0, 128, 17);
	listener(443, 0, 128, 5);
	listener(25, 0, 2, 0);
	ck_assert(census_accept_full(&census.listeners[0]));
	ck_assert(!census_accept_full(&census.listeners[2]));
	census_listeners_begin(&census, NOW + 1);
	census_request_add(&census, &request);
	census_request_add(&census, &request);
	for (uint16_t i = 1000; i < 1000 + CENSUS_LISTENERS; i++) {
		request.local_port = i; /* the last has no place */
		census_request_add(&census, &request);
	}
	listener(80, 0, 128, 17);
	listener(443, 0, 128, 7);
	listener(25, 0, 2, 0);
	listener(1000 + CENSUS_LISTENERS - 1, 0, 1, 0);
	ck_assert_uint_eq(census.listeners[0].port, 443);
	ck_assert_uint_eq(census.listeners[0].new_drops, 2);
	ck_assert_uint_eq(census.listeners[1].port, 25);
	ck_assert_uint_eq(census.listeners[1].requests, 2);
	ck_assert(census_requests_full(&census.listeners[1]));
	ck_assert_uint_eq(census.listeners[2].new_drops, 0);
	ck_assert(!census_accept_full(&census.listeners[2]));
	ck_assert_uint_eq(census.listeners[3].requests, 0);
	census_listeners_begin(&census, NOW + 2);
	listener(443, 0, 128, 1); /* another one on the same port */
	ck_assert_uint_eq(census.listeners[0].new_drops, 1);
}
END_TEST

/* One peer has 3000 of 9000 connections, the others one each: found, and never too many. */
START_TEST(test_peers)
{
	FlowSample busy = fake_sample(1, "192.0.2.9"), other = fake_sample(2, "192.0.2.8");
	const CensusPeer *peer;

	ck_assert_ptr_null(census_busiest_peer(&census));
	census_peers_begin(&census, NOW);
	busy.remote_port = 5432;
	for (uint16_t i = 0; i < 9000; i++) {
		other.remote_port = (uint16_t)(10000 + i);
		census_peer_add(&census, i % 3 == 0 ? &busy : &other);
	}
	peer = census_busiest_peer(&census);
	ck_assert_ptr_nonnull(peer);
	ck_assert_uint_eq(peer->port, 5432);
	ck_assert_uint_le(peer->connections, 3000);
	ck_assert_uint_ge(peer->connections, 3000 - 9000 / (CENSUS_PEERS + 1));
	/* Another local address has ports of its own. */
	census_peers_begin(&census, NOW);
	census_peer_add(&census, &busy);
	busy.local = fake_address("192.0.2.77");
	census_peer_add(&census, &busy);
	ck_assert_uint_eq(census.n_peers, 2);
}
END_TEST

HARNESS_MAIN("census", HARNESS_FIXTURE(suite, "count", setup, NULL, test_counts, test_parts);
	     HARNESS_FIXTURE(suite, "suspects", setup, NULL, test_black_hole, test_confirmed,
			     test_no_black_hole, test_suspects_bounded);
	     HARNESS_FIXTURE(suite, "asked", setup, NULL, test_listeners, test_listeners_again,
			     test_peers);)
