/* SPDX-License-Identifier: MIT */
/*
 * The rows of the audit on observations made by hand: each finds its fault and says what it costs,
 * and finds nothing where there is none, or where nothing was seen.
 */
#include "cli/audit/rows.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/audit/show.h"
#include "cli/command.h"
#include "common/clock.h"
#include "tests/unit/harness.h"

static Observation seen;
static AuditInput input;
static AuditFindings found;

static void setup(void)
{
	memset(&seen, 0, sizeof(seen));
	memset(&found, 0, sizeof(found));
	input = (AuditInput){.seen = &seen};
	seen.duration_ns = 10 * NSEC_PER_SEC;
	(void)text_copy(seen.port_range, sizeof(seen.port_range), "32768 60999");
	(void)text_copy(seen.somaxconn, sizeof(seen.somaxconn), "4096");
	(void)text_copy(seen.wmem, sizeof(seen.wmem), "4096 16384 4194304");
	(void)text_copy(seen.rmem, sizeof(seen.rmem), "4096 131072 6291456");
}

static void teardown(void)
{
	observation_clear(&seen);
}

/* A connection that was seen twice, 10 s apart; the caller changes what it wants to. */
static ObservedFlow *add_flow(void)
{
	FlowSample sample = {.cookie = seen.n_flows + 1,
			     .remote_port = 443,
			     .local_port = 40000,
			     .state = TCP_STATE_ESTABLISHED};
	ObservedFlow *flow;

	(void)address_parse("192.0.2.1", &sample.local);
	(void)address_parse("198.51.100.7", &sample.remote);
	sample.info.length = TCP_INFO_LENGTH_MAX;
	sample.info.raw.options = TCP_INFO_OPT_TIMESTAMPS | TCP_INFO_OPT_SACK | TCP_INFO_OPT_WSCALE;
	sample.info.raw.snd_mss = 1448;
	sample.info.raw.snd_cwnd = 10;
	sample.info.raw.rtt_us = 20000;
	sample.info.raw.min_rtt_us = 20000;
	(void)text_copy(sample.congestion, sizeof(sample.congestion), "cubic");
	ck_assert_int_eq(observation_add_flow(&seen, &sample, NSEC_PER_SEC), 0);
	ck_assert_int_eq(observation_add_flow(&seen, &sample, 11 * NSEC_PER_SEC), 0);
	flow = &seen.flows[seen.n_flows - 1];
	(void)text_copy(flow->comm, sizeof(flow->comm), "client");
	return flow;
}

static void set_rtt(ObservedFlow *flow, uint32_t us)
{
	flow->last.info.raw.rtt_us = us;
	flow->sum_rtt_us = (uint64_t)flow->samples * us;
}

static ObservedFlow *add_bulk(uint64_t bytes)
{
	ObservedFlow *flow = add_flow();

	flow->last.info.raw.bytes_acked = flow->last.info.raw.bytes_sent = bytes;
	flow->last.info.raw.bytes_received = bytes;
	flow->last.has_skmeminfo = true;
	flow->last.sndbuf = 4194304;
	return flow;
}

static void judge(void (*row)(const AuditInput *input, AuditFindings *ret))
{
	memset(&found, 0, sizeof(found));
	row(&input, &found);
	ck_assert_uint_gt(found.n, 0);
	for (size_t i = 0; i < found.n; i++) {
		ck_assert_str_ne(found.list[i].finding, "");
		ck_assert_int_eq(found.list[i].verdict == AUDIT_IMPROVE,
				 *found.list[i].remedy != '\0');
	}
}

static void expect(void (*row)(const AuditInput *input, AuditFindings *ret), AuditVerdict verdict)
{
	judge(row);
	ck_assert_msg(audit_verdict(&found) == verdict, "%s: %s",
		      audit_verdict_name(audit_verdict(&found)), found.list[0].finding);
}

/* Nothing was seen at all: no row may say that all is well, but those that need no traffic. */
START_TEST(test_blind)
{
	void (*const rows[])(const AuditInput *, AuditFindings *) = {
		audit_nodelay,    audit_keepalive, audit_options,     audit_mtu,
		audit_congestion, audit_buffers,   audit_bufferbloat, audit_receive_buffer,
		audit_http,       audit_fast_open, audit_distance,    audit_tail,
		audit_dns_cache};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expect(rows[i], AUDIT_UNKNOWN);
	(void)text_copy(seen.flows_why, sizeof(seen.flows_why), "no sock_diag");
	(void)text_copy(seen.closed_why, sizeof(seen.closed_why), "run it as root");
	expect(audit_pooling, AUDIT_UNKNOWN);
	ck_assert_str_eq(found.list[0].finding, "run it as root");
	expect(audit_ports, AUDIT_UNKNOWN);
	expect(audit_listen, AUDIT_UNKNOWN);
}
END_TEST

