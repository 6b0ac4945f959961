/* SPDX-License-Identifier: MIT */
/*
 * Who is merged and who is not; what a merged path knows; that nothing is lost or counted twice,
 * that what is pinned or busy stays what it is; and what a full table costs in memory.
 */
#include "daemon/model/path_merge.h"

#include <malloc.h>
#include <string.h>

#include "common/base.h"
#include "common/clock.h"
#include "common/random.h"
#include "daemon/model/flow.h"
#include "daemon/model/path_table.h"
#include "tests/unit/fake_host.h"
#include "tests/unit/harness.h"

static const PathCaps caps = {.congestion = "cubic"};

static PathTable *table;
static uint64_t now_ns, cookie;

static void make(size_t paths, size_t flows)
{
	path_table_free(table);
	ck_assert_int_eq(path_table_new(paths, flows, &table), 0);
	now_ns = 1000 * NSEC_PER_SEC;
	cookie = 0;
	path_table_sweep_begin(table, now_ns);
	path_table_sweep_end(table, now_ns, true);
}

static void setup(void)
{
	make(16, 1024);
}

static void teardown(void)
{
	path_table_free(table);
	table = NULL;
}

static Address ipv4(unsigned a, unsigned b, unsigned c, unsigned d)
{
	uint8_t bytes[] = {(uint8_t)a, (uint8_t)b, (uint8_t)c, (uint8_t)d};

	return address_from_bytes(AF_INET, bytes);
}

static void sweep_begin(void)
{
	now_ns += 10 * NSEC_PER_SEC;
	path_table_sweep_begin(table, now_ns);
}

static void sweep_end(void)
{
	path_table_sweep_end(table, now_ns, true);
}

/* A flow that is new, and has moved so much. */
static void add_flow(Address remote, uint64_t bytes, uint32_t floor_us)
{
	FlowSample sample = fake_sample(++cookie, "192.0.2.1");

	sample.remote = remote;
	sample.info.raw.bytes_acked = sample.info.raw.bytes_sent = bytes;
	sample.info.raw.rtt_us = sample.info.raw.min_rtt_us = floor_us;
	path_table_add(table, &sample, &caps, now_ns);
}

static const Path *find(Address address)
{
	return path_table_find(table, &address);
}

static bool is_exact(Address address)
{
	const Path *path = find(address);

	return path && !path_is_prefix(path) && address_equal(&path->address, &address);
}

static uint64_t total_bytes(void)
{
	const Path *top[64];
	size_t n = path_table_top(table, top, ARRAY_SIZE(top));
	uint64_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += path_bytes(top[i]);
	return bytes;
}

/* --- addresses --- */

