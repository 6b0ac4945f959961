/* SPDX-License-Identifier: MIT */
/*
 * Synthetic series whose truth is known: so much propagation, queueing, cryptography, server time.
 * A median is within 1/128 of it; the parts add up, and none is negative.
 */
#include "daemon/model/decompose.h"

#include <string.h>

#include "common/base.h"
#include "common/clock.h"
#include "common/random.h"
#include "tests/unit/harness.h"

typedef struct Truth {
	double propagation_us, queueing_us; /* of one round trip; queueing: mean */
	double tls_us, server_us, transfer_us, overhead_us, resolve_us;
	unsigned tls_rounds; /* 0: no TLS */
} Truth;

static Endpoint *endpoint;
static EndpointTarget *target;
static Address address;
static uint64_t now = 5 * NSEC_PER_DAY, state;
static Random rnd;
static ProbeFacts facts;

static void make(const char *scheme, ProbePhase headline, ProbePhase rtt)
{
	EndpointSpec spec = {.name = "x",
			     .url = "x",
			     .scheme = scheme,
			     .group = "",
			     .objective = "latency",
			     .headline = headline,
			     .rtt = rtt};

	state = 42;
	rnd = random_seeded(&state);
	facts = (ProbeFacts){0};
	endpoint_free(endpoint);
	ck_assert_int_eq(endpoint_new(&spec, &endpoint), 0);
	ck_assert_int_eq(address_parse("192.0.2.1", &address), 0);
	endpoint_set_address(endpoint, AF_INET, &address);
	target = &endpoint->targets[ENDPOINT_IPV4];
}

static void setup(void)
{
	make("https", PHASE_TOTAL, PHASE_CONNECT);
}

static void teardown(void)
{
	endpoint_free(endpoint);
	endpoint = NULL;
}

static double rtt_of(const Truth *truth)
{
	return truth->propagation_us + random_exponential(&rnd, truth->queueing_us + 1e-9);
}

static void set(ProbeResult *result, ProbePhase phase, double us)
{
	probe_result_set(result, phase, (uint64_t)(us * 1000));
}

/* An hour of probes of an HTTPS server, every 10 s. */
static void probe(const Truth *truth, unsigned n)
{
	for (; n > 0; n--) {
		double connect = rtt_of(truth), request = rtt_of(truth) + truth->server_us;
		double tls = truth->tls_us, total;
		ProbeResult result = {.address = address, .when_ns = now, .facts = &facts};

		facts.has_tls = truth->tls_rounds > 0;
		facts.tls.rounds = (uint8_t)truth->tls_rounds;
		for (unsigned i = 0; i < truth->tls_rounds; i++)
			tls += rtt_of(truth);
		set(&result, PHASE_CONNECT, connect);
		set(&result, PHASE_REQUEST, request);
		set(&result, PHASE_TRANSFER, truth->transfer_us);
		set(&result, PHASE_OVERHEAD, truth->overhead_us);
		if (truth->tls_rounds > 0)
			set(&result, PHASE_TLS, tls);
		if (truth->resolve_us > 0)
			set(&result, PHASE_RESOLVE, truth->resolve_us);
		total = connect + request + truth->transfer_us + truth->overhead_us +
			(truth->tls_rounds > 0 ? tls : 0);
		set(&result, PHASE_TOTAL, total);
		ck_assert_int_ge(endpoint_add_result(endpoint, &result), 0);
		now += 10 * NSEC_PER_SEC;
	}
}

static Decomposition decomposed(void)
{
	Decomposition d;
	uint64_t sum = 0;

	memset(&d, 0xff, sizeof(d));
	decompose(endpoint, target, WINDOW_1H, now, &d);
	for (DecompositionPart part = 0; part < _PARTS; part++) {
		ck_assert(d.has[part] || d.us[part] == 0);
		sum += d.us[part];
	}
	ck_assert_uint_eq(sum, d.total_us);
	return d;
}

static void assert_part(const Decomposition *d, DecompositionPart part, double us, double tolerance)
{
	ck_assert_msg(d->has[part], "%s is absent", decomposition_part_name(part));
	ck_assert_msg(d->us[part] >= us - tolerance && d->us[part] <= us + tolerance,
		      "%s: %u instead of %.0f +- %.0f", decomposition_part_name(part), d->us[part],
		      us, tolerance);
}

