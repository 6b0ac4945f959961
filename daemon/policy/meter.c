/* SPDX-License-Identifier: MIT */
/*
 * Sums over the flows of one block. Goodput is acknowledged bytes per time with data outstanding
 * (tcpi_busy_time), so an application that pauses is not mistaken for a slow path; a receiving
 * flow has no such clock and is measured over the time in which its bytes arrived.
 */
#include "daemon/policy/meter.h"

#include <math.h>

#include "common/base.h"
#include "common/clock.h"

/* A loss share means nothing below this many bytes (about 180 segments) ... */
#define RETRANS_MIN_BYTES PATH_BULK_BYTES
/* ... of short transfers, which have few: 10 of the smallest worth looking at. */
#define RETRANS_MIN_SHORT_BYTES (128 * 1024)
/* Retransmissions up to 1 % are the path's; more is a cost to others, weighed like 5 % of goodput
 * each. */
#define RETRANS_FREE   0.01
#define RETRANS_WEIGHT 5.0
/* How much the spread of completion times counts against their median (tuning of short flows). */
#define SPREAD_WEIGHT 0.5
/* Waiting below this is not worth a setting. */
#define QUEUE_US 1000.0

/* A pause is over the least retransmission timeout (200 ms) and a jiffy or two: then the kernel
 * takes the window down. */
#define BURST_PAUSE_NS (UINT64_C(250) * NSEC_PER_MSEC)
/* A burst within the initial window is not held up by it. */
#define BURST_MIN_BYTES (16 * 1024)
/* An acknowledged SYN and FIN count as a byte each. */
#define HANDSHAKE_BYTES 2

static const struct {
	const char *name;
	unsigned min;
} units[_METER_KINDS] = {
	/* A bulk flow is seconds of data; a median of transfers needs some; samples are many. */
	[METER_BULK] = {"bulk connections", 2},
	[METER_SHORT] = {"transfers of the size", 10},
	[METER_BURST] = {"bursts after a pause", 10},
	[METER_QUEUE] = {"samples of sending flows", 20},
	[METER_REQUEST] = {"samples of exchanges", 10},
	[METER_REQUEST_BORN] = {"samples of exchanges of new connections", 10},
};

unsigned meter_units_min(MeterKind kind)
{
	return units[kind].min;
}

const char *meter_units_name(MeterKind kind)
{
	return units[kind].name;
}

bool meter_is_request(MeterKind kind)
{
	return kind == METER_REQUEST || kind == METER_REQUEST_BORN;
}

void meter_init(Meter *meter, const MeterParams *params)
{
	*meter = (Meter){.params = *params};
}

void meter_clear(Meter *meter)
{
	sparse_clear(&meter->srtt);
	sparse_clear(&meter->times);
}

/* Forgets what was counted, but not which block it is. */
static void forget(Meter *meter, uint64_t from_ns)
{
	Meter empty = {.params = meter->params,
		       .epoch = meter->epoch,
		       .other_epoch = meter->other_epoch,
		       .from_ns = from_ns,
		       .settled_ns = meter->settled_ns,
		       .shared = meter->shared,
		       .births = meter->births,
		       .moving = meter->moving,
		       .syn_retrans = meter->syn_retrans,
		       .rto = meter->rto,
		       .route_epoch = meter->route_epoch,
		       .route_floor_us = meter->route_floor_us,
		       .route_previous_us = meter->route_previous_us,
		       .srtt = meter->srtt,
		       .times = meter->times};

	sparse_reset(&empty.srtt);
	sparse_reset(&empty.times);
	*meter = empty;
}

void meter_start(Meter *meter, uint32_t epoch, uint64_t from_ns, uint64_t settled_ns)
{
	meter->other_epoch = meter->epoch;
	meter->epoch = epoch;
	meter->settled_ns = settled_ns;
	meter->shared = false;
	meter->births = meter->moving = meter->syn_retrans = meter->rto = 0;
	forget(meter, from_ns);
}

static bool born_in_block(const Meter *meter, const FlowDelta *delta)
{
	return delta->birth_seen && delta->epoch >= meter->epoch;
}

static bool counts(const Meter *meter, const FlowDelta *delta)
{
	return born_in_block(meter, delta) && delta->birth_ns >= meter->from_ns;
}

/* Of a flow of any birth: all of the time since it was last seen lies in the block. */
static bool lies_in_block(const Meter *meter, const Path *path, const FlowDelta *delta)
{
	return delta->elapsed_ns > 0 && path->last_seen_ns >= meter->from_ns + delta->elapsed_ns;
}

static void add_sent(Meter *meter, const FlowSample *sample, const FlowDelta *delta, bool whole)
{
	const TcpInfoRaw *raw = &sample->info.raw;

	meter->acked += whole ? delta->acked_total : delta->bytes_acked;
	meter->busy_us += whole ? delta->busy_total_us : delta->busy_us;
	meter->sent += whole ? delta->sent_total : delta->bytes_sent;
	meter->retrans += whole ? delta->retrans_total : delta->bytes_retrans;
	meter->max_inflight_bytes =
		MAX(meter->max_inflight_bytes, (uint64_t)raw->unacked * raw->snd_mss);
	if (delta->bytes_acked > 0 && raw->rtt_us > 0)
		(void)sparse_add(&meter->srtt, raw->rtt_us); /* one sample less */
}

