/* SPDX-License-Identifier: MIT */
/*
 * Messages recorded from Linux 6.18 on loopback (tests/data/diag), and messages put together here
 * for what other kernels send and for what no kernel sends. Every one is decoded from a copy of
 * exactly its length, so that a read past the end is found by the sanitizers.
 */
#include "daemon/kern/diag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>

#include "common/base.h"
#include "tests/unit/harness.h"

typedef struct Message {
	_Alignas(struct nlmsghdr) uint8_t bytes[1024];
	size_t length;
} Message;

static Message recorded(const char *name)
{
	const char *source = getenv("NETOPT_SOURCE");
	char path[512];
	(void)snprintf(path, sizeof(path), "%s/tests/data/diag/%s.bin", source ? source : ".",
		       name);
	FILE *file = fopen(path, "rbe");
	ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
	Message message = {.length = 0};
	message.length = fread(message.bytes, 1, sizeof(message.bytes), file);
	(void)fclose(file);
	ck_assert_uint_gt(message.length, NLMSG_LENGTH(sizeof(struct inet_diag_msg)));
	return message;
}

static int decode(const Message *message, size_t length, FlowSample *ret_sample)
{
	_cleanup_free_ struct nlmsghdr *copy = malloc(length);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, message->bytes, length);
	copy->nlmsg_len = (uint32_t)length;
	return diag_decode(copy, ret_sample);
}

static FlowSample decode_recorded(const char *name)
{
	Message message = recorded(name);
	FlowSample sample;
	memset(&sample, 0xa5, sizeof(sample));
	ck_assert_int_eq(decode(&message, message.length, &sample), 0);
	ck_assert(!sample.destroyed);
	return sample;
}

static void check_address(const Address *address, int family, const char *expected)
{
	char text[ADDRESS_TEXT_MAX];
	ck_assert_int_eq(address->family, family);
	ck_assert_str_eq(address_format(address, text), expected);
}

START_TEST(test_cubic)
{
	FlowSample sample = decode_recorded("cubic");
	check_address(&sample.local, AF_INET, "127.0.0.1");
	check_address(&sample.remote, AF_INET, "127.0.0.1");
	ck_assert_uint_eq(sample.local_port, 50602);
	ck_assert_uint_eq(sample.remote_port, 46957);
	ck_assert_uint_eq(sample.cookie, 21);
	ck_assert_uint_eq(sample.inode, 52400);
	ck_assert_uint_eq(sample.state, TCP_STATE_ESTABLISHED);
	ck_assert_str_eq(sample.congestion, "cubic");
	ck_assert(sample.has_skmeminfo);
	ck_assert_uint_eq(sample.rcvbuf, 131072);
	ck_assert_uint_eq(sample.sndbuf, 2626560);
	ck_assert_uint_eq(sample.drops, 0);
	ck_assert(!sample.has_bbr);
	/* The kernel sent 280 bytes; the last four are of no fixed meaning. */
	ck_assert_uint_eq(sample.info.length, 276);
	ck_assert_uint_eq(sample.info.raw.rtt_us, 10);
	ck_assert_uint_eq(sample.info.raw.bytes_acked, 600001);
	ck_assert_uint_eq(sample.info.raw.bytes_sent, 600000);
	ck_assert_uint_eq(sample.info.raw.snd_wnd, 610304);
}
END_TEST

START_TEST(test_bbr)
{
	FlowSample sample = decode_recorded("bbr");
	ck_assert_str_eq(sample.congestion, "bbr");
	ck_assert_uint_eq(sample.cookie, 35);
	ck_assert(sample.has_bbr);
	ck_assert_uint_eq(sample.bbr_bw, UINT64_C(10913830731));
	ck_assert_uint_eq(sample.bbr_min_rtt_us, 6);
	ck_assert_uint_eq(sample.bbr_pacing_gain, 739);
	ck_assert_uint_eq(sample.bbr_cwnd_gain, 739);
	ck_assert_uint_eq(sample.sndbuf, 3939840);
	ck_assert_uint_eq(sample.info.raw.rtt_us, 9);
}
END_TEST