START_TEST(test_nodelay)
{
	ObservedFlow *flow = add_flow();
	FlowSample held = flow->last;

	flow->samples = 100;
	expect(audit_nodelay, AUDIT_OK);
	/* 10 s, 200 answers, held back in nine of ten readings: 45 ms each. */
	held.info.raw.unacked = 1;
	held.info.raw.notsent_bytes = 30;
	held.info.raw.data_segs_in = 200;
	flow->samples = 10;
	for (unsigned i = 0; i < 90; i++)
		ck_assert_int_eq(observation_add_flow(&seen, &held, 11 * NSEC_PER_SEC), 0);
	expect(audit_nodelay, AUDIT_IMPROVE);
	ck_assert_int_eq(found.list[0].cost_us, 45000);
	ck_assert_str_eq(found.list[0].subject, "client to 198.51.100.7:443");
	/* A full segment that waits is not Nagle's; nor one that has no window. */
	seen.flows[0].held_back = 0;
	held.info.raw.notsent_bytes = 1448;
	ck_assert_int_eq(observation_add_flow(&seen, &held, 11 * NSEC_PER_SEC), 0);
	held.info.raw.notsent_bytes = 30;
	held.info.raw.unacked = 10;
	ck_assert_int_eq(observation_add_flow(&seen, &held, 11 * NSEC_PER_SEC), 0);
	ck_assert_uint_eq(seen.flows[0].held_back, 0);
}
END_TEST

START_TEST(test_keepalive)
{
	ObservedFlow *flow = add_flow();

	expect(audit_keepalive, AUDIT_OK);
	flow->last.info.raw.last_data_sent_ms = flow->last.info.raw.last_data_recv_ms = 1000 * 1000;
	expect(audit_keepalive, AUDIT_IMPROVE);
	flow->last.timer = FLOW_TIMER_KEEPALIVE;
	expect(audit_keepalive, AUDIT_OK);
}
END_TEST

START_TEST(test_options)
{
	ObservedFlow *flow;

	(void)add_flow();
	(void)add_flow();
	flow = add_flow();
	expect(audit_options, AUDIT_OK);
	flow->last.info.raw.options = TCP_INFO_OPT_TIMESTAMPS | TCP_INFO_OPT_WSCALE;
	expect(audit_options, AUDIT_IMPROVE);
	ck_assert_ptr_nonnull(strstr(found.list[0].finding, "a box between"));
	for (size_t i = 0; i < seen.n_flows; i++)
		seen.flows[i].last.info.raw.options = TCP_INFO_OPT_TIMESTAMPS | TCP_INFO_OPT_WSCALE;
	expect(audit_options, AUDIT_IMPROVE);
	ck_assert_ptr_nonnull(strstr(found.list[0].remedy, "tcp_sack=1"));
}
END_TEST

START_TEST(test_mtu)
{
	ObservedFlow *flow = add_flow();
	TcpInfoRaw *info = &flow->last.info.raw;

	info->retransmits = 4;
	info->backoff = 4;
	info->bytes_received = 300;
	info->bytes_acked = 500;
	info->bytes_sent = 500 + 5 * 1448;
	expect(audit_mtu, AUDIT_IMPROVE);
	info->bytes_received = 0; /* nothing ever came: the peer is away */
	expect(audit_mtu, AUDIT_OK);
}
END_TEST

static void add_closed(unsigned n, uint32_t uid, uint64_t bytes)
{
	FlowSample sample = {.cookie = 999, .remote_port = 443, .local_port = 50000, .uid = uid};

	(void)address_parse("198.51.100.7", &sample.remote);
	sample.info.length = TCP_INFO_LENGTH_MAX;
	sample.info.raw.rtt_us = 20000;
	sample.info.raw.bytes_acked = bytes;
	for (unsigned i = 0; i < n; i++)
		observation_add_closed(&seen, &sample);
}

