/* SPDX-License-Identifier: MIT */
/*
 * Which waits a path remembers: exchanges at the pace of our delayed acknowledgement, each mark of
 * them from both sides, and timeouts of data.
 */
#include "daemon/model/path_stalls.h"

#include <string.h>

#include "daemon/model/path.h"
#include "tests/unit/fake_host.h"
#include "tests/unit/harness.h"

#define SECOND NSEC_PER_SEC

static PathStalls stalls;
static PathStallsSum sum;

/* What a flow of a host and a peer that asks in pieces looks like after a second. */
typedef struct Pattern {
	const char *name;
	unsigned in, out, acks; /* segments, in its life */
	unsigned segment_bytes; /* that came in */
	unsigned exchanges;     /* in the last second */
	uint32_t floor_us;
	bool stalled;
} Pattern;

static const Pattern patterns[] = {
	{"in two pieces, 43 ms", 200, 100, 100, 100, 23, 3000, true},
	{"at once", 200, 100, 100, 100, 900, 3000, false},
	{"a little too fast", 200, 100, 100, 100, 26, 3000, false},
	{"a little too slow", 200, 100, 100, 100, 18, 3000, false},
	{"over a longer path", 200, 100, 100, 100, 7, 100000, true},
	{"that pace is the path's", 200, 100, 100, 100, 23, 43000, false},
	{"in one piece", 100, 100, 100, 100, 23, 3000, false},
	{"in many", 450, 100, 100, 100, 23, 3000, false},
	{"acknowledged with the answer", 200, 100, 10, 100, 23, 3000, false},
	{"acknowledged twice", 200, 100, 200, 100, 23, 3000, true},
	{"acknowledged again and again", 200, 100, 300, 100, 23, 3000, false},
	{"full segments", 200, 100, 100, 1448, 23, 3000, false},
	{"young", 30, 15, 15, 100, 23, 3000, false},
	{"few", 200, 100, 100, 100, 4, 200000, false},
	{"how far is not known", 200, 100, 100, 100, 23, UINT32_MAX, false},
};

static FlowSample sample_of(const Pattern *pattern)
{
	FlowSample sample = fake_sample(1, FAKE_ADDRESS);
	TcpInfoRaw *raw = &sample.info.raw;

	raw->data_segs_in = pattern->in;
	raw->data_segs_out = pattern->out;
	raw->segs_out = pattern->out + pattern->acks;
	raw->bytes_received = (uint64_t)pattern->in * pattern->segment_bytes;
	raw->rcv_mss = raw->advmss = 1448;
	return sample;
}

static FlowDelta delta_of(const Pattern *pattern)
{
	return (FlowDelta){
		.elapsed_ns = SECOND,
		.bytes_acked = pattern->exchanges * 100,
		.bytes_received = (uint64_t)pattern->in * pattern->segment_bytes *
				  pattern->exchanges / pattern->out,
	};
}

START_TEST(test_pattern)
{
	const Pattern *pattern = &patterns[_i];
	FlowSample sample = sample_of(pattern);
	FlowDelta delta = delta_of(pattern);

	stalls = (PathStalls){0};
	ck_assert_msg(path_stalls_wanted(&sample, &delta, pattern->floor_us) == pattern->stalled,
		      "%s", pattern->name);
	path_stalls_add(&stalls, &sample, &delta, pattern->floor_us, 1000 * SECOND);
	path_stalls_sum(&stalls, 0, 1000 * SECOND, &sum);
	ck_assert_uint_eq(sum.exchanges, 1);
	ck_assert_uint_eq(sum.stalled, pattern->stalled);
	ck_assert_uint_eq(stalls.last_ns, pattern->stalled ? 1000 * SECOND : 0);
}
END_TEST

START_TEST(test_no_exchange)
{
	FlowSample sample = sample_of(&patterns[0]);
	FlowDelta delta = delta_of(&patterns[0]);

	stalls = (PathStalls){0};
	delta.bytes_acked = 1;
	path_stalls_add(&stalls, &sample, &delta, 3000, 1000 * SECOND);
	delta = delta_of(&patterns[0]);
	delta.bytes_received = PATH_BULK_BYTES;
	path_stalls_add(&stalls, &sample, &delta, 3000, 1000 * SECOND);
	path_stalls_sum(&stalls, 0, 1000 * SECOND, &sum);
	ck_assert_uint_eq(sum.exchanges, 0);
}
END_TEST

