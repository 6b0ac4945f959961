/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Looking at this host for some seconds, without changing anything and without a packet of our own
 * but for the lookups of names. What could not be seen says why, so that no row takes "not looked"
 * for "not there".
 *
 * Sockets are read again and again, 5 ms apart where that takes less than a quarter of a core:
 * a stall of Nagle's algorithm lasts 40 ms. What closes is told by the kernel itself (the destroy
 * group), which takes CAP_NET_ADMIN.
 */
#include <sys/types.h>

#include "common/flow_sample.h"
#include "daemon/model/host_setting.h"

#define OBSERVED_FLOWS_MAX     4096
#define OBSERVED_CLOSED_MAX    128
#define OBSERVED_LISTENERS_MAX 256
#define OBSERVED_PEERS_MAX     128
#define OBSERVED_NAMES_MAX     4
#define OBSERVED_TUNERS_MAX    8
#define OBSERVED_COMM_MAX      16
#define OBSERVED_WHY_MAX       128

/* "" : not known. */
typedef char ObservedComm[OBSERVED_COMM_MAX];

typedef struct ObservedFlow {
	FlowSample first, last;
	uint64_t first_ns, last_ns;
	uint32_t samples;
	/* Of these: a small piece is held back until the one in flight is acknowledged
	 * (tuning.md, section 10): unacked >= 1, 0 < not sent < mss, and the window has room. */
	uint32_t held_back;
	/* Of these: the send buffer is full of what is under way, so a larger one would be used. */
	uint32_t buffer_full;
	uint32_t unread; /* of these: more than half of the receive buffer waits to be read */
	uint32_t rcvbuf_least, rcvbuf_most;
	uint64_t sum_rtt_us; /* of the smoothed round trips of all samples */
	ObservedComm comm;
} ObservedFlow;

/* Connections to one port of one peer that closed meanwhile. */
typedef struct ObservedClosed {
	Address remote;
	uint16_t remote_port;
	uint32_t uid;
	uint32_t connections;
	uint32_t brief;      /* of these: moved less than 10 kB */
	uint64_t sum_rtt_us; /* of their round trips */
	ObservedComm comm;   /* who has, or had, connections to it; "" unknown */
} ObservedClosed;

typedef struct ObservedListener {
	Address local;
	uint16_t port;
	uint32_t queue_most, backlog, drops_before, drops;
	ObservedComm comm;
} ObservedListener;

/* Connections that share a local address, a peer and its port take a local port each, also those
 * in TIME_WAIT. */
typedef struct ObservedPeer {
	Address local, remote;
	uint16_t remote_port;
	uint32_t connections;
} ObservedPeer;

/* A name looked up again and again, as applications do (getaddrinfo). Of the later times the least
 * counts: one may have met a busy moment. */
typedef struct ObservedName {
	char name[256];
	bool failed;
	uint64_t first_us, again_us;
} ObservedName;

typedef struct ObservedTuner {
	ObservedComm comm;
	pid_t pid;
} ObservedTuner;

typedef struct Observation {
	uint64_t duration_ns;

	ObservedFlow *flows;
	size_t n_flows, hint;             /* where to look first */
	char flows_why[OBSERVED_WHY_MAX]; /* why they could not be read; "": they were */

	ObservedClosed closed[OBSERVED_CLOSED_MAX];
	size_t n_closed;
	char closed_why[OBSERVED_WHY_MAX];

	ObservedListener listeners[OBSERVED_LISTENERS_MAX];
	size_t n_listeners;

	ObservedPeer peers[OBSERVED_PEERS_MAX];
	size_t n_peers;

	HostSettings settings;
	/* "" where the kernel does not have it */
	char rmem[64], wmem[64], somaxconn[32], port_range[32], fast_open[32];

	ObservedName names[OBSERVED_NAMES_MAX];
	size_t n_names;

	ObservedTuner tuners[OBSERVED_TUNERS_MAX];
	size_t n_tuners;
	char administered[OBSERVED_WHY_MAX]; /* files of sysctl.d that set what netopt tunes */
} Observation;

/* Called some times a second with how far it is, in permille; false: stop here. */
typedef bool (*ObserveProgress)(unsigned permille, void *context);

/* Looks for that long; 0: once. 0, or -ENOMEM. The caller clears it in any case. */
int observe(uint64_t duration_ns, ObserveProgress progress, void *context, Observation *ret);
void observation_clear(Observation *observation);
/* Looks a name up some times, and notes it. Blocks for as long as the system's resolver does. */
void observe_name(Observation *observation, const char *name);

/* The parts of it that are arithmetic. */
/* Adds one reading of a socket; -ENOMEM; too many are left out. */
int observation_add_flow(Observation *observation, const FlowSample *sample, uint64_t now_ns);
void observation_add_closed(Observation *observation, const FlowSample *sample);
void observation_add_listener(Observation *observation, const FlowSample *sample, bool first);
/* When there is no place left a peer with one connection gives way: who holds most comes again. */
void observation_add_peer(Observation *observation, const FlowSample *sample);
