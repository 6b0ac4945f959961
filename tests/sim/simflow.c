/* SPDX-License-Identifier: MIT */
#include "tests/sim/simflow.h"

#include <math.h>

#include "common/clock.h"
#include "common/text.h"

/* What the kernel accounts for a full segment in a queue. */
#define TRUESIZE     2304
#define RTO_S        5.0 /* between two timeouts of a flow that is stuck, on average */
#define PEER_WINDOW  (UINT32_C(64) * 1024 * 1024)
#define SNDBUF_FIRST 87040
#define RCVBUF_FIRST 131072

static double bytes_at(const SimFlow *flow, double seconds)
{
	double over = seconds - flow->life.seconds;

	if (over <= 0)
		return flow_progress_bytes(&flow->life, seconds);
	return flow->bounded ? flow->life.bytes
			     : flow->life.bytes + over * flow->life.goodput_bps / 8;
}

void sim_flow_move(SimFlow *flow, double seconds, const SimSky *sky)
{
	double share = flow->life.retrans_bytes / fmax(flow->life.bytes, 1.0);
	double before = flow->acked;

	if (seconds <= 0)
		return;
	flow->progress_s += seconds * flow->speed * sky->speed;
	flow->acked = bytes_at(flow, flow->progress_s);
	flow->retrans += (flow->acked - before) * (share + sky->extra_loss);
	flow->timeouts += flow->life.timeouts / flow->life.seconds * seconds;
	if (sky->speed == 0)
		flow->timeouts += seconds / RTO_S;
	flow->busy_s += seconds;
	flow->rate = (flow->acked - before) / seconds;
	if (flow->bounded && flow->progress_s >= flow->life.seconds) {
		/* It was done before the time was over. */
		flow->busy_s -= fmin((flow->progress_s - flow->life.seconds) /
					     fmax(flow->speed * sky->speed, 1e-9),
				     seconds);
		flow->ended = true;
	}
}

/* A quantile of the RTTs of its life, drawn: half below p50, a tenth above p90. */
static double draw_rtt_us(const FlowLife *life, const Random *random)
{
	double u = random_unit(random);

	if (u < 0.5)
		return life->min_rtt_us + (life->srtt_p50_us - life->min_rtt_us) * (0.6 + 0.8 * u);
	return life->srtt_p50_us + (life->srtt_p90_us - life->srtt_p50_us) * (u - 0.5) / 0.4;
}

static double cap(double bytes)
{
	return bytes > 0 ? bytes : INT32_MAX;
}

static void fill_sending(const SimFlow *flow, FlowSample *sample)
{
	const FlowLife *life = &flow->life;
	TcpInfoRaw *raw = &sample->info.raw;
	double retrans = flow->retrans,
	       inflight = fmin(life->inflight_bytes, life->cwnd_packets * FLOW_MSS);
	double wanted = fmax(2 * life->cwnd_packets * TRUESIZE, SNDBUF_FIRST);
	double sndbuf = fmin(wanted, cap(flow->setting.sndbuf_bytes));
	bool buffer = life->limit == FLOW_LIMIT_SNDBUF;

	if (buffer) {
		sndbuf = flow->setting.sndbuf_bytes;
		inflight = sndbuf * FLOW_SEND_RATIO;
	}
	raw->bytes_acked = (uint64_t)flow->acked;
	raw->bytes_sent = (uint64_t)(flow->acked + retrans + inflight);
	raw->bytes_retrans = (uint64_t)retrans;
	raw->total_retrans = (uint32_t)(retrans / FLOW_MSS);
	raw->data_segs_out = (uint32_t)(raw->bytes_sent / FLOW_MSS);
	raw->segs_out = raw->data_segs_out;
	raw->delivered = (uint32_t)(flow->acked / FLOW_MSS);
	raw->busy_time_us = (uint64_t)(flow->busy_s * 1e6);
	raw->rwnd_limited_us = life->limit == FLOW_LIMIT_RECEIVER ? raw->busy_time_us * 9 / 10 : 0;
	raw->delivery_rate = (uint64_t)fmax(flow->rate, 0.0);
	raw->flags = buffer; /* what a full send buffer looks like */
	raw->snd_cwnd = (uint32_t)fmax(life->cwnd_packets, 1.0);
	raw->snd_ssthresh = raw->snd_cwnd;
	raw->unacked = (uint32_t)(inflight / FLOW_MSS);
	raw->notsent_bytes = (uint32_t)fmax(sndbuf * FLOW_SEND_RATIO - inflight, 0.0);
	raw->snd_wnd = life->limit == FLOW_LIMIT_RECEIVER ? (uint32_t)inflight : PEER_WINDOW;
	raw->total_rto = (uint16_t)flow->timeouts;
	raw->pacing_rate = flow->setting.congestion == FLOW_BBR ? raw->delivery_rate : UINT64_MAX;
	sample->sndbuf = (uint32_t)sndbuf;
	sample->wmem_queued = (uint32_t)(sndbuf * (buffer ? 0.7 : 0.65));
	sample->rcvbuf = RCVBUF_FIRST;
	raw->rcv_wnd = raw->rcv_ssthresh = FLOW_FIRST_WINDOW;
}

