/* SPDX-License-Identifier: MIT */
/*
 * What bulk transfers show. Thresholds are those of tuning.md, sections 3 and 4.
 */
#include "cli/audit/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/human.h"
#include "common/parse.h"

#define BULK_BYTES      (1024 * 1024) /* while we looked */
#define LOSS_PERMILLE   1             /* without a queue: srtt within a quarter of the floor */
#define QUEUE_FREE      1.25
#define BLOAT_FACTOR    2
#define BLOAT_US        20000
#define RCVBUF_PER_BYTE 2 /* truesize: a window is about half of its buffer */

static uint64_t sent(const ObservedFlow *flow)
{
	return flow->last.info.raw.bytes_acked - flow->first.info.raw.bytes_acked;
}

static uint64_t received(const ObservedFlow *flow)
{
	return flow->last.info.raw.bytes_received - flow->first.info.raw.bytes_received;
}

static double rate_bps(const ObservedFlow *flow, uint64_t bytes)
{
	double seconds = (double)(flow->last_ns - flow->first_ns) / NSEC_PER_SEC;

	return seconds > 0 ? (double)bytes * 8 / seconds : 0;
}

static bool floor_us(const ObservedFlow *flow, uint32_t *ret_us)
{
	return tcp_info_min_rtt(&flow->last.info, ret_us) && *ret_us > 0;
}

/* One reading may have met a busy moment. */
static uint32_t mean_rtt_us(const ObservedFlow *flow)
{
	return (uint32_t)(flow->sum_rtt_us / flow->samples);
}

/* The last of "4096 131072 6291456"; 0: not known. */
static uint64_t last_number(const char *triple)
{
	const char *last = strrchr(triple, ' ');
	uint64_t value;

	return last && parse_uint64(last + 1, 1, UINT32_MAX, &value) == 0 ? value : 0;
}

typedef bool (*Judge)(const AuditInput *input, const ObservedFlow *flow, AuditFindings *ret);

/* Every bulk flow that sends (or receives) is judged; `well`: what to say of them if none is at
 * fault. */
static void judge_bulk(const AuditInput *input, uint64_t (*moved)(const ObservedFlow *flow),
		       Judge judge, const char *well, AuditFindings *ret)
{
	const Observation *seen = input->seen;
	size_t bulk = 0;

	for (size_t i = 0; i < seen->n_flows; i++) {
		if (moved(&seen->flows[i]) < BULK_BYTES)
			continue;
		bulk++;
		(void)judge(input, &seen->flows[i], ret);
	}
	if (ret->n > 0)
		return;
	if (bulk == 0)
		audit_say(ret, AUDIT_UNKNOWN, "%s",
			  *seen->flows_why
				  ? seen->flows_why
				  : "no bulk transfer was under way: look again during one");
	else
		audit_say(ret, AUDIT_OK, "none of %zu bulk %s", bulk, well);
}

static bool is_loss_based(const char *congestion)
{
	return text_equal(congestion, "cubic") || text_equal(congestion, "reno");
}

static bool judge_congestion(const AuditInput *input, const ObservedFlow *flow, AuditFindings *ret)
{
	const TcpInfoRaw *now = &flow->last.info.raw, *before = &flow->first.info.raw;
	uint64_t again = now->bytes_retrans - before->bytes_retrans;
	uint64_t all = now->bytes_sent - before->bytes_sent;
	char address[ADDRESS_TEXT_MAX], rate[HUMAN_MAX];
	AuditFinding *finding;
	uint32_t floor;

	(void)input;
	if (!is_loss_based(flow->last.congestion) || all == 0 ||
	    again * 1000 < all * LOSS_PERMILLE || !floor_us(flow, &floor) ||
	    mean_rtt_us(flow) > QUEUE_FREE * floor)
		return false;
	finding = audit_add(ret, AUDIT_IMPROVE);
	audit_name_flow(flow, false, finding->subject, sizeof(finding->subject));
	(void)text_format(finding->finding, sizeof(finding->finding),
			  "%s loses %.2f %% without a queue and takes each loss for one: %s",
			  flow->last.congestion, 100.0 * (double)again / (double)all,
			  human_rate((uint64_t)rate_bps(flow, sent(flow)), rate));
	(void)text_format(
		finding->remedy, sizeof(finding->remedy),
		"let netoptd try bbr there (Mode=auto); by hand: ip route add %s/%d $(ip -o "
		"route get %s | grep -o 'via [^ ]*\\|dev [^ ]*') congctl bbr",
		address_format(&flow->last.remote, address),
		flow->last.remote.family == AF_INET ? 32 : 128, address);
	return true;
}

void audit_congestion(const AuditInput *input, AuditFindings *ret)
{
	judge_bulk(input, sent, judge_congestion, "senders loses packets without a queue", ret);
}

