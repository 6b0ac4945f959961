/* SPDX-License-Identifier: MIT */
/*
 * Sums of flow deltas per destination, in windows of 30 s.
 *
 * Two kinds of figure are kept apart on purpose: sums (bytes, busy time), which add up exactly
 * whatever the sweep period is, because they are differences of the kernel's cumulative counters;
 * and per-sample judgements (at cap, app-limited), which are shares of the samples taken. The
 * window-limit tests are made here, sample by sample, since the kernel's state is only
 * consistent within one sample; whether they amount to evidence is the policy's business.
 */
#include "daemon/model/path.h"

#include <string.h>

#include "common/base.h"
#include "common/clock.h"
#include "common/text.h"

/* The kernel wakes a writer below 2/3 of sndbuf, so a queue held by a fast writer sits above 60 %.
 */
#define SNDBUF_FULL_PERMILLE 600
/* Buffers count as grown to their cap from 95 %: autotuning clamps to the sysctl exactly. */
#define CAP_PERMILLE 950
/* Unsent data below this: the sender is drained to the wire, so buffer and not cwnd limits. */
#define NOTSENT_DRAINED_BYTES (128 * 1024)
/* No standing queue: smoothed RTT at most 1.25 of the floor. */
#define QUEUE_FREE_PERMILLE 1250
/* Ignore delivery rates measured over less than this many segments since the last sample. */
#define RATE_MIN_SEGMENTS 10
/* A path whose receive buffer needs room for what waits for a lost segment: 0.1 %. */
#define LOSSY_ONE_IN 1000

static void window_start(PathWindow *window, uint64_t now_ns)
{
	*window = (PathWindow){.start_ns = now_ns, .min_rtt_us = UINT32_MAX};
}

Path *path_new(const Address *address, uint64_t now_ns)
{
	Path *path = calloc(1, sizeof(*path));

	if (!path)
		return NULL;

	path->address = *address;
	path->prefix_length = address->family == AF_INET6 ? 128 : 32;
	path->first_seen_ns = path->last_seen_ns = now_ns;
	path->min_rtt_us = UINT32_MAX;
	floor_init(&path->floor);
	window_start(&path->current, now_ns);
	return path;
}

void path_free(Path *path)
{
	if (!path)
		return;

	sparse_clear(&path->srtt);
	free(path->history);
	free(path->statistics);
	free(path->starts);
	free(path->stalls);
	free(path->route);
	free(path);
}

static void window_close(Path *path)
{
	Histogram srtt;

	histogram_reset(&srtt);
	histogram_merge_sparse(&srtt, &path->srtt);
	(void)histogram_quantile(&srtt, 100, &path->current.srtt_p10_us); /* empty: stays 0 */
	(void)histogram_quantile(&srtt, 500, &path->current.srtt_p50_us);
	(void)histogram_quantile(&srtt, 900, &path->current.srtt_p90_us);
	sparse_reset(&path->srtt);
}

static void history_push(Path *path)
{
	uint64_t goodput;

	if (!path->history)
		return;

	memmove(path->history + 1, path->history, (PATH_WINDOWS - 1) * sizeof(*path->history));
	path->history[0] = path->current;
	path->n_history = MIN(path->n_history + 1, (uint32_t)PATH_WINDOWS);
	if (path_window_goodput_bps(&path->current, &goodput))
		path->best_goodput_bps = MAX(path->best_goodput_bps, goodput);
}

void path_roll(Path *path, uint64_t now_ns)
{
	uint64_t age = now_ns - path->current.start_ns;

	if (now_ns < path->current.start_ns || age < PATH_WINDOW_NS)
		return;

	window_close(path);
	history_push(path);
	/* A gap (suspended, no sweeps) breaks the row: old windows say nothing about now. */
	if (age > 3 * PATH_WINDOW_NS)
		path->n_history = 0;
	window_start(&path->current, now_ns);
}

const PathWindow *path_window(const Path *path, unsigned i)
{
	return path->history && i < path->n_history ? &path->history[i] : NULL;
}

