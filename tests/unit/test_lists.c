/* SPDX-License-Identifier: MIT */
/*
 * The lists that are read from the kernel: order, limits, what is asked of it and what is not.
 */
#include "daemon/serve/lists.h"

#include <errno.h>
#include <stdio.h>

#include "tests/unit/method_call.h"

START_TEST(test_flows_order)
{
	_cleanup_json_ Json *all = call_root(INTERFACE_LIST_FLOWS, NULL);
	_cleanup_json_ Json *one = call_root(INTERFACE_LIST_FLOWS, "{\"limit\":1}");

	/* What moves data now before what moved more long ago. */
	ck_assert_uint_eq(length_of(all, "flows"), 3);
	ck_assert_int_eq(int_at(element(all, "flows", 0), "remotePort"), 50002);
	ck_assert_int_eq(int_at(element(all, "flows", 1), "remotePort"), 50001);
	ck_assert_int_eq(int_at(element(all, "flows", 2), "remotePort"), 50003);
	ck_assert_uint_eq(length_of(one, "flows"), 1);
	ck_assert_int_eq(int_at(element(one, "flows", 0), "remotePort"), 50002);
	ck_assert_int_eq(int_at(json_get(one, "parameters"), "total"), 3);
}
END_TEST

/* Within the recent ones: by bytes in either direction. */
START_TEST(test_flows_by_bytes)
{
	FlowSample *flows = fake.kernel.flows;
	_cleanup_json_ Json *reply = NULL;

	flows[0].info.raw.last_data_sent_ms = 10000; /* just recent */
	reply = call_root(INTERFACE_LIST_FLOWS, NULL);
	ck_assert_int_eq(int_at(element(reply, "flows", 0), "remotePort"), 50001);
	json_free(reply);
	flows[1].info.raw.bytes_received = 2000000000;
	reply = call_root(INTERFACE_LIST_FLOWS, NULL);
	ck_assert_int_eq(int_at(element(reply, "flows", 0), "remotePort"), 50002);
	json_free(reply);
	flows[0].info.raw.last_data_sent_ms = 60000;
	flows[1].info.raw.data_segs_out = 0; /* never sent: its time says nothing */
	flows[0].info.raw.data_segs_in = 1;
	flows[0].info.raw.last_data_recv_ms = 1;
	reply = call_root(INTERFACE_LIST_FLOWS, NULL);
	ck_assert_int_eq(int_at(element(reply, "flows", 0), "remotePort"), 50001);
}
END_TEST

START_TEST(test_flows_many)
{
	_cleanup_json_ Json *usual = NULL, *most = NULL;

	for (size_t i = 3; i < FAKE_FLOWS_MAX; i++) {
		fake.kernel.flows[i] = fake.kernel.flows[0];
		fake.kernel.flows[i].cookie = i + 1;
	}
	fake.kernel.n_flows = FAKE_FLOWS_MAX;
	usual = call_root(INTERFACE_LIST_FLOWS, NULL);
	ck_assert_uint_eq(length_of(usual, "flows"), LIST_FLOWS_DEFAULT);
	ck_assert_int_eq(int_at(json_get(usual, "parameters"), "total"), FAKE_FLOWS_MAX);
	most = call_root(INTERFACE_LIST_FLOWS, "{\"limit\":1000}");
	ck_assert_uint_eq(length_of(most, "flows"), 1000);
}
END_TEST

/* A dump that was repeated tells the same socket twice. */
START_TEST(test_flows_twice)
{
	_cleanup_json_ Json *reply = NULL;

	fake.kernel.flows[3] = fake.kernel.flows[1];
	fake.kernel.flows[3].info.raw.bytes_acked++;
	fake.kernel.n_flows = 4;
	reply = call_root(INTERFACE_LIST_FLOWS, NULL);
	ck_assert_uint_eq(length_of(reply, "flows"), 3);
	ck_assert_int_eq(int_at(json_get(reply, "parameters"), "total"), 3);
	ck_assert_int_eq(int_at(element(reply, "flows", 0), "ackedBytes"), 5000001);
}
END_TEST

