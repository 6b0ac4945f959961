/* SPDX-License-Identifier: MIT */
/*
 * What a path remembers of how its connections began: which of them count, that a minute keeps a
 * fair and bounded share, who began together, and that only paths in need have any of it.
 */
#include "daemon/model/path_starts.h"

#include "tests/unit/path_table_bench.h"

static FlowSample connection(uint64_t cookie, unsigned segments, unsigned lost, uint32_t cwnd)
{
	FlowSample sample = flow(cookie, (uint64_t)(segments - lost) * 1448);
	TcpInfoRaw *raw = &sample.info.raw;

	raw->bytes_sent = (uint64_t)segments * 1448;
	raw->bytes_retrans = (uint64_t)lost * 1448;
	raw->data_segs_out = segments;
	raw->snd_cwnd = cwnd;
	raw->busy_time_us = 250000;
	return sample;
}

/* Seen to be born in a sweep of its own, and to end. */
static void live(FlowSample sample)
{
	FlowSample young = sample;

	young.info.raw.bytes_acked = young.info.raw.bytes_sent = 0;
	young.info.raw.bytes_retrans = young.info.raw.data_segs_out = 0;
	young.info.raw.busy_time_us = 0;
	young.info.raw.snd_cwnd = 10;
	sweep(&young);
	sample.destroyed = true;
	add(&sample);
}

static const PathStartsMinute *now(void)
{
	const PathStartsMinute *minute = path_starts_minute(path()->starts, 0, now_ns);

	ck_assert_ptr_nonnull(minute);
	return minute;
}

START_TEST(test_only_where_needed)
{
	sweep(NULL);
	live(connection(1, 10, 0, 20));
	ck_assert_ptr_null(path()->starts);
	live(connection(2, 11, 0, 20));
	ck_assert_ptr_nonnull(path()->starts);
	ck_assert_uint_eq(now()->n_starts, 1);
	/* once they are kept, those of small ones are, too */
	live(connection(3, 5, 0, 10));
	ck_assert_uint_eq(now()->n_starts, 2);
	ck_assert_uint_eq(now()->n_rooms, 1);
}
END_TEST

/* It may have sent anything before. */
START_TEST(test_birth_not_seen)
{
	FlowSample old = connection(1, 1000, 0, 100);

	sweep(&old);
	old.destroyed = true;
	add(&old);
	ck_assert_ptr_null(path()->starts);
}
END_TEST

START_TEST(test_start)
{
	const PathStart *start;

	sweep(NULL);
	live(connection(1, 43, 2, 40));
	start = &now()->starts[0];
	ck_assert_uint_eq(start->bytes, 41 * 1448);
	ck_assert_uint_eq(start->busy_ms, 250);
	ck_assert(start->lost);
	ck_assert_uint_eq(start->second, now_ns / NSEC_PER_SEC % 60);
	ck_assert_uint_eq(now()->early_sent, 43 * 1448);
	ck_assert_uint_eq(now()->early_retrans, 2 * 1448);
	live(connection(2, 200, 0, 400));
	ck_assert_uint_eq(now()->early_sent, 43 * 1448); /* that is not early any more */
	ck_assert_uint_eq(now()->n_starts, 2);
}
END_TEST

static const struct {
	const char *name;
	unsigned segments, lost, cwnd;
	bool kept, brief;
} rooms[] = {
	{"short, nothing lost", 43, 0, 40, true, true},
	{"short, one lost", 43, 1, 40, false, false},
	{"long, 0.4 % lost", 1000, 4, 100, true, false},
	{"long, 0.5 % lost", 1000, 5, 100, false, false},
	{"99 are few", 99, 0, 60, true, true},
	{"100 are many", 100, 0, 60, true, false},
	{"the window was not used", 43, 0, 10, false, false},
};

START_TEST(test_room)
{
	sweep(NULL);
	live(connection(1, 43, 1, 20));
	ck_assert_uint_eq(now()->n_rooms, 0);
	live(connection(2, rooms[_i].segments, rooms[_i].lost, rooms[_i].cwnd));
	ck_assert_msg(now()->n_rooms == rooms[_i].kept, "%s", rooms[_i].name);
	if (!rooms[_i].kept)
		return;
	ck_assert_uint_eq(now()->rooms[0].cwnd, rooms[_i].cwnd);
	ck_assert_int_eq(now()->rooms[0].brief, rooms[_i].brief);
	ck_assert_uint_eq(now()->rooms[0].queue_permille, 1000);
}
END_TEST

START_TEST(test_recovering)
{
	FlowSample sample = connection(2, 1000, 0, 100);

	sweep(NULL);
	live(connection(1, 43, 0, 40));
	sample.info.raw.ca_state = 3;
	live(sample);
	ck_assert_uint_eq(now()->n_rooms, 1);
}
END_TEST

