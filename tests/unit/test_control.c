/* SPDX-License-Identifier: MIT */
/*
 * The control socket: how it comes and goes, and what is said over it. Those who misbehave in time
 * or number are in test_control_limits.c, who may do what in test_control_rights.c.
 */
#include "daemon/serve/control.h"

#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "tests/unit/control_bench.h"
#include "tests/unit/harness.h"

/* The socket. */

START_TEST(test_socket)
{
	struct stat status;

	ck_assert_int_eq(lstat(bench.path, &status), 0);
	ck_assert_uint_eq(status.st_mode, S_IFSOCK | 0666);
	bench_check_served();
	ck_assert_uint_eq(control_client_count(bench.control), 0);
	control_free(bench.control);
	bench.control = NULL;
	ck_assert_int_lt(lstat(bench.path, &status), 0);
}
END_TEST

START_TEST(test_socket_replaced)
{
	Control *second;
	ControlParams params = bench_params();
	struct stat status;

	ck_assert_int_eq(control_new(&params, &second), 0); /* takes the name over */
	control_free(bench.control);
	bench.control = second;
	ck_assert_int_eq(lstat(bench.path, &status), 0); /* it was no longer the first one's */
	bench_check_served();
}
END_TEST

START_TEST(test_socket_refused)
{
	ControlParams params = bench_params();
	Control *untouched = NULL;
	struct stat status;
	char long_path[256];
	int fd;

	control_free(bench.control);
	bench.control = NULL;
	fd = open(bench.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);
	ck_assert_int_eq(control_new(&params, &untouched), -EEXIST);
	ck_assert_int_eq(lstat(bench.path, &status), 0);
	ck_assert(S_ISREG(status.st_mode));
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[0] = '/';
	long_path[sizeof(long_path) - 1] = '\0';
	params.path = long_path;
	ck_assert_int_eq(control_new(&params, &untouched), -ENAMETOOLONG);
	params.path = "/nonexistent/directory/sock";
	ck_assert_int_eq(control_new(&params, &untouched), -ENOENT);
	ck_assert_ptr_null(untouched);
}
END_TEST

START_TEST(test_socket_given)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	ControlParams params = bench_params();
	Control *untouched = NULL;
	struct stat status;
	int pair[2];

	control_free(bench.control);
	bench.control = NULL;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", bench.path);
	params.listen_fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(params.listen_fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(params.listen_fd, 10), 0);
	ck_assert_int_eq(control_new(&params, &bench.control), 0);
	bench_check_served();
	control_free(bench.control);
	bench.control = NULL;
	ck_assert_int_eq(lstat(bench.path, &status), 0); /* whoever made it keeps it */
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	params.listen_fd = pair[0];
	ck_assert_int_eq(control_new(&params, &untouched), -EINVAL); /* does not listen */
}
END_TEST

/* The wire. */

START_TEST(test_split_everywhere)
{
	static const char *const messages[] = {
		CALL_STATUS,
		"{\"method\":\"" INTERFACE_EXPLAIN "\",\"parameters\":{\"id\":1}}",
		"{\"method\":\"" INTERFACE_LIST_CHANGES "\",\"parameters\":null,\"more\":true}",
		"{\"method\":\"org.example.\\u00e9\xc3\xa9\"}",
	};

	for (size_t m = 0; m < ARRAY_SIZE(messages); m++) {
		size_t length = strlen(messages[m]) + 1;
		int fd = bench_client();

		for (size_t at = 1; at < length; at++) {
			Json *reply;

			bench_say(fd, messages[m], at);
			(void)event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
			bench_say(fd, messages[m] + at, length - at);
			reply = bench_hear_one(fd);
			ck_assert_ptr_nonnull(json_get(reply, "parameters"));
			ck_assert(!json_has(reply, "continues"));
			json_free(reply);
		}
		(void)close(fd);
	}
}
END_TEST

START_TEST(test_byte_by_byte)
{
	int fd = bench_client();

	for (size_t i = 0; i < sizeof(CALL_STATUS); i++) {
		bench_say(fd, &CALL_STATUS[i], 1);
		(void)event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
	}
	json_free(bench_hear_one(fd));
	(void)close(fd);
}
END_TEST

#define BYTES(text) text, sizeof(text)

