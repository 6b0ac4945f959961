/* SPDX-License-Identifier: MIT */
/*
 * Flows against what the kernel may show: flows older than the first sweep, destroy events of known
 * and unknown flows, samples seen twice, counters that wrap or go backwards, interrupted dumps,
 * full tables. Whatever happens, no byte is counted twice and no flow gets a label it was not
 * born with.
 */
#include "daemon/model/path_table.h"

#include <string.h>

#include "tests/unit/path_table_bench.h"

/* --- births --- */

START_TEST(test_flow_older_than_us)
{
	FlowSample sample = flow(1, 10000000);

	sweep(&sample);
	ck_assert_uint_eq(path()->bytes_acked, 0); /* its past is not ours */
	ck_assert(!seen.birth_seen && !seen.born);
	ck_assert(seen.bulk && !seen.became_bulk);
	ck_assert_uint_eq(seen.epoch, 0);

	sample = flow(1, 10000100);
	sweep(&sample);
	ck_assert_uint_eq(path()->bytes_acked, 100);
	ck_assert_uint_eq(seen.bytes_acked, 100);
	ck_assert_uint_eq(seen.elapsed_ns, NSEC_PER_SEC);
	ck_assert(!seen.birth_seen);
	ck_assert_uint_eq(seen.epoch, 0);
	ck_assert_uint_eq(path()->current.flows_born, 0);
}
END_TEST

START_TEST(test_flow_born)
{
	FlowSample sample = flow(1, PATH_BULK_BYTES - 1);

	sweep(NULL);
	sweep(&sample);
	ck_assert(seen.birth_seen && seen.born && !seen.bulk);
	ck_assert_uint_eq(seen.epoch, 1);
	ck_assert_uint_eq(seen.birth_ns, now_ns);
	ck_assert_uint_eq(seen.bytes_acked, PATH_BULK_BYTES - 1);
	ck_assert_uint_eq(seen.elapsed_ns, NSEC_PER_SEC); /* born since the last sweep */

	sample = flow(1, PATH_BULK_BYTES);
	sweep(&sample);
	ck_assert(!seen.born && seen.bulk && seen.became_bulk);
	ck_assert_uint_eq(seen.acked_total, PATH_BULK_BYTES);
	ck_assert_uint_eq(seen.busy_total_us, PATH_BULK_BYTES);
	sweep(&sample);
	ck_assert(seen.bulk && !seen.became_bulk);
	ck_assert_uint_eq(path()->current.flows_born, 1);
	ck_assert_uint_eq(path()->current.flows_bulk, 1);
	ck_assert_uint_eq(path()->current.bulk_bytes_acked, PATH_BULK_BYTES);
}
END_TEST

START_TEST(test_bulk_by_receiving)
{
	FlowSample sample = flow(1, 0);

	sweep(NULL);
	sample.info.raw.bytes_received = PATH_BULK_BYTES;
	sweep(&sample);
	ck_assert(seen.bulk && seen.became_bulk);
	ck_assert_uint_eq(seen.bytes_received, PATH_BULK_BYTES);
	ck_assert_uint_eq(path_table_last_sweep_bytes(table), PATH_BULK_BYTES);
	sweep(NULL);
	ck_assert_uint_eq(path_table_last_sweep_bytes(table), 0);
}
END_TEST

START_TEST(test_epochs)
{
	FlowSample old = flow(1, 10), young = flow(2, 10);

	sweep(NULL);
	sweep(&old);
	path_table_set_epoch(table, 7);
	ck_assert_uint_eq(path_table_epoch(table), 7);
	sweep(&young);
	ck_assert_uint_eq(seen.epoch, 7);
	sweep(&old); /* keeps the label of its birth */
	ck_assert_uint_eq(seen.epoch, 1);
	path_table_set_epoch(table, 8);
	sweep(&young);
	ck_assert_uint_eq(seen.epoch, 7);
}
END_TEST

/* --- destroy events --- */

static FlowSample destroyed(uint64_t cookie, uint64_t acked)
{
	FlowSample sample = flow(cookie, acked);

	sample.destroyed = true;
	sample.has_skmeminfo = false;
	sample.congestion[0] = '\0';
	return sample;
}