START_TEST(test_timeouts)
{
	FlowSample sample = fake_sample(1, FAKE_ADDRESS);
	FlowDelta delta = {.elapsed_ns = SECOND, .total_rto = 2, .bytes_retrans = 1448};
	FlowDelta handshake = {.elapsed_ns = SECOND, .total_rto = 1};

	stalls = (PathStalls){0};
	ck_assert(!path_stalls_wanted(&sample, &handshake, 500));
	ck_assert(path_stalls_wanted(&sample, &delta, 500));
	path_stalls_add(&stalls, &sample, &handshake, 500, 1000 * SECOND);
	path_stalls_add(&stalls, &sample, &delta, 500, 1000 * SECOND);
	delta = (FlowDelta){.elapsed_ns = SECOND, .dsack_dups = 1};
	path_stalls_add(&stalls, &sample, &delta, 500, 1001 * SECOND);
	path_stalls_sum(&stalls, 0, 1001 * SECOND, &sum);
	ck_assert_uint_eq(sum.timeouts, 2);
	ck_assert_uint_eq(sum.minutes_timeouts, 1);
	ck_assert_uint_eq(sum.spurious, 1);
	ck_assert_uint_eq(sum.away, 0);
	sample.info.raw.backoff = 1; /* its first timeout */
	path_stalls_add(&stalls, &sample, &delta, 500, 1001 * SECOND);
	sample.info.raw.backoff = 2;
	path_stalls_add(&stalls, &sample, &delta, 500, 1001 * SECOND);
	path_stalls_sum(&stalls, 0, 1001 * SECOND, &sum);
	ck_assert_uint_eq(sum.away, 1);
}
END_TEST

/* The last ten minutes; those that began before what is asked for are left out. */
START_TEST(test_minutes)
{
	FlowSample sample = fake_sample(1, FAKE_ADDRESS);
	FlowDelta delta = {.elapsed_ns = SECOND, .total_rto = 1, .bytes_retrans = 1448};

	stalls = (PathStalls){0};
	for (unsigned i = 0; i < 20; i++)
		path_stalls_add(&stalls, &sample, &delta, 500, (1200 + i * 60) * SECOND);
	path_stalls_sum(&stalls, 0, (1200 + 19 * 60) * SECOND, &sum);
	ck_assert_uint_eq(sum.timeouts, 10);
	ck_assert_uint_eq(sum.minutes_timeouts, 10);
	path_stalls_sum(&stalls, (1200 + 17 * 60 + 1) * SECOND, (1200 + 19 * 60) * SECOND, &sum);
	ck_assert_uint_eq(sum.timeouts, 2);
	path_stalls_sum(&stalls, 0, (1200 + 25 * 60) * SECOND, &sum);
	ck_assert_uint_eq(sum.timeouts, 4);
	path_stalls_sum(NULL, 0, 0, &sum);
	ck_assert_uint_eq(sum.timeouts, 0);
}
END_TEST

/* On a path: from the first stall on, and until ten minutes after the last. */
START_TEST(test_kept)
{
	const Address address = fake_address(FAKE_ADDRESS);
	FakeHost host;
	FakeFlow *flow;
	const Path *path;

	fake_host_init(&host);
	flow = fake_host_open(&host, FAKE_ADDRESS, 1000);
	fake_host_step(&host, SECOND);
	path = path_table_find(host.paths, &address);
	ck_assert_ptr_null(path->stalls);
	flow->sample.info.raw.total_rto = 1;
	flow->sample.info.raw.bytes_retrans += 100;
	fake_host_step(&host, SECOND);
	ck_assert_ptr_nonnull(path->stalls);
	for (unsigned i = 0; i < 600; i++)
		fake_host_step(&host, SECOND);
	ck_assert_ptr_nonnull(path->stalls);
	fake_host_step(&host, SECOND);
	ck_assert_ptr_null(path->stalls);
	ck_assert_uint_le(sizeof(PathStalls), 168);
	fake_host_clear(&host);
}
END_TEST

static TCase *pattern_case(void)
{
	TCase *tcase = tcase_create("patterns");

	tcase_add_loop_test(tcase, test_pattern, 0, ARRAY_SIZE(patterns));
	return tcase;
}

HARNESS_MAIN("path_stalls", suite_add_tcase(suite, pattern_case());
	     HARNESS_CASE(suite, "minutes", test_no_exchange, test_timeouts, test_minutes,
			  test_kept);)