START_TEST(test_processes_only_when_asked)
{
	_cleanup_json_ Json *without = call_root(INTERFACE_LIST_FLOWS, "{\"process\":false}");
	_cleanup_json_ Json *with = NULL, *listeners = NULL;
	const Json *owner;

	ck_assert_uint_eq(fake.kernel.walks, 0);
	ck_assert_ptr_null(json_get(element(without, "flows", 0), "process"));
	ck_assert_ptr_null(json_get(json_get(without, "parameters"), "processesDenied"));
	with = call_root(INTERFACE_LIST_FLOWS, "{\"process\":true}");
	ck_assert_uint_eq(fake.kernel.walks, 1);
	owner = json_get(element(with, "flows", 0), "process");
	ck_assert_int_eq(int_at(owner, "pid"), 77);
	ck_assert_str_eq(string_at(owner, "comm"), "ngi?nx"); /* was no UTF-8 */
	ck_assert_str_eq(string_at(owner, "cgroup"), "/system.slice/nginx.service");
	ck_assert_ptr_null(json_get(element(with, "flows", 1), "process"));
	ck_assert_int_eq(int_at(json_get(with, "parameters"), "processesDenied"), 4);
	listeners = call_root(INTERFACE_LIST_LISTENERS, "{\"process\":true}");
	ck_assert_int_eq(int_at(json_get(element(listeners, "listeners", 1), "process"), "pid"),
			 77);
}
END_TEST

START_TEST(test_listeners)
{
	_cleanup_json_ Json *reply = call_root(INTERFACE_LIST_LISTENERS, NULL);
	const Json *lossy = element(reply, "listeners", 0), *fine = element(reply, "listeners", 1);

	ck_assert_int_eq(int_at(lossy, "port"), 8080);
	ck_assert_str_eq(string_at(lossy, "address"), "::");
	ck_assert_int_eq(int_at(lossy, "queue"), 5);
	ck_assert_int_eq(int_at(lossy, "backlog"), 10);
	ck_assert_int_eq(int_at(lossy, "drops"), 9);
	ck_assert_int_eq(int_at(fine, "port"), 22);
	ck_assert_ptr_null(json_get(fine, "drops")); /* not told */
	json_free(reply);
	/* Without drops the fuller queue, then the lower port. */
	fake.kernel.listeners[1].drops = 0;
	reply = call_root(INTERFACE_LIST_LISTENERS, NULL);
	ck_assert_int_eq(int_at(element(reply, "listeners", 0), "port"), 8080);
	json_free(reply);
	fake.kernel.listeners[1].rqueue = 0;
	reply = call_root(INTERFACE_LIST_LISTENERS, NULL);
	ck_assert_int_eq(int_at(element(reply, "listeners", 0), "port"), 22);
}
END_TEST

START_TEST(test_metrics)
{
	static const char *const unknown[] = {
		"source",      "rttUsec",           "rttVarUsec",       "ssthreshPackets",
		"cwndPackets", "reorderingPackets", "fastOpenMssBytes", "fastOpenDropAgoUsec"};
	_cleanup_json_ Json *reply = call_root(INTERFACE_LIST_METRICS, NULL);
	const Json *fresh = element(reply, "metrics", 0), *bare = element(reply, "metrics", 1);

	ck_assert_str_eq(string_at(fresh, "destination"), "2001:db8::2");
	ck_assert_str_eq(string_at(fresh, "source"), "2001:db8::1");
	ck_assert_int_eq(int_at(fresh, "ageUsec"), 10000);
	ck_assert_int_eq(int_at(fresh, "rttUsec"), 20000);
	ck_assert_int_eq(int_at(fresh, "cwndPackets"), 80);
	ck_assert_int_eq(int_at(fresh, "fastOpenSynDrops"), 1);
	ck_assert_int_eq(int_at(fresh, "fastOpenDropAgoUsec"), 7000000);
	ck_assert(json_bool(json_get(fresh, "fastOpenCookie"), false));
	check_null(bare, unknown, ARRAY_SIZE(unknown));
	ck_assert_int_eq(int_at(json_get(reply, "parameters"), "total"), 2);
}
END_TEST

