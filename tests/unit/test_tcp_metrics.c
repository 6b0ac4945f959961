/* SPDX-License-Identifier: MIT */
/*
 * Recorded and made-up messages, and the kernel in a network namespace of the test's own.
 */
#include "daemon/kern/tcp_metrics.h"

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/tcp_metrics.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "common/base.h"
#include "tests/unit/harness.h"
#include "tests/unit/own_netns.h"
#include "tests/unit/recorded.h"

static int decode(const Recorded *message, size_t length, TcpMetric *ret_metric)
{
	_cleanup_free_ struct nlmsghdr *copy = recorded_copy(message, length);
	return tcp_metrics_decode(copy, ret_metric);
}

static TcpMetric decoded(const char *name)
{
	Recorded message = recorded(name);
	TcpMetric metric;
	memset(&metric, 0xa5, sizeof(metric));
	ck_assert_int_eq(decode(&message, message.length, &metric), 0);
	return metric;
}

static void check_address(const Address *address, const char *expected)
{
	char text[ADDRESS_TEXT_MAX];
	ck_assert_str_eq(address_format(address, text), expected);
}

START_TEST(test_recorded)
{
	TcpMetric metric = decoded("tcp_metrics/ipv4");
	check_address(&metric.destination, "127.0.0.2");
	check_address(&metric.source, "127.0.0.1");
	ck_assert_uint_eq(metric.rtt_us, 12);
	ck_assert_uint_eq(metric.rttvar_us, 9);
	ck_assert_uint_eq(metric.cwnd, 17);
	ck_assert_uint_eq(metric.ssthresh, 0);
	ck_assert_uint_eq(metric.age_ms, 0);
	ck_assert(!metric.has_cookie);
	ck_assert_uint_eq(metric.fastopen_mss, 0);

	metric = decoded("tcp_metrics/cookie");
	check_address(&metric.destination, "127.0.0.3");
	ck_assert(metric.has_cookie);
	ck_assert_uint_eq(metric.fastopen_mss, 65495);
	ck_assert_uint_eq(metric.fastopen_syn_drops, 0);
	ck_assert_uint_eq(metric.fastopen_drop_age_ms, 0);

	metric = decoded("tcp_metrics/ipv6");
	check_address(&metric.destination, "::1");
	check_address(&metric.source, "::1");
	ck_assert_uint_eq(metric.rtt_us, 18);
}
END_TEST

static Recorded message_for(uint8_t command)
{
	static const uint8_t address[] = {192, 0, 2, 1};
	struct genlmsghdr header = {.cmd = command, .version = 1};
	Recorded message = recorded_start(33, &header, sizeof(header));
	recorded_put(&message, TCP_METRICS_ATTR_ADDR_IPV4, address, sizeof(address));
	return message;
}

static void put_value(Recorded *nest, unsigned index, uint32_t value)
{
	recorded_put(nest, (uint16_t)(index + 1), &value, sizeof(value));
}

static void put_nest(Recorded *message, const Recorded *nest)
{
	recorded_put(message, TCP_METRICS_ATTR_VALS | NLA_F_NESTED, nest->bytes + NLMSG_HDRLEN,
		     nest->length - NLMSG_HDRLEN);
}

START_TEST(test_values)
{
	TcpMetric metric;
	Recorded message = message_for(TCP_METRICS_CMD_GET);
	Recorded nest = recorded_start(0, "", 0);
	put_value(&nest, TCP_METRIC_RTT, 80);
	put_value(&nest, TCP_METRIC_RTTVAR, 20);
	put_value(&nest, TCP_METRIC_SSTHRESH, 44);
	put_value(&nest, TCP_METRIC_CWND, 55);
	put_value(&nest, TCP_METRIC_REORDERING, 6);
	put_value(&nest, TCP_METRIC_MAX + 1, 777); /* of a newer kernel */
	put_nest(&message, &nest);
	ck_assert_int_eq(decode(&message, message.length, &metric), 0);
	ck_assert_uint_eq(metric.rtt_us, 10000); /* eightfold milliseconds, of an old kernel */
	ck_assert_uint_eq(metric.rttvar_us, 5000);
	ck_assert_uint_eq(metric.ssthresh, 44);
	ck_assert_uint_eq(metric.cwnd, 55);
	ck_assert_uint_eq(metric.reordering, 6);
	ck_assert_int_eq(metric.source.family, AF_UNSPEC);

	put_value(&nest, TCP_METRIC_RTT_US, 80808);
	put_value(&nest, TCP_METRIC_RTTVAR_US, 20204);
	message = message_for(TCP_METRICS_CMD_GET);
	put_nest(&message, &nest);
	ck_assert_int_eq(decode(&message, message.length, &metric), 0);
	ck_assert_uint_eq(metric.rtt_us, 10101);
	ck_assert_uint_eq(metric.rttvar_us, 5051);

	nest = recorded_start(0, "", 0);
	put_value(&nest, TCP_METRIC_RTT, UINT32_MAX);
	message = message_for(TCP_METRICS_CMD_GET);
	put_nest(&message, &nest);
	ck_assert_int_eq(decode(&message, message.length, &metric), 0);
	ck_assert_uint_eq(metric.rtt_us, UINT32_MAX); /* not wrapped */
}
END_TEST

