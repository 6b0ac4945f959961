/* SPDX-License-Identifier: MIT */
/*
 * Our layout against the header this was compiled with (as far as that goes), and every length a
 * kernel may deliver.
 */
#include "common/tcp_info.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "common/base.h"
#include "tests/unit/harness.h"

#define SAME(ours, theirs)                                                                         \
	_Static_assert(offsetof(TcpInfoRaw, ours) == offsetof(struct tcp_info, theirs) &&          \
			       sizeof(((TcpInfoRaw *)0)->ours) ==                                  \
				       sizeof(((struct tcp_info *)0)->theirs),                     \
		       #ours)

SAME(state, tcpi_state);
SAME(ca_state, tcpi_ca_state);
SAME(retransmits, tcpi_retransmits);
SAME(probes, tcpi_probes);
SAME(backoff, tcpi_backoff);
SAME(options, tcpi_options);
SAME(rto_us, tcpi_rto);
SAME(ato_us, tcpi_ato);
SAME(snd_mss, tcpi_snd_mss);
SAME(rcv_mss, tcpi_rcv_mss);
SAME(unacked, tcpi_unacked);
SAME(sacked, tcpi_sacked);
SAME(lost, tcpi_lost);
SAME(retrans, tcpi_retrans);
SAME(fackets, tcpi_fackets);
SAME(last_data_sent_ms, tcpi_last_data_sent);
SAME(last_ack_sent_ms, tcpi_last_ack_sent);
SAME(last_data_recv_ms, tcpi_last_data_recv);
SAME(last_ack_recv_ms, tcpi_last_ack_recv);
SAME(pmtu, tcpi_pmtu);
SAME(rcv_ssthresh, tcpi_rcv_ssthresh);
SAME(rtt_us, tcpi_rtt);
SAME(rttvar_us, tcpi_rttvar);
SAME(snd_ssthresh, tcpi_snd_ssthresh);
SAME(snd_cwnd, tcpi_snd_cwnd);
SAME(advmss, tcpi_advmss);
SAME(reordering, tcpi_reordering);
SAME(rcv_rtt_us, tcpi_rcv_rtt);
SAME(rcv_space, tcpi_rcv_space);
SAME(total_retrans, tcpi_total_retrans);
SAME(pacing_rate, tcpi_pacing_rate);
SAME(max_pacing_rate, tcpi_max_pacing_rate);
SAME(bytes_acked, tcpi_bytes_acked);
SAME(bytes_received, tcpi_bytes_received);
SAME(segs_out, tcpi_segs_out);
SAME(segs_in, tcpi_segs_in);
SAME(notsent_bytes, tcpi_notsent_bytes);
SAME(min_rtt_us, tcpi_min_rtt);
SAME(data_segs_in, tcpi_data_segs_in);
SAME(data_segs_out, tcpi_data_segs_out);
SAME(delivery_rate, tcpi_delivery_rate);
SAME(busy_time_us, tcpi_busy_time);
SAME(rwnd_limited_us, tcpi_rwnd_limited);
SAME(sndbuf_limited_us, tcpi_sndbuf_limited);
SAME(delivered, tcpi_delivered);
SAME(delivered_ce, tcpi_delivered_ce);
SAME(bytes_sent, tcpi_bytes_sent);
SAME(bytes_retrans, tcpi_bytes_retrans);
SAME(dsack_dups, tcpi_dsack_dups);
SAME(reord_seen, tcpi_reord_seen);
SAME(rcv_ooopack, tcpi_rcv_ooopack);
SAME(snd_wnd, tcpi_snd_wnd);

/* Offsets after Debian 12's header, from include/uapi/linux/tcp.h of 6.18. */
_Static_assert(offsetof(TcpInfoRaw, rcv_wnd) == 232, "since 6.2");
_Static_assert(offsetof(TcpInfoRaw, rehash) == 236, "since 6.2");
_Static_assert(offsetof(TcpInfoRaw, total_rto) == 240, "since 6.7");
_Static_assert(offsetof(TcpInfoRaw, total_rto_recoveries) == 242, "since 6.7");
_Static_assert(offsetof(TcpInfoRaw, total_rto_time_ms) == 244, "since 6.7");
_Static_assert(offsetof(TcpInfoRaw, received_ce) == 248, "since 6.18");
_Static_assert(offsetof(TcpInfoRaw, delivered_e1_bytes) == 252, "since 6.18");
_Static_assert(offsetof(TcpInfoRaw, delivered_e0_bytes) == 256, "since 6.18");
_Static_assert(offsetof(TcpInfoRaw, delivered_ce_bytes) == 260, "since 6.18");
_Static_assert(offsetof(TcpInfoRaw, received_e1_bytes) == 264, "since 6.18");
_Static_assert(offsetof(TcpInfoRaw, received_e0_bytes) == 268, "since 6.18");
_Static_assert(offsetof(TcpInfoRaw, received_ce_bytes) == 272, "since 6.18");

static void fill(TcpInfo *ret_info, size_t length)
{
	unsigned char bytes[512];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = 0xff;
	memset(ret_info, 0xa5, sizeof(*ret_info));
	tcp_info_set(ret_info, bytes, length);
}

START_TEST(every_length)
{
	for (size_t length = 0; length <= 512; length++) {
		const unsigned char *raw;
		TcpInfo info;

		fill(&info, length);
		raw = (const unsigned char *)&info.raw;
		/* Bytes 276 to 279 are of no fixed meaning. */
		ck_assert_uint_eq(info.length, MIN(length, (size_t)276));
		for (size_t i = 0; i < sizeof(TcpInfoRaw); i++)
			if (raw[i] != (i < MIN(length, (size_t)276) ? 0xff : 0))
				ck_abort_msg("length %zu, byte %zu", length, i);
	}
	TcpInfo info;
	memset(&info, 0xa5, sizeof(info));
	tcp_info_set(&info, NULL, 0);
	ck_assert_uint_eq(info.length, 0);
	ck_assert_uint_eq(info.raw.rtt_us | info.raw.received_ce_bytes, 0);
}
END_TEST

#define FIELD(field, since)                                                                        \
	{                                                                                          \
#field, offsetof(TcpInfoRaw, field), since                                         \
	}

static const struct {
	const char *name;
	size_t offset, since;
} fields[] = {
	FIELD(state, 104),
	FIELD(ca_state, 104),
	FIELD(options, 104),
	FIELD(wscale, 104),
	FIELD(snd_mss, 104),
	FIELD(unacked, 104),
	FIELD(sacked, 104),
	FIELD(lost, 104),
	FIELD(retrans, 104),
	FIELD(last_data_sent_ms, 104),
	FIELD(last_data_recv_ms, 104),
	FIELD(pmtu, 104),
	FIELD(rcv_ssthresh, 104),
	FIELD(rtt_us, 104),
	FIELD(rttvar_us, 104),
	FIELD(snd_ssthresh, 104),
	FIELD(snd_cwnd, 104),
	FIELD(advmss, 104),
	FIELD(reordering, 104),
	FIELD(rcv_rtt_us, 104),
	FIELD(rcv_space, 104),
	FIELD(total_retrans, 104),
	FIELD(pacing_rate, 120),
	FIELD(max_pacing_rate, 120),
	FIELD(bytes_acked, 136),
	FIELD(bytes_received, 136),
	FIELD(segs_out, 144),
	FIELD(segs_in, 144),
	FIELD(notsent_bytes, 160),
	FIELD(min_rtt_us, 160),
	FIELD(data_segs_in, 160),
	FIELD(data_segs_out, 160),
	FIELD(delivery_rate, 168),
	FIELD(busy_time_us, 192),
	FIELD(rwnd_limited_us, 192),
	FIELD(sndbuf_limited_us, 192),
	FIELD(delivered, 200),
	FIELD(delivered_ce, 200),
	FIELD(bytes_sent, 216),
	FIELD(bytes_retrans, 216),
	FIELD(dsack_dups, 224),
	FIELD(reord_seen, 224),
	FIELD(rcv_ooopack, 232),
	FIELD(snd_wnd, 232),
	FIELD(rcv_wnd, 240),
	FIELD(rehash, 240),
	FIELD(total_rto, 248),
	FIELD(total_rto_recoveries, 248),
	FIELD(total_rto_time_ms, 248),
	FIELD(received_ce, 280),
	FIELD(delivered_e1_bytes, 280),
	FIELD(delivered_e0_bytes, 280),
	FIELD(delivered_ce_bytes, 280),
	FIELD(received_e1_bytes, 280),
	FIELD(received_e0_bytes, 280),
	FIELD(received_ce_bytes, 280),
};

/* What each kernel brought: each length that there was, and the fields that came with it. The last
 * field before it must be there, and the first behind it must not. */
START_TEST(every_release)
{
	static const size_t lengths[] = {104, 120, 136, 144, 160, 168, 192,
					 200, 216, 224, 232, 240, 248, 280};
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		TcpInfo info;
		fill(&info, lengths[i]);
		for (size_t j = 0; j < ARRAY_SIZE(fields); j++) {
			const uint8_t *raw = (const uint8_t *)&info.raw;
			const size_t before = i > 0 ? lengths[i - 1] : 0;
			const bool there = lengths[i] >= fields[j].since;
			ck_assert_msg(raw[fields[j].offset] == (there ? 0xff : 0), "%s at %zu",
				      fields[j].name, lengths[i]);
			/* It lies behind what the release before had. */
			if (fields[j].since == lengths[i])
				ck_assert_msg(fields[j].offset >= before, "%s", fields[j].name);
		}
#define CHECK_HAS(field, since) ck_assert_int_eq(tcp_info_has(&info, field), lengths[i] >= (since))
		CHECK_HAS(total_retrans, 104);
		CHECK_HAS(max_pacing_rate, 120);
		CHECK_HAS(bytes_received, 136);
		CHECK_HAS(segs_in, 144);
		CHECK_HAS(data_segs_out, 160);
		CHECK_HAS(delivery_rate, 168);
		CHECK_HAS(sndbuf_limited_us, 192);
		CHECK_HAS(delivered_ce, 200);
		CHECK_HAS(bytes_retrans, 216);
		CHECK_HAS(reord_seen, 224);
		CHECK_HAS(snd_wnd, 232);
		CHECK_HAS(rehash, 240);
		CHECK_HAS(total_rto_time_ms, 248);
		CHECK_HAS(received_ce, 280);
		CHECK_HAS(received_ce_bytes, 280);
	}
}
END_TEST

