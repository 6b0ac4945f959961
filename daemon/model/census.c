/* SPDX-License-Identifier: MIT */
/*
 * The peers are counted by the algorithm of Misra and Gries: of N connections, a peer that has more
 * than N / (CENSUS_PEERS + 1) of them is found, and its count falls short by that much at most. So
 * memory is bounded whatever the host does, and a count is never too high.
 */
#include "daemon/model/census.h"

#include <string.h>

#include "common/base.h"
#include "common/clock.h"

/* TCP_CA_Loss: the retransmission timer has fired. */
#define CA_LOSS           4
#define STALL_RETRANSMITS 3
#define UNANSWERED_MS     1000
/* Below this a path has no larger segments to lose: the least MTU of IPv6, and what probing begins
 * with (tcp_base_mss 1024). */
#define STALL_MSS_MIN 1100
/* A segment counts as small below so much of the MSS. */
#define SMALL_PERMILLE 500
#define BIG_SHARE      4

void census_begin(Census *census, unsigned parts)
{
	if (census->parts != parts || census->part >= parts) {
		census->parts = parts;
		census->part = 0;
		census->counting = (CensusCount){0};
	}
}

static void count_queued(CensusCount *count, uint64_t bytes)
{
	count->queued_bytes += bytes;
	for (size_t i = 0; i < ARRAY_SIZE(count->top_bytes); i++) {
		uint64_t other = count->top_bytes[i];

		if (bytes <= other)
			continue;
		count->top_bytes[i] = bytes;
		bytes = other;
	}
}

static CensusSuspect *find(Census *census, const Address *remote)
{
	for (size_t i = 0; i < census->n_suspects; i++)
		if (address_equal(&census->suspects[i].remote, remote))
			return &census->suspects[i];
	return NULL;
}

static void forget(Census *census, CensusSuspect *suspect)
{
	*suspect = census->suspects[--census->n_suspects];
}

/* The place of a new one: a free one, or that of the one seen longest ago. */
static CensusSuspect *place(Census *census)
{
	CensusSuspect *oldest = &census->suspects[0];

	if (census->n_suspects < CENSUS_SUSPECTS)
		return &census->suspects[census->n_suspects++];
	for (size_t i = 1; i < CENSUS_SUSPECTS; i++)
		if (census->suspects[i].last_ns < oldest->last_ns)
			oldest = &census->suspects[i];
	return oldest;
}

static bool is_stalled(const FlowSample *sample)
{
	const TcpInfoRaw *raw = &sample->info.raw;

	return sample->state == TCP_STATE_ESTABLISHED && raw->ca_state == CA_LOSS &&
	       raw->retransmits >= STALL_RETRANSMITS && raw->backoff > 0 && raw->unacked > 0 &&
	       raw->last_ack_recv_ms >= raw->last_data_sent_ms;
}

/* Bytes of an outstanding segment, on average; the kernel does not tell of each. */
static uint64_t segment_bytes(const TcpInfo *info)
{
	uint64_t sent = tcp_info_get(info, bytes_sent, 0),
		 again = tcp_info_get(info, bytes_retrans, 0);
	uint64_t acked = tcp_info_get(info, bytes_acked, 0);

	return sent > again + acked ? (sent - again - acked) / info->raw.unacked : 0;
}

static void count_flow(CensusSuspect *suspect, uint64_t cookie)
{
	for (uint32_t i = 0; i < suspect->flows; i++)
		if (suspect->cookies[i] == cookie)
			return;
	if (suspect->flows < CENSUS_SUSPECT_FLOWS)
		suspect->cookies[suspect->flows++] = cookie;
}

static void suspect_flow(Census *census, const FlowSample *sample, uint64_t now_ns)
{
	const TcpInfoRaw *raw = &sample->info.raw;
	uint64_t bytes = segment_bytes(&sample->info);
	CensusSuspect *suspect = find(census, &sample->remote);

	if (bytes * 1000 < (uint64_t)raw->snd_mss * SMALL_PERMILLE) {
		if (suspect)
			forget(census, suspect);
		return;
	}
	/* Nothing was ever answered, or the path carries no large packet anyway. */
	if (raw->snd_mss < STALL_MSS_MIN || (tcp_info_get(&sample->info, bytes_received, 0) == 0 &&
					     tcp_info_get(&sample->info, bytes_acked, 0) <= 1))
		return;
	if (!suspect) {
		suspect = place(census);
		*suspect = (CensusSuspect){.remote = sample->remote, .first_ns = now_ns};
	}
	census->stalls++;
	suspect->sightings++;
	count_flow(suspect, sample->cookie);
	suspect->last_ns = now_ns;
	if (raw->last_data_sent_ms >= UNANSWERED_MS)
		suspect->unanswered_ns =
			MAX(suspect->unanswered_ns,
			    now_ns - MIN(raw->last_data_sent_ms * NSEC_PER_MSEC, now_ns));
	suspect->mss = raw->snd_mss;
	suspect->pmtu = raw->pmtu;
}

/* Whoever it was that heard of the peer. */
static void hear(Census *census, const FlowSample *sample, uint64_t now_ns)
{
	CensusSuspect *suspect = find(census, &sample->remote);
	uint64_t ago_ns = sample->info.raw.last_ack_recv_ms * NSEC_PER_MSEC;

	if (suspect && suspect->heard_ns == 0 && now_ns > suspect->first_ns + ago_ns)
		suspect->heard_ns = now_ns - ago_ns;
}