START_TEST(test_pooling)
{
	expect(audit_pooling, AUDIT_OK);
	add_closed(9, 1, 500); /* less than one a second */
	add_closed(100, 2, 500000);
	expect(audit_pooling, AUDIT_OK);
	add_closed(50, 3, 500);
	expect(audit_pooling, AUDIT_IMPROVE);
	/* 5 a second, TCP and TLS: two round trips of 20 ms. */
	ck_assert_uint_eq(found.n, 1);
	ck_assert_int_eq(found.list[0].cost_us, 40000);
	ck_assert_int_eq(found.list[0].cost_us_per_s, 200000);
	/* What measures opens connections on purpose. */
	(void)text_copy(seen.closed[seen.n_closed - 1].comm, OBSERVED_COMM_MAX, "netoptd");
	expect(audit_pooling, AUDIT_OK);
	(void)text_copy(seen.closed[seen.n_closed - 1].comm, OBSERVED_COMM_MAX, "client");
	(void)address_parse("2001:db8::1", &seen.closed[seen.n_closed - 1].remote);
	expect(audit_pooling, AUDIT_IMPROVE);
	ck_assert_str_eq(found.list[0].subject, "client to [2001:db8::1]:443");
	/* 5 a second on this host, 0.4 ms each: a thousandth of the time is not worth a word. */
	seen.closed[seen.n_closed - 1].sum_rtt_us = UINT64_C(50) * 400;
	expect(audit_pooling, AUDIT_OK);
}
END_TEST

/* What is left of a connection in FIN_WAIT2 or TIME_WAIT has no counters: zeros are not its last
 * word. */
START_TEST(test_without_info)
{
	ObservedFlow *flow = add_bulk(50 * 1000 * 1000);
	FlowSample bare = flow->last;

	memset(&bare.info, 0, sizeof(bare.info));
	ck_assert_int_eq(observation_add_flow(&seen, &bare, 12 * NSEC_PER_SEC), 0);
	ck_assert_uint_eq(flow->last.info.raw.bytes_acked, 50 * 1000 * 1000);
	bare.cookie = 99;
	ck_assert_int_eq(observation_add_flow(&seen, &bare, 12 * NSEC_PER_SEC), 0);
	ck_assert_uint_eq(seen.n_flows, 1);
}
END_TEST

START_TEST(test_congestion)
{
	ObservedFlow *flow = add_bulk(50 * 1000 * 1000);

	expect(audit_congestion, AUDIT_OK);
	flow->last.info.raw.bytes_retrans = 250000;
	expect(audit_congestion, AUDIT_IMPROVE);
	set_rtt(flow, 40000); /* there is a queue: the losses are its own */
	expect(audit_congestion, AUDIT_OK);
	set_rtt(flow, 20000);
	(void)text_copy(flow->last.congestion, sizeof(flow->last.congestion), "bbr");
	expect(audit_congestion, AUDIT_OK);
}
END_TEST

/* So many looks more, at the flow as it is. */
static void look_again(const ObservedFlow *flow, int times)
{
	FlowSample sample = flow->last;

	for (int i = 0; i < times; i++)
		ck_assert_int_eq(observation_add_flow(&seen, &sample, flow->last_ns), 0);
}

START_TEST(test_buffers)
{
	ObservedFlow *flow = add_bulk(50 * 1000 * 1000);

	expect(audit_buffers, AUDIT_OK);
	flow->last.wmem_queued = 4000000;
	flow->last.info.raw.notsent_bytes = 3500000; /* it waits for the window */
	flow->last.info.raw.unacked = 300;
	look_again(flow, 20);
	expect(audit_buffers, AUDIT_OK);
	flow->last.info.raw.notsent_bytes = 100000;
	flow->last.info.raw.unacked = 2500;
	look_again(flow, 15);
	expect(audit_buffers, AUDIT_OK);
	look_again(flow, 10);
	expect(audit_buffers, AUDIT_IMPROVE);
	flow->last.wmem_queued = 1000; /* the writer had no turn just now */
	look_again(flow, 1);
	expect(audit_buffers, AUDIT_IMPROVE);
	ck_assert_ptr_nonnull(strstr(found.list[0].remedy, "8388608"));
	set_rtt(flow, 60000); /* what more would do is lengthen the queue */
	expect(audit_buffers, AUDIT_OK);
}
END_TEST

