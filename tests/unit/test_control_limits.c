/* SPDX-License-Identifier: MIT */
/*
 * Clients that keep the daemon waiting, and clients that are too many: what they may cost.
 */
#include "daemon/serve/connection.h"

#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "tests/unit/control_bench.h"
#include "tests/unit/harness.h"

/* Those who keep us waiting. */

/* Calls without reading until nothing more is taken. Returns how many went out. */
static unsigned fill(int fd)
{
	static const char call[] = "{\"method\":\"" INTERFACE_LIST_ENDPOINTS "\"}";
	unsigned n = 0;

	for (unsigned idle = 0; idle < 50;) {
		ssize_t sent = send(fd, call, sizeof(call), MSG_NOSIGNAL);

		ck_assert(sent == (ssize_t)sizeof(call) || (sent < 0 && errno == EAGAIN));
		n += sent > 0;
		idle = sent > 0 ? 0 : idle + 1;
		(void)event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
		ck_assert_uint_lt(n, 100000);
	}
	return n;
}

START_TEST(test_slow_reader_catches_up)
{
	WireReader reader = {.consumed = 0};
	int fd = bench_client();
	unsigned n = fill(fd);
	bool ended;

	bench_check_served(); /* meanwhile others are */
	for (unsigned i = 0; i < n; i++) {
		Json *reply = bench_hear(fd, &reader, &ended);

		ck_assert_msg(reply != NULL, "reply %u of %u, ended %d", i, n, ended);
		ck_assert_uint_eq(json_length(json_get(json_get(reply, "parameters"), "endpoints")),
				  FAKE_ENDPOINTS);
		json_free(reply);
	}
	wire_reader_clear(&reader);
	(void)close(fd);
}
END_TEST

#define CALL_ENDPOINTS "{\"method\":\"" INTERFACE_LIST_ENDPOINTS "\"}"

/* The bytes of a reply to CALL_ENDPOINTS. */
static size_t measure_reply(int fd)
{
	_cleanup_free_ char *text = NULL;
	Json *reply;

	bench_say_call(fd, CALL_ENDPOINTS);
	reply = bench_hear_one(fd);
	text = json_format(reply, false);
	ck_assert_ptr_nonnull(text);
	json_free(reply);
	return strlen(text) + 1;
}

/* What was answered and is not yet in the kernel's hands. */
static size_t unsent(int fd, size_t size)
{
	int queued = 0;

	ck_assert_int_eq(ioctl(fd, FIONREAD, &queued), 0);
	return bench.fake.views * size - (size_t)queued;
}

/* Shutting down its side does not cost a client the replies it is owed. */
START_TEST(test_slow_reader_after_half_close)
{
	WireReader reader = {.consumed = 0};
	int fd = bench_client();
	size_t size = measure_reply(fd);
	unsigned called = 0, heard = 0;
	bool ended = false;

	bench.fake.views = 0;
	for (; unsent(fd, size) == 0; called++) {
		bench_say_call(fd, CALL_ENDPOINTS);
		bench_turn(-1);
	}
	ck_assert_uint_lt(unsent(fd, size), CONNECTION_OUTPUT_PAUSE); /* it is still being read */
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	bench_turn(-1);
	while (!ended) {
		Json *reply = bench_hear(fd, &reader, &ended);

		ck_assert(reply || ended);
		heard += reply != NULL;
		json_free(reply);
	}
	ck_assert_uint_eq(heard, called);
	wire_reader_clear(&reader);
	(void)close(fd);
}
END_TEST

/* However much is asked at once, what waits for a client is bounded. */
START_TEST(test_slow_reader_costs_little)
{
	_cleanup_(text_clear) Text calls = {.data = NULL};
	int fd = bench_client();
	size_t size = measure_reply(fd);

	for (unsigned i = 0; i < 500; i++)
		text_append_bytes(&calls, CALL_ENDPOINTS, sizeof(CALL_ENDPOINTS));
	bench.fake.views = 0;
	bench_say(fd, calls.data, calls.length);
	bench_turn(-1);
	ck_assert_uint_lt(bench.fake.views, 500);
	ck_assert_uint_le(unsent(fd, size), CONNECTION_OUTPUT_PAUSE + size);
	(void)close(fd);
}
END_TEST

START_TEST(test_slow_reader_is_dropped)
{
	int fd = bench_client();

	(void)fill(fd);
	bench.fake.now_ns += 44 * NSEC_PER_SEC;
	bench_check_served(); /* accepting looks at the others' deadlines */
	ck_assert_uint_eq(control_client_count(bench.control), 1);
	bench.fake.now_ns += 2 * NSEC_PER_SEC;
	bench_check_served();
	ck_assert_uint_eq(control_client_count(bench.control), 0);
	(void)close(fd);
}
END_TEST

START_TEST(test_half_message_is_dropped)
{
	int half = bench_client(), trickle = bench_client(), idle = bench_client();

	bench_say(half, "{", 1);
	bench_say(trickle, "{\"", 2);
	bench_turn(-1);
	bench.fake.now_ns += 44 * NSEC_PER_SEC;
	bench_say(trickle, "m", 1); /* a byte now and then is no excuse */
	bench_check_served();
	ck_assert_uint_eq(control_client_count(bench.control), 3);
	bench.fake.now_ns += 2 * NSEC_PER_SEC;
	bench_check_served();
	ck_assert_uint_eq(control_client_count(bench.control), 1);
	bench.fake.now_ns += 1000 * NSEC_PER_SEC;
	bench_say_call(idle, CALL_STATUS); /* silence between calls is fine */
	json_free(bench_hear_one(idle));
	(void)close(half);
	(void)close(trickle);
	(void)close(idle);
}
END_TEST

