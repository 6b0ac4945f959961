/* SPDX-License-Identifier: MIT */
/*
 * The triple test of a buffer limit condition by condition, each threshold from both sides; the
 * sums of a window; and how windows roll, when traffic pauses and when the sweeps do.
 */
#include "daemon/model/path.h"

#include <string.h>

#include "common/base.h"
#include "common/clock.h"
#include "tests/unit/fake_host.h"
#include "tests/unit/harness.h"

#define T0  (UINT64_C(1000) * NSEC_PER_SEC)
#define MIB (UINT64_C(1024) * 1024)
#define CAP (4 * MIB)

static const PathCaps caps = {.wmem_max_bytes = CAP, .rmem_max_bytes = CAP, .congestion = "cubic"};
static Path *path;

static void setup(void)
{
	Address address = fake_address(FAKE_ADDRESS);

	path = path_new(&address, T0);
	ck_assert_ptr_nonnull(path);
}

static void teardown(void)
{
	path_free(path);
}

/* Of a bulk flow that moved a megabyte each way within a second. */
static FlowDelta bulk_delta(void)
{
	return (FlowDelta){.cookie = 1,
			   .bulk = true,
			   .birth_seen = true,
			   .elapsed_ns = NSEC_PER_SEC,
			   .bytes_acked = 1000000,
			   .bytes_sent = 1000000,
			   .busy_us = 1000000,
			   .acked_total = 1000000,
			   .busy_total_us = 1000000};
}

static void add(const FlowSample *sample, FlowDelta delta)
{
	path_add(path, sample, &delta, &caps, T0);
}

/* --- at cap, sending --- */

/* Limited by its send buffer and by nothing else. */
static FlowSample send_limited(void)
{
	FlowSample sample = fake_sample(1, FAKE_ADDRESS);

	sample.sndbuf = CAP;
	sample.wmem_queued = CAP * 7 / 10;
	sample.info.raw.unacked = 2000;
	return sample;
}

static unsigned send_at_cap(const FlowSample *sample)
{
	unsigned before = path->current.samples_send_at_cap;

	add(sample, bulk_delta());
	return path->current.samples_send_at_cap - before;
}

START_TEST(test_send_at_cap)
{
	FlowSample sample = send_limited();

	ck_assert_uint_eq(send_at_cap(&sample), 1);
	sample.info.raw.flags = 1; /* app-limited is what a sndbuf limit looks like */
	ck_assert_uint_eq(send_at_cap(&sample), 1);
}
END_TEST

/* One field, the last value at cap and the first that is not. */
static const struct {
	const char *name;
	size_t offset; /* of a uint32_t in FlowSample */
	uint32_t inside, outside;
} send_edges[] = {
	{"sndbuf at least 95 % of the cap", offsetof(FlowSample, sndbuf), 3984589, 3984588},
	{"sndbuf not above the cap", offsetof(FlowSample, sndbuf), CAP, CAP + 1},
	{"queue at least 60 % full", offsetof(FlowSample, wmem_queued), 2516583, 2516582},
	{"unsent under 128 KiB", offsetof(FlowSample, info.raw.notsent_bytes), 131071, 131072},
	{"srtt within 1.25", offsetof(FlowSample, info.raw.rtt_us), 125000, 125001},
	{"peer's window not full", offsetof(FlowSample, info.raw.snd_wnd), 3217778, 3217777},
	{"in flight under 90 % of it", offsetof(FlowSample, info.raw.unacked), 41711, 41712},
};

START_TEST(test_send_edges)
{
	FlowSample sample = send_limited();
	uint32_t *field = (uint32_t *)((char *)&sample + send_edges[_i].offset);

	sample.wmem_queued = CAP * 7 / 10;
	*field = send_edges[_i].inside;
	ck_assert_msg(send_at_cap(&sample) == 1, "%s: inside", send_edges[_i].name);
	*field = send_edges[_i].outside;
	ck_assert_msg(send_at_cap(&sample) == 0, "%s: outside", send_edges[_i].name);
}
END_TEST