START_TEST(test_receive_buffer)
{
	/* 64 KiB of window in 20 ms are 26 Mbit/s. */
	ObservedFlow *flow = add_bulk(32 * 1000 * 1000);

	flow->last.info.raw.rcv_rtt_us = 20000;
	flow->last.info.raw.rcv_wnd = 65536;
	flow->last.rcvbuf = flow->rcvbuf_least = flow->rcvbuf_most = 131072;
	expect(audit_receive_buffer, AUDIT_IMPROVE);
	flow->rcvbuf_least = 65536; /* it grows by itself */
	expect(audit_receive_buffer, AUDIT_OK);
	flow->rcvbuf_least = 131072;
	flow->last.rmem_alloc = 100000; /* the reader had no turn just now */
	look_again(flow, 1);
	expect(audit_receive_buffer, AUDIT_IMPROVE);
	look_again(flow, 20); /* a slow reader */
	expect(audit_receive_buffer, AUDIT_OK);
}
END_TEST

START_TEST(test_bufferbloat)
{
	ObservedFlow *flow = add_bulk(50 * 1000 * 1000);

	expect(audit_bufferbloat, AUDIT_OK);
	/* Of all readings, not of the last. */
	flow->sum_rtt_us = flow->samples * UINT64_C(300000);
	flow->last.info.raw.rtt_us = 20000;
	expect(audit_bufferbloat, AUDIT_IMPROVE);
	ck_assert_int_eq(found.list[0].cost_us, 280000);
	ck_assert_ptr_nonnull(strstr(found.list[0].remedy, "bandwidth 36Mbit"));
}
END_TEST

START_TEST(test_listen)
{
	FlowSample sample = {.local_port = 80, .rqueue = 10, .wqueue = 128, .drops = 5};

	(void)address_parse("0.0.0.0", &sample.local);
	observation_add_listener(&seen, &sample, true);
	expect(audit_listen, AUDIT_OK); /* drops of earlier */
	sample.drops = 25;
	sample.rqueue = 129;
	observation_add_listener(&seen, &sample, false);
	expect(audit_listen, AUDIT_IMPROVE);
	ck_assert_ptr_nonnull(strstr(found.list[0].finding, "20 connections"));
	ck_assert_ptr_nonnull(strstr(found.list[0].remedy, "listen(fd, 4096)"));
	sample.wqueue = 4096;
	observation_add_listener(&seen, &sample, false);
	expect(audit_listen, AUDIT_IMPROVE);
	ck_assert_ptr_nonnull(strstr(found.list[0].remedy, "somaxconn=8192"));
}
END_TEST

START_TEST(test_ports)
{
	FlowSample sample = {.remote_port = 443};

	(void)address_parse("192.0.2.1", &sample.local);
	(void)address_parse("198.51.100.7", &sample.remote);
	for (unsigned i = 0; i < 1000; i++) {
		FlowSample other = sample;

		other.remote_port = (uint16_t)(1000 + i);
		observation_add_peer(&seen, &other);
	}
	for (unsigned i = 0; i < 19000; i++)
		observation_add_peer(&seen, &sample);
	expect(audit_ports, AUDIT_OK); /* of 28,232 */
	for (unsigned i = 0; i < 1000; i++)
		observation_add_peer(&seen, &sample);
	expect(audit_ports, AUDIT_IMPROVE);
	ck_assert_ptr_nonnull(strstr(found.list[0].finding, "20000 of 28232"));
}
END_TEST

START_TEST(test_settings)
{
	expect(audit_settings, AUDIT_UNKNOWN);
	for (size_t i = 0; i < host_settings_count; i++) {
		seen.settings.known[i] = true;
		seen.settings.values[i] = host_settings[i].low;
	}
	expect(audit_settings, AUDIT_OK);
	seen.settings.values[0] = 0;
	expect(audit_settings, AUDIT_IMPROVE);
	ck_assert_str_eq(found.list[0].subject, "net.ipv4.tcp_sack");
	ck_assert_ptr_nonnull(strstr(found.list[0].remedy, "sysctl -w net.ipv4.tcp_sack=1"));
}
END_TEST

START_TEST(test_tuners)
{
	expect(audit_tuners, AUDIT_OK);
	seen.n_tuners = 1;
	seen.tuners[0] = (ObservedTuner){.comm = "tuned", .pid = 77};
	expect(audit_tuners, AUDIT_IMPROVE);
	ck_assert_str_eq(found.list[0].subject, "tuned");
}
END_TEST

