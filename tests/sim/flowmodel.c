/* SPDX-License-Identifier: MIT */
/*
 * One round is one round trip: a window goes out, and what became of it comes back. All windows are
 * in packets here. Constants without a source are calibrated: see test_sim_flowmodel.c.
 */
#include "tests/sim/flowmodel.h"

#include <math.h>
#include <string.h>

/* A longer life goes on as the second half of these rounds went. */
#define ROUNDS_MAX 512

#define INITCWND     10
#define RTO_MIN_S    0.2
#define WINDOW_MIN   2.0
#define CUBIC_C      0.4
#define CUBIC_BETA   0.7
#define CUBIC_ALPHA  (3 * (1 - CUBIC_BETA) / (1 + CUBIC_BETA)) /* RFC 9438, 4.3 */
#define WINDOW_NEVER 1e12

/* A segment of 64 KB leaves as one burst; a buffer that takes it is not hurt by bursts. */
#define BURST_PACKETS 44
/* The share of the window that goes out as one burst in steady state, without pacing. */
static const double burst_share[_FLOW_CONGESTIONS] = {[FLOW_RENO] = 0.45, [FLOW_CUBIC] = 0.8};

/* BBR: what its gains cost. */
#define BBR_EFFICIENCY      0.97 /* PROBE_RTT, drain */
#define BBR_STARTUP_GAIN    2.89
#define BBR_STARTUP_ROUNDS  1 /* then it conserves packets, for it sees the losses */
#define BBR_PROBE           0.25
#define BBR_CYCLE           8
#define BBR_QUEUE_P50       0.4 /* of a bandwidth-delay product */
#define BBR_QUEUE_P90       1.0
#define BBR_SHORT_RETRANS   0.07 /* at 1 ms: its timers are too coarse */
#define BBR_POLICED_RETRANS 0.12 /* it takes the burst for the rate */
#define BBR_COLLAPSE_LOSS   0.2
/* Where others fill the queue, so much of it is full as a rule. */
#define SHARED_QUEUE_FULL 0.85

#define RTT_BINS 32

typedef struct Walk {
	const FlowPath *path;
	const FlowSetting *setting;
	const Random *random;
	FlowLife *life;
	double rtt, pps, bdp;         /* s, packets/s, packets */
	double buffer;                /* our share of it */
	double whole_buffer;          /* what a burst finds */
	double standing;              /* the queue of others in our share */
	double window_limit, offered; /* the peer's window grows with what arrives */
	double left, until_loss, time, limit_s;
	double cwnd, ssthresh, w_max, k, since_loss, w_reno;
	double cwnd_time, half_time, half_packets, delivered, retrans;
	double bins[RTT_BINS], bins_total;
	bool started, recovering;
} Walk;

static const char *const names[_FLOW_CONGESTIONS] = {
	[FLOW_RENO] = "reno", [FLOW_CUBIC] = "cubic", [FLOW_BBR] = "bbr"};

const char *flow_congestion_name(FlowCongestion congestion)
{
	return names[congestion];
}