START_TEST(test_send_not_at_cap)
{
	FlowSample sample = send_limited();
	PathCaps unknown = caps;
	FlowDelta delta = bulk_delta();

	for (uint8_t state = 1; state <= 4; state++) {
		sample.info.raw.ca_state = state;
		ck_assert_uint_eq(send_at_cap(&sample), 0);
	}
	sample = send_limited();
	sample.has_skmeminfo = false;
	ck_assert_uint_eq(send_at_cap(&sample), 0);
	sample = send_limited();
	sample.info.raw.min_rtt_us = UINT32_MAX; /* no sample yet */
	ck_assert_uint_eq(send_at_cap(&sample), 0);
	sample = send_limited();
	sample.info.raw.rtt_us = 0;
	ck_assert_uint_eq(send_at_cap(&sample), 0);
	sample = send_limited();
	sample.info.length = offsetof(TcpInfoRaw, min_rtt_us); /* an old kernel */
	ck_assert_uint_eq(send_at_cap(&sample), 0);

	sample = send_limited();
	unknown.wmem_max_bytes = 0;
	path_add(path, &sample, &delta, &unknown, T0);
	ck_assert_uint_eq(path->current.samples_send_at_cap, 0);
	delta.bytes_acked = 0; /* only receives */
	delta.bytes_received = 1000;
	add(&sample, delta);
	ck_assert_uint_eq(path->current.samples_send_at_cap, 0);
}
END_TEST

/* A kernel older than 5.4 does not tell the peer's window: it is not held against the flow. */
START_TEST(test_send_without_snd_wnd)
{
	FlowSample sample = send_limited();

	sample.info.raw.snd_wnd = 1;
	ck_assert_uint_eq(send_at_cap(&sample), 0);
	sample.info.length = offsetof(TcpInfoRaw, snd_wnd);
	ck_assert_uint_eq(send_at_cap(&sample), 1);
}
END_TEST

/* --- at cap, receiving --- */

static FlowSample receive_limited(void)
{
	FlowSample sample = fake_sample(1, FAKE_ADDRESS);

	sample.rcvbuf = CAP;
	sample.rmem_alloc = 1000;
	sample.info.raw.rcv_wnd = 2000000;
	sample.info.raw.rcv_space = 2000000;
	sample.info.raw.rcv_rtt_us = 101000;
	return sample;
}

static unsigned receive_at_cap(const FlowSample *sample)
{
	unsigned before = path->current.samples_receive_at_cap;
	FlowDelta delta = {.bulk = true, .elapsed_ns = NSEC_PER_SEC, .bytes_received = 1000000};

	add(sample, delta);
	return path->current.samples_receive_at_cap - before;
}

static const struct {
	const char *name;
	size_t offset;
	uint32_t inside, outside;
} receive_edges[] = {
	{"rcvbuf at least 95 % of the cap", offsetof(FlowSample, rcvbuf), 3984589, 3984588},
	{"rcvbuf not above the cap", offsetof(FlowSample, rcvbuf), CAP, CAP + 1},
	{"reader keeps up", offsetof(FlowSample, rmem_alloc), CAP / 4, CAP / 4 + 1},
	{"window is filled", offsetof(FlowSample, info.raw.rcv_space), 1500000, 1499999},
	{"rcv_rtt within 1.25, to a millisecond", offsetof(FlowSample, info.raw.rcv_rtt_us), 126000,
	 126001},
	{"rcv_rtt is known", offsetof(FlowSample, info.raw.rcv_rtt_us), 1, 0},
};

START_TEST(test_receive_edges)
{
	FlowSample sample = receive_limited();
	uint32_t *field = (uint32_t *)((char *)&sample + receive_edges[_i].offset);

	ck_assert_uint_eq(receive_at_cap(&sample), 1);
	*field = receive_edges[_i].inside;
	ck_assert_msg(receive_at_cap(&sample) == 1, "%s: inside", receive_edges[_i].name);
	*field = receive_edges[_i].outside;
	ck_assert_msg(receive_at_cap(&sample) == 0, "%s: outside", receive_edges[_i].name);
}
END_TEST

