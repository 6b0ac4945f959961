/* SPDX-License-Identifier: MIT */
/*
 * The endpoints of a daemon made by hand.
 */
#include "tests/unit/fake_daemon.h"

#include <stdio.h>
#include <string.h>

static Endpoint *make_endpoint(const char *name, const char *url, const char *scheme,
			       ProbePhase headline, ProbePhase rtt)
{
	EndpointSpec spec = {.name = name,
			     .url = url,
			     .scheme = scheme,
			     .group = "",
			     .objective = "balanced",
			     .headline = headline,
			     .rtt = rtt};
	Endpoint *endpoint;

	if (endpoint_new(&spec, &endpoint) < 0)
		abort();
	endpoint->resolving = false;
	return endpoint;
}

static void set_address(Endpoint *endpoint, int family, const char *text)
{
	Address address = fake_address(text);

	endpoint_set_address(endpoint, family, &address);
	endpoint->resolved_ns = NSEC_PER_SEC;
}

static void add_result(Endpoint *endpoint, const ProbeResult *result)
{
	if (endpoint_add_result(endpoint, result) < 0)
		abort();
}

/* A hundred and fifty good probes and one that timed out. */
static Endpoint *make_web(const FakeDaemon *daemon)
{
	Endpoint *web =
		make_endpoint("web", "tcp://web.example:443", "tcp", PHASE_CONNECT, PHASE_CONNECT);

	web->target_p99_ns = 50 * NSEC_PER_MSEC;
	set_address(web, AF_INET, "192.0.2.1");
	for (uint32_t i = 0; i < 151; i++) {
		ProbeResult result = {.outcome = i == 0 ? PROBE_TIMEOUT : PROBE_OK,
				      .address = fake_address("192.0.2.1"),
				      .when_ns = daemon->now_ns - (151 - i) * NSEC_PER_SEC,
				      .failed_in = PHASE_CONNECT};

		if (i > 0) {
			result.wall_us = 20030 + i;
			probe_result_set(&result, PHASE_CONNECT, (20000 + i) * NSEC_PER_USEC);
			probe_result_set(&result, PHASE_OVERHEAD, 30 * NSEC_PER_USEC);
		}
		add_result(web, &result);
	}
	return web;
}

static Endpoint *make_down(const FakeDaemon *daemon)
{
	Endpoint *down =
		make_endpoint("down", "tcp://192.0.2.9:25", "tcp", PHASE_CONNECT, PHASE_CONNECT);

	set_address(down, AF_INET, "192.0.2.9");
	for (uint32_t i = 0; i < 4; i++) {
		ProbeResult result = {.outcome = PROBE_REFUSED,
				      .address = fake_address("192.0.2.9"),
				      .when_ns = daemon->now_ns - (4 - i) * NSEC_PER_SEC,
				      .failed_in = PHASE_CONNECT,
				      .wall_us = 20000,
				      .error = 111};

		add_result(down, &result);
	}
	return down;
}

static const ProbeFacts site_facts = {
	.has_tls = true,
	.has_http = true,
	.tls = {.version = "TLSv1.3",
		.cipher = "TLS_AES_256_GCM_SHA384",
		.alpn = "h2",
		.trust = TRUST_VERIFIED,
		.has_days_left = true,
		.days_left = 80,
		.rounds = 1,
		.resumable = true,
		.resumed = true,
		.fastopen = FASTOPEN_COOKIE},
	.http = {.status = 200, .h2 = true, .h3 = true, .body_bytes = 1234, .server = "n\xffx"},
};