FlowCongestion flow_congestion_from(const char *name)
{
	for (FlowCongestion i = 0; i < _FLOW_CONGESTIONS; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return FLOW_CUBIC;
}

static double capacity_bps(const FlowPath *path)
{
	double rate = path->rate_bps * (1 - path->cross);

	return path->policer_bps > 0 ? fmin(rate, path->policer_bps) : rate;
}

double flow_bdp_bytes(const FlowPath *path)
{
	return path->rate_bps / 8 * path->rtt_us / 1e6;
}

/* --- what is common --- */

static double packets_of(double bytes)
{
	return bytes > 0 ? fmax(bytes / FLOW_MSS, 1.0) : WINDOW_NEVER;
}

static double next_loss(const Walk *walk)
{
	return walk->path->loss > 0 ? random_exponential(walk->random, 1 / walk->path->loss)
				    : INFINITY;
}

static void find_limits(Walk *walk)
{
	const FlowSetting *setting = walk->setting;
	double send = packets_of(setting->sndbuf_bytes * FLOW_SEND_RATIO);
	double receive = fmin(packets_of(setting->rcvbuf_bytes * FLOW_RECEIVE_RATIO),
			      packets_of(walk->path->peer_window_bytes));
	double first = walk->path->peer_first_window_bytes;

	walk->window_limit = fmin(send, receive);
	walk->offered = fmin(packets_of(first > 0 ? first : FLOW_FIRST_WINDOW), receive);
	walk->life->limit = walk->window_limit >= walk->bdp * 1.02 ? FLOW_LIMIT_NETWORK
			    : send < receive                       ? FLOW_LIMIT_SNDBUF
								   : FLOW_LIMIT_RECEIVER;
}

static void walk_init(Walk *walk, const FlowPath *path, const FlowSetting *setting,
		      const FlowPlan *plan, const Random *random, FlowLife *life)
{
	bool policed = path->policer_bps > 0;
	double share = 1.0 / (1 + path->competitors);

	*life = (FlowLife){0};
	*walk = (Walk){.path = path,
		       .setting = setting,
		       .random = random,
		       .life = life,
		       .rtt = (path->rtt_us + path->jitter_us / 2) / 1e6,
		       .pps = capacity_bps(path) / 8 / FLOW_WIRE * share,
		       .left = plan->bytes > 0 ? ceil(plan->bytes / FLOW_MSS) : INFINITY,
		       .limit_s = plan->seconds > 0 ? plan->seconds : INFINITY,
		       .ssthresh = INFINITY};
	walk->bdp = walk->pps * walk->rtt;
	walk->whole_buffer = (policed ? path->policer_burst_bytes : path->queue_bytes) / FLOW_WIRE;
	walk->buffer = walk->whole_buffer * share;
	walk->standing = path->competitors && !policed ? SHARED_QUEUE_FULL * walk->buffer : 0;
	walk->until_loss = next_loss(walk);
	walk->cwnd = setting->initcwnd ? setting->initcwnd : INITCWND;
	if (plan->warm_packets > 0 &&
	    (setting->keep_after_idle || setting->congestion == FLOW_BBR)) {
		walk->cwnd = plan->warm_packets;
		walk->started = true;
	}
	find_limits(walk);
	if (plan->warm_packets > 0)
		walk->offered = walk->window_limit;
	life->min_rtt_us = path->rtt_us;
}

static void record_rtt(Walk *walk, double queue, double seconds)
{
	double most = fmax(walk->buffer, 1.0);
	unsigned bin = (unsigned)fmin(queue / most * RTT_BINS, RTT_BINS - 1.0);

	walk->bins[bin] += seconds;
	walk->bins_total += seconds;
}

static double rtt_quantile_us(const Walk *walk, double quantile)
{
	double sum = 0, wanted = quantile * walk->bins_total;

	for (unsigned i = 0; i < RTT_BINS; i++) {
		sum += walk->bins[i];
		if (sum < wanted || walk->bins[i] == 0)
			continue;
		return 1e6 *
		       (walk->rtt + (i == 0 ? 0 : (i + 0.5) / RTT_BINS) * walk->buffer / walk->pps);
	}
	return 1e6 * walk->rtt;
}

static void finish(Walk *walk)
{
	FlowLife *life = walk->life;
	double jitter = walk->path->policer_bps > 0 ? 0 : walk->path->jitter_us;

	life->seconds = fmax(walk->time, 1e-6);
	life->bytes = walk->delivered * FLOW_MSS;
	life->retrans_bytes = walk->retrans * FLOW_MSS;
	life->goodput_bps = life->bytes * 8 / life->seconds;
	life->srtt_p90_us += jitter / 4;
	if (life->startup_seconds == 0) {
		life->startup_seconds = life->seconds;
		life->startup_bytes = life->bytes;
	}
	if (walk->path->competitors)
		life->competitors_bps = fmax(
			capacity_bps(walk->path) * FLOW_MSS / FLOW_WIRE - life->goodput_bps, 0.0);
}

/* --- loss-based --- */

static void cubic_lost(Walk *walk)
{
	walk->w_max = walk->cwnd < walk->w_max ? walk->cwnd * (1 + CUBIC_BETA) / 2 : walk->cwnd;
	walk->cwnd = fmax(walk->cwnd * CUBIC_BETA, WINDOW_MIN);
	walk->k = cbrt(fmax(walk->w_max - walk->cwnd, 0.0) / CUBIC_C);
	walk->since_loss = 0;
	walk->w_reno = walk->cwnd;
}

static void lost(Walk *walk)
{
	if (walk->setting->congestion == FLOW_RENO)
		walk->cwnd = fmax(walk->cwnd / 2, WINDOW_MIN);
	else
		cubic_lost(walk);
	walk->ssthresh = walk->cwnd;
	walk->recovering = true;
}

static void grow(Walk *walk, double seconds)
{
	double target;

	if (walk->recovering) {
		walk->recovering = false;
		return;
	}
	if (walk->cwnd < walk->ssthresh) {
		walk->cwnd = fmin(2 * walk->cwnd, walk->ssthresh);
		return;
	}
	if (walk->setting->congestion == FLOW_RENO) {
		walk->cwnd += 1;
		return;
	}
	walk->since_loss += seconds;
	walk->w_reno += CUBIC_ALPHA;
	target = walk->since_loss + walk->rtt - walk->k;
	target = walk->w_max + CUBIC_C * target * target * target;
	walk->cwnd = fmax(fmin(fmax(target, walk->cwnd), 1.5 * walk->cwnd), walk->w_reno);
}

/* Packets of this window that the buffer has no room for. */
static double overflow(const Walk *walk, double window, double queue)
{
	bool first = walk->life->rounds == 0, slow_start = walk->cwnd < walk->ssthresh;
	double burst = 0;

	if (first)
		burst = window;
	else if (slow_start)
		burst = window / 2; /* each acknowledgement releases two */
	else if (walk->whole_buffer < BURST_PACKETS)
		burst = window * burst_share[walk->setting->congestion] *
			(1 - walk->whole_buffer / BURST_PACKETS);
	return fmax(fmax(queue - walk->buffer, burst - walk->whole_buffer) - 1, 0.0);
}

static double random_losses(Walk *walk, double window)
{
	double n = 0;

	walk->until_loss -= window;
	while (walk->until_loss <= 0) {
		walk->until_loss += next_loss(walk);
		n++;
	}
	return n;
}

/* A retransmission that is lost itself waits for the timer. */
static void maybe_timeout(Walk *walk, double losses)
{
	double rto_min =
		walk->setting->rto_min_us > 0 ? walk->setting->rto_min_us / 1e6 : RTO_MIN_S;

	if (random_unit(walk->random) >= walk->path->loss * losses)
		return;
	walk->time += walk->rtt + rto_min;
	walk->life->timeouts++;
	walk->ssthresh = fmax(walk->cwnd, WINDOW_MIN);
	walk->cwnd = 1;
}

static void end_startup(Walk *walk)
{
	if (walk->life->startup_seconds > 0)
		return;
	walk->life->startup_seconds = walk->time;
	walk->life->startup_bytes = walk->delivered * FLOW_MSS;
}

/* What went missing, and what that does to the window. */
static void suffer(Walk *walk, double dropped, double random, double window, bool last)
{
	bool marked = walk->path->marks && walk->setting->ecn && random == 0;

	if (!marked)
		walk->retrans += fmin(dropped + random, window);
	end_startup(walk);
	if (last && dropped > 0)
		walk->time += 2 * walk->rtt; /* nothing follows that would tell: tail loss probe */
	/* What overshot is lost twice before the window is found that fits. */
	if (dropped > 0)
		walk->cwnd = fmin(walk->cwnd, walk->bdp + walk->buffer);
	lost(walk);
	if (random > 0)
		maybe_timeout(walk, random);
}

static void one_round(Walk *walk)
{
	FlowLife *life = walk->life;
	double window = fmin(fmin(walk->cwnd, fmin(walk->offered, walk->window_limit)), walk->left);
	double queue = fmax(window - walk->bdp, 0.0), random = random_losses(walk, window);
	double dropped = overflow(walk, window, queue);
	double waiting = fmax(fmin(queue, walk->buffer), walk->standing);
	double visible = walk->path->policer_bps > 0 ? 0 : waiting / walk->pps;
	double delivered = window - fmin(dropped + random, window - 1);
	bool last = window >= walk->left;
	double seconds = last ? walk->rtt + visible + delivered / walk->pps
			      : fmax(walk->rtt + visible, delivered / walk->pps);

	if (walk->path->marks && walk->setting->ecn)
		delivered = window - fmin(random, window - 1);
	if (last && queue > 0)
		seconds -= fmin(visible, delivered / walk->pps);
	walk->time += seconds;
	walk->delivered += delivered;
	walk->left -= delivered;
	walk->cwnd_time += walk->cwnd * seconds;
	if (life->rounds >= ROUNDS_MAX / 2) {
		walk->half_time += seconds;
		walk->half_packets += delivered;
	}
	record_rtt(walk, visible * walk->pps, seconds);
	life->inflight_bytes = fmax(life->inflight_bytes, window * FLOW_MSS);
	life->delivery_bps = fmax(life->delivery_bps, delivered * FLOW_MSS * 8 / seconds);
	life->rounds++;
	walk->offered *= 2;
	if (dropped + random > 0)
		suffer(walk, dropped, random, window, last);
	else if (window >= walk->cwnd - 0.5 || life->rounds == 1)
		grow(walk, seconds);
	if (window >= walk->window_limit)
		end_startup(walk);
}

/* The rest of a long life, as its last rounds were. */
static void extrapolate(Walk *walk)
{
	double pps = walk->half_packets / walk->half_time;
	double share = walk->retrans / (walk->delivered + walk->retrans);
	double seconds = fmin(walk->limit_s - walk->time, walk->left / pps);

	walk->delivered += pps * seconds;
	walk->retrans += pps * seconds * share;
	walk->cwnd_time += walk->cwnd_time / walk->time * seconds;
	walk->time += seconds;
}

static void live_loss_based(Walk *walk)
{
	FlowLife *life = walk->life;

	if (walk->started)
		walk->ssthresh = walk->cwnd;
	while (walk->left > 0 && walk->time < walk->limit_s && life->rounds < ROUNDS_MAX)
		one_round(walk);
	if (walk->left > 0 && walk->time < walk->limit_s)
		extrapolate(walk);
	if (walk->time > walk->limit_s) { /* the last round lies partly behind the end */
		walk->delivered *= walk->limit_s / walk->time;
		walk->cwnd_time *= walk->limit_s / walk->time;
		walk->time = walk->limit_s;
	}
	life->cwnd_packets = walk->cwnd_time / walk->time;
	life->srtt_p50_us = rtt_quantile_us(walk, 0.5);
	life->srtt_p90_us = rtt_quantile_us(walk, 0.9);
}

/* --- bbr --- */

/* The share of the bottleneck that one bbr flow has against loss-based ones, whatever their number
 * (Ware et al., IMC 2019), by the buffer in bandwidth-delay products: as measured at 50 Mbit/s and
 * 40 ms, between those evenly in logarithms. */
static double bbr_share(double buffer_bdp)
{
	static const struct {
		double buffer, share;
	} measured[] = {{0.25, 0.964}, {1, 0.515}, {4, 0.136}, {10, 0.064}};
	double x = fmax(buffer_bdp, 1e-3);

	if (x <= measured[0].buffer)
		return measured[0].share;
	for (size_t i = 1; i < ARRAY_SIZE(measured); i++) {
		double t = log(x / measured[i - 1].buffer) /
			   log(measured[i].buffer / measured[i - 1].buffer);

		if (t <= 1)
			return exp((1 - t) * log(measured[i - 1].share) +
				   t * log(measured[i].share));
	}
	return measured[ARRAY_SIZE(measured) - 1].share;
}

static double bbr_retrans(const Walk *walk, double buffer_bdp)
{
	const FlowPath *path = walk->path;
	double share = path->loss + fmax(BBR_PROBE - buffer_bdp, 0.0) / BBR_CYCLE;

	if (path->marks && walk->setting->ecn)
		share = path->loss;
	share += BBR_SHORT_RETRANS * pow(1000 / fmax(path->rtt_us, 1000.0), 3);
	if (path->policer_bps > 0)
		share += BBR_POLICED_RETRANS;
	return fmin(share, 0.5);
}

/* Doubles until the pipe is full; returns the packets that the overshoot loses. */
static double bbr_startup(Walk *walk, double steady_pps, double full, double buffer_bdp)
{
	double window = walk->cwnd, rtt = walk->rtt + walk->standing / walk->pps;

	while (!walk->started && window < full && walk->left > 0 && walk->time < walk->limit_s) {
		double now =
			fmin(fmin(window, fmin(walk->offered, walk->window_limit)), walk->left);

		walk->delivered += now;
		walk->left -= now;
		walk->time += fmax(rtt, now / steady_pps);
		walk->cwnd_time += window * rtt;
		walk->life->rounds++;
		walk->offered *= 2;
		window *= 2;
	}
	if (walk->left <= 0 || walk->time >= walk->limit_s || walk->started ||
	    walk->window_limit < full)
		return 0;
	return full * BBR_STARTUP_ROUNDS * fmax(BBR_STARTUP_GAIN - 1 - buffer_bdp, 0.0);
}

static void live_bbr(Walk *walk)
{
	FlowLife *life = walk->life;
	unsigned competitors = walk->path->competitors;
	double all_pps = walk->pps * (1 + competitors), all_bdp = all_pps * walk->rtt;
	double buffer = walk->buffer * (1 + competitors), buffer_bdp = buffer / all_bdp;
	double share = competitors ? bbr_share(buffer_bdp) : 1, retrans, pps, full, seconds;
	double queue = buffer_bdp;

	retrans = bbr_retrans(walk, buffer_bdp);
	pps = all_pps * share * BBR_EFFICIENCY * (1 - walk->path->loss);
	if (walk->path->loss > BBR_COLLAPSE_LOSS)
		pps *= 0.1;
	full = fmin(pps * walk->rtt, walk->window_limit);
	if (walk->window_limit < pps * walk->rtt) {
		pps = walk->window_limit / walk->rtt;
		queue = 0;
	}
	walk->retrans = bbr_startup(walk, pps, full, buffer_bdp);
	end_startup(walk);
	seconds = fmin(fmax(walk->limit_s - walk->time, 0.0), walk->left / pps);
	walk->delivered += pps * seconds;
	if (walk->left < INFINITY && walk->left / pps <= seconds && walk->left > 0)
		walk->time += walk->rtt; /* the last acknowledgement */
	walk->time = fmin(walk->time + seconds, walk->limit_s);
	walk->retrans += walk->delivered * retrans / (1 - retrans);
	life->rounds += (unsigned)(seconds / walk->rtt);
	life->cwnd_packets = fmin(2 * fmax(full, 2.0), walk->window_limit);
	life->inflight_bytes =
		fmin(full * (1 + fmin(queue, BBR_QUEUE_P50)), walk->window_limit) * FLOW_MSS;
	life->delivery_bps = pps * FLOW_MSS * 8;
	if (walk->path->policer_bps > 0)
		queue = 0;
	life->srtt_p50_us = 1e6 * walk->rtt * (1 + fmin(queue, BBR_QUEUE_P50));
	life->srtt_p90_us = 1e6 * walk->rtt * (1 + fmin(queue, BBR_QUEUE_P90));
	if (competitors)
		life->srtt_p50_us = life->srtt_p90_us =
			1e6 * walk->rtt * (1 + SHARED_QUEUE_FULL * buffer_bdp);
}

void flow_live(const FlowPath *path, const FlowSetting *setting, const FlowPlan *plan,
	       const Random *random, FlowLife *ret)
{
	Walk walk;

	walk_init(&walk, path, setting, plan, random, ret);
	if (setting->congestion == FLOW_BBR)
		live_bbr(&walk);
	else
		live_loss_based(&walk);
	finish(&walk);
}

double flow_progress_bytes(const FlowLife *life, double seconds)
{
	double rest_s = life->seconds - life->startup_seconds;
	double rest = life->bytes - life->startup_bytes;

	if (seconds >= life->seconds)
		return life->bytes;
	if (seconds < life->startup_seconds) {
		double t = seconds / life->startup_seconds;

		return life->startup_bytes * t * t;
	}
	return rest_s > 0 ? life->startup_bytes + rest * (seconds - life->startup_seconds) / rest_s
			  : life->bytes;
}