/* Without rcv_wnd (before 6.2) the threshold of the window stands in for it. */
START_TEST(test_receive_window)
{
	FlowSample sample = receive_limited();

	sample.info.raw.rcv_ssthresh = 3000000;
	ck_assert_uint_eq(path_receive_window(&sample), 2000000);
	sample.info.length = offsetof(TcpInfoRaw, rcv_wnd);
	ck_assert_uint_eq(path_receive_window(&sample), 3000000);
	ck_assert_uint_eq(receive_at_cap(&sample), 0);
	sample.info.raw.rcv_ssthresh = 2000000;
	ck_assert_uint_eq(receive_at_cap(&sample), 1);
	sample.has_skmeminfo = false;
	ck_assert_uint_eq(receive_at_cap(&sample), 0);
}
END_TEST

START_TEST(test_receive_floor_is_the_paths)
{
	FlowSample sample = receive_limited();

	sample.info.raw.min_rtt_us = UINT32_MAX; /* this flow never sent */
	ck_assert_uint_eq(receive_at_cap(&sample), 0);
	path->min_rtt_us = 100000;
	ck_assert_uint_eq(receive_at_cap(&sample), 1);
}
END_TEST

/* --- judgements and sums --- */

START_TEST(test_judgements)
{
	FlowSample sample = fake_sample(1, FAKE_ADDRESS);
	FlowDelta delta = bulk_delta();
	const PathWindow *window = &path->current;

	delta.rwnd_limited_us = 500000;
	add(&sample, delta);
	delta.rwnd_limited_us = 499999;
	sample.info.raw.flags = 1;
	add(&sample, delta);
	(void)snprintf(sample.congestion, sizeof(sample.congestion), "bbr");
	sample.info.raw.ca_state = 3;
	add(&sample, delta);
	sample.congestion[0] = '\0'; /* not delivered: no opinion */
	delta.bytes_received = 1;
	sample.rmem_alloc = sample.rcvbuf / 2;
	add(&sample, delta);
	sample.rmem_alloc++;
	add(&sample, delta);

	ck_assert_uint_eq(window->samples, 5);
	ck_assert_uint_eq(window->samples_peer_limited, 1);
	ck_assert_uint_eq(window->samples_app_limited, 4);
	ck_assert_uint_eq(window->samples_other_congestion, 1);
	ck_assert_uint_eq(window->samples_open, 2);
	ck_assert_uint_eq(window->samples_slow_reader, 1);
	ck_assert_uint_eq(window->samples_ecn, 0);
	sample.info.raw.options = TCP_INFO_OPT_ECN | TCP_INFO_OPT_SACK;
	add(&sample, delta);
	ck_assert_uint_eq(window->samples_ecn, 1);
}
END_TEST

/* Only living bulk flows that moved something are judged; all are summed. */
START_TEST(test_who_is_judged)
{
	FlowSample sample = fake_sample(1, FAKE_ADDRESS);
	FlowDelta delta = bulk_delta();

	delta.bulk = false;
	add(&sample, delta);
	ck_assert_uint_eq(path->current.samples, 0);
	ck_assert_uint_eq(path->current.bytes_acked, 1000000);
	ck_assert_uint_eq(path->current.bulk_bytes_acked, 0);
	ck_assert_ptr_null(path->history); /* a path without bulk costs no windows */

	delta = bulk_delta();
	sample.destroyed = true;
	add(&sample, delta);
	ck_assert_uint_eq(path->current.samples, 0);
	ck_assert_uint_eq(path->current.bulk_bytes_acked, 1000000);
	ck_assert_ptr_nonnull(path->history);

	sample.destroyed = false;
	add(&sample, (FlowDelta){.bulk = true});
	ck_assert_uint_eq(path->current.samples, 0);
	add(&sample, (FlowDelta){.bulk = true, .bytes_received = 1});
	ck_assert_uint_eq(path->current.samples, 1);
}
END_TEST

