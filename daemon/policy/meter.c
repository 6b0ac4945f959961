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

/* A loss share means nothing below this many bytes (about 180 segments). */
#define RETRANS_MIN_BYTES PATH_BULK_BYTES
/* Retransmissions up to 1 % are the path's; more is a cost to others, weighed like 5 % of goodput
 * each. */
#define RETRANS_FREE   0.01
#define RETRANS_WEIGHT 5.0

void meter_init(Meter *meter, const Address *path)
{
	*meter = (Meter){.path = *path};
}

void meter_clear(Meter *meter)
{
	sparse_clear(&meter->srtt);
}

void meter_start(Meter *meter, uint32_t epoch)
{
	SparseHistogram srtt = meter->srtt;

	sparse_reset(&srtt);
	*meter = (Meter){.path = meter->path, .epoch = epoch, .srtt = srtt};
}

void meter_observe(Meter *meter, const Path *path, const FlowSample *sample, const FlowDelta *delta)
{
	const TcpInfoRaw *raw = &sample->info.raw;

	if (delta->epoch < meter->epoch || !delta->birth_seen || !delta->bulk ||
	    !address_equal(&path->address, &meter->path))
		return;

	if (delta->became_bulk) {
		meter->flows++;
		meter->acked += delta->acked_total;
		meter->busy_us += delta->busy_total_us;
		meter->sent += delta->sent_total;
		meter->retrans += delta->retrans_total;
	} else {
		meter->acked += delta->bytes_acked;
		meter->busy_us += delta->busy_us;
		meter->sent += delta->bytes_sent;
		meter->retrans += delta->bytes_retrans;
	}
	if (delta->bytes_received > 0) {
		meter->received += delta->bytes_received;
		meter->receive_ns += delta->elapsed_ns;
		meter->max_receive_window_bytes =
			MAX(meter->max_receive_window_bytes, path_receive_window(sample));
	}
	meter->max_inflight_bytes =
		MAX(meter->max_inflight_bytes, (uint64_t)raw->unacked * raw->snd_mss);
	if (delta->bytes_acked > 0 && raw->rtt_us > 0)
		(void)sparse_add(&meter->srtt, raw->rtt_us); /* one sample less */
}

void meter_read(const Meter *meter, MeterReading *ret)
{
	Histogram srtt;
	bool sends = meter->acked >= meter->received;

	*ret = (MeterReading){.flows = meter->flows,
			      .max_window_bytes = sends ? meter->max_inflight_bytes
							: meter->max_receive_window_bytes,
			      .busy_us =
				      sends ? meter->busy_us : meter->receive_ns / NSEC_PER_USEC};
	if (meter->flows > 0 && ret->busy_us >= 1000) {
		uint64_t bytes = sends ? meter->acked : meter->received;

		ret->has_goodput = bytes > 0;
		ret->goodput_bps = bytes * 8 * 1000 / (ret->busy_us / 1000);
	}
	if (meter->sent >= RETRANS_MIN_BYTES) {
		ret->has_retrans = true;
		ret->retrans = (double)meter->retrans / (double)meter->sent;
	}
	histogram_reset(&srtt);
	histogram_merge_sparse(&srtt, &meter->srtt);
	ret->has_srtt = histogram_quantile(&srtt, 500, &ret->srtt_p50_us) &&
			histogram_quantile(&srtt, 900, &ret->srtt_p90_us);
}

bool meter_reward(const MeterReading *reading, uint32_t floor_us, double latency_weight,
		  double *ret_reward)
{
	double reward;

	if (!reading->has_goodput || reading->goodput_bps == 0)
		return false;

	reward = log((double)reading->goodput_bps);
	if (reading->has_srtt && floor_us > 0 && reading->srtt_p90_us > floor_us)
		reward -= latency_weight * log((double)reading->srtt_p90_us / floor_us);
	if (reading->has_retrans && reading->retrans > RETRANS_FREE)
		reward -= RETRANS_WEIGHT * (reading->retrans - RETRANS_FREE);
	*ret_reward = reward;
	return true;
}