/* A field is there iff its last byte is. */
START_TEST(fields_are_valid_as_a_whole)
{
	static const struct {
		size_t offset, size;
	} ends[] = {
		{offsetof(TcpInfoRaw, state), 1},
		{offsetof(TcpInfoRaw, rtt_us), 4},
		{offsetof(TcpInfoRaw, delivery_rate), 8},
		{offsetof(TcpInfoRaw, received_ce), 4},
	};
	TcpInfo info;

	for (size_t length = 0; length <= sizeof(TcpInfoRaw); length++) {
		fill(&info, length);
		bool has[] = {tcp_info_has(&info, state), tcp_info_has(&info, rtt_us),
			      tcp_info_has(&info, delivery_rate), tcp_info_has(&info, received_ce)};
		for (size_t i = 0; i < ARRAY_SIZE(has); i++)
			ck_assert_int_eq(has[i], length >= ends[i].offset + ends[i].size);
		ck_assert_uint_eq(tcp_info_get(&info, rtt_us, 7), has[1] ? UINT32_MAX : 7);
		ck_assert_uint_eq(tcp_info_get(&info, delivery_rate, 9),
				  has[2] ? UINT64_MAX : UINT64_C(9));
	}
}
END_TEST

START_TEST(min_rtt_before_the_first_sample)
{
	TcpInfoRaw raw = {.min_rtt_us = 1234};
	size_t end = offsetof(TcpInfoRaw, min_rtt_us) + sizeof(raw.min_rtt_us);
	uint32_t us = 7;
	TcpInfo info;

	tcp_info_set(&info, &raw, end - 1);
	ck_assert(!tcp_info_min_rtt(&info, &us));
	ck_assert_uint_eq(us, 7);
	tcp_info_set(&info, &raw, end);
	ck_assert(tcp_info_min_rtt(&info, &us));
	ck_assert_uint_eq(us, 1234);

	static const uint32_t none[] = {0, UINT32_MAX};
	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		us = 7;
		raw.min_rtt_us = none[i];
		tcp_info_set(&info, &raw, sizeof(raw));
		ck_assert(!tcp_info_min_rtt(&info, &us));
		ck_assert_uint_eq(us, 7);
	}
	raw.min_rtt_us = UINT32_MAX - 1;
	tcp_info_set(&info, &raw, sizeof(raw));
	ck_assert(tcp_info_min_rtt(&info, &us));
}
END_TEST

