/* SPDX-License-Identifier: MIT */
/*
 * A reservoir without a die: the k-th of a minute takes a place with probability 8/k, and what
 * stands for chance is a hash of the connection's cookie and the time, so that the same traffic
 * always leaves the same record.
 *
 * Who begins together is seen when a sweep finds connections that have sent and heard nothing yet:
 * the moments of which there are any are weighted as a connection would see them. On short round
 * trips sweeps rarely do; then those that began since the last sweep and are all there at once are
 * a bound from above.
 */
#include "daemon/model/path_starts.h"

#include "common/base.h"
#include "common/map.h"
#include "daemon/model/path.h"

static PathStartsMinute *minute_of(PathStarts *starts, uint64_t now_ns)
{
	uint32_t number = (uint32_t)(now_ns / PATH_STARTS_MINUTE_NS);
	PathStartsMinute *minute = &starts->minutes[number % PATH_STARTS_MINUTES];

	if (minute->minute != number)
		*minute = (PathStartsMinute){.minute = number};
	return minute;
}

static uint8_t second_of(uint64_t now_ns)
{
	return (uint8_t)(now_ns % PATH_STARTS_MINUTE_NS / 1000000000);
}

/* Where the next of `*n` goes; PATH_STARTS_KEPT or more: nowhere. */
static size_t draw(uint16_t *n, uint64_t cookie, uint64_t salt)
{
	size_t place = *n;

	if (*n >= PATH_STARTS_KEPT)
		place = map_hash_u64(cookie + salt) % (*n + 1U);
	*n = (uint16_t)(*n + (*n < UINT16_MAX));
	return place;
}

static bool whole_life(const FlowSample *sample, const FlowDelta *delta)
{
	return sample->destroyed && delta->birth_seen && tcp_info_has(&sample->info, bytes_retrans);
}

static uint64_t payload(const FlowDelta *delta)
{
	return delta->sent_total - MIN(delta->sent_total, delta->retrans_total);
}

bool path_starts_wanted(const FlowSample *sample, const FlowDelta *delta)
{
	return whole_life(sample, delta) &&
	       payload(delta) > (uint64_t)PATH_STARTS_WINDOW * sample->info.raw.snd_mss;
}

static void add_start(PathStarts *starts, const FlowSample *sample, const FlowDelta *delta,
		      uint64_t now_ns)
{
	PathStartsMinute *minute = minute_of(starts, now_ns);
	uint64_t bytes = payload(delta), busy_ms = delta->busy_total_us / 1000;
	size_t place;

	if (bytes == 0)
		return;
	if (bytes <= PATH_STARTS_EARLY_BYTES) {
		minute->early_sent += (uint32_t)delta->sent_total;
		minute->early_retrans += (uint32_t)delta->retrans_total;
	}
	place = draw(&minute->n_starts, sample->cookie, now_ns);
	if (place < PATH_STARTS_KEPT)
		minute->starts[place] = (PathStart){
			.bytes = (uint32_t)MIN(bytes, (uint64_t)UINT32_MAX),
			.busy_ms = (uint16_t)MIN(busy_ms, (uint64_t)UINT16_MAX),
			.second = second_of(now_ns),
			.lost = delta->retrans_total > 0,
		};
}

/* Packets that a window of this connection has room for. */
static uint64_t room(const FlowSample *sample, bool bbr)
{
	const TcpInfoRaw *raw = &sample->info.raw;

	if (sample->has_bbr && raw->snd_mss > 0)
		return sample->bbr_bw * sample->bbr_min_rtt_us / 1000000 / raw->snd_mss;
	return bbr ? raw->snd_cwnd / 2 : raw->snd_cwnd;
}

/* Once in the minute in which it is looked at, and at its end. */
static bool has_room(const FlowSample *sample, const FlowDelta *delta, uint64_t now_ns)
{
	const TcpInfoRaw *raw = &sample->info.raw;
	uint64_t before_ns = now_ns - MIN(delta->elapsed_ns, now_ns);

	if (!delta->birth_seen || raw->ca_state != 0 || raw->snd_cwnd <= PATH_STARTS_WINDOW ||
	    !tcp_info_has(&sample->info, bytes_retrans) ||
	    now_ns - delta->birth_ns > PATH_STARTS_AGE_NS)
		return false;
	if (!sample->destroyed &&
	    (raw->data_segs_out < PATH_STARTS_SEGMENTS ||
	     before_ns / PATH_STARTS_MINUTE_NS == now_ns / PATH_STARTS_MINUTE_NS))
		return false;
	if (raw->data_segs_out < PATH_STARTS_SEGMENTS)
		return delta->retrans_total == 0;
	return (double)delta->retrans_total < (double)delta->sent_total * PATH_STARTS_LOSS_MAX;
}