static bool judge_buffers(const AuditInput *input, const ObservedFlow *flow, AuditFindings *ret)
{
	uint64_t limit = last_number(input->seen->wmem), wanted;
	char rate[HUMAN_MAX], trip[HUMAN_MAX];
	AuditFinding *finding;
	uint32_t floor;

	/* Mostly: a busy machine keeps the writer away at times. */
	if (limit == 0 || flow->last.sndbuf < limit || flow->buffer_full * 2 < flow->samples ||
	    !floor_us(flow, &floor) || mean_rtt_us(flow) > QUEUE_FREE * floor)
		return false;
	finding = audit_add(ret, AUDIT_IMPROVE);
	audit_name_flow(flow, false, finding->subject, sizeof(finding->subject));
	wanted = 2 * limit;
	(void)text_format(finding->finding, sizeof(finding->finding),
			  "the send buffer is at its limit of %" PRIu64 " bytes and full: no more "
			  "than %s at a round trip of %s",
			  limit, human_rate((uint64_t)rate_bps(flow, sent(flow)), rate),
			  human_latency(floor, trip));
	(void)text_format(finding->remedy, sizeof(finding->remedy),
			  "sysctl -w net.ipv4.tcp_wmem=\"4096 16384 %" PRIu64
			  "\" (netoptd finds the value in mode auto)",
			  wanted);
	return true;
}

void audit_buffers(const AuditInput *input, AuditFindings *ret)
{
	judge_bulk(input, sent, judge_buffers, "senders has a full send buffer at its limit", ret);
}

static bool judge_receive_buffer(const AuditInput *input, const ObservedFlow *flow,
				 AuditFindings *ret)
{
	const TcpInfoRaw *info = &flow->last.info.raw;
	uint32_t trip_us = info->rcv_rtt_us > 0 ? info->rcv_rtt_us : info->rtt_us;
	uint64_t limit = last_number(input->seen->rmem);
	double rate = rate_bps(flow, received(flow)), window = (double)info->rcv_wnd;
	AuditFinding *finding;
	char text[HUMAN_MAX];

	/* One that grows by itself, or has grown to the limit, is no choice of the application's;
	 * one that is emptied slowly is not too small. */
	if (!flow->last.has_skmeminfo || !tcp_info_has(&flow->last.info, rcv_wnd) ||
	    flow->rcvbuf_least != flow->rcvbuf_most || flow->last.rcvbuf >= limit ||
	    flow->unread * 2 > flow->samples || trip_us == 0 || rate * trip_us / 8e6 < 0.7 * window)
		return false;
	finding = audit_add(ret, AUDIT_IMPROVE);
	audit_name_flow(flow, false, finding->subject, sizeof(finding->subject));
	(void)text_format(finding->finding, sizeof(finding->finding),
			  "a receive buffer of %u bytes, fixed by the application, bounds it to %s",
			  flow->last.rcvbuf, human_rate((uint64_t)rate, text));
	(void)text_format(
		finding->remedy, sizeof(finding->remedy),
		"in %s: do not set SO_RCVBUF, so that the kernel sizes the buffer; or set it "
		"before connecting to %d times the bandwidth-delay product",
		*flow->comm ? flow->comm : "the application", RCVBUF_PER_BYTE);
	return true;
}

void audit_receive_buffer(const AuditInput *input, AuditFindings *ret)
{
	judge_bulk(input, received, judge_receive_buffer, "receivers is bounded by a fixed buffer",
		   ret);
}

static bool judge_bufferbloat(const AuditInput *input, const ObservedFlow *flow, AuditFindings *ret)
{
	char trip[HUMAN_MAX], least[HUMAN_MAX];
	AuditFinding *finding;
	uint32_t mean_us = mean_rtt_us(flow);
	uint32_t floor;

	(void)input;
	if (!floor_us(flow, &floor) || mean_us < BLOAT_FACTOR * floor + BLOAT_US)
		return false;
	finding = audit_add(ret, AUDIT_IMPROVE);
	audit_name_flow(flow, false, finding->subject, sizeof(finding->subject));
	finding->cost_us = mean_us - floor;
	(void)text_format(
		finding->finding, sizeof(finding->finding),
		"round trips of %s, without the queue %s: everything else on that way waits "
		"as long",
		human_latency(mean_us, trip), human_latency(floor, least));
	(void)text_format(
		finding->remedy, sizeof(finding->remedy),
		"where the queue is this host's uplink: tc qdisc replace dev DEVICE root cake "
		"bandwidth %.0fMbit (a little below its rate); else let netoptd try bbr there",
		MAX(1.0, 0.9 * rate_bps(flow, sent(flow)) / 1e6));
	return true;
}

void audit_bufferbloat(const AuditInput *input, AuditFindings *ret)
{
	judge_bulk(input, sent, judge_bufferbloat, "senders fills a queue", ret);
}