static bool queue_free(uint32_t rtt_us, uint32_t floor_us)
{
	return rtt_us > 0 && floor_us != UINT32_MAX &&
	       (uint64_t)rtt_us * 1000 <= (uint64_t)floor_us * QUEUE_FREE_PERMILLE;
}

static bool grown_to(uint32_t buffer, uint64_t cap)
{
	return cap > 0 && (uint64_t)buffer * 1000 >= cap * CAP_PERMILLE && buffer <= cap;
}

static bool send_at_cap(const FlowSample *sample, const PathCaps *caps)
{
	const TcpInfoRaw *raw = &sample->info.raw;
	uint64_t inflight = (uint64_t)raw->unacked * raw->snd_mss;
	uint32_t floor = UINT32_MAX;

	if (!sample->has_skmeminfo || !tcp_info_min_rtt(&sample->info, &floor))
		return false;
	if (!grown_to(sample->sndbuf, caps->wmem_max_bytes))
		return false;
	if ((uint64_t)sample->wmem_queued * 1000 < (uint64_t)sample->sndbuf * SNDBUF_FULL_PERMILLE)
		return false;
	if (raw->notsent_bytes >= NOTSENT_DRAINED_BYTES || raw->ca_state != 0)
		return false;
	if (tcp_info_has(&sample->info, snd_wnd) && inflight * 10 >= (uint64_t)raw->snd_wnd * 9)
		return false;
	return queue_free(raw->rtt_us, floor);
}

uint64_t path_receive_window(const FlowSample *sample)
{
	return tcp_info_has(&sample->info, rcv_wnd) ? sample->info.raw.rcv_wnd
						    : sample->info.raw.rcv_ssthresh;
}

static bool slow_reader(const FlowSample *sample)
{
	return sample->has_skmeminfo && sample->rmem_alloc > sample->rcvbuf / 2;
}

/* rcv_space is what the application took within one RTT: when that is nearly the whole window
 * offered and the RTT has no queue in it, the window is what paces the sender. */
static bool receive_at_cap(const FlowSample *sample, const PathCaps *caps, uint32_t floor_us)
{
	const TcpInfoRaw *raw = &sample->info.raw;

	if (!sample->has_skmeminfo || !grown_to(sample->rcvbuf, caps->rmem_max_bytes))
		return false;
	if (sample->rmem_alloc > sample->rcvbuf / 4 || slow_reader(sample))
		return false;
	if ((uint64_t)raw->rcv_space * 4 < path_receive_window(sample) * 3)
		return false;
	/* rcv_rtt has the granularity of a millisecond */
	return queue_free(raw->rcv_rtt_us > 1000 ? raw->rcv_rtt_us - 1000 : raw->rcv_rtt_us,
			  floor_us);
}

/* What the receiver sees of losses on the way to it. */
static bool reordered(const TcpInfo *info)
{
	return (uint64_t)tcp_info_get(info, rcv_ooopack, 0) * LOSSY_ONE_IN >
	       tcp_info_get(info, data_segs_in, 0);
}

static void add_sums(PathWindow *window, const FlowDelta *delta)
{
	window->bytes_acked += delta->bytes_acked;
	window->bytes_sent += delta->bytes_sent;
	window->bytes_retrans += delta->bytes_retrans;
	window->bytes_received += delta->bytes_received;
	window->busy_us += delta->busy_us;
	window->rwnd_limited_us += delta->rwnd_limited_us;
	window->sndbuf_limited_us += delta->sndbuf_limited_us;
	window->total_rto += delta->total_rto;
	window->flows_born += delta->born;
	window->flows_bulk += delta->became_bulk;
	window->restarts += delta->restarted;
	if (delta->restarted)
		window->max_restart_bytes =
			(uint32_t)MIN(MAX((uint64_t)window->max_restart_bytes, delta->bytes_sent),
				      (uint64_t)UINT32_MAX);

	if (delta->bulk && delta->bytes_received > 0) {
		window->bulk_bytes_received += delta->bytes_received;
		window->bulk_receive_us += delta->elapsed_ns / NSEC_PER_USEC;
	}
	if (delta->became_bulk && delta->birth_seen) {
		window->bulk_bytes_acked += delta->acked_total;
		window->bulk_busy_us += delta->busy_total_us;
	} else if (delta->bulk) {
		window->bulk_bytes_acked += delta->bytes_acked;
		window->bulk_busy_us += delta->busy_us;
	}
}