START_TEST(test_prefixes)
{
	static const struct {
		const char *address;
		unsigned length;
		const char *prefix;
	} cases[] = {
		{"192.0.2.201", 24, "192.0.2.0"},
		{"192.0.2.201", 28, "192.0.2.192"},
		{"192.0.2.201", 32, "192.0.2.201"},
		{"192.0.2.201", 0, "0.0.0.0"},
		{"192.0.2.201", 9, "192.0.0.0"},
		{"2001:db8:1:2::3", 48, "2001:db8:1::"},
		{"2001:db8:1:ffff::3", 52, "2001:db8:1:f000::"},
		{"2001:db8:1:2::3", 128, "2001:db8:1:2::3"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		Address address = fake_address(cases[i].address);
		Address prefix = path_prefix(&address, cases[i].length);
		char text[ADDRESS_TEXT_MAX];

		ck_assert_str_eq(address_format(&prefix, text), cases[i].prefix);
	}
}
END_TEST

/* --- a full table --- */

/* Single hosts that are busy, and siblings that are not and are not alike. */
static void fill(unsigned singles, unsigned siblings, uint64_t sibling_bytes)
{
	sweep_begin();
	for (unsigned i = 0; i < singles; i++)
		add_flow(ipv4(10, 0, i, 1), 100000 + i, 20000);
	for (unsigned i = 0; i < siblings; i++)
		add_flow(ipv4(192, 0, 2, 1 + i), sibling_bytes + i, 30000 + 10000 * (i % 2));
	sweep_end();
}

START_TEST(test_merged_when_full)
{
	const Path *path;
	uint64_t before;

	fill(10, 6, 100);
	before = total_bytes();
	sweep_begin();
	add_flow(ipv4(10, 1, 0, 1), 7, 20000);
	sweep_end();
	ck_assert_uint_eq(path_table_paths_merged(table), 5);
	ck_assert_uint_eq(path_table_paths_evicted(table), 0);
	ck_assert_uint_eq(path_table_count(table), 12);
	ck_assert_uint_eq(total_bytes(), before + 7);
	path = find(ipv4(192, 0, 2, 3));
	ck_assert_ptr_nonnull(path);
	ck_assert_uint_eq(path->prefix_length, 24);
	ck_assert(path_is_prefix(path));
	ck_assert_ptr_eq(find(ipv4(192, 0, 2, 77)), path); /* also one that was never seen */
	ck_assert_ptr_null(find(ipv4(192, 0, 3, 3)));
	ck_assert_uint_eq(path->bytes_acked, 6 * 100 + 15);
	ck_assert_uint_eq(path->current.flows_born, 6);
	ck_assert_uint_eq(path->min_rtt_us, 30000);
	for (unsigned i = 0; i < 10; i++)
		ck_assert(is_exact(ipv4(10, 0, i, 1)));
	/* The floor is that of all, also for what comes next. */
	sweep_begin();
	add_flow(ipv4(192, 0, 2, 6), 1, 35000);
	sweep_end();
	ck_assert_uint_eq(path->min_rtt_us, 30000);
}
END_TEST

/* The largest family first; the others only if that does not win enough. */
START_TEST(test_large_families_first)
{
	sweep_begin();
	for (unsigned i = 0; i < 4; i++)
		add_flow(ipv4(10, 0, i, 1), 100000, 20000);
	for (unsigned i = 0; i < 4; i++)
		add_flow(ipv4(192, 0, 1, 1 + i), 10, 30000 + 20000 * i);
	for (unsigned i = 0; i < 8; i++)
		add_flow(ipv4(192, 0, 2, 1 + i), 10, 30000 + 20000 * i);
	add_flow(ipv4(10, 1, 0, 1), 7, 20000);
	sweep_end();
	ck_assert_uint_eq(path_table_paths_merged(table), 7);
	for (unsigned i = 0; i < 4; i++)
		ck_assert(is_exact(ipv4(192, 0, 1, 1 + i)));
	ck_assert_uint_eq(find(ipv4(192, 0, 2, 1))->prefix_length, 24);
}
END_TEST

static void assert_covers(const Path *path, const FlowSample *sample, const FlowDelta *delta,
			  void *context)
{
	(void)delta, (void)context;
	ck_assert(path_covers(path, &sample->remote));
}

/* Peers that come and go in a table that is always too small: the books stay right. */
START_TEST(test_churn)
{
	const Path *top[16];
	uint64_t state = 5;
	Random random = random_seeded(&state);

	path_table_set_observer(table, assert_covers, NULL);
	for (unsigned round = 0; round < 300; round++) {
		size_t n;

		sweep_begin();
		for (unsigned i = 0; i < 40; i++) {
			unsigned peer = (unsigned)(random_unit(&random) * 60);
			FlowSample sample = fake_sample(peer + 1, "192.0.2.1");

			sample.remote = ipv4(10, peer % 20 + (round / 50) * 20, 0, 1 + peer / 20);
			sample.cookie += 100 * (round / 50);
			sample.info.raw.bytes_acked = round * 10 + peer;
			path_table_add(table, &sample, &caps, now_ns);
			ck_assert(path_covers(find(sample.remote), &sample.remote));
		}
		sweep_end();
		n = path_table_top(table, top, ARRAY_SIZE(top));
		ck_assert_uint_eq(n, path_table_count(table));
		for (size_t i = 0; i < n; i++) {
			ck_assert_uint_lt(top[i]->slot, n);
			for (size_t k = 0; k < i; k++)
				ck_assert_uint_ne(top[i]->slot, top[k]->slot);
		}
	}
	ck_assert_uint_gt(path_table_paths_merged(table), 50);
	ck_assert_uint_gt(path_table_paths_evicted(table), 50);
}
END_TEST

/* Flows of the merged, old and new, go on in the prefix. */
START_TEST(test_flows_find_the_prefix)
{
	FlowSample sample = fake_sample(1001, "192.0.2.2");
	WindowSummary s;

	fill(10, 5, 100);
	sweep_begin();
	sample.info.raw.bytes_acked = 1000;
	path_table_add(table, &sample, &caps, now_ns);
	add_flow(ipv4(10, 1, 0, 1), 7, 20000);
	add_flow(ipv4(192, 0, 2, 99), 1, 25000);
	sweep_end();
	ck_assert_uint_gt(path_table_paths_merged(table), 0);
	sweep_begin();
	sample.info.raw.bytes_acked = 1500;
	path_table_add(table, &sample, &caps, now_ns);
	sweep_end();
	ck_assert_uint_eq(find(ipv4(192, 0, 2, 2))->bytes_acked, 5 * 100 + 10 + 1500 + 1);
	ck_assert_uint_eq(find(ipv4(192, 0, 2, 2))->flows, 1);
	ck_assert_uint_eq(find(ipv4(192, 0, 2, 2))->min_rtt_us, 25000);
	path_summarise(find(ipv4(192, 0, 2, 2)), PATH_CONNECT, WINDOW_10MIN, now_ns, &s);
	ck_assert_uint_eq(s.count, 7);
	path_summarise(find(ipv4(192, 0, 2, 2)), PATH_SRTT, WINDOW_1H, now_ns, &s);
	ck_assert_uint_eq(s.count, 8);
	ck_assert_uint_eq(s.min_us, 25000);
	ck_assert_uint_eq(s.max_us, 100000);
}
END_TEST

START_TEST(test_the_busiest_stay_exact)
{
	sweep_begin();
	for (unsigned i = 0; i < 16; i++)
		add_flow(ipv4(192, 0, 2, 1 + i), 1000 * (i + 1), 30000);
	add_flow(ipv4(10, 0, 0, 1), 1, 30000);
	sweep_end();
	for (unsigned i = 0; i < 16; i++) /* a quarter of 16 */
		ck_assert_int_eq(is_exact(ipv4(192, 0, 2, 1 + i)), i >= 12);
	ck_assert_uint_eq(path_table_paths_merged(table), 11);
	ck_assert_uint_eq(path_table_count(table), 6);
}
END_TEST

/* Those of which a trial is running; even the host whose address looks like the prefix. */
START_TEST(test_the_pinned_stay_exact)
{
	Address pinned = ipv4(192, 0, 2, 0);

	sweep_begin();
	add_flow(pinned, 0, 30000);
	path_table_pin(table, &pinned, 1);
	for (unsigned i = 1; i < 16; i++)
		add_flow(ipv4(192, 0, 2, i), 10 * i, 30000);
	add_flow(ipv4(10, 0, 0, 1), 1, 30000);
	ck_assert(is_exact(pinned));
	ck_assert_uint_eq(find(ipv4(192, 0, 2, 3))->prefix_length, 24);
	/* nor is it evicted, however long it is silent */
	for (unsigned i = 0; i < 40; i++)
		add_flow(ipv4(10, 0, 1 + i, 1), 1000 + i, 30000);
	sweep_end();
	ck_assert_uint_gt(path_table_paths_evicted(table), 0);
	ck_assert(is_exact(pinned));
	path_table_pin(table, NULL, 0);
	sweep_begin();
	for (unsigned i = 0; i < 40; i++)
		add_flow(ipv4(10, 1, 1 + i, 1), 5000 + i, 30000);
	sweep_end();
	ck_assert(!is_exact(pinned));
}
END_TEST

START_TEST(test_nothing_to_merge_is_evicted)
{
	fill(16, 0, 0);
	sweep_begin();
	for (unsigned i = 0; i < 8; i++)
		add_flow(ipv4(10, 9, i, 1), 0, 30000);
	sweep_end();
	ck_assert_uint_eq(path_table_paths_merged(table), 0);
	ck_assert_uint_eq(path_table_paths_evicted(table), 8);
	ck_assert_uint_eq(path_table_count(table), 16);
	for (unsigned i = 0; i < 8; i++) {
		ck_assert(!is_exact(ipv4(10, 0, i, 1)));
		ck_assert(is_exact(ipv4(10, 0, 8 + i, 1)));
		ck_assert(is_exact(ipv4(10, 9, i, 1)));
	}
}
END_TEST

START_TEST(test_prefixes_can_be_chosen)
{
	path_table_set_prefixes(table, 32, 128);
	fill(0, 16, 100);
	sweep_begin();
	add_flow(ipv4(10, 0, 0, 1), 0, 30000);
	sweep_end();
	ck_assert_uint_eq(path_table_paths_merged(table), 0);
	ck_assert_uint_eq(path_table_paths_evicted(table), 1);

	make(16, 64);
	path_table_set_prefixes(table, 16, 48);
	sweep_begin();
	for (unsigned i = 0; i < 17; i++)
		add_flow(ipv4(10, 5, i, 1), 0, 30000);
	sweep_end();
	ck_assert_uint_eq(find(ipv4(10, 5, 200, 200))->prefix_length, 16);

	make(16, 64);
	sweep_begin();
	for (unsigned i = 0; i < 17; i++) {
		char text[64];

		(void)snprintf(text, sizeof(text), "2001:db8:7:%x::1", i);
		add_flow(fake_address(text), 0, 30000);
	}
	sweep_end();
	ck_assert_uint_eq(find(fake_address("2001:db8:7:99::1"))->prefix_length, 48);
	ck_assert_ptr_null(find(fake_address("2001:db8:8:99::1")));
}
END_TEST

/* --- those that look alike --- */

static void add_family(unsigned siblings, uint32_t floor_us, uint32_t spread_us, uint64_t bytes)
{
	sweep_begin();
	for (unsigned i = 0; i < 8; i++)
		add_flow(ipv4(10, 0, i, 1), 100000, 20000);
	for (unsigned i = 0; i < siblings; i++)
		add_flow(ipv4(192, 0, 2, 1 + i), bytes,
			 floor_us + (i + 1 == siblings ? spread_us : 0));
	sweep_end();
}

START_TEST(test_alike)
{
	static const struct {
		unsigned siblings;
		uint32_t floor_us, spread_us;
		bool merged;
	} cases[] = {
		{8, 50000, 0, true},      {7, 50000, 0, false}, {8, 50000, 10000, true},
		{8, 50000, 10001, false}, {8, 300, 1000, true}, {8, 300, 1001, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		make(32, 64);
		add_family(cases[i].siblings, cases[i].floor_us, cases[i].spread_us, 10);
		ck_assert_uint_eq(path_table_paths_merged(table),
				  cases[i].merged ? cases[i].siblings - 1 : 0);
		ck_assert_int_eq(is_exact(ipv4(192, 0, 2, 1)), !cases[i].merged);
	}
}
END_TEST

/* As long as every path is among the busiest quarter, all stay told apart. */
START_TEST(test_a_small_host_is_never_merged)
{
	make(4096, 4096);
	sweep_begin();
	for (unsigned i = 0; i < 200; i++)
		add_flow(ipv4(192, 0, 2, 1 + i), 10, 300);
	sweep_end();
	ck_assert_uint_eq(path_table_paths_merged(table), 0);
	ck_assert_uint_eq(path_table_count(table), 200);
}
END_TEST

/* One that is no longer among the busiest follows its siblings, if it is like them. */
START_TEST(test_late_siblings_follow)
{
	Path *paths[3], *plan[3];
	Address addresses[] = {ipv4(192, 0, 2, 0), ipv4(192, 0, 2, 7), ipv4(192, 0, 2, 8)};
	PathMergeRule rule = {.ipv4_length = 24, .ipv6_length = 48};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		paths[i] = path_new(&addresses[i], now_ns);
		paths[i]->min_rtt_us = 30000;
	}
	ck_assert_int_eq(path_merge_plan(paths, 3, &rule, plan), 0); /* too few */
	paths[0]->prefix_length = 24;
	paths[2]->bytes_acked = 5;
	ck_assert_int_eq(path_merge_plan(paths, 3, &rule, plan), 3);
	ck_assert_ptr_eq(plan[0], paths[0]);
	ck_assert_ptr_eq(plan[1], paths[2]); /* the busier first */
	paths[1]->min_rtt_us = 90000;
	ck_assert_int_eq(path_merge_plan(paths, 3, &rule, plan), 0);
	paths[1]->min_rtt_us = UINT32_MAX; /* not known */
	ck_assert_int_eq(path_merge_plan(paths, 3, &rule, plan), 0);
	rule.wanted = 1;
	ck_assert_int_eq(path_merge_plan(paths, 3, &rule, plan), 3);
	rule.keep = 1;
	ck_assert_int_eq(path_merge_plan(paths, 3, &rule, plan), 2);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		path_free(paths[i]);
}
END_TEST

/* --- memory --- */

static void add_one_of_many(unsigned i, unsigned round)
{
	FlowSample sample = fake_sample(i + 1, "192.0.2.1");
	unsigned path = i % 4096;

	/* no two in one prefix */
	sample.remote = ipv4(10 + path / 256, path % 256, 7, 1);
	sample.info.raw.bytes_acked = 100000 * (round + 1);
	sample.info.raw.bytes_sent = sample.info.raw.bytes_acked;
	sample.info.raw.busy_time_us = 1000 * (round + 1);
	sample.info.raw.min_rtt_us = 10000 + path;
	sample.info.raw.rtt_us = 10000 + path + (i * 7919 + round * 104729) % 20000;
	path_table_add(table, &sample, &caps, now_ns);
}

/* 20,000 flows over 4,096 paths, each with bulk traffic, all series filled, two hours long. */
START_TEST(test_memory)
{
	size_t before, bytes;

	path_table_free(table);
	table = NULL;
	before = mallinfo2().uordblks + mallinfo2().hblkhd;
	make(PATH_TABLE_CAPACITY, FLOW_TABLE_CAPACITY);
	for (unsigned round = 0; round < 30; round++) {
		now_ns += 4 * NSEC_PER_MIN;
		path_table_sweep_begin(table, now_ns);
		for (unsigned i = 0; i < 20000; i++)
			add_one_of_many(i, round);
		path_table_sweep_end(table, now_ns, true);
	}
	ck_assert_uint_eq(path_table_count(table), 4096);
	ck_assert_uint_eq(path_table_flow_count(table), 20000);
	ck_assert_uint_eq(path_table_paths_evicted(table), 0);
	ck_assert_uint_eq(path_table_paths_merged(table), 0);
	bytes = mallinfo2().uordblks + mallinfo2().hblkhd - before;
	printf("# table: %.2f MB; Flow %zu, Path %zu, PathStatistics %zu, PathWindow %zu bytes\n",
	       (double)bytes / 1e6, sizeof(Flow), sizeof(Path), sizeof(PathStatistics),
	       sizeof(PathWindow));
	fflush(stdout);
	ck_assert_uint_le(bytes, 9600000);
	/* of a flow: itself, what malloc adds, and its buckets */
	ck_assert_uint_le((sizeof(Flow) + 8 + 15) / 16 * 16 + 2 * sizeof(void *), 160);
}
END_TEST

/* The busiest have a history, and who becomes busy later gets one from who is no longer. */
START_TEST(test_histories)
{
	const Path *top[600];
	unsigned with = 0;
	size_t n;

	make(PATH_TABLE_CAPACITY, FLOW_TABLE_CAPACITY);
	for (unsigned round = 0; round < 40; round++) {
		sweep_begin();
		for (unsigned i = 0; i < 600; i++) {
			FlowSample sample = fake_sample(i + 1, "192.0.2.1");

			sample.remote = ipv4(10, i / 256, i % 256, 1);
			sample.info.raw.bytes_acked = (round + 1) * UINT64_C(1000000) * (i + 1);
			path_table_add(table, &sample, &caps, now_ns);
		}
		sweep_end();
	}
	n = path_table_top(table, top, ARRAY_SIZE(top));
	ck_assert_uint_eq(n, 600);
	for (size_t i = 0; i < n; i++) {
		with += top[i]->history != NULL;
		ck_assert(i >= 40 || top[i]->history);
	}
	ck_assert_uint_eq(with, PATH_TABLE_HISTORIES);
	/* idle: given back */
	for (unsigned round = 0; round < 20; round++) {
		sweep_begin();
		sweep_end();
	}
	for (size_t i = 0; i < n; i++)
		ck_assert_ptr_null(top[i]->history);
}
END_TEST

HARNESS_MAIN("path_merge", HARNESS_CASE(suite, "addresses", test_prefixes);
	     HARNESS_FIXTURE(suite, "full", setup, teardown, test_merged_when_full,
			     test_large_families_first, test_churn, test_flows_find_the_prefix,
			     test_the_busiest_stay_exact, test_the_pinned_stay_exact,
			     test_nothing_to_merge_is_evicted, test_prefixes_can_be_chosen);
	     HARNESS_FIXTURE(suite, "alike", setup, teardown, test_alike,
			     test_a_small_host_is_never_merged, test_late_siblings_follow);
	     HARNESS_FIXTURE(suite, "memory", setup, teardown, test_memory, test_histories);)