bool census_suspect_confirmed(const CensusSuspect *suspect)
{
	return suspect->heard_ns > 0 && suspect->unanswered_ns > suspect->heard_ns;
}

/* A quarter of what a buffer may be. */
static bool is_big(uint64_t bytes, uint64_t maximum)
{
	return maximum > 0 && bytes * BIG_SHARE > maximum;
}

void census_add(Census *census, const FlowSample *sample, const PathCaps *caps, uint64_t now_ns)
{
	if (sample->has_skmeminfo) {
		census->counting.big += is_big(sample->rmem_alloc, caps->rmem_max_bytes) ||
					is_big(sample->wmem_queued, caps->wmem_max_bytes);
		count_queued(&census->counting, sample->rmem_alloc);
	}
	if (sample->destroyed)
		return;
	if (is_stalled(sample))
		suspect_flow(census, sample, now_ns);
	if (census->n_suspects > 0)
		hear(census, sample, now_ns);
}

void census_end(Census *census, uint64_t now_ns)
{
	for (size_t i = census->n_suspects; i-- > 0;)
		if (now_ns - census->suspects[i].last_ns > CENSUS_SUSPECT_NS)
			forget(census, &census->suspects[i]);
	if (++census->part < census->parts)
		return;
	census->counted = census->counting;
	census->has_counted = true;
}

void census_listeners_begin(Census *census, uint64_t now_ns)
{
	memcpy(census->past_listeners, census->listeners, sizeof(census->past_listeners));
	census->n_past_listeners = census->n_listeners;
	census->n_listeners = census->n_requests = 0;
	census->listeners_ns = now_ns;
}

void census_request_add(Census *census, const FlowSample *sample)
{
	size_t i = 0;

	while (i < census->n_requests && census->requests[i].port != sample->local_port)
		i++;
	if (i == CENSUS_LISTENERS)
		return;
	if (i == census->n_requests)
		census->requests[census->n_requests++] =
			(CensusRequests){.port = sample->local_port};
	census->requests[i].n++;
}

static uint32_t requests_to(const Census *census, uint16_t port)
{
	for (size_t i = 0; i < census->n_requests; i++)
		if (census->requests[i].port == port)
			return census->requests[i].n;
	return 0;
}

/* What it had dropped at the dump before; 0 if it was not seen, or is another one by now. */
static uint32_t past_drops(const Census *census, const CensusListener *listener)
{
	for (size_t i = 0; i < census->n_past_listeners; i++) {
		const CensusListener *past = &census->past_listeners[i];

		if (past->port == listener->port && past->drops <= listener->drops &&
		    address_equal(&past->local, &listener->local))
			return past->drops;
	}
	return 0;
}

bool census_accept_full(const CensusListener *listener)
{
	return listener->new_drops > 0 || listener->queue >= listener->backlog;
}

bool census_requests_full(const CensusListener *listener)
{
	return listener->requests >= listener->backlog;
}

/* How much this one is in need: drops before a queue that is full, before all else. */
static uint64_t need(const CensusListener *listener)
{
	return ((uint64_t)listener->new_drops << 1) +
	       (census_accept_full(listener) || census_requests_full(listener));
}

void census_listener_add(Census *census, const FlowSample *sample)
{
	CensusListener listener = {.local = sample->local,
				   .port = sample->local_port,
				   .queue = sample->rqueue,
				   .backlog = sample->wqueue,
				   .requests = requests_to(census, sample->local_port),
				   .drops = sample->drops};
	size_t at = MIN(census->n_listeners, (size_t)CENSUS_LISTENERS - 1);

	listener.new_drops = listener.drops - past_drops(census, &listener);
	if (census->n_listeners < CENSUS_LISTENERS)
		census->n_listeners++;
	else if (need(&census->listeners[at]) >= need(&listener))
		return;
	for (; at > 0 && need(&census->listeners[at - 1]) < need(&listener); at--)
		census->listeners[at] = census->listeners[at - 1];
	census->listeners[at] = listener;
}

void census_peers_begin(Census *census, uint64_t now_ns)
{
	census->n_peers = 0;
	census->peers_ns = now_ns;
}

static bool goes_to(const CensusPeer *peer, const FlowSample *sample)
{
	return peer->port == sample->remote_port && address_equal(&peer->remote, &sample->remote) &&
	       address_equal(&peer->local, &sample->local);
}

void census_peer_add(Census *census, const FlowSample *sample)
{
	size_t kept = 0;

	for (size_t i = 0; i < census->n_peers; i++) {
		if (!goes_to(&census->peers[i], sample))
			continue;
		census->peers[i].connections++;
		return;
	}
	if (census->n_peers < CENSUS_PEERS) {
		census->peers[census->n_peers++] = (CensusPeer){.local = sample->local,
								.remote = sample->remote,
								.port = sample->remote_port,
								.connections = 1};
		return;
	}
	for (size_t i = 0; i < CENSUS_PEERS; i++)
		if (--census->peers[i].connections > 0)
			census->peers[kept++] = census->peers[i];
	census->n_peers = kept;
}

const CensusPeer *census_busiest_peer(const Census *census)
{
	const CensusPeer *most = NULL;

	for (size_t i = 0; i < census->n_peers; i++)
		if (!most || census->peers[i].connections > most->connections)
			most = &census->peers[i];
	return most;
}