static const struct {
	const char *bytes;
	size_t length; /* with a NUL */
} malformed[] = {
	{BYTES("")},
	{BYTES("garbage")},
	{BYTES("[]")},
	{BYTES("null")},
	{BYTES("\"text\"")},
	{BYTES("{}")},
	{BYTES("{\"method\":7}")},
	{BYTES("{\"method\":null}")},
	{BYTES("{\"method\":\"a.b\",\"extra\":1}")},
	{BYTES("{\"method\":\"a.b\",\"parameters\":[]}")},
	{BYTES("{\"method\":\"a.b\",\"parameters\":\"x\"}")},
	{BYTES("{\"method\":\"a.b\",\"oneway\":true,\"more\":true}")},
	{BYTES("{\"method\":\"a.b\",\"more\":1}")},
	{BYTES("{\"method\":\"a.b\",\"oneway\":\"yes\"}")},
	{BYTES("{\"method\":\"a.b\",\"upgrade\":true}")},
	{BYTES("{\"method\":\"a.b\",\"method\":\"a.b\"}")},
	{BYTES("{'method':'a.b'}")},
	{BYTES("{\"method\":\"a.\xff\"}")},
	{BYTES("{\"method\":\"a.\xc3\"}")},
	{BYTES("{\"method\":\"\\ud800\"}")},
	{BYTES("{\"method\":\"a.b\",\"parameters\":{\"id\":NaN}}")},
	{BYTES("{\"method\":\"a.b\",\"parameters\":{\"id\":18446744073709551616}}")},
	{BYTES("{\"method\":\"a.b\"} {\"method\":\"a.b\"}")},
	{BYTES("{\"method\":\"a.b\"")},
	{BYTES(" ")},
	{BYTES("\n" CALL_STATUS "x")},
	{BYTES("\0\0\0\0\0\0\0\0")},
	{BYTES("{\"method\":\"a.b\",\"parameters\":{\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]"
	       "]]]]"
	       "]]]]]]]]]]]]]]]]]]]]]}}")},
};

START_TEST(test_malformed)
{
	int bystander = bench_client(), fd = bench_client();

	bench_say(fd, malformed[_i].bytes, malformed[_i].length);
	ck_assert(bench_is_ended(fd));
	(void)close(fd);
	bench_say_call(bystander, CALL_STATUS);
	json_free(bench_hear_one(bystander));
	(void)close(bystander);
	bench_turn(-1);
	ck_assert_uint_eq(control_client_count(bench.control), 0);
}
END_TEST

START_TEST(test_malformed_after_good)
{
	static const char bytes[] = CALL_STATUS "\0" CALL_STATUS "\0garbage";
	WireReader reader = {.consumed = 0};
	int fd = bench_client();
	bool ended;

	bench_say(fd, bytes, sizeof(bytes));
	for (unsigned i = 0; i < 2; i++) {
		Json *reply = bench_hear(fd, &reader, &ended);

		ck_assert_ptr_nonnull(reply);
		json_free(reply);
	}
	ck_assert_ptr_null(bench_hear(fd, &reader, &ended));
	ck_assert(ended);
	wire_reader_clear(&reader);
	(void)close(fd);
}
END_TEST

/* `length` bytes with the NUL: a call of a method with a very long name. */
static void say_long(int fd, size_t length)
{
	static const char head[] = "{\"method\":\"", tail[] = "\"}";
	char *bytes = malloc(length);

	ck_assert_ptr_nonnull(bytes);
	memset(bytes, 'x', length);
	memcpy(bytes, head, strlen(head));
	memcpy(bytes + length - sizeof(tail), tail, sizeof(tail));
	for (size_t at = 0; at < length; at += 4096) {
		size_t n = MIN((size_t)4096, length - at);

		if (send(fd, bytes + at, n, MSG_NOSIGNAL) < 0)
			break; /* dropped half-way, as it should be */
		(void)event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
	}
	free(bytes);
}

START_TEST(test_size_limit)
{
	WireReader reader = {.consumed = 0};
	int fits = bench_client(), exceeds = bench_client(), endless = bench_client();
	char chunk[4096];
	bool ended;

	say_long(fits, WIRE_MESSAGE_MAX);
	/* The reply quotes the name, and is therefore too long for our reader; its size tells. */
	bench_turn(fits);
	ck_assert_int_gt(recv(fits, chunk, sizeof(chunk), 0), 0);
	say_long(exceeds, WIRE_MESSAGE_MAX + 4096);
	ck_assert(bench_is_ended(exceeds));
	memset(chunk, ' ', sizeof(chunk));
	for (unsigned i = 0; i < 2 * WIRE_MESSAGE_MAX / sizeof(chunk); i++) {
		(void)send(endless, chunk, sizeof(chunk), MSG_NOSIGNAL); /* fails once dropped */
		(void)event_base_loop(loop_base(bench.loop), EVLOOP_NONBLOCK);
	}
	ck_assert_ptr_null(bench_hear(endless, &reader, &ended));
	ck_assert(ended);
	bench_check_served();
	(void)close(fits);
	(void)close(exceeds);
	(void)close(endless);
}
END_TEST

#define PIPELINED 100