static void add_rates(Path *path, const FlowSample *sample, const FlowDelta *delta)
{
	const TcpInfoRaw *raw = &sample->info.raw;
	PathWindow *window = &path->current;
	uint64_t rate = tcp_info_get(&sample->info, delivery_rate, 0) * 8;

	if (delta->bytes_acked >= (uint64_t)RATE_MIN_SEGMENTS * raw->snd_mss) {
		window->max_any_delivery_bps = MAX(window->max_any_delivery_bps, rate);
		if (!tcp_info_app_limited(&sample->info)) {
			window->max_delivery_bps = MAX(window->max_delivery_bps, rate);
			path->max_delivery_bps = MAX(path->max_delivery_bps, rate);
		}
	}
	if (delta->bytes_received > 0 && raw->rcv_rtt_us > 0)
		window->max_receive_bps =
			MAX(window->max_receive_bps,
			    (uint64_t)raw->rcv_space * 8 * 1000000 / raw->rcv_rtt_us);
}

/* At the rate of the last delivery. */
static void add_unsent(PathWindow *window, const FlowSample *sample, const FlowDelta *delta)
{
	uint64_t rate = tcp_info_get(&sample->info, delivery_rate, 0); /* bytes/s */
	uint32_t notsent = tcp_info_get(&sample->info, notsent_bytes, 0);

	window->max_notsent_bytes = MAX(window->max_notsent_bytes, notsent);
	if (rate == 0 || (uint64_t)notsent * 1000000 / rate <= PATH_UNSENT_US)
		return;
	window->samples_unsent++;
	window->samples_unsent_asked += delta->bytes_received > 0;
}

void path_expect(Path *path, const PathMetrics *metrics, uint64_t now_ns)
{
	static const PathMetrics none;
	PathRoute *route;

	if (!path->route && memcmp(metrics, &none, sizeof(none)) != 0)
		path->route = calloc(1, sizeof(*path->route));
	route = path->route;
	if (!route)
		return; /* or no memory: its flows will look as if they had chosen for themselves */

	/* Of two changes in a row without a name between them, the one that gave something. */
	if (route->metrics.congestion[0] &&
	    !text_equal(route->metrics.congestion, metrics->congestion)) {
		(void)text_copy(route->past_congestion, sizeof(route->past_congestion),
				route->metrics.congestion);
		route->past_ns = now_ns;
	}
	route->metrics = *metrics;
}

const PathMetrics *path_metrics(const Path *path)
{
	static const PathMetrics none;

	return path->route ? &path->route->metrics : &none;
}

/* Neither the host nor, now or lately, the route gave it its congestion control. */
static bool own_congestion(const Path *path, const FlowSample *sample, const PathCaps *caps,
			   uint64_t now_ns)
{
	const PathRoute *route = path->route;
	const char *name = sample->congestion;

	if (!name[0] || text_equal(name, caps->congestion) ||
	    text_equal(name, caps->past_congestion))
		return false;
	if (!route || text_equal(name, route->metrics.congestion))
		return !route;
	return !text_equal(name, route->past_congestion) ||
	       now_ns - route->past_ns > PATH_PAST_CONGESTION_NS;
}

