/* SPDX-License-Identifier: MIT */
/*
 * Nothing is kept per flow: what an exchange of it looks like follows from its totals since birth,
 * and how many there were in an interval from the bytes received in it.
 */
#include "daemon/model/path_stalls.h"

#include "common/base.h"
#include "daemon/model/path.h"

/* Exchanges in an interval that make a pace. */
#define EXCHANGES_MIN 5
/* Of its life, that make a habit: the first segments are acknowledged at once (quick ack mode). */
#define LIFE_MIN 20
/* Segments in for each one out: two pieces, in which the end of one may be repeated. */
#define PIECES_LOW_PERMILLE  1800
#define PIECES_HIGH_PERMILLE 4000
/* Acknowledgements without data, for each exchange: the one that was waited for, and often one more
 * when the program reads the rest, since a delayed acknowledgement that was due ends what the
 * kernel takes for a dialogue (tcp_delack_timer_handler(), tcp_cleanup_rbuf()). */
#define ACKS_LOW_PERMILLE  800
#define ACKS_HIGH_PERMILLE 2500
/* The delayed acknowledgement (TCP_ATO_MIN is 40 ms, a tick of 4 either way), less the round trip.
 */
#define PACE_LOW_US  36000
#define PACE_HIGH_US 52000

static uint16_t add(uint16_t count, uint64_t more)
{
	return (uint16_t)MIN(count + more, (uint64_t)UINT16_MAX);
}

/* It asked and was answered, and neither was a transfer. */
static bool is_exchange(const FlowDelta *delta)
{
	return delta->bytes_acked > 1 && delta->bytes_received > 1 &&
	       delta->bytes_acked < PATH_BULK_BYTES && delta->bytes_received < PATH_BULK_BYTES &&
	       delta->elapsed_ns > 0;
}

static bool in_pieces(const TcpInfoRaw *raw)
{
	uint64_t out = raw->data_segs_out, in = raw->data_segs_in;
	uint64_t acks = raw->segs_out - MIN(raw->segs_out, raw->data_segs_out);

	return out >= LIFE_MIN && in * 1000 >= out * PIECES_LOW_PERMILLE &&
	       in * 1000 <= out * PIECES_HIGH_PERMILLE && acks * 1000 >= out * ACKS_LOW_PERMILLE &&
	       acks * 1000 <= out * ACKS_HIGH_PERMILLE &&
	       raw->bytes_received < in * MAX(raw->rcv_mss, raw->advmss);
}

static bool is_stalled(const FlowSample *sample, const FlowDelta *delta, uint32_t floor_us)
{
	const TcpInfoRaw *raw = &sample->info.raw;
	uint64_t exchanges, pace_us;

	if (!tcp_info_has(&sample->info, data_segs_out) || floor_us == UINT32_MAX ||
	    sample->destroyed || !is_exchange(delta) || !in_pieces(raw))
		return false;
	exchanges = delta->bytes_received * raw->data_segs_out / MAX(raw->bytes_received, 1U);
	if (exchanges < EXCHANGES_MIN)
		return false;
	pace_us = delta->elapsed_ns / 1000 / exchanges;
	return pace_us >= floor_us + PACE_LOW_US && pace_us <= floor_us + PACE_HIGH_US;
}

/* Something was sent again because of it: a handshake has no bytes. */
static unsigned timeouts(const FlowDelta *delta)
{
	return delta->bytes_retrans > 0 ? delta->total_rto : 0;
}

static bool is_away(const FlowSample *sample)
{
	return !sample->destroyed && sample->info.raw.backoff > 1;
}

bool path_stalls_wanted(const FlowSample *sample, const FlowDelta *delta, uint32_t floor_us)
{
	return timeouts(delta) > 0 || is_stalled(sample, delta, floor_us);
}

void path_stalls_add(PathStalls *stalls, const FlowSample *sample, const FlowDelta *delta,
		     uint32_t floor_us, uint64_t now_ns)
{
	uint32_t number = (uint32_t)(now_ns / PATH_STALLS_MINUTE_NS);
	PathStallsMinute *minute = &stalls->minutes[number % PATH_STALLS_MINUTES];
	bool stalled = is_stalled(sample, delta, floor_us);

	if (minute->minute != number)
		*minute = (PathStallsMinute){.minute = number};
	minute->exchanges = add(minute->exchanges, is_exchange(delta) && !sample->destroyed);
	minute->stalled = add(minute->stalled, stalled);
	minute->timeouts = add(minute->timeouts, timeouts(delta));
	minute->spurious = add(minute->spurious, delta->dsack_dups);
	minute->away = add(minute->away, is_away(sample));
	if (stalled || timeouts(delta) > 0)
		stalls->last_ns = now_ns;
}

void path_stalls_sum(const PathStalls *stalls, uint64_t since_ns, uint64_t now_ns,
		     PathStallsSum *ret)
{
	uint64_t number = now_ns / PATH_STALLS_MINUTE_NS;
	PathStallsSum sum = {0};

	for (unsigned i = 0; stalls && i < PATH_STALLS_MINUTES; i++) {
		const PathStallsMinute *minute = &stalls->minutes[i];

		if (minute->minute == 0 || minute->minute + PATH_STALLS_MINUTES <= number ||
		    minute->minute * PATH_STALLS_MINUTE_NS < since_ns)
			continue;
		sum.exchanges += minute->exchanges;
		sum.stalled += minute->stalled;
		sum.timeouts += minute->timeouts;
		sum.spurious += minute->spurious;
		sum.away += minute->away;
		sum.minutes_stalled += minute->stalled > 0;
		sum.minutes_timeouts += minute->timeouts > 0;
	}
	*ret = sum;
}