START_TEST(test_dns_cache)
{
	seen.n_names = 1;
	(void)text_copy(seen.names[0].name, sizeof(seen.names[0].name), "example.org");
	seen.names[0].first_us = 25000;
	seen.names[0].again_us = 300;
	expect(audit_dns_cache, AUDIT_OK);
	seen.names[0].again_us = 20000;
	expect(audit_dns_cache, AUDIT_IMPROVE);
	ck_assert_int_eq(found.list[0].cost_us, 20000);
	seen.names[0].failed = true;
	expect(audit_dns_cache, AUDIT_UNKNOWN);
}
END_TEST

#define WINDOW(p50, mean, p99)                                                                     \
	"\"windows\":[{\"span\":\"10min\",\"p50Usec\":" #p50 ",\"meanUsec\":" #mean                \
	",\"p99Usec\":" #p99 "}]"
#define PHASE(name, p50) "{\"phase\":\"" name "\"," WINDOW(p50, p50, p50) "}"

static Json *parse(const char *text)
{
	Json *json;

	ck_assert_msg(json_parse(text, strlen(text), &json) == 0, "%s", text);
	return json;
}

START_TEST(test_http)
{
	_cleanup_json_ Json *modern = parse(
		"[{\"name\":\"a\",\"scheme\":\"https\",\"targets\":[{\"http\":{\"h2\":true}}]}]");
	_cleanup_json_ Json *old =
		parse("[{\"name\":\"a\",\"scheme\":\"https\",\"targets\":[{\"http\":{\"h2\":false,"
		      "\"h3\":false},\"phases\":[" PHASE("connect",
							 20000) "," PHASE("tls", 25000) "]}]}]");

	input.endpoints = modern;
	expect(audit_http, AUDIT_OK);
	input.endpoints = old;
	expect(audit_http, AUDIT_IMPROVE);
	ck_assert_int_eq(found.list[0].cost_us, 45000);
}
END_TEST

START_TEST(test_fast_open)
{
	_cleanup_json_ Json *works =
		parse("[{\"name\":\"a\",\"targets\":[{\"tls\":{\"fastOpen\":\"works\"},"
		      "\"phases\":[" PHASE("connect", 20000) "]}]}]");
	_cleanup_json_ Json *none =
		parse("[{\"name\":\"a\",\"targets\":[{\"tls\":{\"fastOpen\":\"none\"}}]}]");

	input.endpoints = none;
	expect(audit_fast_open, AUDIT_OK);
	input.endpoints = works;
	(void)text_copy(seen.fast_open, sizeof(seen.fast_open), "1");
	expect(audit_fast_open, AUDIT_OK);
	(void)text_copy(seen.fast_open, sizeof(seen.fast_open), "0");
	expect(audit_fast_open, AUDIT_IMPROVE);
	ck_assert_int_eq(found.list[0].cost_us, 20000);
}
END_TEST

#define FAR(name, group, p50, propagation)                                                         \
	"{\"name\":\"" name "\",\"group\":\"" group                                                \
	"\"," WINDOW(p50, p50, p50) ",\"targets\":[{\"decomposition\":{\"totalUsec\":" #p50        \
				    ",\"parts\":[{\"part\":\"propagation\",\"usec\":" #propagation \
				    "}]}}]}"

START_TEST(test_distance)
{
	_cleanup_json_ Json *near = parse("[" FAR("a", "", 20000, 18000) "]");
	_cleanup_json_ Json *slow = parse("[" FAR("a", "", 200000, 20000) "]");
	_cleanup_json_ Json *far =
		parse("[" FAR("a", "web", 200000, 180000) "," FAR("b", "web", 50000, 20000) "]");

	input.endpoints = near;
	expect(audit_distance, AUDIT_OK);
	input.endpoints = slow;
	expect(audit_distance, AUDIT_OK);
	input.endpoints = far;
	expect(audit_distance, AUDIT_IMPROVE);
	ck_assert_int_eq(found.list[0].cost_us, 150000);
	ck_assert_ptr_nonnull(strstr(found.list[0].remedy, "use b"));
}
END_TEST

