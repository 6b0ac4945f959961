/* SPDX-License-Identifier: MIT */
/*
 * The arithmetic of looking: what single readings of sockets add up to.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/audit/observe.h"

#include "common/text.h"

#define FLOWS_STEP  256
#define BRIEF_BYTES 10000
#define BUFFER_FULL 0.6

/* The kernel walks its table in the same order each time, so the next one is mostly the one behind
 * the last. */
static ObservedFlow *find_flow(Observation *observation, uint64_t cookie)
{
	for (size_t i = 0; i < observation->n_flows; i++) {
		size_t at = (observation->hint + i) % observation->n_flows;

		if (observation->flows[at].last.cookie == cookie) {
			observation->hint = at + 1;
			return &observation->flows[at];
		}
	}
	return NULL;
}

static ObservedFlow *new_flow(Observation *observation)
{
	ObservedFlow *flow;

	if (observation->n_flows % FLOWS_STEP == 0) {
		ObservedFlow *larger = realloc(
			observation->flows, (observation->n_flows + FLOWS_STEP) * sizeof(*larger));

		if (!larger)
			return NULL;
		observation->flows = larger;
	}
	flow = &observation->flows[observation->n_flows++];
	memset(flow, 0, sizeof(*flow));
	return flow;
}

static bool is_held_back(const FlowSample *sample)
{
	const TcpInfoRaw *info = &sample->info.raw;

	return tcp_info_has(&sample->info, notsent_bytes) && info->unacked >= 1 &&
	       info->notsent_bytes > 0 && info->notsent_bytes < info->snd_mss &&
	       info->snd_cwnd > info->unacked;
}

/* More is under way than waits to be sent: the window is not what holds it back. The writer is
 * woken below two thirds (tuning.md 1, tcp_wmem). */
static bool is_full(const FlowSample *sample)
{
	const TcpInfoRaw *info = &sample->info.raw;

	return sample->has_skmeminfo && sample->sndbuf > 0 &&
	       sample->wmem_queued >= BUFFER_FULL * sample->sndbuf &&
	       info->notsent_bytes < (uint64_t)info->unacked * info->snd_mss;
}

int observation_add_flow(Observation *observation, const FlowSample *sample, uint64_t now_ns)
{
	ObservedFlow *flow;

	/* What has closed all but for its name has no counters any more. */
	if (sample->info.length == 0)
		return 0;
	flow = find_flow(observation, sample->cookie);
	if (!flow && observation->n_flows >= OBSERVED_FLOWS_MAX)
		return 0;
	if (!flow) {
		flow = new_flow(observation);
		if (!flow)
			return -ENOMEM;
		flow->first = *sample;
		flow->first_ns = now_ns;
		flow->rcvbuf_least = flow->rcvbuf_most = sample->rcvbuf;
	}
	flow->last = *sample;
	flow->last_ns = now_ns;
	flow->samples++;
	flow->held_back += is_held_back(sample);
	flow->buffer_full += is_full(sample);
	flow->unread += (uint64_t)sample->rmem_alloc * 2 > sample->rcvbuf;
	flow->sum_rtt_us += sample->info.raw.rtt_us;
	flow->rcvbuf_least = MIN(flow->rcvbuf_least, sample->rcvbuf);
	flow->rcvbuf_most = MAX(flow->rcvbuf_most, sample->rcvbuf);
	return 0;
}

static ObservedClosed *find_closed(Observation *observation, const FlowSample *sample)
{
	ObservedClosed *closed;

	for (size_t i = 0; i < observation->n_closed; i++) {
		closed = &observation->closed[i];
		if (address_equal(&closed->remote, &sample->remote) &&
		    closed->remote_port == sample->remote_port && closed->uid == sample->uid)
			return closed;
	}
	if (observation->n_closed >= OBSERVED_CLOSED_MAX)
		return NULL;
	closed = &observation->closed[observation->n_closed++];
	*closed = (ObservedClosed){
		.remote = sample->remote, .remote_port = sample->remote_port, .uid = sample->uid};
	return closed;
}

void observation_add_closed(Observation *observation, const FlowSample *sample)
{
	const TcpInfoRaw *info = &sample->info.raw;
	const ObservedFlow *flow = find_flow(observation, sample->cookie);
	ObservedClosed *closed;

	/* One that was reset has lost its counters, and one that never was has no round trip. */
	if (sample->remote_port == 0 || info->rtt_us == 0)
		return;
	/* The closing end of a listener's connection is no churn of ours. */
	if (sample->local_port < sample->remote_port && sample->local_port < 1024)
		return;
	closed = find_closed(observation, sample);
	if (!closed)
		return;
	closed->connections++;
	closed->brief += info->bytes_acked + info->bytes_received < BRIEF_BYTES;
	closed->sum_rtt_us += info->rtt_us;
	if (flow && *flow->comm)
		(void)text_copy(closed->comm, sizeof(closed->comm), flow->comm);
}

void observation_add_listener(Observation *observation, const FlowSample *sample, bool first)
{
	ObservedListener *listener = NULL;

	for (size_t i = 0; i < observation->n_listeners && !listener; i++) {
		ObservedListener *other = &observation->listeners[i];

		if (other->port == sample->local_port &&
		    address_equal(&other->local, &sample->local))
			listener = other;
	}
	if (!listener && observation->n_listeners < OBSERVED_LISTENERS_MAX) {
		listener = &observation->listeners[observation->n_listeners++];
		*listener = (ObservedListener){.local = sample->local,
					       .port = sample->local_port,
					       .drops_before = first ? sample->drops : 0};
	}
	if (!listener)
		return;
	listener->queue_most = MAX(listener->queue_most, sample->rqueue);
	listener->backlog = sample->wqueue;
	listener->drops = sample->drops;
}

void observation_add_peer(Observation *observation, const FlowSample *sample)
{
	ObservedPeer *free_place = NULL;

	for (size_t i = 0; i < observation->n_peers; i++) {
		ObservedPeer *peer = &observation->peers[i];

		if (peer->remote_port == sample->remote_port &&
		    address_equal(&peer->remote, &sample->remote) &&
		    address_equal(&peer->local, &sample->local)) {
			peer->connections++;
			return;
		}
		if (peer->connections <= 1)
			free_place = peer;
	}
	if (observation->n_peers < OBSERVED_PEERS_MAX)
		free_place = &observation->peers[observation->n_peers++];
	if (free_place)
		*free_place = (ObservedPeer){.local = sample->local,
					     .remote = sample->remote,
					     .remote_port = sample->remote_port,
					     .connections = 1};
}

void observation_clear(Observation *observation)
{
	free(observation->flows);
	observation->flows = NULL;
	observation->n_flows = 0;
}