START_TEST(test_fastopen)
{
	const uint16_t drops = 3, none = 0;
	const uint64_t age = 123456, entry_age = 5000000000;
	TcpMetric metric;
	Recorded message = message_for(TCP_METRICS_CMD_GET);
	recorded_put(&message, TCP_METRICS_ATTR_AGE, &entry_age, sizeof(entry_age));
	recorded_put(&message, TCP_METRICS_ATTR_FOPEN_SYN_DROPS, &drops, sizeof(drops));
	recorded_put(&message, TCP_METRICS_ATTR_FOPEN_SYN_DROP_TS, &age, sizeof(age));
	ck_assert_int_eq(decode(&message, message.length, &metric), 0);
	ck_assert_uint_eq(metric.fastopen_syn_drops, 3);
	ck_assert_uint_eq(metric.fastopen_drop_age_ms, 123456);
	ck_assert_uint_eq(metric.age_ms, 5000000000);
	ck_assert(!metric.has_cookie);
	recorded_put(&message, TCP_METRICS_ATTR_FOPEN_COOKIE, "", 0);
	ck_assert_int_eq(decode(&message, message.length, &metric), 0);
	ck_assert(!metric.has_cookie); /* an empty one is none */
	recorded_put(&message, TCP_METRICS_ATTR_FOPEN_SYN_DROPS, &none, sizeof(none));
	ck_assert_int_eq(decode(&message, message.length, &metric), 0);
	ck_assert_uint_eq(metric.fastopen_drop_age_ms, 0);
}
END_TEST

START_TEST(test_malformed)
{
	TcpMetric metric = {.cwnd = 42};
	Recorded message = message_for(TCP_METRICS_CMD_DEL);
	ck_assert_int_eq(decode(&message, message.length, &metric), -EBADMSG);
	message = message_for(TCP_METRICS_CMD_GET);
	for (size_t length = NLMSG_HDRLEN; length < message.length; length++)
		ck_assert_int_eq(decode(&message, length, &metric), -EBADMSG);
	Recorded whole = recorded("tcp_metrics/cookie");
	for (size_t length = NLMSG_HDRLEN; length < whole.length; length++)
		(void)decode(&whole, length, &metric); /* must not read past it */

	/* A nest whose attribute claims more than there is. */
	Recorded nest = recorded_start(0, "", 0);
	put_value(&nest, TCP_METRIC_CWND, 9);
	nest.bytes[NLMSG_HDRLEN] = 12;
	metric.cwnd = 42;
	put_nest(&message, &nest);
	ck_assert_int_eq(decode(&message, message.length, &metric), -EBADMSG);
	ck_assert_uint_eq(metric.cwnd, 42); /* untouched */

	/* Attributes shorter than what they stand for are as if absent. */
	message = message_for(TCP_METRICS_CMD_GET);
	recorded_put(&message, TCP_METRICS_ATTR_AGE, "\1\2", 2);
	recorded_put(&message, TCP_METRICS_ATTR_FOPEN_MSS, "\1", 1);
	recorded_put(&message, TCP_METRICS_ATTR_SADDR_IPV6, "\1\2\3\4", 4);
	ck_assert_int_eq(decode(&message, message.length, &metric), 0);
	ck_assert_uint_eq(metric.age_ms, 0);
	ck_assert_uint_eq(metric.fastopen_mss, 0);
	ck_assert_int_eq(metric.source.family, AF_UNSPEC);
}
END_TEST

static struct sockaddr_in listening(int *ret_fd, const char *address)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	socklen_t length = sizeof(sa);
	const int queue = 16;
	ck_assert_int_eq(inet_pton(AF_INET, address, &sa.sin_addr), 1);
	*ret_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(*ret_fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	(void)setsockopt(*ret_fd, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof(queue));
	ck_assert_int_eq(listen(*ret_fd, 16), 0);
	ck_assert_int_eq(getsockname(*ret_fd, (struct sockaddr *)&sa, &length), 0);
	return sa;
}

/* One connection with some data both ways. */
static void talk(const char *address, bool fast)
{
	char data[512] = {0};
	int server;
	struct sockaddr_in sa = listening(&server, address);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fast)
		ck_assert_int_eq(
			sendto(client, data, 1, MSG_FASTOPEN, (struct sockaddr *)&sa, sizeof(sa)),
			1);
	else
		ck_assert_int_eq(connect(client, (struct sockaddr *)&sa, sizeof(sa)), 0);
	int peer = accept(server, NULL, NULL);
	ck_assert_int_ge(peer, 0);
	for (int i = 0; i < 8; i++) {
		ck_assert_int_eq(send(peer, data, sizeof(data), 0), sizeof(data));
		ck_assert_int_eq(recv(client, data, sizeof(data), MSG_WAITALL), sizeof(data));
		ck_assert_int_eq(send(client, data, sizeof(data), 0), sizeof(data));
		ck_assert_int_gt(recv(peer, data, sizeof(data), 0), 0);
	}
	close(client);
	close(peer);
	close(server);
}