static void add_room(PathStarts *starts, const FlowSample *sample, bool bbr, uint64_t now_ns)
{
	PathStartsMinute *minute = minute_of(starts, now_ns);
	const TcpInfoRaw *raw = &sample->info.raw;
	size_t place = draw(&minute->n_rooms, sample->cookie, now_ns);
	uint32_t floor_us;
	uint64_t queue = UINT16_MAX;

	if (place >= PATH_STARTS_KEPT)
		return;
	if (tcp_info_min_rtt(&sample->info, &floor_us))
		queue = (uint64_t)raw->rtt_us * 1000 / MAX(floor_us, 1U);
	minute->rooms[place] = (PathRoom){
		.connection = (uint16_t)map_hash_u64(sample->cookie),
		.cwnd = (uint16_t)MIN(room(sample, bbr), (uint64_t)UINT16_MAX),
		.queue_permille = (uint16_t)MIN(queue, (uint64_t)UINT16_MAX),
		.second = second_of(now_ns),
		.brief = raw->data_segs_out < PATH_STARTS_SEGMENTS,
	};
}

/* What the peer offers before it has read anything of weight. */
static void add_first_window(PathStarts *starts, const FlowSample *sample, const FlowDelta *delta)
{
	const TcpInfoRaw *raw = &sample->info.raw;

	if (!delta->birth_seen || !tcp_info_has(&sample->info, snd_wnd) || raw->snd_wnd == 0 ||
	    delta->sent_total > (uint64_t)PATH_STARTS_WINDOW * raw->snd_mss)
		return;
	starts->first_windows[starts->n_windows % PATH_STARTS_KEPT] =
		(uint16_t)MIN(raw->snd_wnd / 1024, (uint32_t)UINT16_MAX);
	/* Never back to where it would say that there were none. */
	starts->n_windows = (uint16_t)(starts->n_windows + 1U < UINT16_MAX ? starts->n_windows + 1U
									   : PATH_STARTS_KEPT);
}

/* The handshake counts as one byte. */
static bool in_first_flight(const TcpInfoRaw *raw)
{
	return raw->bytes_acked <= 1 && raw->unacked > 0;
}

void path_starts_add(PathStarts *starts, const FlowSample *sample, const FlowDelta *delta, bool bbr,
		     uint64_t now_ns)
{
	if (delta->born && !sample->destroyed) {
		starts->n_young = (uint16_t)MIN(starts->n_young + 1U, (unsigned)UINT16_MAX);
		if (in_first_flight(&sample->info.raw))
			starts->n_first = (uint16_t)MIN(starts->n_first + 1U, (unsigned)UINT16_MAX);
	}
	if (delta->born)
		add_first_window(starts, sample, delta);
	if (whole_life(sample, delta))
		add_start(starts, sample, delta, now_ns);
	if (has_room(sample, delta, now_ns))
		add_room(starts, sample, bbr, now_ns);
	starts->last_ns = now_ns;
}

static void count(uint8_t counts[PATH_STARTS_TOGETHER + 1], unsigned n)
{
	uint8_t *at = &counts[MIN(n, (unsigned)PATH_STARTS_TOGETHER)];

	*at = (uint8_t)(*at + (*at < UINT8_MAX));
}

void path_starts_sweep(PathStarts *starts, unsigned parts, uint64_t now_ns)
{
	if (starts->n_first > 0)
		count(minute_of(starts, now_ns)->first, starts->n_first * parts);
	if (starts->n_young > 0)
		count(minute_of(starts, now_ns)->young, starts->n_young * parts);
	starts->n_first = starts->n_young = 0;
}

const PathStartsMinute *path_starts_minute(const PathStarts *starts, unsigned back, uint64_t now_ns)
{
	uint64_t number = now_ns / PATH_STARTS_MINUTE_NS;
	const PathStartsMinute *minute;

	if (!starts || back >= PATH_STARTS_MINUTES || number < back)
		return NULL;
	number -= back;
	minute = &starts->minutes[number % PATH_STARTS_MINUTES];
	return minute->minute == (uint32_t)number && minute->minute != 0 ? minute : NULL;
}

bool path_starts_after(const PathStartsMinute *minute, uint8_t second, uint64_t since_ns)
{
	return minute->minute * PATH_STARTS_MINUTE_NS + second * UINT64_C(1000000000) >= since_ns;
}
