/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a sweep tells of the sockets of the host together, beside what each path learns: how many
 * are big, who has not read what was received, and which flows look as if large packets to their
 * peer vanished. And, of a dump of its own that is only made when ports may run short, to which
 * peer and port most connections go.
 *
 * A flow in a black hole has sent full-size segments again and again without an answer, while small
 * ones passed: the handshake did, and data of either side. So a suspect is a peer of whom at least
 * one flow stands so, and repeated a packet after the last it heard; it is cleared when a flow to
 * it stalls with small segments only (then the peer is away altogether), or when it has not been
 * seen for CENSUS_SUSPECT_NS. After an outage flows look the same until they try again; so it is
 * only confirmed when the peer was heard, by any flow, after the suspicion, and a large packet that
 * was repeated after that had no answer for a second.
 */
#include "daemon/model/path.h"

#define CENSUS_SUSPECTS      8
#define CENSUS_SUSPECT_FLOWS 8
#define CENSUS_SUSPECT_NS    (UINT64_C(120) * 1000000000)

typedef struct CensusSuspect {
	Address remote;
	uint64_t cookies[CENSUS_SUSPECT_FLOWS]; /* of `flows` */
	uint64_t first_ns, last_ns;
	uint64_t heard_ns;      /* the peer was, first after first_ns; 0: not yet */
	uint64_t unanswered_ns; /* the latest repetition that had no answer for a second; 0: none */
	uint32_t sightings,
		flows;      /* how often; of how many flows, of which no more are told apart */
	uint32_t mss, pmtu; /* bytes, of the last */
} CensusSuspect;

/* Listening sockets, those whose queue is full or overflowed first. The most that may wait is also
 * the most handshakes that may be under way (inet_csk_reqsk_queue_is_full()). */
#define CENSUS_LISTENERS 32
typedef struct CensusListener {
	Address local;
	uint16_t port;
	uint32_t queue, backlog;   /* waiting now, the most that may */
	uint32_t requests;         /* handshakes under way to this port */
	uint32_t drops, new_drops; /* handshakes dropped: ever; since the dump before */
} CensusListener;

/* Handshakes under way, of one local port. */
typedef struct CensusRequests {
	uint16_t port;
	uint32_t n;
} CensusRequests;

/* Connections that share a local address, a peer and its port need a local port each. */
#define CENSUS_PEERS 32
typedef struct CensusPeer {
	Address local, remote;
	uint16_t port;
	uint32_t connections; /* at least so many, of any state up to TIME_WAIT */
} CensusPeer;

typedef struct CensusCount {
	uint32_t big; /* sockets that hold over a quarter of what one of their buffers may */
	uint64_t queued_bytes, top_bytes[3]; /* received and not read: all; of those with most */
} CensusCount;

typedef struct Census {
	CensusCount counting, counted;
	unsigned parts, part; /* of the turn, and how many of them were seen */
	bool has_counted;     /* a turn was complete */
	uint64_t stalls;      /* sightings, ever */
	CensusSuspect suspects[CENSUS_SUSPECTS];
	size_t n_suspects;
	/* Filled when somebody asks: see daemon/sense.h. */
	CensusListener listeners[CENSUS_LISTENERS], past_listeners[CENSUS_LISTENERS];
	size_t n_listeners, n_past_listeners;
	CensusRequests requests[CENSUS_LISTENERS];
	size_t n_requests;
	uint64_t listeners_ns; /* when; 0: never */
	CensusPeer peers[CENSUS_PEERS];
	size_t n_peers;
	uint64_t peers_ns;
} Census;

/* A sweep that sees one of `parts` parts of the flows. Then each sample, then the end. */
void census_begin(Census *census, unsigned parts);
void census_add(Census *census, const FlowSample *sample, const PathCaps *caps, uint64_t now_ns);
void census_end(Census *census, uint64_t now_ns);
/* Large packets to a peer that is there were repeated in vain. */
bool census_suspect_confirmed(const CensusSuspect *suspect);

/* Forgets what a dump of listeners said before, but for their drops; then each handshake under way,
 * if they are asked for (more ports than CENSUS_LISTENERS are not told apart), then each listener.
 */
void census_listeners_begin(Census *census, uint64_t now_ns);
void census_request_add(Census *census, const FlowSample *sample);
/* Whether its queue of connections to accept, and that of handshakes, is full; the first also if it
 * was since the dump before. */
bool census_accept_full(const CensusListener *listener);
bool census_requests_full(const CensusListener *listener);
void census_listener_add(Census *census, const FlowSample *sample);

/* The same of a dump of connections in every state that occupies a local port. */
void census_peers_begin(Census *census, uint64_t now_ns);
void census_peer_add(Census *census, const FlowSample *sample);
/* The one with most connections; NULL: none. */
const CensusPeer *census_busiest_peer(const Census *census);
