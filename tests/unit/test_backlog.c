/* SPDX-License-Identifier: MIT */
/* Full queues of listeners: whose limit it is, and when it is a flood. */
#include "tests/unit/controller_bench.h"

static void listener(uint16_t port, uint32_t queue, uint32_t backlog, uint32_t drops)
{
	FlowSample sample = {.state = TCP_STATE_LISTEN,
			     .local = fake_address("0.0.0.0"),
			     .local_port = port,
			     .rqueue = queue,
			     .wqueue = backlog,
			     .drops = drops};

	census_listener_add(&host.census, &sample);
}

static void overflow(uint64_t rate)
{
	host.rates[HOST_PASSIVE_OPENS] = 100;
	host.rates[HOST_LISTEN_OVERFLOWS] = rate;
	fake_host_windows(&host, 3);
	census_listeners_begin(&host.census, host.now_ns);
}

START_TEST(test_somaxconn)
{
	overflow(3);
	bench_refuses(&controller_backlog, "unknown listener");
	listener(22, 0, 128, 0);
	listener(443, 4097, 4096, 270);
	ck_assert(bench_ask(&controller_backlog));
	ck_assert(!proposal.advice);
	ck_assert_uint_eq(proposal.tunables[0].id, TUNABLE_SOMAXCONN);
	ck_assert_int_eq(bench_number(0, 0), 8192);
	ck_assert(proposal.plan.counter.new_only);
	ck_assert_uint_eq(proposal.plan.counter.before_faults, 270);
	ck_assert_uint_eq(proposal.plan.counter.before_load, 9000);
	ck_assert(strstr(proposal.evidence.summary, "0.0.0.0 port 443"));
	ck_assert(strstr(proposal.evidence.summary, "must listen anew"));
	bench_needs(&controller_backlog, TUNABLE_SOMAXCONN);
	bench_set(TUNABLE_SOMAXCONN, "65535");
	host.census.listeners[0].backlog = 65535;
	bench_refuses(&controller_backlog, "as far as it goes");
}
END_TEST

START_TEST(test_program_asks_for_less)
{
	overflow(3);
	listener(8080, 6, 5, 270);
	ck_assert(bench_ask(&controller_backlog));
	ck_assert(proposal.advice);
	ck_assert_uint_eq(proposal.n_tunables, 0);
	ck_assert_uint_eq(proposal.tunables[0].id, _TUNABLES);
	ck_assert_str_eq(proposal.tunables[0].new_value.words, "listener_8080");
	bench_hold_all = true;
	bench_refuses(&controller_backlog, "advice was given");
}
END_TEST

/* Of several, none hides another. */
START_TEST(test_each_listener)
{
	overflow(3);
	listener(8080, 6, 5, 270);
	listener(8081, 6, 5, 200);
	listener(443, 4097, 4096, 100);
	listener(22, 0, 128, 0);
	bench_held_word = "listener_8080";
	ck_assert(bench_ask(&controller_backlog));
	ck_assert_str_eq(proposal.tunables[0].new_value.words, "listener_8081");
	host.census.listeners[1].backlog = 4096;
	ck_assert(bench_ask(&controller_backlog));
	ck_assert_uint_eq(proposal.tunables[0].id, TUNABLE_SOMAXCONN);
	ck_assert(strstr(proposal.evidence.summary, "port 8081"));
	ck_assert(strstr(proposal.evidence.formula, "= 8192"));
}
END_TEST

/* Raised, and the listener is as it was. */
START_TEST(test_yet_to_listen)
{
	overflow(3);
	listener(443, 4097, 4096, 270);
	listener(8080, 6, 5, 200);
	bench_set(TUNABLE_SOMAXCONN, "8192");
	bench_held_word = "listener_8080";
	bench_refuses(&controller_backlog, "port 8080");
	host.census.n_listeners = 1;
	bench_refuses(&controller_backlog, "yet to listen anew");
	bench_set(TUNABLE_SOMAXCONN, "4096");
	ck_assert(bench_ask(&controller_backlog));
	ck_assert(!proposal.advice);
}
END_TEST

/* What it dropped long ago is no matter of today. */
START_TEST(test_past_drops)
{
	overflow(3);
	listener(8080, 0, 5, 270);
	census_listeners_begin(&host.census, host.now_ns);
	listener(8080, 0, 5, 270);
	listener(443, 0, 4096, 3);
	ck_assert(bench_ask(&controller_backlog));
	ck_assert(strstr(proposal.evidence.summary, "port 443"));
}
END_TEST

static void requests_full(uint64_t answered)
{
	host.rates[HOST_PASSIVE_OPENS] = 100;
	host.rates[HOST_REQUEST_QUEUE_FULL] = 100;
	host.rates[HOST_COOKIES_SENT] = 100;
	host.rates[HOST_COOKIES_RECEIVED] = answered;
	fake_host_windows(&host, 3);
	census_listeners_begin(&host.census, host.now_ns);
}

/* As many handshakes under way as may be: the queue's limit is the listener's. */
START_TEST(test_requests)
{
	FlowSample request = {.state = 3, .local_port = 443};

	requests_full(100);
	listener(443, 0, 4096, 0);
	bench_refuses(&controller_backlog, "of an unknown listener");
	census_listeners_begin(&host.census, host.now_ns);
	for (unsigned i = 0; i < 4096; i++)
		census_request_add(&host.census, &request);
	listener(22, 0, 128, 0);
	listener(443, 0, 4096, 0);
	ck_assert(bench_ask(&controller_backlog));
	ck_assert_uint_eq(proposal.tunables[0].id, TUNABLE_SOMAXCONN);
	ck_assert(strstr(proposal.evidence.summary, "port 443"));
	ck_assert_int_eq(proposal.plan.counter.fault, HOST_REQUEST_QUEUE_FULL);
	requests_full(10); /* nobody answers */
	bench_refuses(&controller_backlog, "flood of SYNs");
}
END_TEST

static void cookies(int64_t value)
{
	for (size_t i = 0; i < host_settings_count; i++)
		if (strcmp(host_settings[i].key, "net.ipv4.tcp_syncookies") == 0)
			host.settings.values[i] = value;
}

START_TEST(test_syn_backlog)
{
	host.rates[HOST_PASSIVE_OPENS] = 100;
	host.rates[HOST_LISTEN_DROPS] = 5;
	fake_host_windows(&host, 3);
	bench_refuses(&controller_backlog, "no handshakes are lost"); /* with cookies: others */
	cookies(0);
	ck_assert(bench_ask(&controller_backlog));
	ck_assert_uint_eq(proposal.tunables[0].id, TUNABLE_TCP_MAX_SYN_BACKLOG);
	ck_assert_int_eq(bench_number(0, 0), 4096);
	ck_assert(!proposal.plan.counter.new_only);
	bench_needs(&controller_backlog, TUNABLE_TCP_MAX_SYN_BACKLOG);
	host.rates[HOST_LISTEN_OVERFLOWS] = 5; /* they are the drops */
	fake_host_windows(&host, 3);
	bench_refuses(&controller_backlog, "unknown listener");
}
END_TEST

START_TEST(test_nothing)
{
	bench_refuses(&controller_backlog, "not been watched");
	overflow(0);
	listener(443, 4097, 4096, 3);
	bench_refuses(&controller_backlog, "no handshakes are lost");
}
END_TEST

HARNESS_MAIN("backlog",
	     HARNESS_FIXTURE(suite, "backlog", bench_setup, bench_teardown, test_somaxconn,
			     test_program_asks_for_less, test_each_listener, test_yet_to_listen,
			     test_past_drops, test_requests, test_syn_backlog, test_nothing);)