static void add_time(Meter *meter, uint64_t us)
{
	(void)sparse_add(&meter->times, (uint32_t)MIN(us, (uint64_t)UINT32_MAX));
	meter->units++;
}

static void observe_bulk(Meter *meter, const Path *path, const FlowSample *sample,
			 const FlowDelta *delta)
{
	if (!delta->bulk)
		return;
	if (delta->birth_seen && delta->epoch >= meter->other_epoch &&
	    delta->epoch < meter->epoch && path->last_seen_ns < meter->settled_ns &&
	    delta->bytes_acked + delta->bytes_received > HANDSHAKE_BYTES) {
		forget(meter, path->last_seen_ns);
		meter->shared = true;
		return;
	}
	if (!counts(meter, delta))
		return;
	meter->units += delta->became_bulk;
	add_sent(meter, sample, delta, delta->became_bulk);
	if (delta->bytes_received > 0) {
		meter->received += delta->bytes_received;
		meter->receive_ns += delta->elapsed_ns;
		meter->max_receive_window_bytes =
			MAX(meter->max_receive_window_bytes, path_receive_window(sample));
	}
}

static bool is_idle(const FlowSample *sample)
{
	return sample->destroyed ||
	       (sample->info.raw.unacked == 0 && sample->info.raw.notsent_bytes == 0);
}

/* A transfer is over when its flow is, or when all it was given is acknowledged: that sample is the
 * one that counts it, for those after it move nothing. */
static void observe_short(Meter *meter, const Path *path, const FlowSample *sample,
			  const FlowDelta *delta)
{
	(void)path;
	if (!counts(meter, delta) || !is_idle(sample) || delta->bytes_acked <= HANDSHAKE_BYTES ||
	    delta->acked_total < meter->params.low_bytes ||
	    delta->acked_total >= meter->params.high_bytes)
		return;
	add_sent(meter, sample, delta, true);
	add_time(meter, delta->busy_total_us);
}

static void close_burst(Meter *meter, MeterBurst *burst)
{
	burst->open = false;
	if (burst->acked < BURST_MIN_BYTES)
		return;
	meter->acked += burst->acked;
	meter->busy_us += burst->busy_us;
	meter->units++;
}

/* A burst begins with a sweep in which its flow was idle for a while, and goes on until it is idle
 * again. */
static void observe_burst(Meter *meter, const Path *path, const FlowSample *sample,
			  const FlowDelta *delta)
{
	MeterBurst *burst = &meter->bursts[delta->cookie % METER_BURSTS];
	uint64_t busy_ns = delta->busy_us * NSEC_PER_USEC;
	bool paused = delta->elapsed_ns >= busy_ns + BURST_PAUSE_NS;
	FlowDelta only_loss = {.bytes_sent = delta->bytes_sent,
			       .bytes_retrans = delta->bytes_retrans};

	if (!lies_in_block(meter, path, delta) || (burst->open && burst->cookie != delta->cookie))
		return;
	if (!burst->open && (delta->busy_us == 0 || !paused))
		return;
	if (!burst->open)
		*burst = (MeterBurst){.cookie = delta->cookie, .open = true};
	burst->acked += delta->bytes_acked;
	burst->busy_us += delta->busy_us;
	add_sent(meter, sample, &only_loss, false);
	if (is_idle(sample))
		close_burst(meter, burst);
}

static void observe_queue(Meter *meter, const Path *path, const FlowSample *sample,
			  const FlowDelta *delta)
{
	uint64_t rate = tcp_info_get(&sample->info, delivery_rate, 0);

	if (!lies_in_block(meter, path, delta) || sample->destroyed || rate == 0 ||
	    delta->bytes_acked < PATH_QUIET_BYTES)
		return;
	add_sent(meter, sample, delta, false);
	add_time(meter, tcp_info_get(&sample->info, notsent_bytes, 0) * UINT64_C(1000000) / rate);
}

/* It asked and was answered, and neither was a transfer. */
static void observe_request(Meter *meter, const Path *path, const FlowSample *sample,
			    const FlowDelta *delta)
{
	if (!lies_in_block(meter, path, delta) || delta->bytes_acked <= HANDSHAKE_BYTES ||
	    delta->bytes_received == 0 || delta->bytes_acked >= PATH_BULK_BYTES ||
	    delta->bytes_received >= PATH_BULK_BYTES)
		return;
	add_sent(meter, sample, delta, false);
	meter->received += delta->bytes_received;
	meter->receive_ns += delta->elapsed_ns;
	meter->units++;
}

static void observe_request_born(Meter *meter, const Path *path, const FlowSample *sample,
				 const FlowDelta *delta)
{
	if (counts(meter, delta))
		observe_request(meter, path, sample, delta);
}