typedef struct Seen {
	unsigned n, wanted;
	Address destination;
	TcpMetric metric;
} Seen;

static void see(const TcpMetric *metric, void *context)
{
	Seen *seen = context;
	seen->n++;
	if (address_equal(&metric->destination, &seen->destination)) {
		seen->wanted++;
		seen->metric = *metric;
	}
}

START_TEST(test_live)
{
	TcpMetrics *metrics = NULL;
	TcpMetric metric;
	unsigned undecoded = 99;
	Seen seen = {0};
	if (!own_netns_enter() || !own_netns_run("ip link set lo up"))
		HARNESS_SKIP("no network namespace can be made here");
	int r = tcp_metrics_new(&metrics);
	if (r == -EPROTONOSUPPORT)
		HARNESS_SKIP("this kernel has no tcp_metrics");
	ck_assert_int_eq(r, 0);
	ck_assert_int_eq(tcp_metrics_dump(metrics, see, &seen, &undecoded), 0);
	ck_assert_uint_eq(undecoded, 0);
	ck_assert_uint_eq(seen.n, 0); /* of this namespace, and not of the host */
	ck_assert_int_eq(address_parse("127.0.0.2", &seen.destination), 0);
	ck_assert_int_eq(tcp_metrics_get(metrics, &seen.destination, &metric), -ENOENT);

	talk("127.0.0.2", false);
	ck_assert_int_eq(tcp_metrics_dump(metrics, see, &seen, &undecoded), 0);
	ck_assert_uint_eq(undecoded, 0);
	ck_assert_uint_eq(seen.wanted, 1);
	ck_assert_uint_gt(seen.metric.rtt_us, 0);
	ck_assert_uint_lt(seen.metric.rtt_us, 1000000);
	ck_assert(!seen.metric.has_cookie);
	ck_assert_int_eq(tcp_metrics_get(metrics, &seen.destination, &metric), 0);
	ck_assert_uint_eq(metric.rtt_us, seen.metric.rtt_us);
	ck_assert(address_equal(&metric.destination, &seen.destination));
	ck_assert_int_eq(tcp_metrics_get(metrics, &(Address){0}, &metric), -EINVAL);
	tcp_metrics_free(metrics);
	tcp_metrics_free(NULL);
}
END_TEST

START_TEST(test_live_cookie)
{
	TcpMetrics *metrics = NULL;
	TcpMetric metric;
	Address destination;
	if (!own_netns_enter() || !own_netns_run("ip link set lo up") ||
	    !own_netns_write("/proc/sys/net/ipv4/tcp_fastopen", "3"))
		HARNESS_SKIP("no network namespace with Fast Open can be made here");
	if (tcp_metrics_new(&metrics) == -EPROTONOSUPPORT)
		HARNESS_SKIP("this kernel has no tcp_metrics");
	talk("127.0.0.3", true);
	ck_assert_int_eq(address_parse("127.0.0.3", &destination), 0);
	ck_assert_int_eq(tcp_metrics_get(metrics, &destination, &metric), 0);
	ck_assert(metric.has_cookie);
	ck_assert_uint_gt(metric.fastopen_mss, 500);
	/* The socket stays in its namespace. */
	ck_assert(own_netns_enter());
	ck_assert_int_eq(tcp_metrics_get(metrics, &destination, &metric), 0);
	TcpMetrics *other = NULL;
	ck_assert_int_eq(tcp_metrics_new(&other), 0);
	ck_assert_int_eq(tcp_metrics_get(other, &destination, &metric), -ENOENT);
	tcp_metrics_free(other);
	tcp_metrics_free(metrics);
}
END_TEST

START_TEST(test_live_many)
{
	TcpMetrics *metrics = NULL;
	unsigned undecoded = 99;
	Seen seen = {0};
	if (!own_netns_enter() || !own_netns_run("ip link set lo up"))
		HARNESS_SKIP("no network namespace can be made here");
	if (tcp_metrics_new(&metrics) == -EPROTONOSUPPORT)
		HARNESS_SKIP("this kernel has no tcp_metrics");
	/* More than one datagram of the dump. */
	for (int i = 1; i <= 200; i++) {
		char address[32];
		(void)snprintf(address, sizeof(address), "127.0.1.%d", i);
		talk(address, false);
	}
	ck_assert_int_eq(tcp_metrics_dump(metrics, see, &seen, &undecoded), 0);
	ck_assert_uint_eq(undecoded, 0);
	ck_assert_uint_ge(seen.n, 200);
	tcp_metrics_free(metrics);
}
END_TEST

HARNESS_MAIN("tcp_metrics", {
	HARNESS_CASE(suite, "decode", test_recorded, test_values, test_fastopen, test_malformed);
	HARNESS_CASE(suite, "live", test_live, test_live_cookie, test_live_many);
})