START_TEST(test_ipv6)
{
	FlowSample sample = decode_recorded("ipv6");
	check_address(&sample.local, AF_INET6, "::1");
	check_address(&sample.remote, AF_INET6, "::1");
	ck_assert_uint_eq(sample.local_port, 36680);
	ck_assert_uint_eq(sample.remote_port, 32871);
	ck_assert_uint_eq(sample.info.raw.rtt_us, 11);
}
END_TEST

START_TEST(test_mapped)
{
	FlowSample sample = decode_recorded("mapped");
	check_address(&sample.local, AF_INET, "127.0.0.1");
	check_address(&sample.remote, AF_INET, "127.0.0.1");
	ck_assert_uint_eq(sample.rcvbuf, 657597);
	ck_assert_uint_eq(sample.info.raw.rtt_us, 77);
}
END_TEST

START_TEST(test_listener)
{
	FlowSample sample = decode_recorded("listener");
	ck_assert_uint_eq(sample.state, TCP_STATE_LISTEN);
	ck_assert_uint_eq(sample.local_port, 46957);
	ck_assert_uint_eq(sample.remote_port, 0);
	ck_assert_uint_eq(sample.rqueue, 1);
	ck_assert_uint_eq(sample.wqueue, 7);
	ck_assert_uint_eq(sample.info.raw.unacked, 1);
	ck_assert_uint_eq(sample.info.raw.sacked, 7);
}
END_TEST

START_TEST(test_destroyed)
{
	FlowSample sample = decode_recorded("destroyed");
	check_address(&sample.local, AF_INET, "127.0.0.1");
	check_address(&sample.remote, AF_INET, "127.0.0.1");
	ck_assert_uint_eq(sample.local_port, 60714);
	ck_assert_uint_eq(sample.remote_port, 52755);
	ck_assert_uint_eq(sample.cookie, 43);
	ck_assert_uint_eq(sample.info.raw.bytes_acked, 600002);
	ck_assert_uint_eq(sample.info.raw.bytes_sent, 600000);
	ck_assert_uint_eq(sample.info.raw.rtt_us, 5293);
	ck_assert_str_eq(sample.congestion, "");
	ck_assert(!sample.has_skmeminfo && !sample.has_bbr);
}
END_TEST

/* Closed by its own side with a reset: the kernel has wiped the counters and half the identity. */
START_TEST(test_aborted)
{
	FlowSample sample = decode_recorded("aborted");
	check_address(&sample.local, AF_INET, "0.0.0.0");
	check_address(&sample.remote, AF_INET, "127.0.0.1");
	ck_assert_uint_eq(sample.local_port, 50602);
	ck_assert_uint_eq(sample.remote_port, 0);
	ck_assert_uint_eq(sample.cookie, decode_recorded("cubic").cookie);
	ck_assert_uint_eq(sample.info.raw.bytes_acked, 0);
	ck_assert_uint_eq(sample.info.raw.rtt_us, 0);
}
END_TEST

static Message begin(uint8_t family)
{
	Message message = {.length = NLMSG_LENGTH(sizeof(struct inet_diag_msg))};
	struct nlmsghdr *header = (struct nlmsghdr *)message.bytes;
	struct inet_diag_msg *body = NLMSG_DATA(header);
	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	body->idiag_family = family;
	body->idiag_state = TCP_STATE_ESTABLISHED;
	body->id.idiag_sport = htons(443);
	body->id.idiag_dport = htons(50000);
	body->id.idiag_cookie[0] = 2;
	body->id.idiag_cookie[1] = 1;
	body->idiag_uid = 1000;
	body->idiag_inode = 77;
	return message;
}

