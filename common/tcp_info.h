/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * struct tcp_info as the kernel fills it, whatever the age of kernel and headers.
 *
 * The kernel's struct only ever grows; Debian 12's header stops at 232 bytes while 6.18 delivers
 * 280. This is our own layout (include/uapi/linux/tcp.h of 6.18), filled by copying what is known
 * of it, zeroing the rest and remembering the length: a field is valid iff it lies wholly inside.
 * Never print or use an invalid field. Bytes 276..279 mean one thing in 6.18 and another one later,
 * and are never looked at.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct TcpInfoRaw {
	uint8_t state;
	uint8_t ca_state; /* 0 Open 1 Disorder 2 CWR 3 Recovery 4 Loss */
	uint8_t retransmits;
	uint8_t probes;
	uint8_t backoff;
	uint8_t options; /* TCP_INFO_OPT_* */
	uint8_t wscale;  /* low nibble: snd_wscale, high: rcv_wscale */
	uint8_t flags;   /* bit 0: delivery_rate_app_limited, bits 1-2: fastopen_client_fail */
	uint32_t rto_us;
	uint32_t ato_us;
	uint32_t snd_mss;
	uint32_t rcv_mss;
	uint32_t unacked; /* LISTEN: accept queue length */
	uint32_t sacked;  /* LISTEN: maximum backlog */
	uint32_t lost;
	uint32_t retrans;
	uint32_t fackets;
	uint32_t last_data_sent_ms;
	uint32_t last_ack_sent_ms;
	uint32_t last_data_recv_ms;
	uint32_t last_ack_recv_ms;
	uint32_t pmtu;
	uint32_t rcv_ssthresh;
	uint32_t rtt_us;
	uint32_t rttvar_us;
	uint32_t snd_ssthresh;
	uint32_t snd_cwnd;
	uint32_t advmss;
	uint32_t reordering;
	uint32_t rcv_rtt_us;
	uint32_t rcv_space;
	uint32_t total_retrans;
	uint64_t pacing_rate; /* bytes/s */
	uint64_t max_pacing_rate;
	uint64_t bytes_acked;
	uint64_t bytes_received;
	uint32_t segs_out;
	uint32_t segs_in;
	uint32_t notsent_bytes;
	uint32_t min_rtt_us; /* UINT32_MAX before the first sample */
	uint32_t data_segs_in;
	uint32_t data_segs_out;
	uint64_t delivery_rate; /* bytes/s */
	uint64_t busy_time_us;
	uint64_t rwnd_limited_us;
	uint64_t sndbuf_limited_us;
	uint32_t delivered;
	uint32_t delivered_ce;
	uint64_t bytes_sent;
	uint64_t bytes_retrans;
	uint32_t dsack_dups;
	uint32_t reord_seen;
	uint32_t rcv_ooopack;
	uint32_t snd_wnd;
	uint32_t rcv_wnd;
	uint32_t rehash;
	uint16_t total_rto;
	uint16_t total_rto_recoveries;
	uint32_t total_rto_time_ms;
	uint32_t
		received_ce; /* packets marked CE that we received; this and what follows: AccECN */
	uint32_t delivered_e1_bytes; /* ours, as the receiver saw them marked ECT(1), ECT(0), CE */
	uint32_t delivered_e0_bytes;
	uint32_t delivered_ce_bytes;
	uint32_t received_e1_bytes;
	uint32_t received_e0_bytes;
	uint32_t received_ce_bytes;
} TcpInfoRaw;

/* What is known of the kernel's struct. Behind it lie four bytes of padding, always zero. */
#define TCP_INFO_LENGTH_MAX (offsetof(TcpInfoRaw, received_ce_bytes) + sizeof(uint32_t))

#define TCP_INFO_OPT_TIMESTAMPS 1
#define TCP_INFO_OPT_SACK       2
#define TCP_INFO_OPT_WSCALE     4
#define TCP_INFO_OPT_ECN        8
#define TCP_INFO_OPT_ECN_SEEN   16
#define TCP_INFO_OPT_SYN_DATA   32
#define TCP_INFO_OPT_USEC_TS    64  /* time stamps of a microsecond; since 6.7 */
#define TCP_INFO_OPT_TFO_CHILD  128 /* accepted by Fast Open; in newer kernels */

typedef struct TcpInfo {
	TcpInfoRaw raw;
	uint32_t length; /* bytes the kernel delivered, at most TCP_INFO_LENGTH_MAX */
} TcpInfo;

/* Whether the kernel delivered this field. */
#define tcp_info_has(info, field)                                                                  \
	((info)->length >= offsetof(TcpInfoRaw, field) + sizeof((info)->raw.field))
/* The field, or `otherwise` if the kernel did not deliver it. */
#define tcp_info_get(info, field, otherwise)                                                       \
	(tcp_info_has(info, field) ? (info)->raw.field : (__typeof__((info)->raw.field))(otherwise))

/* `bytes` may be NULL when there are none. */
void tcp_info_set(TcpInfo *info, const void *bytes, size_t length);

/* getsockopt(TCP_INFO); negative errno. */
int tcp_info_from_socket(int fd, TcpInfo *ret_info);

/* False also before the first RTT sample. */
bool tcp_info_min_rtt(const TcpInfo *info, uint32_t *ret_us);
static inline bool tcp_info_app_limited(const TcpInfo *info)
{
	return info->length > offsetof(TcpInfoRaw, flags) && (info->raw.flags & 1);
}
/* Why the client's Fast Open failed: 0 it did not (or: before 5.5), 1 there was no cookie, 2 the
 * data was not acknowledged with the SYN, 3 the SYN was retransmitted. */
static inline unsigned tcp_info_fastopen_client_fail(const TcpInfo *info)
{
	return (info->raw.flags >> 1) & 3;
}
/* How far the windows that the peer announces are shifted (snd) and those that we do (rcv). */
static inline unsigned tcp_info_snd_wscale(const TcpInfo *info)
{
	return info->raw.wscale & 15;
}
static inline unsigned tcp_info_rcv_wscale(const TcpInfo *info)
{
	return info->raw.wscale >> 4;
}
/* "open", "disorder", "cwr", "recovery", "loss" */
const char *tcp_info_ca_state_name(uint8_t ca_state);