START_TEST(test_sums)
{
	FlowSample sample = fake_sample(1, FAKE_ADDRESS);
	FlowDelta delta = {.born = true,
			   .birth_seen = true,
			   .bulk = true,
			   .became_bulk = true,
			   .elapsed_ns = 3 * NSEC_PER_SEC,
			   .bytes_acked = 10,
			   .bytes_sent = 20,
			   .bytes_retrans = 3,
			   .bytes_received = 40,
			   .busy_us = 5,
			   .rwnd_limited_us = 6,
			   .sndbuf_limited_us = 7,
			   .acked_total = 300000,
			   .busy_total_us = 9000,
			   .total_rto = 2};
	const PathWindow *window = &path->current;

	add(&sample, delta); /* becomes bulk: its whole life counts */
	ck_assert_uint_eq(window->bulk_bytes_acked, 300000);
	ck_assert_uint_eq(window->bulk_busy_us, 9000);
	delta.born = delta.became_bulk = false;
	add(&sample, delta); /* is bulk: only what it did since */
	ck_assert_uint_eq(window->bulk_bytes_acked, 300010);
	ck_assert_uint_eq(window->bulk_busy_us, 9005);
	delta.became_bulk = true;
	delta.birth_seen = false;
	add(&sample, delta); /* its past is unknown */
	ck_assert_uint_eq(window->bulk_bytes_acked, 300020);
	ck_assert_uint_eq(window->bulk_busy_us, 9010);

	ck_assert_uint_eq(window->bytes_acked, 30);
	ck_assert_uint_eq(window->bytes_sent, 60);
	ck_assert_uint_eq(window->bytes_retrans, 9);
	ck_assert_uint_eq(window->bytes_received, 120);
	ck_assert_uint_eq(window->bulk_bytes_received, 120);
	ck_assert_uint_eq(window->bulk_receive_us, 9000000);
	ck_assert_uint_eq(window->busy_us, 15);
	ck_assert_uint_eq(window->rwnd_limited_us, 18);
	ck_assert_uint_eq(window->sndbuf_limited_us, 21);
	ck_assert_uint_eq(window->total_rto, 6);
	ck_assert_uint_eq(window->flows_born, 1);
	ck_assert_uint_eq(window->flows_bulk, 2);
	ck_assert_uint_eq(path->bytes_acked, 30);
	ck_assert_uint_eq(path->bytes_received, 120);
}
END_TEST

/* A rate over fewer than ten segments means nothing; an app-limited one is kept apart. */
START_TEST(test_rates)
{
	FlowSample sample = fake_sample(1, FAKE_ADDRESS);
	FlowDelta delta = bulk_delta();

	sample.info.raw.delivery_rate = 1000000;
	delta.bytes_acked = 14479;
	add(&sample, delta);
	ck_assert_uint_eq(path->current.max_any_delivery_bps, 0);
	delta.bytes_acked = 14480;
	sample.info.raw.flags = 1;
	add(&sample, delta);
	ck_assert_uint_eq(path->current.max_any_delivery_bps, 8000000);
	ck_assert_uint_eq(path->current.max_delivery_bps, 0);
	sample.info.raw.flags = 0;
	sample.info.raw.delivery_rate = 500000;
	add(&sample, delta);
	ck_assert_uint_eq(path->current.max_any_delivery_bps, 8000000);
	ck_assert_uint_eq(path->current.max_delivery_bps, 4000000);
	ck_assert_uint_eq(path->max_delivery_bps, 4000000);

	sample.info.raw.rcv_space = 1250000;
	add(&sample, delta); /* nothing received */
	ck_assert_uint_eq(path->current.max_receive_bps, 0);
	delta.bytes_received = 1;
	add(&sample, delta);
	ck_assert_uint_eq(path->current.max_receive_bps, 100000000);
	sample.info.raw.rcv_rtt_us = 0;
	add(&sample, delta);
	ck_assert_uint_eq(path->current.max_receive_bps, 100000000);
}
END_TEST

START_TEST(test_identity)
{
	FlowSample sample = fake_sample(1, FAKE_ADDRESS);
	FlowDelta idle = {.cookie = 1};

	ck_assert_uint_eq(path->min_rtt_us, UINT32_MAX);
	sample.info.raw.min_rtt_us = 90000;
	add(&sample, bulk_delta());
	ck_assert_uint_eq(path->srtt_us, 100000);
	ck_assert_uint_eq(path->mss, 1448);
	ck_assert_str_eq(path->congestion, "cubic");

	sample.info.raw.min_rtt_us = 95000;
	sample.info.raw.rtt_us = 300000;
	sample.info.raw.snd_mss = 0;
	sample.congestion[0] = '\0';
	add(&sample, idle);
	ck_assert_uint_eq(path->min_rtt_us, 90000);
	ck_assert_uint_eq(path->srtt_us, 100000); /* an idle flow's is stale */
	ck_assert_uint_eq(path->mss, 1448);
	ck_assert_str_eq(path->congestion, "cubic");
	sample.info.raw.min_rtt_us = 0;
	add(&sample, idle);
	ck_assert_uint_eq(path->min_rtt_us, 90000);
}
END_TEST