static void add(Message *message, unsigned type, const void *data, size_t length)
{
	struct rtattr header = {.rta_len = (uint16_t)RTA_LENGTH(length),
				.rta_type = (uint16_t)type};
	ck_assert_uint_le(message->length + RTA_SPACE(length), sizeof(message->bytes));
	memcpy(message->bytes + message->length, &header, sizeof(header));
	if (length > 0)
		memcpy(message->bytes + message->length + RTA_LENGTH(0), data, length);
	message->length += RTA_SPACE(length);
}

START_TEST(test_bare)
{
	Message message = begin(AF_INET);
	FlowSample sample;
	ck_assert_int_eq(decode(&message, message.length, &sample), 0);
	ck_assert_uint_eq(sample.cookie, UINT64_C(1) << 32 | 2);
	ck_assert_uint_eq(sample.local_port, 443);
	ck_assert_uint_eq(sample.remote_port, 50000);
	ck_assert_uint_eq(sample.uid, 1000);
	ck_assert_uint_eq(sample.inode, 77);
	ck_assert_uint_eq(sample.info.length, 0);
	ck_assert(!tcp_info_has(&sample.info, state));
	ck_assert_str_eq(sample.congestion, "");
	ck_assert(!sample.has_skmeminfo && !sample.has_bbr && !sample.has_dctcp);
}
END_TEST

/* DCTCP that fell back to Reno, as the peer knows no ECN: there, and not enabled. */
START_TEST(test_dctcp_disabled)
{
	Message message = begin(AF_INET);
	FlowSample sample;
	static const struct tcp_dctcp_info dctcp = {.dctcp_enabled = 0};
	add(&message, INET_DIAG_DCTCPINFO, &dctcp, sizeof(dctcp));
	ck_assert_int_eq(decode(&message, message.length, &sample), 0);
	ck_assert(sample.has_dctcp && !sample.dctcp_enabled);
	ck_assert_uint_eq(sample.dctcp_alpha, 0);
}
END_TEST

START_TEST(test_tcp_info_lengths)
{
	uint8_t raw[400];
	for (size_t i = 0; i < sizeof(raw); i++)
		raw[i] = (uint8_t)(i * 7 + 1);
	for (size_t length = 0; length <= sizeof(raw); length++) {
		Message message = begin(AF_INET6);
		FlowSample sample;
		add(&message, INET_DIAG_INFO, raw, length);
		add(&message, INET_DIAG_CONG, "bbr", 4);
		ck_assert_int_eq(decode(&message, message.length, &sample), 0);
		size_t taken = MIN(length, (size_t)TCP_INFO_LENGTH_MAX);
		ck_assert_uint_eq(sample.info.length, taken);
		ck_assert_mem_eq(&sample.info.raw, raw, taken);
		for (size_t i = taken; i < sizeof(TcpInfoRaw); i++)
			ck_assert_uint_eq(((uint8_t *)&sample.info.raw)[i], 0);
		ck_assert_str_eq(sample.congestion, "bbr");
		ck_assert(tcp_info_has(&sample.info, snd_wnd) == (length >= 232));
		ck_assert(tcp_info_has(&sample.info, total_rto_time_ms) == (length >= 248));
	}
}
END_TEST