/* Why it could not be read is said, and nothing half of it is shown. */
START_TEST(test_failures)
{
	static const char *const methods[] = {INTERFACE_LIST_FLOWS, INTERFACE_LIST_LISTENERS,
					      INTERFACE_LIST_METRICS};
	_cleanup_json_ Json *reply = NULL;

	fake.kernel.status = -EPERM;
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		_cleanup_json_ Json *failed = call_root(methods[i], NULL);

		ck_assert_str_eq(error_of(failed), INTERFACE_ERROR_FAILED);
		ck_assert_ptr_nonnull(strstr(parameter_of(failed, "message"), strerror(EPERM)));
		check_error_shape(failed);
	}
	fake.kernel.status = 0;
	fake.kernel.processes_status = -EMFILE;
	reply = call_root(INTERFACE_LIST_FLOWS, "{\"process\":true}");
	ck_assert_str_eq(parameter_of(reply, "message"),
			 "cannot read the owners of sockets: Too many open files");
	check_error_shape(reply);
}
END_TEST

START_TEST(test_endpoint_pages)
{
	static const struct {
		const char *parameters;
		size_t n;
		const char *first;
	} rows[] = {
		{"{\"limit\":2}", 2, "web"},
		{"{\"offset\":1,\"limit\":2}", 2, "lost"},
		{"{\"offset\":5,\"limit\":2}", 1, "resolver"},
		{"{\"offset\":6}", 0, ""},
		{"{\"offset\":2147483647,\"limit\":100}", 0, ""},
		{"{\"name\":\"site\"}", 1, "site"},
		{"{\"name\":\"site\",\"offset\":5}", 1, "site"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ Json *reply =
			call_root(INTERFACE_LIST_ENDPOINTS, rows[i].parameters);

		ck_assert_uint_eq(length_of(reply, "endpoints"), rows[i].n);
		ck_assert_str_eq(string_at(element(reply, "endpoints", 0), "name"), rows[i].first);
		ck_assert_int_eq(int_at(json_get(reply, "parameters"), "total"), FAKE_ENDPOINTS);
	}
}
END_TEST

START_TEST(test_links)
{
	_cleanup_json_ Json *reply = call_root(INTERFACE_LIST_LINKS, NULL);
	const Json *lo = element(reply, "links", 0), *eth = element(reply, "links", 1);
	_cleanup_json_ Json *one = call_root(INTERFACE_LIST_LINKS, "{\"limit\":1}");

	ck_assert_str_eq(string_at(lo, "name"), "lo");
	ck_assert(json_bool(json_get(lo, "loopback"), false));
	ck_assert_ptr_null(json_get(lo, "speedBps"));
	ck_assert_ptr_null(json_get(lo, "kind"));
	ck_assert_ptr_null(json_get(lo, "qdiscStatistics"));
	ck_assert_int_eq(int_at(eth, "speedBps"), 10000000000);
	ck_assert_int_eq(int_at(eth, "receiveDrops"), 4);
	ck_assert_int_eq(int_at(json_get(eth, "qdiscStatistics"), "drops"), 12);
	ck_assert_str_eq(string_at(element(reply, "gateways", 0), "address"), "192.0.2.254");
	ck_assert_str_eq(string_at(element(reply, "gateways", 0), "link"), "eth0");
	ck_assert_ptr_null(json_get(element(reply, "gateways", 1), "address"));
	ck_assert_str_eq(string_at(element(reply, "gateways", 1), "family"), "ipv6");
	ck_assert_uint_eq(length_of(one, "links"), 1);
	ck_assert_uint_eq(length_of(one, "gateways"), 2);
	ck_assert_int_eq(int_at(json_get(one, "parameters"), "total"), 2);
}
END_TEST

/* Only the counters this kernel has; 0 is a value. */
START_TEST(test_counters)
{
	_cleanup_json_ Json *reply = call_root(INTERFACE_LIST_COUNTERS, NULL);
	const Json *sockets = json_get(json_get(reply, "parameters"), "sockets");
	size_t zero = COUNTER_TCP_TIMEOUTS < COUNTER_LISTEN_DROPS ? 0 : 1;

	ck_assert_uint_eq(length_of(reply, "counters"), 2);
	ck_assert_int_eq(int_at(element(reply, "counters", zero), "value"), 0);
	ck_assert_int_eq(int_at(element(reply, "counters", 1 - zero), "value"), 17);
	ck_assert_int_eq(int_at(sockets, "tcp"), 21);
	ck_assert_int_eq(int_at(sockets, "tcpTimeWait"), 300);
}
END_TEST

START_TEST(test_namespaces)
{
	_cleanup_json_ Json *reply = call_root(INTERFACE_LIST_NAMESPACES, NULL);
	const Json *blue = element(reply, "namespaces", 0), *red = element(reply, "namespaces", 1);
	const Json *sysctl = json_at(json_get(blue, "sysctls"), 0);

	ck_assert_int_eq(int_at(blue, "inode"), 4026532001);
	ck_assert_int_eq(int_at(blue, "sockets"), 8);
	ck_assert_int_eq(int_at(blue, "flows"), 7);
	ck_assert_int_eq(int_at(blue, "paths"), 2);
	ck_assert_int_eq(int_at(blue, "sweepAgoUsec"), 3000);
	ck_assert_uint_eq(json_length(json_get(blue, "sysctls")), 1);
	ck_assert_str_eq(string_at(sysctl, "key"), "net.ipv4.tcp_rmem");
	ck_assert_str_eq(string_at(sysctl, "value"), "4096 131072 6291456");
	ck_assert_ptr_null(json_get(blue, "error"));
	ck_assert_uint_eq(json_length(json_get(blue, "counters")), 2);
	ck_assert_str_eq(string_at(red, "name"), "re?d");
	ck_assert_str_eq(string_at(red, "error"), "Operation not permitted");
	ck_assert_ptr_null(json_get(red, "sweepAgoUsec"));
	ck_assert_uint_eq(json_length(json_get(red, "sysctls")), 0);
}
END_TEST

/* The largest replies there can be stay far below what clients accept (16 MiB). */
START_TEST(test_largest)
{
	static Endpoint *many[LIST_ENDPOINTS_MAX + 1];
	_cleanup_json_ Json *flows = NULL, *endpoints = NULL;
	_cleanup_free_ char *text_flows = NULL, *text_endpoints = NULL;

	for (size_t i = 0; i < FAKE_FLOWS_MAX; i++) {
		fake.kernel.flows[i] = fake.kernel.flows[1];
		fake.kernel.flows[i].cookie = i;
		fake.kernel.flows[i].inode = 1002;
	}
	fake.kernel.n_flows = FAKE_FLOWS_MAX;
	flows = call_root(INTERFACE_LIST_FLOWS, "{\"limit\":1000,\"process\":true}");
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = fake.endpoints[FAKE_SITE];
	fake.view.endpoints = many;
	fake.view.n_endpoints = ARRAY_SIZE(many);
	endpoints = call_root(INTERFACE_LIST_ENDPOINTS, NULL);
	ck_assert_uint_eq(length_of(endpoints, "endpoints"), LIST_ENDPOINTS_MAX);
	text_flows = json_format(flows, false);
	text_endpoints = json_format(endpoints, false);
	ck_assert_uint_lt(strlen(text_flows), 2 << 20);
	ck_assert_uint_lt(strlen(text_endpoints), 2 << 20);
}
END_TEST

static void add_all(Suite *suite)
{
	TTest const *const tests[] = {test_flows_order,
				      test_flows_by_bytes,
				      test_flows_many,
				      test_flows_twice,
				      test_processes_only_when_asked,
				      test_listeners,
				      test_metrics,
				      test_failures,
				      test_endpoint_pages,
				      test_links,
				      test_counters,
				      test_namespaces,
				      test_largest};
	TCase *all = tcase_create("lists");

	tcase_add_checked_fixture(all, setup, teardown);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(all, tests[i]);
	suite_add_tcase(suite, all);
}

HARNESS_MAIN("lists", add_all(suite);)