static void add_site_result(Endpoint *site, const char *address, uint64_t when_ns, uint32_t rtt_us)
{
	ProbeResult result = {.outcome = PROBE_OK,
			      .address = fake_address(address),
			      .when_ns = when_ns,
			      .facts = &site_facts};
	const struct {
		ProbePhase phase;
		uint32_t us;
	} times[] = {{PHASE_CONNECT, rtt_us},          {PHASE_TLS, rtt_us + 5000},
		     {PHASE_RESUMED, rtt_us + 900},    {PHASE_REQUEST, rtt_us + 30000},
		     {PHASE_TRANSFER, 2000},           {PHASE_OVERHEAD, 100},
		     {PHASE_TOTAL, 3 * rtt_us + 37100}};

	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		probe_result_set(&result, times[i].phase, times[i].us * NSEC_PER_USEC);
	result.wall_us = 3 * rtt_us + 37100;
	add_result(site, &result);
}

/* Over both families: the old with a SYN that was lost last, the new with everything. */
static Endpoint *make_site(const FakeDaemon *daemon)
{
	Endpoint *site =
		make_endpoint("site", "https://site.example/", "https", PHASE_TOTAL, PHASE_CONNECT);
	ProbeResult retransmit = {.outcome = PROBE_SYN_RETRANSMIT,
				  .address = fake_address("192.0.2.3"),
				  .when_ns = daemon->now_ns - NSEC_PER_SEC,
				  .wall_us = 1040000,
				  .failed_in = PHASE_CONNECT,
				  .syn_retransmits = 1};

	(void)snprintf(site->group, sizeof(site->group), "eu");
	site->target_p50_ns = 50 * NSEC_PER_MSEC;
	set_address(site, AF_INET, "192.0.2.3");
	set_address(site, AF_INET6, "2001:db8::3");
	for (uint32_t i = 0; i < 120; i++) {
		uint64_t when_ns = daemon->now_ns - (130 - i) * NSEC_PER_SEC;

		add_site_result(site, "2001:db8::3", when_ns, 40000 + i % 3 * 100);
		if (i < 30)
			add_site_result(site, "192.0.2.3", when_ns, 10000);
	}
	add_result(site, &retransmit);
	return site;
}

static Endpoint *make_found(const FakeDaemon *daemon, const char *name, const char *scheme,
			    EndpointOrigin origin, ProbePhase phase, const ProbeFacts *facts)
{
	Endpoint *endpoint = make_endpoint(name, "", scheme, phase, phase);

	(void)snprintf(endpoint->url, sizeof(endpoint->url), "%s://192.0.2.254", scheme);
	endpoint->origin = origin;
	set_address(endpoint, AF_INET, "192.0.2.254");
	for (uint32_t i = 0; i < 3; i++) {
		ProbeResult result = {.outcome = PROBE_OK,
				      .address = fake_address("192.0.2.254"),
				      .when_ns = daemon->now_ns - (3 - i) * NSEC_PER_SEC,
				      .wall_us = 400,
				      .facts = facts};

		probe_result_set(&result, phase, 350 * NSEC_PER_USEC);
		add_result(endpoint, &result);
	}
	return endpoint;
}

void fake_endpoints_make(FakeDaemon *daemon)
{
	static const ProbeFacts icmp = {.has_icmp = true, .icmp = {.raw = true, .ttl = 64}};
	static const ProbeFacts dns = {
		.has_dns = true,
		.dns = {.answers = 2, .has_ttl = true, .ttl_s = 300, .cached = true}};
	Endpoint *lost =
		make_endpoint("lost", "tcp://lost.example:80", "tcp", PHASE_CONNECT, PHASE_CONNECT);

	(void)snprintf(lost->resolve_error, sizeof(lost->resolve_error), "no such name");
	daemon->endpoints[FAKE_WEB] = make_web(daemon);
	daemon->endpoints[FAKE_LOST] = lost;
	daemon->endpoints[FAKE_DOWN] = make_down(daemon);
	daemon->endpoints[FAKE_SITE] = make_site(daemon);
	daemon->endpoints[FAKE_GATEWAY] =
		make_found(daemon, "gateway", "icmp", ENDPOINT_GATEWAY, PHASE_ECHO, &icmp);
	daemon->endpoints[FAKE_RESOLVER] =
		make_found(daemon, "resolver", "dns", ENDPOINT_RESOLVER, PHASE_ANSWER, &dns);
}