START_TEST(test_short_attributes)
{
	static const uint32_t words[12] = {0x70001, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
	for (size_t length = 0; length <= sizeof(words); length++) {
		Message message = begin(AF_INET);
		FlowSample sample;
		add(&message, INET_DIAG_SKMEMINFO, words, length);
		add(&message, INET_DIAG_BBRINFO, words, length);
		add(&message, INET_DIAG_DCTCPINFO, words, length);
		ck_assert_int_eq(decode(&message, message.length, &sample), 0);
		ck_assert(sample.has_skmeminfo == (length >= 32));
		ck_assert_uint_eq(sample.rmem_alloc, length >= 32 ? 0x70001 : 0);
		ck_assert_uint_eq(sample.rcvbuf, length >= 32 ? 2 : 0);
		ck_assert_uint_eq(sample.wmem_alloc, length >= 32 ? 3 : 0);
		ck_assert_uint_eq(sample.sndbuf, length >= 32 ? 4 : 0);
		ck_assert_uint_eq(sample.forward_alloc, length >= 32 ? 5 : 0);
		ck_assert_uint_eq(sample.wmem_queued, length >= 32 ? 6 : 0);
		ck_assert_uint_eq(sample.optmem, length >= 32 ? 7 : 0);
		ck_assert_uint_eq(sample.backlog, length >= 32 ? 8 : 0);
		ck_assert_uint_eq(sample.drops, length >= 36 ? 9 : 0);
		ck_assert(sample.has_bbr == (length >= 20));
		ck_assert_uint_eq(sample.bbr_bw, length >= 20 ? UINT64_C(2) << 32 | 0x70001 : 0);
		ck_assert_uint_eq(sample.bbr_min_rtt_us, length >= 20 ? 3 : 0);
		ck_assert_uint_eq(sample.bbr_pacing_gain, length >= 20 ? 4 : 0);
		ck_assert_uint_eq(sample.bbr_cwnd_gain, length >= 20 ? 5 : 0);
		ck_assert(sample.has_dctcp == (length >= 16));
		ck_assert(sample.dctcp_enabled == (length >= 16));
		ck_assert_uint_eq(sample.dctcp_ce_state, length >= 16 ? 7 : 0);
		ck_assert_uint_eq(sample.dctcp_alpha, length >= 16 ? 2 : 0);
		ck_assert_uint_eq(sample.dctcp_ab_ecn_bytes, length >= 16 ? 3 : 0);
		ck_assert_uint_eq(sample.dctcp_ab_total_bytes, length >= 16 ? 4 : 0);
	}
}
END_TEST

START_TEST(test_congestion_names)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *expected;
	} cases[] = {
		{"cubic", 6, "cubic"},
		{"cubic", 5, "cubic"}, /* without its terminator */
		{"cubic\0xyz", 9, "cubic"},
		{"a234567890bcdef", 16, "a234567890bcdef"},
		{"a234567890bcdefg", 17, ""},
		{"a234567890bcdefg", 16, ""},
		{"", 0, ""},
		{"", 1, ""},
		{"cu\nbic", 7, ""},
		{"cu bic", 7, ""},
		{"cubi\xe9", 6, ""},
		{"bpf_cubic.1", 12, "bpf_cubic.1"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		Message message = begin(AF_INET);
		FlowSample sample;
		add(&message, INET_DIAG_CONG, cases[i].bytes, cases[i].length);
		ck_assert_int_eq(decode(&message, message.length, &sample), 0);
		ck_assert_msg(strcmp(sample.congestion, cases[i].expected) == 0, "case %zu: '%s'",
			      i, sample.congestion);
	}
}
END_TEST

START_TEST(test_unknown_attributes)
{
	Message message = begin(AF_INET);
	FlowSample sample;
	uint8_t eight[8] = {0};
	add(&message, 200, eight, 8);
	add(&message, INET_DIAG_MEMINFO, eight, 3);
	add(&message, INET_DIAG_CGROUP_ID, eight, 0);
	add(&message, INET_DIAG_CONG | NLA_F_NESTED, "reno", 5);
	ck_assert_int_eq(decode(&message, message.length, &sample), 0);
	ck_assert_str_eq(sample.congestion, "reno");
}
END_TEST

START_TEST(test_protocols)
{
	for (unsigned protocol = 0; protocol < 256; protocol++) {
		Message message = begin(AF_INET);
		FlowSample sample;
		uint8_t byte = (uint8_t)protocol;
		add(&message, INET_DIAG_PROTOCOL, &byte, 1);
		ck_assert_int_eq(decode(&message, message.length, &sample),
				 protocol == IPPROTO_TCP ? 0 : -EBADMSG);
	}
	Message message = begin(AF_INET);
	FlowSample sample;
	add(&message, INET_DIAG_PROTOCOL, NULL, 0);
	ck_assert_int_eq(decode(&message, message.length, &sample), -EBADMSG);
}
END_TEST