START_TEST(test_nothing_measured)
{
	ProbeResult lost = {.outcome = PROBE_TIMEOUT, .address = address, .when_ns = now};
	Decomposition d = decomposed();

	ck_assert_uint_eq(d.samples, 0);
	ck_assert(!d.has_floor);
	ck_assert_int_eq(endpoint_add_result(endpoint, &lost), 0);
	d = decomposed();
	ck_assert_uint_eq(d.samples, 0);
	ck_assert_uint_eq(d.total_us, 0);
	for (DecompositionPart part = 0; part < _PARTS; part++)
		ck_assert(!d.has[part]);
}
END_TEST

START_TEST(test_an_empty_path)
{
	Truth truth = {.propagation_us = 20000,
		       .tls_us = 3000,
		       .server_us = 7000,
		       .transfer_us = 1000,
		       .overhead_us = 500,
		       .resolve_us = 2000,
		       .tls_rounds = 1};
	Decomposition d;

	probe(&truth, 300);
	d = decomposed();
	ck_assert_uint_eq(d.samples, 300);
	ck_assert_uint_eq(d.rounds, 3);
	ck_assert(d.has_floor);
	ck_assert_uint_eq(d.floor_us, 20000);
	assert_part(&d, PART_PROPAGATION, 60000, 0);
	assert_part(&d, PART_QUEUEING, 0, 0);
	assert_part(&d, PART_TLS, 3000, 200);
	assert_part(&d, PART_SERVER, 7000, 250);
	assert_part(&d, PART_TRANSFER, 1000, 8);
	assert_part(&d, PART_OVERHEAD, 500, 4);
	assert_part(&d, PART_RESOLVE, 2000, 16);
	ck_assert_uint_le(d.total_us, 73500 + 600);
	ck_assert_uint_ge(d.total_us, 73500 - 600);
}
END_TEST

/* Three of four parts in a queue: it shows as that, and not as anything else. */
START_TEST(test_a_queue_is_a_queue)
{
	Truth truth = {.propagation_us = 20000,
		       .queueing_us = 10000,
		       .tls_us = 3000,
		       .server_us = 7000,
		       .tls_rounds = 2};
	Decomposition d;

	probe(&truth, 360);
	d = decomposed();
	ck_assert_uint_eq(d.rounds, 4);
	assert_part(&d, PART_PROPAGATION, 80000, 1000);
	assert_part(&d, PART_QUEUEING, 4 * 6931, 5000); /* median of an exponential: ln 2 */
	/* the median of two queues together is more than twice the median of one */
	assert_part(&d, PART_TLS, 3000 + 16783 - 2 * 6931, 4000);
	assert_part(&d, PART_SERVER, 7000, 2500);
	ck_assert(!d.has[PART_RESOLVE]);
}
END_TEST

START_TEST(test_without_tls)
{
	Truth truth = {.propagation_us = 5000, .server_us = 90000};
	Decomposition d;

	probe(&truth, 10);
	d = decomposed();
	ck_assert_uint_eq(d.rounds, 2);
	ck_assert(!d.has[PART_TLS]);
	assert_part(&d, PART_SERVER, 90000, 800);
}
END_TEST

/* A remainder below zero is no part: a request that is faster than the handshake. */
START_TEST(test_never_negative)
{
	Truth truth = {
		.propagation_us = 20000, .server_us = -5000, .tls_us = -9000, .tls_rounds = 1};
	Decomposition d;

	probe(&truth, 10);
	d = decomposed();
	assert_part(&d, PART_SERVER, 0, 0);
	assert_part(&d, PART_TLS, 0, 0);
	assert_part(&d, PART_PROPAGATION, 60000, 0);
}
END_TEST

/* Just after the route got longer, the window is still of the shorter one. */
START_TEST(test_a_floor_above_the_median)
{
	Truth truth = {.propagation_us = 20000};
	Decomposition d;

	probe(&truth, 300);
	target->floor.floor_us = 30000;
	d = decomposed();
	ck_assert_uint_eq(d.floor_us, 30000);
	assert_part(&d, PART_PROPAGATION, 2 * 20000, 2 * 20000 / 128);
	assert_part(&d, PART_QUEUEING, 0, 0);
}
END_TEST

START_TEST(test_icmp_is_all_network)
{
	Decomposition d;

	make("icmp", PHASE_ECHO, PHASE_ECHO);
	for (unsigned i = 0; i < 300; i++) {
		ProbeResult result = {.address = address, .when_ns = now};

		set(&result, PHASE_ECHO, i % 3 == 0 ? 10000 : 14000);
		set(&result, PHASE_OVERHEAD, 40);
		ck_assert_int_eq(endpoint_add_result(endpoint, &result), 0);
		now += NSEC_PER_SEC;
	}
	d = decomposed();
	ck_assert_uint_eq(d.rounds, 1);
	assert_part(&d, PART_PROPAGATION, 10000, 0);
	assert_part(&d, PART_QUEUEING, 4000, 110);
	assert_part(&d, PART_OVERHEAD, 40, 0);
	ck_assert(!d.has[PART_SERVER] && !d.has[PART_TLS] && !d.has[PART_TRANSFER]);
}
END_TEST