/* The kernel's header names the bits, so it fills them here and we read them. */
START_TEST(bit_fields_as_the_kernel_packs_them)
{
	struct tcp_info kernel = {.tcpi_snd_wscale = 7, .tcpi_rcv_wscale = 9};
	TcpInfo info;

	tcp_info_set(&info, &kernel, sizeof(kernel));
	ck_assert_uint_eq(tcp_info_rcv_wscale(&info), 9);
	ck_assert_uint_eq(tcp_info_snd_wscale(&info), 7);
	ck_assert(!tcp_info_app_limited(&info));
	ck_assert_uint_eq(tcp_info_fastopen_client_fail(&info), 0);

	kernel.tcpi_delivery_rate_app_limited = 1;
	tcp_info_set(&info, &kernel, sizeof(kernel));
	ck_assert(tcp_info_app_limited(&info));
	ck_assert_uint_eq(tcp_info_fastopen_client_fail(&info), 0);
	tcp_info_set(&info, &kernel, offsetof(TcpInfoRaw, flags));
	ck_assert(!tcp_info_app_limited(&info));

	kernel.tcpi_delivery_rate_app_limited = 0;
	kernel.tcpi_fastopen_client_fail = 2;
	tcp_info_set(&info, &kernel, sizeof(kernel));
	ck_assert(!tcp_info_app_limited(&info));
	ck_assert_uint_eq(tcp_info_fastopen_client_fail(&info), 2);
}
END_TEST