/* --- windows --- */

/* One bulk sample at T0 + second, of `mbit` Mbit within a second. */
static void traffic(uint64_t second, uint64_t mbit)
{
	FlowSample sample = fake_sample(1, FAKE_ADDRESS);
	FlowDelta delta = bulk_delta();

	delta.bytes_acked = mbit * MBIT / 8;
	path_add(path, &sample, &delta, &caps, T0 + second * NSEC_PER_SEC);
}

START_TEST(test_windows_roll)
{
	uint64_t goodput;

	traffic(0, 10);
	path_roll(path, T0 + PATH_WINDOW_NS - 1);
	ck_assert_ptr_null(path_window(path, 0));
	path_roll(path, T0 + PATH_WINDOW_NS);
	ck_assert_ptr_nonnull(path_window(path, 0));
	ck_assert_ptr_null(path_window(path, 1));
	ck_assert_uint_eq(path_window(path, 0)->bulk_bytes_acked, 10 * MBIT / 8);
	ck_assert_uint_eq(path->current.samples, 0);
	ck_assert_uint_eq(path->current.min_rtt_us, UINT32_MAX);
	ck_assert_uint_eq(path->min_rtt_us, 100000);

	for (uint64_t i = 1; i <= PATH_WINDOWS + 2; i++)
		traffic(30 * i, 10 + i); /* rolls by itself */
	path_roll(path, T0 + 30 * (PATH_WINDOWS + 3) * NSEC_PER_SEC);
	for (unsigned i = 0; i < PATH_WINDOWS; i++) {
		ck_assert_ptr_nonnull(path_window(path, i));
		ck_assert(path_window_goodput_bps(path_window(path, i), &goodput));
		ck_assert_uint_eq(goodput, (16 - i) * MBIT);
	}
	ck_assert_ptr_null(path_window(path, PATH_WINDOWS));
	ck_assert_uint_eq(path->best_goodput_bps, 16 * MBIT);
}
END_TEST

/* An idle window is a window, and breaks a row of evidence by having no samples. */
START_TEST(test_idle_windows)
{
	traffic(0, 10);
	path_roll(path, T0 + PATH_WINDOW_NS);
	path_roll(path, T0 + 2 * PATH_WINDOW_NS);
	ck_assert_uint_eq(path_window(path, 0)->samples, 0);
	ck_assert_uint_eq(path_window(path, 1)->samples, 1);
}
END_TEST

/* Nobody swept for a while: what was before says nothing about now. */
START_TEST(test_gap)
{
	traffic(0, 10);
	traffic(30, 10);
	path_roll(path, T0 + 4 * PATH_WINDOW_NS); /* 90 s: still a (long) window */
	ck_assert_ptr_nonnull(path_window(path, 1));
	traffic(120, 10);
	path_roll(path, T0 + 7 * PATH_WINDOW_NS + 1); /* longer */
	ck_assert_ptr_null(path_window(path, 0));
	ck_assert_uint_eq(path->current.start_ns, T0 + 7 * PATH_WINDOW_NS + 1);
}
END_TEST

/* A clock that went backwards closes nothing. */
START_TEST(test_roll_backwards)
{
	traffic(0, 10);
	path_roll(path, T0 - 10 * PATH_WINDOW_NS);
	ck_assert_uint_eq(path->current.samples, 1);
	ck_assert_ptr_null(path_window(path, 0));
}
END_TEST