static void add_judgements(Path *path, const FlowSample *sample, const FlowDelta *delta,
			   const PathCaps *caps, uint64_t now_ns)
{
	PathWindow *window = &path->current;
	bool sending = delta->bytes_acked > 0, receiving = delta->bytes_received > 0;

	window->samples++;
	window->samples_app_limited += sending && tcp_info_app_limited(&sample->info);
	window->samples_open += sample->info.raw.ca_state == 0;
	window->samples_send_at_cap += sending && send_at_cap(sample, caps);
	window->samples_receive_at_cap +=
		receiving && receive_at_cap(sample, caps, path->min_rtt_us);
	window->samples_slow_reader += receiving && slow_reader(sample);
	window->samples_reordered += receiving && reordered(&sample->info);
	window->samples_peer_limited +=
		delta->busy_us > 0 && delta->rwnd_limited_us * 2 >= delta->busy_us;
	window->samples_other_congestion += own_congestion(path, sample, caps, now_ns);
	window->samples_ecn += (sample->info.raw.options & TCP_INFO_OPT_ECN) != 0;

	add_unsent(window, sample, delta);
	window->max_inflight_bytes =
		MAX(window->max_inflight_bytes,
		    (uint64_t)sample->info.raw.unacked * sample->info.raw.snd_mss);
	window->max_sndbuf_bytes = MAX(window->max_sndbuf_bytes, (uint64_t)sample->sndbuf);
	window->max_rcvbuf_bytes = MAX(window->max_rcvbuf_bytes, (uint64_t)sample->rcvbuf);
	window->max_rcv_wnd_bytes = MAX(window->max_rcv_wnd_bytes, path_receive_window(sample));
	if (path->history && sending && sample->info.raw.rtt_us > 0)
		(void)sparse_add(&path->srtt, sample->info.raw.rtt_us); /* lost sample: no harm */
}

static void add_identity(Path *path, const FlowSample *sample, const FlowDelta *delta)
{
	path->bytes_acked += delta->bytes_acked;
	path->bytes_sent += delta->bytes_sent;
	path->bytes_retrans += delta->bytes_retrans;
	path->bytes_received += delta->bytes_received;
	if (sample->info.raw.snd_mss)
		path->mss = sample->info.raw.snd_mss;
	if (sample->congestion[0])
		(void)text_copy(path->congestion, sizeof(path->congestion), sample->congestion);
	if (delta->bytes_acked > 0 || path->srtt_us == 0)
		path->srtt_us = sample->info.raw.rtt_us;
}

/* Whether the flow's min_rtt is of this epoch. */
static bool min_rtt_is_fresh(const Path *path, const FlowDelta *delta, uint64_t now_ns)
{
	const Floor *floor = &path->floor;

	return floor->epoch <= 1 || (delta->birth_seen && delta->birth_ns > floor->since_ns) ||
	       (delta->bytes_acked > 0 && now_ns > floor->since_ns + PATH_MIN_RTT_MEMORY_NS);
}

static void add_floor(Path *path, const FlowSample *sample, const FlowDelta *delta, uint64_t now_ns)
{
	uint32_t rtt_us = sample->info.raw.rtt_us, least;

	if (!tcp_info_min_rtt(&sample->info, &least))
		return;
	path->current.min_rtt_us = MIN(path->current.min_rtt_us, least);
	if (min_rtt_is_fresh(path, delta, now_ns) && (delta->born || least < path->floor.floor_us))
		rtt_us = least;
	else if (delta->bytes_acked == 0 || rtt_us == 0 ||
		 (delta->bytes_acked >= PATH_QUIET_BYTES &&
		  (uint64_t)rtt_us * 10 > (uint64_t)path->floor.floor_us * 11))
		return;
	(void)floor_add(&path->floor, now_ns, rtt_us); /* its epoch is there to be read */
	path->min_rtt_us = path->floor.floor_us;
}

static void add_series(Path *path, const FlowSample *sample, const FlowDelta *delta,
		       uint64_t now_ns)
{
	uint32_t rtt_us = sample->info.raw.rtt_us, least;
	bool active = delta->bytes_acked > 0 && rtt_us > 0;
	bool connected = delta->born && tcp_info_min_rtt(&sample->info, &least);

	if (!active && !connected)
		return;
	if (!path->statistics)
		path->statistics = calloc(1, sizeof(*path->statistics));
	if (!path->statistics)
		return; /* a figure less */
	if (connected)
		path_series_add(path->statistics, PATH_CONNECT, now_ns, least);
	if (!active)
		return;
	path_series_add(path->statistics, PATH_SRTT, now_ns, rtt_us);
	if (path->min_rtt_us != UINT32_MAX)
		path_series_add(path->statistics, PATH_QUEUEING, now_ns,
				rtt_us - MIN(rtt_us, path->min_rtt_us));
}

