/* SPDX-License-Identifier: MIT */
/*
 * TCP sockets as JSON. A field that this kernel did not deliver is null, and so is each of the
 * kernel's own ways to say "none yet": no RTT sample, an infinite ssthresh, unlimited pacing.
 */
#include "daemon/serve/views.h"

#include "common/base.h"

#define SSTHRESH_INFINITE 0x7fffffff /* TCP_INFINITE_SSTHRESH, include/net/tcp.h */

/* As ss(8) names them; by number, include/net/tcp_states.h. */
static const char *state_name(uint8_t state)
{
	static const char *const names[] = {"unknown",     "established", "syn-sent",  "syn-recv",
					    "fin-wait-1",  "fin-wait-2",  "time-wait", "close",
					    "close-wait",  "last-ack",    "listen",    "closing",
					    "new-syn-recv"};

	return state < ARRAY_SIZE(names) ? names[state] : names[0];
}

/* NULL: it never sent anything, or this kernel does not tell. The order matters: what is short of
 * send buffer looks short of data to the kernel, too. */
static const char *limited_by(const TcpInfo *info)
{
	uint64_t busy_us = tcp_info_get(info, busy_time_us, 0);

	if (busy_us == 0 || !tcp_info_has(info, sndbuf_limited_us))
		return NULL;
	if (info->raw.rwnd_limited_us >= busy_us / 2 + busy_us % 2)
		return "receiver";
	if (info->raw.sndbuf_limited_us >= busy_us / 2 + busy_us % 2)
		return "sendbuffer";
	return tcp_info_app_limited(info) ? "application" : "cwnd";
}

/* A field as it is, or null; `test` is a further condition on `value`. */
#define SET(json, key, info, field, test)                                                          \
	do {                                                                                       \
		uint64_t value = tcp_info_get(info, field, 0);                                     \
		view_set_known(json, key, tcp_info_has(info, field) && (test), value);             \
	} while (0)

static void set_times(Json *json, const TcpInfo *info)
{
	uint32_t min_rtt_us = 0;
	bool known = tcp_info_min_rtt(info, &min_rtt_us);

	SET(json, "srttUsec", info, rtt_us, value > 0);
	SET(json, "rttVarUsec", info, rttvar_us, info->raw.rtt_us > 0);
	view_set_known(json, "minRttUsec", known, min_rtt_us);
	SET(json, "receiveRttUsec", info, rcv_rtt_us, value > 0);
	SET(json, "rtoUsec", info, rto_us, value > 0);
	SET(json, "busyUsec", info, busy_time_us, true);
	SET(json, "receiverLimitedUsec", info, rwnd_limited_us, true);
	SET(json, "sendBufferLimitedUsec", info, sndbuf_limited_us, true);
}

static void set_msec_ago(Json *json, const char *key, bool known, uint32_t ms)
{
	view_set_known(json, key, known, (uint64_t)ms * 1000);
}

static void set_windows(Json *json, const TcpInfo *info)
{
	SET(json, "cwndPackets", info, snd_cwnd, value > 0);
	SET(json, "ssthreshPackets", info, snd_ssthresh, value < SSTHRESH_INFINITE);
	SET(json, "unackedPackets", info, unacked, true);
	SET(json, "lostPackets", info, lost, true);
	SET(json, "mssBytes", info, snd_mss, value > 0);
	SET(json, "pmtuBytes", info, pmtu, value > 0);
	SET(json, "sendWindowBytes", info, snd_wnd, true);
	SET(json, "receiveWindowBytes", info, rcv_wnd, true);
	SET(json, "notSentBytes", info, notsent_bytes, true);
}

/* The kernel's rates are bytes a second; ~0 stands for unlimited. */
static void set_rate(Json *json, const char *key, uint64_t bytes_per_s)
{
	view_set_known(json, key, bytes_per_s > 0 && bytes_per_s <= INT64_MAX / 8, bytes_per_s * 8);
}

static void set_traffic(Json *json, const TcpInfo *info)
{
	set_rate(json, "pacingBps", tcp_info_get(info, pacing_rate, 0));
	set_rate(json, "deliveryBps", tcp_info_get(info, delivery_rate, 0));
	json_set_bool(json, "deliveryApplicationLimited", tcp_info_app_limited(info));
	SET(json, "sentBytes", info, bytes_sent, true);
	SET(json, "ackedBytes", info, bytes_acked, true);
	SET(json, "retransmittedBytes", info, bytes_retrans, true);
	SET(json, "receivedBytes", info, bytes_received, true);
	SET(json, "retransmits", info, total_retrans, true);
	SET(json, "timeouts", info, total_rto, true);
	SET(json, "reorderings", info, reord_seen, true);
	SET(json, "ecnMarked", info, delivered_ce, true);
	/* Before the first data these count from the birth of the socket. */
	set_msec_ago(json, "lastSentAgoUsec", tcp_info_get(info, data_segs_out, 0) > 0,
		     info->raw.last_data_sent_ms);
	set_msec_ago(json, "lastReceivedAgoUsec", tcp_info_get(info, data_segs_in, 0) > 0,
		     info->raw.last_data_recv_ms);
}