START_TEST(test_destroyed_known)
{
	FlowSample sample = flow(1, 1000), last = destroyed(1, 1500000);

	sweep(NULL);
	sweep(&sample);
	add(&last);
	ck_assert_uint_eq(seen.bytes_acked, 1499000);
	ck_assert(seen.birth_seen && seen.became_bulk && !seen.born);
	ck_assert_uint_eq(path()->bytes_acked, 1500000);
	ck_assert_uint_eq(path_table_flow_count(table), 0);
	ck_assert_str_eq(path()->congestion, "cubic");
}
END_TEST

/* A flow that lived and died between two sweeps: its whole life is in the event. */
START_TEST(test_destroyed_unknown)
{
	FlowSample last = destroyed(1, 1500000);

	sweep(NULL);
	sweep(NULL);
	path_table_set_epoch(table, 3);
	add(&last);
	ck_assert(seen.birth_seen && seen.born && seen.bulk && seen.became_bulk);
	ck_assert_uint_eq(seen.epoch, 3);
	ck_assert_uint_eq(seen.acked_total, 1500000);
	ck_assert_uint_eq(path()->bytes_acked, 1500000);
	ck_assert_uint_eq(path()->flows, 0);
	ck_assert_uint_eq(path_table_flow_count(table), 0);
}
END_TEST

/* Before the first sweep, and within it, an unknown flow may be of any age. */
START_TEST(test_destroyed_too_early)
{
	FlowSample last = destroyed(1, 1500000), other = destroyed(2, 1500000);

	add(&last);
	ck_assert_uint_eq(n_seen, 0);
	ck_assert_uint_eq(path_table_count(table), 0);
	begin();
	add(&last);
	end();
	ck_assert(!seen.birth_seen);
	add(&other);
	ck_assert(!seen.birth_seen);
	ck_assert_uint_eq(path()->bytes_acked, 0);
	ck_assert_uint_eq(path_table_flow_count(table), 0);
}
END_TEST

/* One that was reset by its own side comes with counters and ports zeroed. */
START_TEST(test_destroyed_zeroed)
{
	FlowSample sample = flow(1, 1000), last = destroyed(1, 0), other = destroyed(2, 0);

	sweep(NULL);
	sweep(&sample);
	last.remote_port = other.remote_port = 0;
	n_seen = 0;
	add(&last);
	add(&other);
	ck_assert_uint_eq(n_seen, 0);
	ck_assert_uint_eq(path_table_flow_count(table), 0);
	ck_assert_uint_eq(path()->bytes_acked, 1000);
}
END_TEST

/* A flow that is gone from the dump waits one sweep for its event. */
START_TEST(test_vanished)
{
	FlowSample sample = flow(1, 1000), last = destroyed(1, 2000);

	sweep(NULL);
	sweep(&sample);
	sweep(NULL);
	ck_assert_uint_eq(path_table_flow_count(table), 1);
	add(&last);
	ck_assert_uint_eq(path()->bytes_acked, 2000);
	ck_assert_uint_eq(path_table_flow_count(table), 0);

	sample = flow(2, 1000);
	sweep(&sample);
	sweep(NULL);
	sweep(NULL);
	ck_assert_uint_eq(path_table_flow_count(table), 0);
}
END_TEST

/* --- what a dump may do --- */

START_TEST(test_duplicates)
{
	FlowSample sample = flow(1, 1000);

	sweep(NULL);
	begin();
	add(&sample);
	add(&sample);
	ck_assert_uint_eq(seen.bytes_acked, 0);
	ck_assert_uint_eq(seen.elapsed_ns, 0);
	ck_assert(!seen.born);
	sample = flow(1, 1100);
	add(&sample);
	end();
	ck_assert_uint_eq(path()->bytes_acked, 1100);
	ck_assert_uint_eq(path()->flows, 1);
	ck_assert_uint_eq(path()->current.flows_born, 1);
	ck_assert_uint_eq(path_table_flow_count(table), 1);
}
END_TEST

