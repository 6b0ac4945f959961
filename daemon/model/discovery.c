/* SPDX-License-Identifier: MIT */
/*
 * The question to a name server is for the name servers of the root: every resolver knows the
 * answer, it is the same everywhere, and asking tells nobody anything.
 */
#include "daemon/model/discovery.h"

#include <string.h>

#include "common/base.h"
#include "common/text.h"

/* Of how many paths the peers are chosen. */
#define CANDIDATES 64

static bool is_found(const Discovery *discovery, const Discovered *one)
{
	for (size_t i = 0; i < discovery->n; i++)
		if (text_equal(discovery->found[i].name, one->name) &&
		    text_equal(discovery->found[i].url, one->url))
			return true;
	return false;
}

static bool has_address(const Discovery *discovery, EndpointOrigin origin, const Address *address)
{
	for (size_t i = 0; i < discovery->n; i++)
		if (discovery->found[i].origin == origin &&
		    address_equal(&discovery->found[i].address, address))
			return true;
	return false;
}

static bool has_name(const Discovery *discovery, const char *name)
{
	for (size_t i = 0; i < discovery->n; i++)
		if (text_equal(discovery->found[i].name, name))
			return true;
	return false;
}

static void add(Discovery *discovery, EndpointOrigin origin, const char *scheme,
		const Address *address, const char *name, const char *suffix)
{
	Discovered *one = &discovery->found[discovery->n];
	char text[ADDRESS_TEXT_MAX];
	bool brackets = address->family == AF_INET6;

	if (discovery->n == DISCOVERY_MAX || has_address(discovery, origin, address) ||
	    has_name(discovery, name))
		return;
	*one = (Discovered){.origin = origin, .address = *address};
	(void)text_copy(one->scheme, sizeof(one->scheme), scheme); /* ours, and short */
	(void)text_copy(one->name, sizeof(one->name), name);
	(void)text_format(one->url, sizeof(one->url), "%s://%s%s%s%s", scheme, brackets ? "[" : "",
			  address_format(address, text), brackets ? "]" : "", suffix);
	discovery->n++;
}

/* Link-local gateways need a zone, which a URL cannot say: they are passed over. */
static bool is_link_local(const Address *address)
{
	return address->family == AF_INET6 && address->bytes[0] == 0xfe &&
	       (address->bytes[1] & 0xc0) == 0x80;
}

static void add_gateways(Discovery *discovery, const DiscoveryInput *input)
{
	char name[ENDPOINT_NAME_MAX];
	size_t n = 0;

	for (size_t i = 0; i < input->n_gateways && n < DISCOVERY_GATEWAYS_MAX; i++) {
		const DiscoveryGateway *gateway = &input->gateways[i];

		if (gateway->address.family == 0 || is_link_local(&gateway->address))
			continue;
		(void)text_format(name, sizeof(name), "gateway%s.%s",
				  gateway->address.family == AF_INET6 ? "6" : "", gateway->link);
		add(discovery, ENDPOINT_GATEWAY, "icmp", &gateway->address, name, "");
		n++;
	}
}

static void add_servers(Discovery *discovery, const DiscoveryInput *input)
{
	char name[ENDPOINT_NAME_MAX], address[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < input->n_servers && i < DISCOVERY_SERVERS_MAX; i++) {
		(void)text_format(name, sizeof(name), "resolver.%s",
				  address_format(&input->servers[i], address));
		add(discovery, ENDPOINT_RESOLVER, "dns", &input->servers[i], name, "/.?type=NS");
	}
}

static bool is_merged(const Path *path)
{
	return path->prefix_length != (path->address.family == AF_INET6 ? 128 : 32);
}

static void add_peer(Discovery *discovery, const DiscoveryInput *input, const Address *peer)
{
	char name[ENDPOINT_NAME_MAX], address[ADDRESS_TEXT_MAX];

	(void)text_format(name, sizeof(name), "peer.%s", address_format(peer, address));
	add(discovery, ENDPOINT_PEER, input->probe_peers ? "icmp" : "flow", peer, name, "");
}

static size_t count(const Discovery *discovery, EndpointOrigin origin)
{
	size_t n = 0;

	for (size_t i = 0; i < discovery->n; i++)
		n += discovery->found[i].origin == origin;
	return n;
}

/* Those of last time that still have traffic. */
static void keep_peers(Discovery *discovery, const Discovery *before, const DiscoveryInput *input)
{
	for (size_t i = 0; i < before->n; i++) {
		const Discovered *peer = &before->found[i];
		const Path *path;

		if (peer->origin != ENDPOINT_PEER)
			continue;
		path = path_table_find(input->paths, &peer->address);
		if (path && input->now_ns - path->last_seen_ns <= DISCOVERY_PEER_KEEP_NS)
			add_peer(discovery, input, &peer->address);
	}
}

static void add_peers(Discovery *discovery, const Discovery *before, const DiscoveryInput *input)
{
	const Path *paths[CANDIDATES];
	size_t n;

	if (!input->paths)
		return;
	keep_peers(discovery, before, input);
	n = path_table_top(input->paths, paths, CANDIDATES);
	for (size_t i = 0; i < n && count(discovery, ENDPOINT_PEER) < DISCOVERY_PEERS_MAX; i++) {
		const Path *path = paths[i];

		if (path->bytes_acked + path->bytes_received >= DISCOVERY_PEER_MIN_BYTES &&
		    !is_merged(path) && !is_link_local(&path->address) &&
		    input->now_ns - path->last_seen_ns <= DISCOVERY_PEER_KEEP_NS)
			add_peer(discovery, input, &path->address);
	}
}

bool discovery_update(Discovery *discovery, const DiscoveryInput *input)
{
	Discovery now = {0};
	bool changed;

	add_gateways(&now, input);
	add_servers(&now, input);
	add_peers(&now, discovery, input);

	changed = now.n != discovery->n;
	for (size_t i = 0; i < now.n; i++)
		changed = changed || !is_found(discovery, &now.found[i]);
	*discovery = now;
	return changed;
}