static void add_starts(Path *path, const FlowSample *sample, const FlowDelta *delta,
		       uint64_t now_ns)
{
	if (!path->starts && !path->starts_denied && !path_is_prefix(path) &&
	    path_starts_wanted(sample, delta))
		path->starts = calloc(1, sizeof(*path->starts));
	if (path->starts)
		path_starts_add(path->starts, sample, delta, text_equal(path->congestion, "bbr"),
				now_ns);
}

/* Whoever set a metric against them wants to know what has become of them. */
static bool stalls_matter(const Path *path)
{
	const PathMetrics *metrics = path_metrics(path);

	return metrics->quickack || metrics->rto_min_ms > 0;
}

static void add_stalls(Path *path, const FlowSample *sample, const FlowDelta *delta,
		       uint64_t now_ns)
{
	if (!path->stalls && !path_is_prefix(path) &&
	    (stalls_matter(path) || path_stalls_wanted(sample, delta, path->min_rtt_us)))
		path->stalls = calloc(1, sizeof(*path->stalls));
	if (path->stalls)
		path_stalls_add(path->stalls, sample, delta, path->min_rtt_us, now_ns);
}

/* What says nothing any more is given back. */
void path_end_sweep(Path *path, unsigned parts, uint64_t now_ns)
{
	if (path->stalls && !stalls_matter(path) &&
	    now_ns > path->stalls->last_ns + PATH_STALLS_MINUTES * PATH_STALLS_MINUTE_NS) {
		free(path->stalls);
		path->stalls = NULL;
	}
	if (!path->starts)
		return;
	path_starts_sweep(path->starts, parts, now_ns);
	if (now_ns <= path->starts->last_ns + PATH_STARTS_MINUTES * PATH_STARTS_MINUTE_NS)
		return;
	free(path->starts);
	path->starts = NULL;
}

void path_add(Path *path, const FlowSample *sample, const FlowDelta *delta, const PathCaps *caps,
	      uint64_t now_ns)
{
	path_roll(path, now_ns);
	path->last_seen_ns = now_ns;
	if (delta->bulk && (delta->bytes_acked || delta->bytes_received))
		path->bulk_ns = now_ns;
	if (delta->bulk && !path->history && !path->history_denied)
		path->history = calloc(PATH_WINDOWS, sizeof(*path->history));

	add_identity(path, sample, delta);
	add_floor(path, sample, delta, now_ns);
	add_series(path, sample, delta, now_ns);
	add_starts(path, sample, delta, now_ns);
	add_stalls(path, sample, delta, now_ns);
	add_sums(&path->current, delta);
	add_rates(path, sample, delta);
	if (delta->bulk && !sample->destroyed && (delta->bytes_acked || delta->bytes_received))
		add_judgements(path, sample, delta, caps, now_ns);
}

bool path_window_goodput_bps(const PathWindow *window, uint64_t *ret_bps)
{
	if (window->bulk_busy_us == 0 || window->bulk_bytes_acked < PATH_BULK_BYTES)
		return false;

	*ret_bps =
		window->bulk_bytes_acked * 8 * 1000 / MAX(window->bulk_busy_us / 1000, UINT64_C(1));
	return true;
}

bool path_window_loss(const PathWindow *window, double *ret_ratio)
{
	if (window->bytes_sent < PATH_BULK_BYTES)
		return false;

	*ret_ratio = (double)window->bytes_retrans / (double)window->bytes_sent;
	return true;
}

/* Sums of the complete windows and the current one, for the figures that want many bytes. */
static PathWindow sum_windows(const Path *path)
{
	PathWindow sum = path->current;

	for (unsigned i = 0; i < path->n_history; i++) {
		sum.bytes_sent += path->history[i].bytes_sent;
		sum.bytes_retrans += path->history[i].bytes_retrans;
		sum.bulk_bytes_acked += path->history[i].bulk_bytes_acked;
		sum.bulk_busy_us += path->history[i].bulk_busy_us;
	}
	return sum;
}