START_TEST(test_srtt_quantiles)
{
	FlowSample sample = fake_sample(1, FAKE_ADDRESS);

	for (unsigned i = 1; i <= 100; i++) {
		sample.info.raw.rtt_us = 1000 * i;
		add(&sample, bulk_delta());
	}
	path_roll(path, T0 + PATH_WINDOW_NS);
	ck_assert_uint_ge(path_window(path, 0)->srtt_p10_us, 9800);
	ck_assert_uint_le(path_window(path, 0)->srtt_p10_us, 10200);
	ck_assert_uint_ge(path_window(path, 0)->srtt_p50_us, 49000);
	ck_assert_uint_le(path_window(path, 0)->srtt_p50_us, 51000);
	ck_assert_uint_ge(path_window(path, 0)->srtt_p90_us, 88500);
	ck_assert_uint_le(path_window(path, 0)->srtt_p90_us, 91500);
	path_roll(path, T0 + 2 * PATH_WINDOW_NS); /* each window its own */
	ck_assert_uint_eq(path_window(path, 0)->srtt_p50_us, 0);
	ck_assert_uint_eq(path_window(path, 0)->srtt_p90_us, 0);
}
END_TEST

START_TEST(test_derived)
{
	PathWindow window = {.bulk_bytes_acked = PATH_BULK_BYTES - 1, .bulk_busy_us = 1000000};
	uint64_t goodput = 7;
	double loss = 7;

	ck_assert(!path_window_goodput_bps(&window, &goodput));
	window.bulk_bytes_acked = PATH_BULK_BYTES;
	ck_assert(path_window_goodput_bps(&window, &goodput));
	ck_assert_uint_eq(goodput, PATH_BULK_BYTES * 8);
	goodput = 7;
	window.bulk_busy_us = 0;
	ck_assert(!path_window_goodput_bps(&window, &goodput));
	ck_assert_uint_eq(goodput, 7);

	window.bytes_sent = PATH_BULK_BYTES - 1;
	ck_assert(!path_window_loss(&window, &loss));
	ck_assert_double_eq(loss, 7);
	window.bytes_sent = PATH_BULK_BYTES;
	window.bytes_retrans = PATH_BULK_BYTES / 4;
	ck_assert(path_window_loss(&window, &loss));
	ck_assert_double_eq(loss, 0.25);
}
END_TEST

/* Over all windows and the current one. */
START_TEST(test_derived_of_path)
{
	FlowSample sample = fake_sample(1, FAKE_ADDRESS);
	FlowDelta delta = bulk_delta();
	uint64_t goodput;
	double loss;

	ck_assert(!path_goodput_bps(path, &goodput));
	ck_assert(!path_loss(path, &loss));
	delta.bytes_sent = delta.bytes_acked = PATH_BULK_BYTES / 2;
	delta.bytes_retrans = PATH_BULK_BYTES / 20;
	add(&sample, delta);
	ck_assert(!path_loss(path, &loss));
	path_roll(path, T0 + PATH_WINDOW_NS);
	path_add(path, &sample, &delta, &caps, T0 + PATH_WINDOW_NS);
	ck_assert(path_loss(path, &loss));
	ck_assert_double_eq_tol(loss, 0.1, 1e-4);
	ck_assert(path_goodput_bps(path, &goodput));
	ck_assert_uint_eq(goodput, PATH_BULK_BYTES * 4);
}
END_TEST

static TCase *at_cap_case(void)
{
	TCase *tcase = tcase_create("at-cap");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_send_at_cap);
	tcase_add_loop_test(tcase, test_send_edges, 0, ARRAY_SIZE(send_edges));
	tcase_add_test(tcase, test_send_not_at_cap);
	tcase_add_test(tcase, test_send_without_snd_wnd);
	tcase_add_loop_test(tcase, test_receive_edges, 0, ARRAY_SIZE(receive_edges));
	tcase_add_test(tcase, test_receive_window);
	tcase_add_test(tcase, test_receive_floor_is_the_paths);
	return tcase;
}

HARNESS_MAIN("path", suite_add_tcase(suite, at_cap_case());
	     HARNESS_FIXTURE(suite, "sums", setup, teardown, test_judgements, test_who_is_judged,
			     test_sums, test_rates, test_identity);
	     HARNESS_FIXTURE(suite, "windows", setup, teardown, test_windows_roll,
			     test_idle_windows, test_gap, test_roll_backwards, test_srtt_quantiles,
			     test_derived, test_derived_of_path);)