/* Nobody else need come for it to happen; and without clients nothing wakes the daemon. */
START_TEST(test_half_message_is_dropped_by_the_timer)
{
	int fd;

	bench.timers_set = 0;
	fd = bench_client();
	ck_assert_uint_eq(bench.timers_set, 1);
	bench_say(fd, "{", 1);
	bench_turn(-1);
	bench_fire_timer();
	bench_turn(-1);
	ck_assert_uint_eq(control_client_count(bench.control), 1);
	ck_assert_uint_eq(bench.timers_set, 2);
	bench.fake.now_ns += 46 * NSEC_PER_SEC;
	bench_fire_timer();
	ck_assert(bench_is_ended(fd));
	ck_assert_uint_eq(control_client_count(bench.control), 0);
	ck_assert_uint_eq(bench.timers_set, 2);
	(void)close(fd);
}
END_TEST

/* The deadline is of one message: a client that always has the next one begun is in time. */
START_TEST(test_half_message_renewed)
{
	int fd = bench_client();

	bench_say(fd, CALL_STATUS, 5);
	for (unsigned i = 0; i < 5; i++) {
		bench_turn(-1);
		bench.fake.now_ns += 40 * NSEC_PER_SEC;
		bench_say(fd, &CALL_STATUS[5], sizeof(CALL_STATUS) - 5);
		bench_say(fd, CALL_STATUS, 5);
		json_free(bench_hear_one(fd));
		bench_check_served();
	}
	ck_assert_uint_eq(control_client_count(bench.control), 1);
	(void)close(fd);
}
END_TEST

/* Limits. */

#define MANY 200

START_TEST(test_clients_per_user)
{
	int fds[MANY];

	if (!bench_running_as_root())
		HARNESS_SKIP("needs root");
	for (unsigned i = 0; i < MANY; i++)
		fds[i] = bench_client_as(OTHER_UID, OTHER_GID, NULL, 0);
	ck_assert_uint_eq(control_client_count(bench.control), 64);
	ck_assert(bench_is_ended(fds[MANY - 1]));
	bench_check_served(); /* root has its place */
	for (unsigned i = 0; i < MANY; i++)
		(void)close(fds[i]);
	bench_turn(-1);
	ck_assert_uint_eq(control_client_count(bench.control), 0);
	bench_check_served();
}
END_TEST

START_TEST(test_places_for_root)
{
	int fds[MANY], last;

	if (!bench_running_as_root())
		HARNESS_SKIP("needs root");
	for (unsigned i = 0; i < MANY; i++) /* two per user */
		fds[i] = bench_client_as(OTHER_UID + i / 2, OTHER_GID, NULL, 0);
	ck_assert_uint_eq(control_client_count(bench.control), 112);
	for (unsigned i = 0; i < 16; i++)
		fds[i + 112] = (close(fds[i + 112]), bench_client());
	ck_assert_uint_eq(control_client_count(bench.control), 128);
	last = bench_client();
	ck_assert(bench_is_ended(last));
	ck_assert_uint_le(bench.warnings, 20); /* rate-limited */
	ck_assert_uint_ge(bench.warnings, 1);
	(void)close(last);
	for (unsigned i = 0; i < MANY; i++)
		(void)close(fds[i]);
}
END_TEST

static unsigned count_fds(void)
{
	DIR *all = opendir("/proc/self/fd");
	unsigned n = 0;

	ck_assert_ptr_nonnull(all);
	while (readdir(all))
		n++;
	(void)closedir(all);
	return n;
}

START_TEST(test_no_descriptor_leak)
{
	unsigned before = count_fds();

	for (unsigned i = 0; i < 300; i++) {
		int fd = bench_client();

		bench_say(fd, i % 3 == 0 ? "garbage" : CALL_STATUS,
			  i % 3 == 0 ? 8 : sizeof(CALL_STATUS));
		(void)close(fd);
	}
	bench_turn(-1);
	ck_assert_uint_eq(control_client_count(bench.control), 0);
	ck_assert_uint_eq(count_fds(), before);
}
END_TEST

/* Without a descriptor to spare the client is turned away at once, and nothing spins. */
START_TEST(test_descriptors_exhausted)
{
	struct rlimit old_limit, limit;
	int turned_away, highest, fd;

	turned_away = bench_try_connect(); /* waits in the queue */
	ck_assert_int_ge(turned_away, 0);
	highest = dup(turned_away);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old_limit), 0);
	limit = (struct rlimit){.rlim_cur = (rlim_t)highest, .rlim_max = old_limit.rlim_max};
	(void)close(highest);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert(bench_is_ended(turned_away));
	ck_assert_uint_eq(control_client_count(bench.control), 0);
	ck_assert_uint_eq(bench.warnings, 1);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old_limit), 0);
	(void)close(turned_away);
	fd = bench_client();
	ck_assert_uint_eq(control_client_count(bench.control), 1);
	(void)close(fd);
	bench_turn(-1);
	bench_check_served();
}
END_TEST

static void add_all(Suite *suite)
{
	TTest const *const tests[] = {
		test_slow_reader_catches_up,   test_slow_reader_after_half_close,
		test_slow_reader_costs_little, test_slow_reader_is_dropped,
		test_half_message_is_dropped,  test_half_message_is_dropped_by_the_timer,
		test_half_message_renewed,     test_clients_per_user,
		test_places_for_root,          test_no_descriptor_leak,
		test_descriptors_exhausted};
	TCase *all = tcase_create("control_limits");

	tcase_add_checked_fixture(all, bench_setup, bench_teardown);
	tcase_set_timeout(all, 60);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(all, tests[i]);
	suite_add_tcase(suite, all);
}

HARNESS_MAIN("control_limits", add_all(suite);)
