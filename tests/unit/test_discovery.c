/* SPDX-License-Identifier: MIT */
#include "daemon/model/discovery.h"

#include "common/clock.h"
#include "tests/unit/fake_host.h"
#include "tests/unit/harness.h"

static Discovery discovery;
static FakeHost host;
static DiscoveryInput input;

static void setup(void)
{
	fake_host_init(&host);
	input = (DiscoveryInput){.paths = host.paths};
}

static void teardown(void)
{
	fake_host_clear(&host);
}

static bool update(void)
{
	input.now_ns = host.now_ns;
	return discovery_update(&discovery, &input);
}

/* "name url, name url" of one origin. */
static const char *found(EndpointOrigin origin)
{
	static char text[2048];
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < discovery.n; i++)
		if (discovery.found[i].origin == origin)
			length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s %s",
						   length > 0 ? ", " : "", discovery.found[i].name,
						   discovery.found[i].url);
	return text;
}

/* Traffic of 10 s, and what is left of the flow is closed. */
static void talk(const char *address, uint64_t bps)
{
	FakeFlow *flow = fake_host_open(&host, address, bps);

	fake_host_step(&host, 10 * NSEC_PER_SEC);
	fake_host_close(&host, flow);
}

START_TEST(test_nothing_is_found_where_nothing_is)
{
	ck_assert(!update());
	ck_assert_uint_eq(discovery.n, 0);
}
END_TEST

START_TEST(test_gateways_and_servers)
{
	const DiscoveryGateway gateways[] = {
		{fake_address("192.0.2.1"), "eth0"},
		{(Address){0}, "ppp0"}, /* on-link */
		{fake_address("2001:db8::1"), "eth0"},
		{fake_address("fe80::1"), "eth1"}, /* would need a zone */
		{fake_address("192.0.2.1"), "eth0"},
	};
	const Address servers[] = {fake_address("192.0.2.53"), fake_address("2001:db8::53")};

	input.gateways = gateways;
	input.n_gateways = 5;
	input.servers = servers;
	input.n_servers = 2;
	ck_assert(update());
	ck_assert_str_eq(found(ENDPOINT_GATEWAY), "gateway.eth0 icmp://192.0.2.1, "
						  "gateway6.eth0 icmp://[2001:db8::1]");
	ck_assert_str_eq(found(ENDPOINT_RESOLVER),
			 "resolver.192.0.2.53 dns://192.0.2.53/.?type=NS, "
			 "resolver.2001:db8::53 dns://[2001:db8::53]/.?type=NS");
	ck_assert(!update()); /* the same again */

	input.n_gateways = 0;
	ck_assert(update());
	ck_assert_str_eq(found(ENDPOINT_GATEWAY), "");
}
END_TEST

START_TEST(test_a_changed_gateway_is_a_change)
{
	DiscoveryGateway gateway = {fake_address("192.0.2.1"), "eth0"};

	input.gateways = &gateway;
	input.n_gateways = 1;
	ck_assert(update());
	gateway.address = fake_address("192.0.2.254");
	ck_assert(update());
	ck_assert_str_eq(found(ENDPOINT_GATEWAY), "gateway.eth0 icmp://192.0.2.254");
}
END_TEST

START_TEST(test_peers_are_the_busiest_and_not_probed)
{
	talk("203.0.113.1", 8 * MBIT);
	talk("203.0.113.2", 80 * MBIT);
	talk("203.0.113.3", 100000); /* 125 kB in all */
	ck_assert(update());
	ck_assert_str_eq(found(ENDPOINT_PEER), "peer.203.0.113.2 flow://203.0.113.2, "
					       "peer.203.0.113.1 flow://203.0.113.1");
	input.probe_peers = true;
	ck_assert(update());
	ck_assert_str_eq(found(ENDPOINT_PEER), "peer.203.0.113.2 icmp://203.0.113.2, "
					       "peer.203.0.113.1 icmp://203.0.113.1");
}
END_TEST

START_TEST(test_peers_are_few_and_stay)
{
	char address[32];

	for (int i = 1; i <= 7; i++) {
		(void)snprintf(address, sizeof(address), "203.0.113.%d", i);
		talk(address, (uint64_t)i * 10 * MBIT);
	}
	ck_assert(update());
	ck_assert_uint_eq(discovery.n, DISCOVERY_PEERS_MAX);
	talk("203.0.113.1", 900 * MBIT); /* now the busiest; but there is no room */
	ck_assert(!update());
	fake_host_step(&host, DISCOVERY_PEER_KEEP_NS);
	talk("203.0.113.1", 10 * MBIT);
	ck_assert(update());
	ck_assert_str_eq(found(ENDPOINT_PEER), "peer.203.0.113.1 flow://203.0.113.1");
}
END_TEST

HARNESS_MAIN("discovery", {
	TCase *peers = tcase_create("discovery");

	tcase_add_checked_fixture(peers, setup, teardown);
	tcase_add_test(peers, test_nothing_is_found_where_nothing_is);
	tcase_add_test(peers, test_gateways_and_servers);
	tcase_add_test(peers, test_a_changed_gateway_is_a_change);
	tcase_add_test(peers, test_peers_are_the_busiest_and_not_probed);
	tcase_add_test(peers, test_peers_are_few_and_stay);
	suite_add_tcase(suite, peers);
})