static Json *view_memory(const FlowSample *sample)
{
	Json *json;

	if (!sample->has_skmeminfo)
		return NULL;
	json = json_new_object();
	json_set_uint(json, "receiveBytes", sample->rmem_alloc);
	json_set_uint(json, "receiveBufferBytes", sample->rcvbuf);
	json_set_uint(json, "sendBytes", sample->wmem_alloc);
	json_set_uint(json, "sendBufferBytes", sample->sndbuf);
	json_set_uint(json, "queuedBytes", sample->wmem_queued);
	json_set_uint(json, "forwardBytes", sample->forward_alloc);
	json_set_uint(json, "optionBytes", sample->optmem);
	json_set_uint(json, "backlogBytes", sample->backlog);
	json_set_uint(json, "drops", sample->drops);
	return json;
}

static Json *view_bbr(const FlowSample *sample)
{
	Json *json;

	if (!sample->has_bbr)
		return NULL;
	json = json_new_object();
	json_set_uint(json, "bandwidthBps", MIN(sample->bbr_bw, (uint64_t)INT64_MAX / 8) * 8);
	view_set_known(json, "minRttUsec", sample->bbr_min_rtt_us != UINT32_MAX,
		       sample->bbr_min_rtt_us);
	json_set_uint(json, "pacingGainPermille", (uint64_t)sample->bbr_pacing_gain * 1000 / 256);
	json_set_uint(json, "cwndGainPermille", (uint64_t)sample->bbr_cwnd_gain * 1000 / 256);
	return json;
}

static Json *view_dctcp(const FlowSample *sample)
{
	Json *json;

	if (!sample->has_dctcp)
		return NULL;
	json = json_new_object();
	json_set_bool(json, "enabled", sample->dctcp_enabled);
	json_set_uint(json, "ceState", sample->dctcp_ce_state);
	json_set_uint(json, "alphaPpm", (uint64_t)sample->dctcp_alpha * 1000000 / 1024);
	json_set_uint(json, "ecnBytes", sample->dctcp_ab_ecn_bytes);
	json_set_uint(json, "totalBytes", sample->dctcp_ab_total_bytes);
	return json;
}

static void set_owner(Json *json, const FlowSample *sample, const Process *process)
{
	Json *owner = process ? json_new_object() : NULL;

	json_set_uint(json, "uid", sample->uid);
	if (owner) {
		json_set_int(owner, "pid", process->pid);
		view_set_text(owner, "comm", *process->comm ? process->comm : "?");
		view_set_text(owner, "cgroup", process->cgroup);
	}
	json_set(json, "process", owner);
}

Json *view_flow(const FlowSample *sample, const Process *process)
{
	const TcpInfo *info = &sample->info;
	char address[ADDRESS_TEXT_MAX];
	Json *json = json_new_object();

	json_set_string(json, "local", address_format(&sample->local, address));
	json_set_uint(json, "localPort", sample->local_port);
	json_set_string(json, "remote", address_format(&sample->remote, address));
	json_set_uint(json, "remotePort", sample->remote_port);
	json_set_string(json, "state", state_name(sample->state));
	view_set_text(json, "congestion", sample->congestion);
	json_set_string(json, "congestionState",
			tcp_info_has(info, ca_state) ? tcp_info_ca_state_name(info->raw.ca_state)
						     : NULL);
	json_set_string(json, "limitedBy", limited_by(info));
	set_times(json, info);
	set_windows(json, info);
	set_traffic(json, info);
	json_set(json, "memory", view_memory(sample));
	json_set(json, "bbr", view_bbr(sample));
	json_set(json, "dctcp", view_dctcp(sample));
	set_owner(json, sample, process);
	return json;
}

Json *view_listener(const FlowSample *sample, const Process *process)
{
	char address[ADDRESS_TEXT_MAX];
	Json *json = json_new_object();

	json_set_string(json, "address", address_format(&sample->local, address));
	json_set_uint(json, "port", sample->local_port);
	json_set_uint(json, "queue", sample->rqueue);
	json_set_uint(json, "backlog", sample->wqueue);
	view_set_known(json, "drops", sample->has_skmeminfo, sample->drops);
	view_set_text(json, "congestion", sample->congestion);
	set_owner(json, sample, process);
	return json;
}