static void fill_receiving(const SimFlow *flow, FlowSample *sample)
{
	const FlowLife *life = &flow->life;
	TcpInfoRaw *raw = &sample->info.raw;
	double bdp = life->goodput_bps / 8 * life->srtt_p50_us / 1e6;
	double rcvbuf = fmin(fmax(2 * bdp / FLOW_RECEIVE_RATIO, RCVBUF_FIRST),
			     cap(flow->setting.rcvbuf_bytes));

	raw->bytes_received = (uint64_t)flow->acked;
	raw->data_segs_in = (uint32_t)(flow->acked / FLOW_MSS);
	raw->segs_in = raw->data_segs_in;
	raw->rcv_ooopack = (uint32_t)(flow->retrans / FLOW_MSS);
	raw->rcv_rtt_us = (uint32_t)life->srtt_p50_us;
	raw->rcv_space = (uint32_t)fmin(bdp, UINT32_MAX);
	raw->rcv_wnd = raw->rcv_ssthresh = (uint32_t)(rcvbuf * FLOW_RECEIVE_RATIO);
	sample->rcvbuf = (uint32_t)rcvbuf;
	sample->rmem_alloc = (uint32_t)fmin(rcvbuf / 10, 65536);
	sample->sndbuf = SNDBUF_FIRST;
	raw->bytes_acked = raw->bytes_sent = 400; /* the request */
	raw->snd_wnd = PEER_WINDOW;
	raw->snd_cwnd = 10;
}

void sim_flow_sample(const SimFlow *flow, const FlowPath *path, const Address *remote,
		     const Random *random, FlowSample *ret)
{
	double rtt_us = draw_rtt_us(&flow->life, random);
	TcpInfoRaw *raw = &ret->info.raw;

	*ret = (FlowSample){.cookie = flow->cookie,
			    .remote = *remote,
			    .local_port = flow->local_port,
			    .remote_port = 443,
			    .state = TCP_STATE_ESTABLISHED,
			    .destroyed = flow->ended,
			    .has_skmeminfo = !flow->ended,
			    .info = {.length = TCP_INFO_LENGTH_MAX}};
	raw->state = TCP_STATE_ESTABLISHED;
	raw->snd_mss = raw->advmss = raw->rcv_mss = FLOW_MSS;
	raw->pmtu = 1500;
	raw->options = TCP_INFO_OPT_TIMESTAMPS | TCP_INFO_OPT_SACK | TCP_INFO_OPT_WSCALE |
		       (flow->setting.ecn && path->marks ? TCP_INFO_OPT_ECN : 0);
	raw->wscale = 0x77;
	raw->rtt_us = (uint32_t)rtt_us;
	raw->rttvar_us = (uint32_t)(rtt_us / 8);
	raw->rto_us = (uint32_t)(rtt_us + fmax(flow->setting.rto_min_us, 200e3));
	raw->min_rtt_us = (uint32_t)flow->life.min_rtt_us;
	raw->max_pacing_rate = UINT64_MAX;
	if (flow->receiving)
		fill_receiving(flow, ret);
	else
		fill_sending(flow, ret);
	if (!flow->ended)
		(void)text_copy(ret->congestion, sizeof(ret->congestion),
				flow_congestion_name(flow->setting.congestion));
	if (flow->ended)
		ret->sndbuf = ret->wmem_queued = ret->rcvbuf = ret->rmem_alloc = 0;
}

double sim_flow_memory_bytes(const SimFlow *flow)
{
	if (flow->receiving)
		return flow->life.inflight_bytes / FLOW_RECEIVE_RATIO;
	return fmin(2 * flow->life.cwnd_packets * TRUESIZE, cap(flow->setting.sndbuf_bytes));
}