START_TEST(test_tail)
{
	_cleanup_json_ Json *calm = parse("[{\"name\":\"a\"," WINDOW(20000, 21000, 40000) "}]");
	_cleanup_json_ Json *heavy = parse("[{\"name\":\"a\"," WINDOW(20000, 30000, 900000) "}]");
	_cleanup_json_ Json *few = parse("[{\"name\":\"a\"," WINDOW(20000, 30000, null) "}]");

	input.endpoints = calm;
	expect(audit_tail, AUDIT_OK);
	input.endpoints = heavy;
	expect(audit_tail, AUDIT_IMPROVE);
	ck_assert_int_eq(found.list[0].cost_us, 870000);
	input.endpoints = few;
	expect(audit_tail, AUDIT_UNKNOWN);
}
END_TEST

static char manual[128 * 1024];

/* The manual page, a blank for each end of a line. */
static void read_manual(void)
{
	char path[512];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/man/netoptctl.1", getenv("NETOPT_SOURCE"));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	n = read(fd, manual, sizeof(manual) - 1);
	ck_assert_int_gt(n, 0);
	ck_assert_uint_lt((size_t)n, sizeof(manual) - 1);
	(void)close(fd);
	manual[n] = '\0';
	for (char *at = manual; *at; at++)
		*at = *at == '\n' ? ' ' : *at;
}

/* The manual page has each row with its question, in this order, and completion has their names. */
START_TEST(test_manual)
{
	_cleanup_(text_clear) Text items = {.data = NULL}, names = {.data = NULL};

	read_manual();
	for (size_t i = 0; i < n_audit_rows; i++) {
		text_appendf(&items, ".It Sy %s %s ", audit_rows[i].name, audit_rows[i].question);
		text_appendf(&names, "%s%s", i > 0 ? " " : "", audit_rows[i].name);
	}
	ck_assert_ptr_nonnull(strstr(manual, text_string(&items)));
	for (size_t i = 0; i < n_command_options; i++)
		if (text_equal(command_options[i].name, "row"))
			ck_assert_str_eq(command_options[i].choices, text_string(&names));
}
END_TEST

/* The worst stay when there is no room for all. */
START_TEST(test_room)
{
	for (int i = 0; i < AUDIT_FINDINGS_MAX + 3; i++)
		audit_add(&found, AUDIT_IMPROVE)->cost_us = i;
	ck_assert_uint_eq(found.n, AUDIT_FINDINGS_MAX);
	ck_assert_uint_eq(found.left_out, 3);
	for (size_t i = 0; i < found.n; i++)
		ck_assert_int_ge(found.list[i].cost_us, 3);
}
END_TEST

START_TEST(test_show)
{
	AuditResult results[] = {{.row = &audit_rows[0]}, {.row = &audit_rows[1]}};
	Settings settings = {.legend = true, .width = 80};
	_cleanup_(text_clear) Text text = {.data = NULL};
	_cleanup_json_ Json *json = NULL;
	AuditFinding *finding = audit_add(&results[0].findings, AUDIT_IMPROVE);

	finding->cost_us = 40000;
	(void)text_copy(finding->subject, sizeof(finding->subject), "client");
	(void)text_copy(finding->finding, sizeof(finding->finding), "waits");
	(void)text_copy(finding->remedy, sizeof(finding->remedy), "do not");
	audit_say(&results[1].findings, AUDIT_UNKNOWN, "not %s", "seen");
	audit_show(&settings, results, 2, &text);
	ck_assert_ptr_nonnull(strstr(text_string(&text), "nodelay  improve  40.0 ms"));
	ck_assert_ptr_nonnull(strstr(text_string(&text), "remedy    do not"));
	ck_assert_ptr_nonnull(strstr(text_string(&text), "http     unknown        -"));
	json = audit_to_json(results, 2);
	ck_assert_uint_eq(json_length(json_get(json, "findings")), 2);
	ck_assert_int_eq(json_int(json_get(json_at(json_get(json, "findings"), 0), "costUsec"), 0),
			 40000);
}
END_TEST

static void add_all(Suite *suite)
{
	const TTest *const tests[] = {
		test_blind,   test_nodelay,        test_keepalive,    test_options,
		test_mtu,     test_pooling,        test_without_info, test_congestion,
		test_buffers, test_receive_buffer, test_bufferbloat,  test_listen,
		test_ports,   test_settings,       test_tuners,       test_dns_cache,
		test_http,    test_fast_open,      test_distance,     test_tail,
		test_manual,  test_room,           test_show};
	TCase *all = tcase_create("audit");

	tcase_add_checked_fixture(all, setup, teardown);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(all, tests[i]);
	suite_add_tcase(suite, all);
}

HARNESS_MAIN("audit", add_all(suite);)