/* bbr's window is twice of what the path holds; while it lives it says so itself. */
START_TEST(test_bbr)
{
	FlowSample sample = connection(2, 43, 0, 200);

	sweep(NULL);
	live(connection(1, 43, 1, 20));
	(void)memcpy(sample.congestion, "bbr", 4);
	live(sample);
	ck_assert_uint_eq(now()->rooms[0].cwnd, 100);
	sample.cookie = 3;
	sample.has_bbr = true;
	sample.bbr_bw = 14480000;
	sample.bbr_min_rtt_us = 50000;
	live(sample);
	ck_assert_uint_eq(now()->rooms[1].cwnd, 500);
}
END_TEST

/* Once a minute, until it is ten minutes old. */
START_TEST(test_living)
{
	FlowSample sample = connection(2, 1000, 0, 100);
	unsigned minutes = 0;

	sweep(NULL);
	live(connection(1, 43, 1, 20));
	for (unsigned i = 0; i < 900; i++) {
		const PathStartsMinute *minute;

		sweep(&sample);
		if (!path()->starts)
			continue;
		minute = path_starts_minute(path()->starts, 0, now_ns);
		ck_assert(!minute || minute->n_rooms <= 1);
	}
	for (unsigned back = 0; back < PATH_STARTS_MINUTES; back++) {
		const PathStartsMinute *minute = path_starts_minute(path()->starts, back, now_ns);

		minutes += minute && minute->n_rooms == 1;
	}
	ck_assert_uint_le(minutes, 6);
	ck_assert_uint_ge(minutes, 4);
}
END_TEST

/* A thousand in one minute leave eight, from all over it. */
START_TEST(test_reservoir)
{
	const PathStartsMinute *minute;
	unsigned late = 0;

	sweep(NULL);
	now_ns = 1200 * NSEC_PER_SEC;
	for (unsigned i = 0; i < 1000; i++) {
		FlowSample sample = connection(i + 1, 43 + i, 0, 40), young = sample;

		young.info.raw.bytes_acked = young.info.raw.bytes_sent = 0;
		now_ns += 40 * NSEC_PER_MSEC;
		path_table_sweep_begin(table, now_ns);
		add(&young);
		end();
		sample.destroyed = true;
		add(&sample);
	}
	minute = now();
	ck_assert_uint_eq(minute->n_starts, 1000);
	for (unsigned i = 0; i < path_starts_kept(minute->n_starts); i++)
		late += minute->starts[i].bytes > 543 * 1448;
	ck_assert_uint_ge(late, 1);
	ck_assert_uint_le(late, 7);
	ck_assert_uint_le(sizeof(PathStarts), 2000);
}
END_TEST

/* Three that have heard nothing yet, two that have. */
START_TEST(test_together)
{
	sweep(NULL);
	live(connection(1, 43, 0, 40));
	end();
	now_ns += NSEC_PER_SEC;
	path_table_sweep_begin(table, now_ns);
	for (unsigned i = 0; i < 5; i++) {
		FlowSample young = flow(100 + i, i < 3 ? 1 : 5000);

		young.info.raw.unacked = 10;
		add(&young);
	}
	end();
	ck_assert_uint_eq(now()->first[3], 1);
	ck_assert_uint_eq(now()->young[5], 1);
}
END_TEST

START_TEST(test_first_window)
{
	FlowSample sample = connection(2, 43, 0, 40);

	sweep(NULL);
	live(connection(1, 43, 0, 40));
	sample.info.raw.snd_wnd = 65535;
	live(sample);
	ck_assert_uint_eq(path()->starts->n_windows, 1);
	ck_assert_uint_eq(path()->starts->first_windows[0], 63);
}
END_TEST

/* Ten minutes of silence, and the place is free. */
START_TEST(test_given_back)
{
	sweep(NULL);
	live(connection(1, 43, 0, 40));
	for (unsigned i = 0; i < 600; i++)
		sweep(NULL);
	ck_assert_ptr_nonnull(path()->starts);
	sweep(NULL);
	sweep(NULL);
	ck_assert_ptr_null(path()->starts);
}
END_TEST

/* No more paths have them than can have routes. */
START_TEST(test_capacity)
{
	unsigned with = 0;

	teardown();
	make(400, 4000);
	sweep(NULL);
	for (unsigned i = 0; i < 300; i++) {
		FlowSample sample = connection(i + 1, 43, 0, 40);

		sample.remote.bytes[0] = (uint8_t)(10 + i / 250);
		sample.remote.bytes[1] = (uint8_t)i;
		live(sample);
	}
	for (size_t i = 0; i < path_table_count(table); i++)
		with += path_table_at(table, i)->starts != NULL;
	ck_assert_uint_eq(path_table_count(table), 300);
	ck_assert_uint_eq(with, PATH_TABLE_STARTS);
}
END_TEST

static TCase *rooms_case(void)
{
	TCase *tcase = tcase_create("rooms");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_room, 0, ARRAY_SIZE(rooms));
	return tcase;
}

HARNESS_MAIN("path_starts",
	     HARNESS_FIXTURE(suite, "starts", setup, teardown, test_only_where_needed,
			     test_birth_not_seen, test_start, test_recovering, test_bbr,
			     test_living, test_reservoir, test_together, test_first_window,
			     test_given_back, test_capacity);
	     suite_add_tcase(suite, rooms_case());)