START_TEST(test_pipelined)
{
	_cleanup_(text_clear) Text calls = {.data = NULL};
	WireReader reader = {.consumed = 0};
	int fd = bench_client();
	bool ended;

	for (unsigned i = 0; i < PIPELINED; i++) {
		text_appendf(&calls, "{\"method\":\"a.M%u\"}", i);
		text_append_bytes(&calls, "", 1);
	}
	bench_say(fd, calls.data, calls.length);
	for (unsigned i = 0; i < PIPELINED; i++) {
		Json *reply = bench_hear(fd, &reader, &ended);
		char name[32];

		(void)snprintf(name, sizeof(name), "a.M%u", i);
		ck_assert_ptr_nonnull(reply);
		ck_assert_str_eq(json_string(json_get(json_get(reply, "parameters"), "method")),
				 name);
		json_free(reply);
	}
	wire_reader_clear(&reader);
	(void)close(fd);
}
END_TEST

/* One client with a thousand calls does not hold up the loop: others run between its batches. */
START_TEST(test_pipelined_is_fair)
{
	_cleanup_(text_clear) Text calls = {.data = NULL};
	int greedy = bench_client(), modest = bench_client();
	struct pollfd ready = {.fd = modest, .events = POLLIN};
	static char bytes[256 * 1024];
	unsigned answered = 0;
	ssize_t n;

	for (unsigned i = 0; i < 1000; i++)
		text_append_bytes(&calls, "{\"method\":\"a.b\"}", sizeof("{\"method\":\"a.b\"}"));
	bench_say(greedy, calls.data, calls.length);
	bench_say_call(modest, CALL_STATUS);
	for (unsigned i = 0; i < 2; i++)
		(void)event_base_loop(loop_base(bench.loop), EVLOOP_ONCE);
	ck_assert_int_eq(poll(&ready, 1, 0), 1);
	n = recv(greedy, bytes, sizeof(bytes), 0);
	for (ssize_t i = 0; i < n; i++)
		answered += bytes[i] == '\0';
	ck_assert_uint_ge(answered, 1);
	ck_assert_uint_le(answered, 100);
	(void)close(greedy);
	(void)close(modest);
}
END_TEST

START_TEST(test_oneway)
{
	int fd = bench_client();
	Json *reply;

	bench_say_call(fd, "{\"method\":\"" INTERFACE_GET_STATUS "\",\"oneway\":true}");
	bench_say_call(fd, "{\"method\":\"a.b\",\"oneway\":true}");
	bench_say_call(fd, "{\"method\":\"a.c\"}");
	reply = bench_hear_one(fd);
	ck_assert_str_eq(json_string(json_get(json_get(reply, "parameters"), "method")), "a.c");
	json_free(reply);
	(void)close(fd);
}
END_TEST

START_TEST(test_half_close)
{
	WireReader reader = {.consumed = 0};
	int fd = bench_client();
	bool ended;
	Json *reply;

	bench_say_call(fd, CALL_STATUS);
	bench_say_call(fd, CALL_STATUS);
	bench_say(fd, "{\"meth", 7); /* never finished */
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	for (unsigned i = 0; i < 2; i++) {
		reply = bench_hear(fd, &reader, &ended);
		ck_assert_ptr_nonnull(reply);
		json_free(reply);
	}
	ck_assert_ptr_null(bench_hear(fd, &reader, &ended));
	ck_assert(ended);
	wire_reader_clear(&reader);
	(void)close(fd);
}
END_TEST

START_TEST(test_vanishing_clients)
{
	for (unsigned i = 0; i < 50; i++) {
		int fd = bench_client();

		for (unsigned k = 0; k < i; k++)
			bench_say_call(fd, "{\"method\":\"" INTERFACE_LIST_ENDPOINTS "\"}");
		(void)close(fd); /* in the middle of the replies */
	}
	bench_turn(-1);
	ck_assert_uint_eq(control_client_count(bench.control), 0);
	bench_check_served();
}
END_TEST

static void add_all(Suite *suite)
{
	TTest const *const tests[] = {test_socket,
				      test_socket_replaced,
				      test_socket_refused,
				      test_socket_given,
				      test_split_everywhere,
				      test_byte_by_byte,
				      test_malformed_after_good,
				      test_size_limit,
				      test_pipelined,
				      test_pipelined_is_fair,
				      test_oneway,
				      test_half_close,
				      test_vanishing_clients};
	TCase *all = tcase_create("control");

	tcase_add_checked_fixture(all, bench_setup, bench_teardown);
	tcase_set_timeout(all, 60);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(all, tests[i]);
	tcase_add_loop_test(all, test_malformed, 0, (int)ARRAY_SIZE(malformed));
	suite_add_tcase(suite, all);
}

HARNESS_MAIN("control", add_all(suite);)