START_TEST(option_bits)
{
	ck_assert_uint_eq(TCP_INFO_OPT_TIMESTAMPS, TCPI_OPT_TIMESTAMPS);
	ck_assert_uint_eq(TCP_INFO_OPT_SACK, TCPI_OPT_SACK);
	ck_assert_uint_eq(TCP_INFO_OPT_WSCALE, TCPI_OPT_WSCALE);
	ck_assert_uint_eq(TCP_INFO_OPT_ECN, TCPI_OPT_ECN);
	ck_assert_uint_eq(TCP_INFO_OPT_ECN_SEEN, TCPI_OPT_ECN_SEEN);
	ck_assert_uint_eq(TCP_INFO_OPT_SYN_DATA, TCPI_OPT_SYN_DATA);
	/* Newer than the header. */
	ck_assert_uint_eq(TCP_INFO_OPT_USEC_TS, 64);
	ck_assert_uint_eq(TCP_INFO_OPT_TFO_CHILD, 128);
}
END_TEST

START_TEST(ca_state_names)
{
	ck_assert_str_eq(tcp_info_ca_state_name(TCP_CA_Open), "open");
	ck_assert_str_eq(tcp_info_ca_state_name(TCP_CA_Disorder), "disorder");
	ck_assert_str_eq(tcp_info_ca_state_name(TCP_CA_CWR), "cwr");
	ck_assert_str_eq(tcp_info_ca_state_name(TCP_CA_Recovery), "recovery");
	ck_assert_str_eq(tcp_info_ca_state_name(TCP_CA_Loss), "loss");
	ck_assert_str_eq(tcp_info_ca_state_name(5), "unknown");
	ck_assert_str_eq(tcp_info_ca_state_name(255), "unknown");
}
END_TEST

/* An unconnected socket sends nothing, and is in state CLOSE (7) on every kernel. */
START_TEST(from_a_socket)
{
	_cleanup_close_ int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	_cleanup_close_ int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	TcpInfo info, before;

	memset(&info, 0xa5, sizeof(info));
	before = info;
	ck_assert_int_eq(tcp_info_from_socket(-1, &info), -EBADF);
	ck_assert_int_eq(tcp_info_from_socket(STDIN_FILENO, &info), -ENOTSOCK);
	ck_assert_mem_eq(&info, &before, sizeof(info));
	if (tcp < 0 || udp < 0) {
		HARNESS_SKIP("no internet sockets here");
	}
	ck_assert_int_lt(tcp_info_from_socket(udp, &info), 0);
	ck_assert_mem_eq(&info, &before, sizeof(info));

	ck_assert_int_eq(tcp_info_from_socket(tcp, &info), 0);
	ck_assert_uint_eq(info.raw.state, 7);
	ck_assert(tcp_info_has(&info, total_retrans));
	ck_assert_uint_le(info.length, sizeof(info.raw));
}
END_TEST

HARNESS_MAIN("tcp_info",
	     HARNESS_CASE(suite, "layout", every_length, every_release, fields_are_valid_as_a_whole,
			  min_rtt_before_the_first_sample, bit_fields_as_the_kernel_packs_them,
			  option_bits, ca_state_names, from_a_socket);)