START_TEST(test_counters_backwards)
{
	FlowSample sample = flow(1, 1000000);

	sweep(NULL);
	sample.info.raw.total_rto = 65535;
	sample.info.raw.dsack_dups = UINT32_MAX;
	sweep(&sample);
	sample = flow(1, 400000); /* not what a kernel does; and no reason to believe in 2^64 */
	sample.info.raw.total_rto = 1;
	sample.info.raw.dsack_dups = 2;
	sweep(&sample);
	ck_assert_uint_eq(seen.bytes_acked, 0);
	ck_assert_uint_eq(seen.busy_us, 0);
	ck_assert_uint_eq(seen.acked_total, 1000000);
	ck_assert_uint_eq(seen.total_rto, 2); /* 16 bits in the kernel */
	ck_assert_uint_eq(seen.dsack_dups, 3);
	sample = flow(1, 1000001);
	sweep(&sample);
	ck_assert_uint_eq(seen.bytes_acked, 1);
	ck_assert_uint_eq(path()->bytes_acked, 1000001);
}
END_TEST

START_TEST(test_clock_backwards)
{
	FlowSample sample = flow(1, 1000);

	sweep(NULL);
	sweep(&sample);
	now_ns -= 10 * NSEC_PER_SEC;
	sweep(&sample);
	ck_assert_uint_eq(seen.elapsed_ns, 0);
}
END_TEST

/* A field that this kernel does not deliver is no counter. */
START_TEST(test_short_info)
{
	FlowSample sample = flow(1, 1000);

	sweep(NULL);
	sample.info.length = offsetof(TcpInfoRaw, bytes_sent);
	sweep(&sample);
	ck_assert_uint_eq(seen.bytes_acked, 1000);
	ck_assert_uint_eq(seen.busy_us, 1000);
	ck_assert_uint_eq(seen.bytes_sent, 0);
}
END_TEST

START_TEST(test_ignored)
{
	static const char *const loopback[] = {"127.0.0.1", "127.8.9.10", "::1"};
	FlowSample sample;

	sweep(NULL);
	for (size_t i = 0; i < ARRAY_SIZE(loopback); i++) {
		sample = fake_sample(i, loopback[i]);
		sweep(&sample);
	}
	sample = flow(9, 1000);
	sample.state = TCP_STATE_LISTEN;
	sweep(&sample);
	sample = flow(10, 1000);
	sample.info.length = 0; /* TIME_WAIT and the like have no tcp_info */
	sweep(&sample);
	ck_assert_uint_eq(n_seen, 0);
	ck_assert_uint_eq(path_table_count(table), 0);
	ck_assert_uint_eq(path_table_flow_count(table), 0);
}
END_TEST

/* What an interrupted dump did not show is not gone; what shows up after it is not new. */
START_TEST(test_interrupted)
{
	FlowSample a = flow(1, 1000), b = flow(2, 5000000), c = flow(3, 1000);

	sweep(NULL);
	sweep(&a);
	for (unsigned i = 0; i < 5; i++) {
		begin();
		path_table_sweep_end(table, now_ns, false);
	}
	ck_assert_uint_eq(path_table_flow_count(table), 1);

	begin();
	add(&a);
	ck_assert_uint_eq(seen.bytes_acked, 0);
	add(&b); /* may have been there before the dump that missed it */
	ck_assert(!seen.birth_seen && !seen.born);
	ck_assert_uint_eq(seen.epoch, 0);
	end();
	ck_assert_uint_eq(path()->bytes_acked, 1000);
	sweep(&c);
	ck_assert(seen.birth_seen && seen.born);
}
END_TEST

/* The first sweep of all, interrupted, does not make the next one's flows new. */
START_TEST(test_interrupted_first)
{
	FlowSample sample = flow(1, 5000000);

	begin();
	path_table_sweep_end(table, now_ns, false);
	sweep(&sample);
	ck_assert(!seen.birth_seen);
	ck_assert_uint_eq(path()->bytes_acked, 0);
}
END_TEST

/* --- bounds --- */

/* More flows than the table holds: every sweep evicts every one, and nothing is counted again. */
START_TEST(test_flows_evicted)
{
	FlowSample sample, young = flow(99, 1000);
	bool born = false;

	teardown();
	make(16, 4);
	sweep(NULL);
	for (unsigned round = 0; round < 5; round++) {
		begin();
		for (uint64_t cookie = 1; cookie <= 8; cookie++) {
			sample = flow(cookie, 1000000);
			add(&sample);
			born |= round > 0 && (seen.born || seen.birth_seen);
		}
		end();
	}
	ck_assert(!born);
	/* the first four were born before anything was evicted */
	ck_assert_uint_le(path()->bytes_acked, 8 * 1000000);
	ck_assert_uint_eq(path_table_flow_count(table), 4);
	ck_assert_uint_eq(path_table_flows_evicted(table), 8 * 5 - 4);

	sample = flow(8, 1000000);
	sweep(&sample);
	sweep(&sample);
	sweep(&sample);
	sweep(&young); /* in peace again */
	ck_assert(seen.birth_seen);
}
END_TEST

