/* SPDX-License-Identifier: MIT */
/*
 * A cumulative counter only grows; anything else is a counter that the kernel does not deliver, or
 * a socket that was reset on its own side, and moves nothing.
 */
#include "daemon/model/flow.h"

#include "common/base.h"

static uint64_t step(uint64_t *last, uint64_t now)
{
	uint64_t delta = now > *last ? now - *last : 0;

	*last = MAX(*last, now);
	return delta;
}

/* Of the low half: less than half a turn onwards is a step, all else is backwards. */
static uint64_t step_low(uint32_t *last, uint64_t now)
{
	uint32_t delta = (uint32_t)now - *last;

	if (delta > INT32_MAX)
		return 0;
	*last = (uint32_t)now;
	return delta;
}

/* TCP_INIT_CWND: the window that cubic and reno fall back to after a pause. */
#define INITIAL_WINDOW 10

/* Nothing is outstanding or waiting, so what comes next begins with the window after a pause. */
static bool has_paused(const TcpInfo *info)
{
	const TcpInfoRaw *raw = &info->raw;

	return raw->snd_cwnd > INITIAL_WINDOW && raw->unacked == 0 &&
	       tcp_info_get(info, notsent_bytes, 0) == 0 && raw->rto_us > 0 &&
	       (uint64_t)raw->last_data_sent_ms * 1000 > raw->rto_us;
}

static bool has_become_bulk(const Flow *flow)
{
	return flow->bytes_acked >= PATH_BULK_BYTES || flow->bytes_received >= PATH_BULK_BYTES;
}

void flow_baseline(Flow *flow, const TcpInfo *info)
{
	flow->bytes_acked = tcp_info_get(info, bytes_acked, 0);
	flow->bytes_sent = tcp_info_get(info, bytes_sent, 0);
	flow->bytes_retrans = tcp_info_get(info, bytes_retrans, 0);
	flow->bytes_received = tcp_info_get(info, bytes_received, 0);
	flow->busy_us = (uint32_t)tcp_info_get(info, busy_time_us, 0);
	flow->rwnd_limited_us = (uint32_t)tcp_info_get(info, rwnd_limited_us, 0);
	flow->sndbuf_limited_us = (uint32_t)tcp_info_get(info, sndbuf_limited_us, 0);
	flow->dsack_dups = tcp_info_get(info, dsack_dups, 0);
	flow->total_rto = tcp_info_get(info, total_rto, 0);
	flow->bulk = has_become_bulk(flow);
}

void flow_advance(Flow *flow, const TcpInfo *info, uint64_t now_ns, FlowDelta *ret)
{
	uint32_t dsack = tcp_info_get(info, dsack_dups, 0);
	uint16_t rto = tcp_info_get(info, total_rto, 0);
	uint64_t busy_us = tcp_info_get(info, busy_time_us, 0);
	bool was_bulk = flow->bulk;

	*ret = (FlowDelta){
		.cookie = flow->cookie,
		.birth_ns = flow->birth_ns,
		.epoch = flow->epoch,
		.birth_seen = flow->birth_seen,
		.elapsed_ns = now_ns > flow->last_ns ? now_ns - flow->last_ns : 0,
		.bytes_acked = step(&flow->bytes_acked, tcp_info_get(info, bytes_acked, 0)),
		.bytes_sent = step(&flow->bytes_sent, tcp_info_get(info, bytes_sent, 0)),
		.bytes_retrans = step(&flow->bytes_retrans, tcp_info_get(info, bytes_retrans, 0)),
		.bytes_received =
			step(&flow->bytes_received, tcp_info_get(info, bytes_received, 0)),
		.busy_us = step_low(&flow->busy_us, busy_us),
		.rwnd_limited_us =
			step_low(&flow->rwnd_limited_us, tcp_info_get(info, rwnd_limited_us, 0)),
		.sndbuf_limited_us = step_low(&flow->sndbuf_limited_us,
					      tcp_info_get(info, sndbuf_limited_us, 0)),
		.acked_total = flow->bytes_acked,
		.busy_total_us = busy_us,
		.sent_total = flow->bytes_sent,
		.retrans_total = flow->bytes_retrans,
		.dsack_dups = dsack - flow->dsack_dups,
		.total_rto = (uint16_t)(rto - flow->total_rto), /* u16 in the kernel: wraps */
	};
	flow->dsack_dups = dsack;
	flow->total_rto = rto;
	flow->last_ns = now_ns;
	ret->restarted =
		flow->paused && ret->bytes_sent > (uint64_t)INITIAL_WINDOW * info->raw.snd_mss;
	flow->paused = has_paused(info);
	flow->bulk = was_bulk || has_become_bulk(flow);
	ret->bulk = flow->bulk;
	ret->became_bulk = flow->bulk && !was_bulk;
}
