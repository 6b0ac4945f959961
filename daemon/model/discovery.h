/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What to watch when nobody said what: the default gateways (is it my own network?), the name
 * servers in use (is it DNS?), and the busiest destinations of the host's own flows (is it them?).
 *
 * Gateways and name servers belong to this host's configuration and are probed, gently. Peers are
 * strangers: their latency is read from the flows that exist anyway, unless probing them is
 * allowed. A peer that was chosen stays for a while, or two of equal traffic would take turns and
 * neither would ever have a history.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"
#include "daemon/model/endpoint.h"
#include "daemon/model/path_table.h"

#define DISCOVERY_GATEWAYS_MAX 4
#define DISCOVERY_SERVERS_MAX  3
#define DISCOVERY_PEERS_MAX    5
#define DISCOVERY_MAX          (DISCOVERY_GATEWAYS_MAX + DISCOVERY_SERVERS_MAX + DISCOVERY_PEERS_MAX)

/* A peer stays this long after its last traffic. */
#define DISCOVERY_PEER_KEEP_NS (UINT64_C(3600) * 1000000000)
/* Less than this is not worth a name: 1 MB since it is known. */
#define DISCOVERY_PEER_MIN_BYTES 1000000

typedef struct DiscoveryGateway {
	Address address; /* family 0: on-link, there is nobody to ask */
	const char *link;
} DiscoveryGateway;

typedef struct DiscoveryInput {
	const DiscoveryGateway *gateways;
	size_t n_gateways;
	const Address *servers;
	size_t n_servers;
	const PathTable *paths; /* NULL: none */
	bool probe_peers;
	uint64_t now_ns;
} DiscoveryInput;

typedef struct Discovered {
	EndpointOrigin origin;
	char name[ENDPOINT_NAME_MAX]; /* "gateway.eth0", "resolver.192.0.2.53", "peer.203.0.113.7"
				       */
	char url[ENDPOINT_URL_MAX];   /* "icmp://...", "dns://.../.?type=NS", "flow://..." */
	char scheme[8];
	Address address;
} Discovered;

/* What was found last time; zero it at first. */
typedef struct Discovery {
	Discovered found[DISCOVERY_MAX];
	size_t n;
} Discovery;

/* Brings it up to date. True if anything is new, gone or different. */
bool discovery_update(Discovery *discovery, const DiscoveryInput *input);