START_TEST(test_dns)
{
	Decomposition d;

	make("dns", PHASE_ANSWER, _PROBE_PHASES);
	for (unsigned i = 0; i < 30; i++) {
		ProbeResult result = {.address = address, .when_ns = now};

		set(&result, PHASE_ANSWER, 30000);
		if (i == 7)
			set(&result, PHASE_CACHED, 2000);
		ck_assert_int_eq(endpoint_add_result(endpoint, &result), 0);
		now += NSEC_PER_SEC;
	}
	d = decomposed();
	ck_assert_uint_eq(d.rounds, 1);
	ck_assert(d.has_floor);
	ck_assert_uint_eq(d.floor_us, 2000);
	assert_part(&d, PART_PROPAGATION, 2000, 0);
	assert_part(&d, PART_SERVER, 28000, 0);
	ck_assert(!d.has[PART_QUEUEING]);
	ck_assert_uint_eq(d.total_us, 30000);
}
END_TEST

START_TEST(test_part_names)
{
	static const char *const names[] = {"resolve", "propagation", "queueing", "tls",
					    "server",  "transfer",    "overhead"};

	ck_assert_uint_eq(ARRAY_SIZE(names), _PARTS);
	for (DecompositionPart part = 0; part < _PARTS; part++)
		ck_assert_str_eq(decomposition_part_name(part), names[part]);
}
END_TEST

START_TEST(test_syn_retransmits)
{
	static const struct {
		unsigned retransmits;
		uint32_t wall_us;
		unsigned linear;
		const char *sentence;
	} cases[] = {
		{1, 1040000, 4, "1.04 s: one SYN was lost and sent again after 1 s, then 40.0 ms"},
		{1, 1040000, 0, "1.04 s: one SYN was lost and sent again after 1 s, then 40.0 ms"},
		{2, 2040000, 4,
		 "2.04 s: 2 SYNs were lost and sent again after 1 + 1 s, then 40.0 ms"},
		{2, 3040000, 0,
		 "3.04 s: 2 SYNs were lost and sent again after 1 + 2 s, then 40.0 ms"},
		{3, 8500000, 0,
		 "8.50 s: 3 SYNs were lost and sent again after 1 + 2 + 4 s, then 1.50 s"},
		{2, 3010000, 1,
		 "3.01 s: 2 SYNs were lost and sent again after 1 + 1 s, then 1.01 s"},
		/* 1 1 1 1 1 2: four linear ones, and the first of the exponential */
		{6, 7100000, 4, "7.10 s: 6 SYNs were lost and sent again after 7 s, then 100 ms"},
		{5, 31100000, 0,
		 "31.10 s: 5 SYNs were lost and sent again after 31 s, then 100 ms"},
		/* answered late, not lost */
		{1, 900000, 4, "900 ms: one SYN was sent again after 1 s"},
		{2, 1500000, 4, "1.50 s: 2 SYNs were sent again after 1 + 1 s"},
		{0, 40000, 4, "40.0 ms: no SYN was lost"},
	};
	char buffer[160];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ck_assert_ptr_eq(decompose_syn_retransmits(cases[i].retransmits, cases[i].wall_us,
							   cases[i].linear, buffer, sizeof(buffer)),
				 buffer);
		ck_assert_str_eq(buffer, cases[i].sentence);
	}
	/* whatever comes, it ends, and fits */
	decompose_syn_retransmits(UINT32_MAX, UINT32_MAX, UINT32_MAX, buffer, sizeof(buffer));
	ck_assert_uint_lt(strlen(buffer), sizeof(buffer) - 1);
	decompose_syn_retransmits(3, 5000000, 4, buffer, 8);
	ck_assert_uint_eq(strlen(buffer), 7);
}
END_TEST

HARNESS_MAIN("decompose",
	     HARNESS_FIXTURE(suite, "https", setup, teardown, test_nothing_measured,
			     test_an_empty_path, test_a_queue_is_a_queue, test_without_tls,
			     test_never_negative, test_a_floor_above_the_median);
	     HARNESS_FIXTURE(suite, "others", setup, teardown, test_icmp_is_all_network, test_dns);
	     HARNESS_CASE(suite, "words", test_part_names, test_syn_retransmits);)