bool path_loss(const Path *path, double *ret_ratio)
{
	PathWindow sum = sum_windows(path);

	return path_window_loss(&sum, ret_ratio);
}

bool path_goodput_bps(const Path *path, uint64_t *ret_bps)
{
	PathWindow sum = sum_windows(path);

	return path_window_goodput_bps(&sum, ret_bps);
}

void path_summarise(const Path *path, PathSeries series, WindowSpan span, uint64_t now_ns,
		    WindowSummary *ret)
{
	path_series_summarise(path->statistics, series, span, now_ns, ret);
}

uint64_t path_bytes(const Path *path)
{
	return path->bytes_acked + path->bytes_received;
}

Address path_prefix(const Address *address, unsigned length)
{
	Address prefix = *address;

	for (unsigned i = 0; i < sizeof(prefix.bytes); i++) {
		unsigned bits = length > i * 8 ? length - i * 8 : 0;

		if (bits < 8)
			prefix.bytes[i] &= (uint8_t)(0xff00U >> bits);
	}
	return prefix;
}

void path_become_prefix(Path *path, const Address *prefix, uint8_t length)
{
	path->address = *prefix;
	path->prefix_length = length;
	free(path->starts);
	free(path->stalls);
	free(path->route);
	path->starts = NULL;
	path->stalls = NULL;
	path->route = NULL;
}

bool path_is_prefix(const Path *path)
{
	return path->prefix_length < (path->address.family == AF_INET6 ? 128 : 32);
}

bool path_covers(const Path *path, const Address *address)
{
	Address prefix;

	if (!path_is_prefix(path))
		return address_equal(&path->address, address);
	prefix = path_prefix(address, path->prefix_length);
	return address_equal(&path->address, &prefix);
}

static void absorb_window(PathWindow *into, const PathWindow *from)
{
	into->bytes_acked += from->bytes_acked;
	into->bytes_sent += from->bytes_sent;
	into->bytes_retrans += from->bytes_retrans;
	into->bytes_received += from->bytes_received;
	into->bulk_bytes_acked += from->bulk_bytes_acked;
	into->bulk_busy_us += from->bulk_busy_us;
	into->bulk_bytes_received += from->bulk_bytes_received;
	into->bulk_receive_us += from->bulk_receive_us;
	into->busy_us += from->busy_us;
	into->rwnd_limited_us += from->rwnd_limited_us;
	into->sndbuf_limited_us += from->sndbuf_limited_us;
	into->min_rtt_us = MIN(into->min_rtt_us, from->min_rtt_us);
	into->flows_born += from->flows_born;
	into->flows_bulk += from->flows_bulk;
	into->total_rto += from->total_rto;
	into->restarts += from->restarts;
}

void path_absorb(Path *into, const Path *from, uint64_t now_ns)
{
	into->first_seen_ns = MIN(into->first_seen_ns, from->first_seen_ns);
	into->last_seen_ns = MAX(into->last_seen_ns, from->last_seen_ns);
	into->flows += from->flows;
	into->bytes_acked += from->bytes_acked;
	into->bytes_sent += from->bytes_sent;
	into->bytes_retrans += from->bytes_retrans;
	into->bytes_received += from->bytes_received;
	into->max_delivery_bps = MAX(into->max_delivery_bps, from->max_delivery_bps);
	into->best_goodput_bps = MAX(into->best_goodput_bps, from->best_goodput_bps);
	into->min_rtt_us = MIN(into->min_rtt_us, from->min_rtt_us);
	floor_merge(&into->floor, &from->floor);
	absorb_window(&into->current, &from->current);
	if (!from->statistics)
		return;
	if (!into->statistics)
		into->statistics = calloc(1, sizeof(*into->statistics));
	if (into->statistics)
		path_series_merge(into->statistics, from->statistics, now_ns);
}