/* Evicted by a newcomer, and seen again later in the very same sweep. */
START_TEST(test_flow_evicted_and_seen)
{
	FlowSample a = flow(1, 5000000), b = flow(2, 10), c = flow(3, 10);

	teardown();
	make(16, 2);
	sweep(NULL);
	begin();
	add(&a);
	add(&b);
	end();
	begin();
	add(&c);
	ck_assert(seen.born);
	add(&a);
	end();
	ck_assert(!seen.born && !seen.birth_seen);
	ck_assert_uint_eq(path()->bytes_acked, 5000020);
}
END_TEST

START_TEST(test_paths_evicted)
{
	Address first = fake_address("192.0.1.1"), last = fake_address("192.0.5.1");
	FlowSample sample;
	char text[32];

	teardown();
	make(4, 64);
	sweep(NULL);
	begin();
	for (uint64_t i = 1; i <= 5; i++) {
		(void)snprintf(text, sizeof(text), "192.0.%u.1", (unsigned)i);
		sample = fake_sample(i, text);
		add(&sample);
		if (i == 4) {
			now_ns++;
			sample = fake_sample(1, "192.0.1.1"); /* seen again: not the oldest */
			add(&sample);
		}
	}
	end();
	ck_assert_uint_eq(path_table_count(table), 4);
	ck_assert_uint_eq(path_table_paths_evicted(table), 1);
	ck_assert_ptr_nonnull(path_table_find(table, &first));
	ck_assert_ptr_nonnull(path_table_find(table, &last));
	last = fake_address("192.0.2.1");
	ck_assert_ptr_null(path_table_find(table, &last));
}
END_TEST

START_TEST(test_flows_of_a_path)
{
	FlowSample a = flow(1, 0), b = flow(2, 0);

	sweep(NULL);
	begin();
	add(&a);
	add(&b);
	end();
	ck_assert_uint_eq(path()->flows, 2);
	sweep(&b);
	ck_assert_uint_eq(path()->flows, 1);
	sweep(NULL);
	ck_assert_uint_eq(path()->flows, 0);
	ck_assert_uint_eq(path_table_count(table), 1);
}
END_TEST

START_TEST(test_top)
{
	static const uint64_t bytes[] = {300, 100, 500, 200, 400};
	const Path *top[8] = {NULL};
	FlowSample sample;
	char text[32];

	ck_assert_uint_eq(path_table_top(table, top, ARRAY_SIZE(top)), 0);
	sweep(NULL);
	begin();
	for (size_t i = 0; i < ARRAY_SIZE(bytes); i++) {
		(void)snprintf(text, sizeof(text), "2001:db8::%u", (unsigned)i);
		sample = fake_sample(i + 1, text);
		sample.info.raw.bytes_acked = bytes[i] / 2;
		sample.info.raw.bytes_received = bytes[i] / 2;
		add(&sample);
	}
	end();
	ck_assert_uint_eq(path_table_top(table, top, 0), 0);
	ck_assert_ptr_null(top[0]);
	for (size_t n = 1; n <= ARRAY_SIZE(top); n++) {
		size_t found = path_table_top(table, top, n);

		ck_assert_uint_eq(found, MIN(n, ARRAY_SIZE(bytes)));
		for (size_t i = 0; i < found; i++)
			ck_assert_uint_eq(top[i]->bytes_acked + top[i]->bytes_received,
					  500 - 100 * i);
	}
}
END_TEST

/* Windows also close where nothing happens. */
START_TEST(test_windows_roll)
{
	FlowSample sample = flow(1, 1000000);

	sweep(NULL);
	sweep(&sample);
	now_ns += PATH_WINDOW_NS;
	sweep(NULL);
	ck_assert_ptr_nonnull(path_window(path(), 0));
	ck_assert_uint_eq(path_window(path(), 0)->bytes_acked, 1000000);
}
END_TEST

/* --- the metrics of its route --- */