/* Connections that do and do not get through, whatever the kind looks at. */
static void observe_birth(Meter *meter, const FlowSample *sample, const FlowDelta *delta)
{
	uint64_t received = tcp_info_get(&sample->info, bytes_received, 0);
	bool moved_before = delta->acked_total - delta->bytes_acked > HANDSHAKE_BYTES ||
			    received > delta->bytes_received;

	if (!born_in_block(meter, delta))
		return;
	meter->births += delta->born;
	meter->moving += !moved_before && (delta->acked_total > HANDSHAKE_BYTES || received > 0);
	meter->syn_retrans += delta->born && sample->info.raw.total_retrans > 0 &&
			      tcp_info_get(&sample->info, bytes_retrans, 1) == 0;
	meter->rto += delta->total_rto;
}

void meter_observe(Meter *meter, const Path *path, const FlowSample *sample, const FlowDelta *delta)
{
	static void (*const observe[_METER_KINDS])(Meter *, const Path *, const FlowSample *,
						   const FlowDelta *) = {
		[METER_BULK] = observe_bulk,       [METER_SHORT] = observe_short,
		[METER_BURST] = observe_burst,     [METER_QUEUE] = observe_queue,
		[METER_REQUEST] = observe_request, [METER_REQUEST_BORN] = observe_request_born,
	};

	if (!address_equal(&path->address, &meter->params.path))
		return;
	meter->route_epoch = path->floor.epoch;
	meter->route_floor_us = path->floor.floor_us;
	meter->route_previous_us = path->floor.previous_us;
	observe_birth(meter, sample, delta);
	observe[meter->params.kind](meter, path, sample, delta);
}

static void read_goodput(const Meter *meter, MeterReading *ret)
{
	bool sends = meter->acked >= meter->received, both = meter_is_request(meter->params.kind);
	uint64_t bytes = both    ? meter->acked + meter->received
			 : sends ? meter->acked
				 : meter->received;

	ret->busy_us = sends && !both ? meter->busy_us : meter->receive_ns / NSEC_PER_USEC;
	ret->max_window_bytes = sends ? meter->max_inflight_bytes : meter->max_receive_window_bytes;
	if (meter->units > 0 && ret->busy_us >= 1000) {
		ret->has_goodput = bytes > 0;
		ret->goodput_bps = bytes * 8 * 1000 / (ret->busy_us / 1000);
	}
}

static bool read_quantiles(const SparseHistogram *sparse, uint32_t *ret_p50, uint32_t *ret_p90)
{
	Histogram histogram;

	histogram_reset(&histogram);
	histogram_merge_sparse(&histogram, sparse);
	return histogram_quantile(&histogram, 500, ret_p50) &&
	       histogram_quantile(&histogram, 900, ret_p90);
}

void meter_read(const Meter *meter, MeterReading *ret)
{
	uint64_t enough =
		meter->params.kind == METER_SHORT ? RETRANS_MIN_SHORT_BYTES : RETRANS_MIN_BYTES;

	*ret = (MeterReading){.kind = meter->params.kind,
			      .flows = meter->units,
			      .births = meter->births,
			      .moving = meter->moving,
			      .syn_retrans = meter->syn_retrans,
			      .rto = meter->rto};
	read_goodput(meter, ret);
	if (meter->sent >= enough) {
		ret->has_retrans = true;
		ret->retrans = (double)meter->retrans / (double)meter->sent;
	}
	ret->has_srtt = read_quantiles(&meter->srtt, &ret->srtt_p50_us, &ret->srtt_p90_us);
	ret->has_times = read_quantiles(&meter->times, &ret->time_p50_us, &ret->time_p90_us);
}

static double bulk_reward(const MeterReading *reading, uint32_t floor_us, double latency_weight)
{
	double reward = log((double)reading->goodput_bps);

	if (reading->has_srtt && floor_us > 0 && reading->srtt_p90_us > floor_us)
		reward -= latency_weight * log((double)reading->srtt_p90_us / floor_us);
	if (reading->has_retrans && reading->retrans > RETRANS_FREE)
		reward -= RETRANS_WEIGHT * (reading->retrans - RETRANS_FREE);
	return reward;
}

static double short_reward(const MeterReading *reading)
{
	double p50 = MAX(reading->time_p50_us, 1U), p90 = MAX(reading->time_p90_us, 1U);

	return -log(p50) - SPREAD_WEIGHT * log(p90 / p50);
}

bool meter_reward(const MeterReading *reading, uint32_t floor_us, double latency_weight,
		  double *ret_reward)
{
	bool timed = reading->kind == METER_SHORT || reading->kind == METER_QUEUE;

	if (timed ? !reading->has_times : !reading->has_goodput || reading->goodput_bps == 0)
		return false;

	if (reading->kind == METER_SHORT)
		*ret_reward = short_reward(reading);
	else if (reading->kind == METER_QUEUE)
		*ret_reward = -latency_weight * log(QUEUE_US + reading->time_p50_us);
	else if (reading->kind == METER_BULK)
		*ret_reward = bulk_reward(reading, floor_us, latency_weight);
	else
		*ret_reward = log((double)reading->goodput_bps);
	return true;
}