/* `sample` must be as it was. */
static void refuse(const Message *message, size_t length)
{
	FlowSample sample, untouched;
	memset(&sample, 0xa5, sizeof(sample));
	memset(&untouched, 0xa5, sizeof(untouched));
	ck_assert_int_eq(decode(message, length, &sample), -EBADMSG);
	ck_assert_mem_eq(&sample, &untouched, sizeof(sample));
}

START_TEST(test_refused)
{
	for (unsigned family = 0; family < 256; family++) {
		Message message = begin((uint8_t)family);
		if (family != AF_INET && family != AF_INET6)
			refuse(&message, message.length);
	}
	static const uint16_t types[] = {0,  NLMSG_NOOP, NLMSG_ERROR, NLMSG_DONE, NLMSG_OVERRUN,
					 16, 18,         19,          21,         0xffff};
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		Message message = begin(AF_INET);
		((struct nlmsghdr *)message.bytes)->nlmsg_type = types[i];
		refuse(&message, message.length);
	}
	Message message = begin(AF_INET);
	for (size_t length = NLMSG_HDRLEN; length < message.length; length++)
		refuse(&message, length);
}
END_TEST

START_TEST(test_attribute_lengths)
{
	static const uint16_t bad[] = {0, 1, 2, 3, 9, 12, 255, 0x7fff, 0xffff};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		Message message = begin(AF_INET);
		size_t at = message.length;
		add(&message, INET_DIAG_CONG, "bbr", 4);
		memcpy(message.bytes + at, &bad[i], sizeof(bad[i]));
		refuse(&message, message.length);
	}
}
END_TEST

/* Every recorded message cut at every byte is either refused or gives what it began with. */
START_TEST(test_cut_everywhere)
{
	static const char *const names[] = {"cubic",    "bbr",       "ipv6",   "mapped",
					    "listener", "destroyed", "aborted"};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		Message message = recorded(names[i]);
		FlowSample whole, part;
		ck_assert_int_eq(decode(&message, message.length, &whole), 0);
		unsigned accepted = 0;
		for (size_t length = NLMSG_HDRLEN; length < message.length; length++) {
			int r = decode(&message, length, &part);
			ck_assert(r == 0 || r == -EBADMSG);
			if (r < 0)
				continue;
			accepted++;
			ck_assert_uint_eq(part.cookie, whole.cookie);
			ck_assert(address_equal(&part.remote, &whole.remote));
			ck_assert(part.info.length == 0 || part.info.length == whole.info.length);
			ck_assert(!part.has_bbr);
		}
		/* Only between two attributes, or within the padding after one. */
		ck_assert_uint_gt(accepted, 0);
		ck_assert_uint_lt(accepted, 32);
	}
}
END_TEST

/* Every byte of a recorded message set to values that are likely to hurt. */
START_TEST(test_damaged_everywhere)
{
	static const uint8_t values[] = {0, 1, 3, 4, 5, 0x7f, 0x80, 0xff};
	Message good = recorded("bbr");
	for (size_t at = NLMSG_HDRLEN; at < good.length; at++)
		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			Message message = good;
			FlowSample sample;
			message.bytes[at] = values[i];
			int r = decode(&message, message.length, &sample);
			ck_assert(r == 0 || r == -EBADMSG);
			if (r == 0)
				ck_assert_uint_lt(strlen(sample.congestion), CONGESTION_NAME_MAX);
		}
}
END_TEST

HARNESS_MAIN("diag_decode", {
	HARNESS_CASE(suite, "recorded", test_cubic, test_bbr, test_ipv6, test_mapped, test_listener,
		     test_destroyed, test_aborted);
	HARNESS_CASE(suite, "composed", test_bare, test_dctcp_disabled, test_tcp_info_lengths,
		     test_short_attributes, test_congestion_names, test_unknown_attributes,
		     test_protocols);
	HARNESS_CASE(suite, "malformed", test_refused, test_attribute_lengths, test_cut_everywhere,
		     test_damaged_everywhere);
})