/* Bulk flows with this congestion control, one sample of each sweep; how many were "other". */
static uint32_t others(uint64_t cookie, const char *congestion)
{
	static uint64_t acked;
	uint32_t before = path_table_count(table) ? path()->current.samples_other_congestion : 0;

	for (unsigned i = 0; i < 2; i++) {
		FlowSample sample = flow(cookie, acked += PATH_BULK_BYTES);

		(void)snprintf(sample.congestion, sizeof(sample.congestion), "%s", congestion);
		sweep(&sample);
		now_ns -= NSEC_PER_SEC; /* all within one window */
	}
	return path()->current.samples_other_congestion - before;
}

START_TEST(test_own_congestion)
{
	const Address address = fake_address(FAKE_ADDRESS);
	const PathMetrics bbr = {.congestion = "bbr"};

	ck_assert(!path_table_expect(table, &address, &bbr)); /* no such path yet */
	sweep(NULL);
	ck_assert_uint_eq(others(1, "bbr"), 2);
	ck_assert_uint_eq(others(2, "cubic"), 0);

	ck_assert(path_table_expect(table, &address, &bbr));
	ck_assert_str_eq(path_metrics(path())->congestion, "bbr");
	ck_assert_uint_eq(others(1, "bbr"), 0);
	ck_assert_uint_eq(others(2, "cubic"), 0); /* born before, or refused by the route */
	ck_assert_uint_eq(others(3, "reno"), 2);

	/* the other arm, and back: said again and again */
	for (unsigned i = 0; i < 3; i++)
		ck_assert(path_table_expect(table, &address, NULL));
	ck_assert_str_eq(path_metrics(path())->congestion, "");
	ck_assert_uint_eq(others(1, "bbr"), 0);
	now_ns += PATH_PAST_CONGESTION_NS - NSEC_PER_MIN;
	sweep(NULL);
	ck_assert_uint_eq(others(1, "bbr"), 0);
	now_ns += 2 * NSEC_PER_MIN;
	sweep(NULL);
	ck_assert_uint_eq(others(1, "bbr"), 2);
}
END_TEST

START_TEST(test_metrics)
{
	const Address address = fake_address(FAKE_ADDRESS), other = fake_address("192.0.2.9");
	const PathMetrics metrics = {
		.initcwnd = 44, .rto_min_ms = 50, .quickack = true, .ecn = true};
	FlowSample sample = flow(1, 1000);

	sweep(NULL);
	sweep(&sample);
	ck_assert_uint_eq(path_table_count(table), 1);
	ck_assert_ptr_eq(path_table_at(table, 0), path());
	ck_assert(path_table_expect(table, &address, NULL));
	ck_assert_ptr_null(path()->route); /* nothing is kept of nothing */
	ck_assert(path_table_expect(table, &address, &metrics));
	ck_assert(!path_table_expect(table, &other, &metrics));
	ck_assert_uint_eq(path_metrics(path())->initcwnd, 44);
	ck_assert_uint_eq(path_metrics(path())->rto_min_ms, 50);
	ck_assert(path_metrics(path())->quickack && path_metrics(path())->ecn);
	ck_assert(path_table_expect(table, &address, NULL));
	ck_assert_uint_eq(path_metrics(path())->initcwnd, 0);
}
END_TEST

HARNESS_MAIN("path_table",
	     HARNESS_FIXTURE(suite, "births", setup, teardown, test_flow_older_than_us,
			     test_flow_born, test_bulk_by_receiving, test_epochs);
	     HARNESS_FIXTURE(suite, "destroyed", setup, teardown, test_destroyed_known,
			     test_destroyed_unknown, test_destroyed_too_early,
			     test_destroyed_zeroed, test_vanished);
	     HARNESS_FIXTURE(suite, "dumps", setup, teardown, test_duplicates,
			     test_counters_backwards, test_clock_backwards, test_short_info,
			     test_ignored, test_interrupted, test_interrupted_first);
	     HARNESS_FIXTURE(suite, "bounds", setup, teardown, test_flows_evicted,
			     test_flow_evicted_and_seen, test_paths_evicted, test_flows_of_a_path,
			     test_top, test_windows_roll);
	     HARNESS_FIXTURE(suite, "metrics", setup, teardown, test_own_congestion, test_metrics);)
