/* SPDX-License-Identifier: MIT */
/*
 * The real Control on a real socket in a temporary directory, in this process: a loop turned by
 * hand, a clock set by hand, clients that never block.
 */
#include "daemon/serve/control.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <dirent.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "common/interface.h"
#include "common/log.h"
#include "common/wire.h"
#include "daemon/serve/connection.h"
#include "daemon/serve/peer.h"
#include "tests/unit/fake_daemon.h"
#include "tests/unit/harness.h"

#define TURNS       400
#define CALL_STATUS "{\"method\":\"" INTERFACE_GET_STATUS "\"}"
#define OTHER_UID   1000
#define OTHER_GID   1000

static FakeDaemon fake;
static Loop *loop;
static Control *control;
static char directory[64], path[96];
static unsigned notices, warnings;
static char last_notice[512];

/* The linker puts this in the place of loop_timer_set(): a test does not wait for seconds, it sets
 * the timer off itself. */
int __real_loop_timer_set(LoopTimer *timer, uint64_t delay_ns);
int __wrap_loop_timer_set(LoopTimer *timer, uint64_t delay_ns);
static LoopTimer *last_timer;
static unsigned timers_set;

int __wrap_loop_timer_set(LoopTimer *timer, uint64_t delay_ns)
{
	last_timer = timer;
	timers_set++;
	return __real_loop_timer_set(timer, delay_ns);
}

static uint64_t fake_monotonic(void *context)
{
	return ((const FakeDaemon *)context)->now_ns;
}

static void on_log(const LogRecord *record, void *context)
{
	(void)context;
	warnings += record->level == LOG_WARNING;
	if (record->level != LOG_NOTICE)
		return;
	notices++;
	(void)snprintf(last_notice, sizeof(last_notice), "%s", record->message);
}

static ControlParams make_params(void)
{
	return (ControlParams){.loop = loop,
			       .clock = {.monotonic_ns = fake_monotonic, .context = &fake},
			       .path = path,
			       .listen_fd = -1,
			       .group = "daemon",
			       .ops = fake_daemon_ops(&fake)};
}

static void start(void)
{
	ControlParams params = make_params();

	ck_assert_int_eq(control_new(&params, &control), 0);
}

static void setup(void)
{
	log_set_sink(on_log, NULL);
	fake_daemon_init(&fake);
	ck_assert_int_eq(loop_new(&loop), 0);
	(void)snprintf(directory, sizeof(directory), "/tmp/test-control.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chmod(directory, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/sock", directory);
	start();
}

static void teardown(void)
{
	control_free(control);
	loop_free(loop);
	fake_daemon_clear(&fake);
	(void)unlink(path);
	ck_assert_int_eq(rmdir(directory), 0); /* nothing else was left behind */
}

/* A few turns; stops early once fd (if any) is readable. */
static void turn(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	for (unsigned i = 0; i < TURNS; i++) {
		(void)event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
		if (fd >= 0 && poll(&ready, 1, 0) > 0)
			return;
	}
}

static int try_connect(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int error = errno;

		(void)close(fd);
		return -error;
	}
	return fd;
}

static int client(void)
{
	int fd = try_connect();

	ck_assert_int_ge(fd, 0);
	for (unsigned i = 0; i < 4; i++)
		(void)event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
	return fd;
}

static void say(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);

		if (n < 0) {
			ck_assert_int_eq(errno, EAGAIN);
			(void)event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
			continue;
		}
		bytes += n;
		length -= (size_t)n;
	}
}

/* With the NUL. */
static void say_call(int fd, const char *text)
{
	say(fd, text, strlen(text) + 1);
}

/* One reply; NULL: the connection was ended, or nothing comes (*ret_ended tells). */
static Json *hear(int fd, WireReader *reader, bool *ret_ended)
{
	*ret_ended = false;
	for (;;) {
		static char bytes[128 * 1024];
		Json *reply = NULL;
		ssize_t n;

		ck_assert_int_ge(wire_next(reader, &reply), 0);
		if (reply)
			return reply;
		turn(fd);
		n = recv(fd, bytes, sizeof(bytes), 0);
		if (n < 0 && errno == EAGAIN)
			return NULL;
		if (n <= 0) {
			*ret_ended = true;
			return NULL;
		}
		ck_assert_int_eq(wire_feed(reader, bytes, (size_t)n), 0);
	}
}

static Json *hear_one(int fd)
{
	WireReader reader = {.consumed = 0};
	bool ended;
	Json *reply = hear(fd, &reader, &ended);

	ck_assert_ptr_nonnull(reply);
	ck_assert_uint_eq(reader.buffer.length, reader.consumed);
	wire_reader_clear(&reader);
	return reply;
}

static bool is_ended(int fd)
{
	char byte;
	ssize_t n;

	turn(fd);
	n = recv(fd, &byte, 1, 0);
	ck_assert_int_le(n, 0); /* not a single byte comes out */
	return n == 0 || errno != EAGAIN;
}

static void check_served(void)
{
	int fd = client();
	Json *reply;

	say_call(fd, CALL_STATUS);
	reply = hear_one(fd);
	ck_assert_ptr_nonnull(json_get(json_get(reply, "parameters"), "version"));
	json_free(reply);
	(void)close(fd);
	turn(-1);
}

/* The socket. */

START_TEST(test_socket)
{
	struct stat status;

	ck_assert_int_eq(lstat(path, &status), 0);
	ck_assert_uint_eq(status.st_mode, S_IFSOCK | 0666);
	check_served();
	ck_assert_uint_eq(control_client_count(control), 0);
	control_free(control);
	control = NULL;
	ck_assert_int_lt(lstat(path, &status), 0);
}
END_TEST

START_TEST(test_socket_replaced)
{
	Control *second;
	ControlParams params = make_params();
	struct stat status;

	ck_assert_int_eq(control_new(&params, &second), 0); /* takes the name over */
	control_free(control);
	control = second;
	ck_assert_int_eq(lstat(path, &status), 0); /* it was no longer the first one's */
	check_served();
}
END_TEST

START_TEST(test_socket_refused)
{
	ControlParams params = make_params();
	Control *untouched = NULL;
	struct stat status;
	char long_path[256];
	int fd;

	control_free(control);
	control = NULL;
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);
	ck_assert_int_eq(control_new(&params, &untouched), -EEXIST);
	ck_assert_int_eq(lstat(path, &status), 0);
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
	ControlParams params = make_params();
	Control *untouched = NULL;
	struct stat status;
	int pair[2];

	control_free(control);
	control = NULL;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	params.listen_fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(params.listen_fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(params.listen_fd, 10), 0);
	ck_assert_int_eq(control_new(&params, &control), 0);
	check_served();
	control_free(control);
	control = NULL;
	ck_assert_int_eq(lstat(path, &status), 0); /* whoever made it keeps it */
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
		int fd = client();

		for (size_t at = 1; at < length; at++) {
			Json *reply;

			say(fd, messages[m], at);
			(void)event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
			say(fd, messages[m] + at, length - at);
			reply = hear_one(fd);
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
	int fd = client();

	for (size_t i = 0; i < sizeof(CALL_STATUS); i++) {
		say(fd, &CALL_STATUS[i], 1);
		(void)event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
	}
	json_free(hear_one(fd));
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
	int bystander = client(), fd = client();

	say(fd, malformed[_i].bytes, malformed[_i].length);
	ck_assert(is_ended(fd));
	(void)close(fd);
	say_call(bystander, CALL_STATUS);
	json_free(hear_one(bystander));
	(void)close(bystander);
	turn(-1);
	ck_assert_uint_eq(control_client_count(control), 0);
}
END_TEST

START_TEST(test_malformed_after_good)
{
	static const char bytes[] = CALL_STATUS "\0" CALL_STATUS "\0garbage";
	WireReader reader = {.consumed = 0};
	int fd = client();
	bool ended;

	say(fd, bytes, sizeof(bytes));
	for (unsigned i = 0; i < 2; i++) {
		Json *reply = hear(fd, &reader, &ended);

		ck_assert_ptr_nonnull(reply);
		json_free(reply);
	}
	ck_assert_ptr_null(hear(fd, &reader, &ended));
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
		(void)event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
	}
	free(bytes);
}

START_TEST(test_size_limit)
{
	WireReader reader = {.consumed = 0};
	int fits = client(), exceeds = client(), endless = client();
	char chunk[4096];
	bool ended;

	say_long(fits, WIRE_MESSAGE_MAX);
	/* The reply quotes the name, and is therefore too long for our reader; its size tells. */
	turn(fits);
	ck_assert_int_gt(recv(fits, chunk, sizeof(chunk), 0), 0);
	say_long(exceeds, WIRE_MESSAGE_MAX + 4096);
	ck_assert(is_ended(exceeds));
	memset(chunk, ' ', sizeof(chunk));
	for (unsigned i = 0; i < 2 * WIRE_MESSAGE_MAX / sizeof(chunk); i++) {
		(void)send(endless, chunk, sizeof(chunk), MSG_NOSIGNAL); /* fails once dropped */
		(void)event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
	}
	ck_assert_ptr_null(hear(endless, &reader, &ended));
	ck_assert(ended);
	check_served();
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
	int fd = client();
	bool ended;

	for (unsigned i = 0; i < PIPELINED; i++) {
		text_appendf(&calls, "{\"method\":\"a.M%u\"}", i);
		text_append_bytes(&calls, "", 1);
	}
	say(fd, calls.data, calls.length);
	for (unsigned i = 0; i < PIPELINED; i++) {
		Json *reply = hear(fd, &reader, &ended);
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
	int greedy = client(), modest = client();
	struct pollfd ready = {.fd = modest, .events = POLLIN};
	static char bytes[256 * 1024];
	unsigned answered = 0;
	ssize_t n;

	for (unsigned i = 0; i < 1000; i++)
		text_append_bytes(&calls, "{\"method\":\"a.b\"}", sizeof("{\"method\":\"a.b\"}"));
	say(greedy, calls.data, calls.length);
	say_call(modest, CALL_STATUS);
	for (unsigned i = 0; i < 2; i++)
		(void)event_base_loop(loop_base(loop), EVLOOP_ONCE);
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
	int fd = client();
	Json *reply;

	say_call(fd, "{\"method\":\"" INTERFACE_GET_STATUS "\",\"oneway\":true}");
	say_call(fd, "{\"method\":\"a.b\",\"oneway\":true}");
	say_call(fd, "{\"method\":\"a.c\"}");
	reply = hear_one(fd);
	ck_assert_str_eq(json_string(json_get(json_get(reply, "parameters"), "method")), "a.c");
	json_free(reply);
	(void)close(fd);
}
END_TEST

START_TEST(test_half_close)
{
	WireReader reader = {.consumed = 0};
	int fd = client();
	bool ended;
	Json *reply;

	say_call(fd, CALL_STATUS);
	say_call(fd, CALL_STATUS);
	say(fd, "{\"meth", 7); /* never finished */
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	for (unsigned i = 0; i < 2; i++) {
		reply = hear(fd, &reader, &ended);
		ck_assert_ptr_nonnull(reply);
		json_free(reply);
	}
	ck_assert_ptr_null(hear(fd, &reader, &ended));
	ck_assert(ended);
	wire_reader_clear(&reader);
	(void)close(fd);
}
END_TEST

START_TEST(test_vanishing_clients)
{
	for (unsigned i = 0; i < 50; i++) {
		int fd = client();

		for (unsigned k = 0; k < i; k++)
			say_call(fd, "{\"method\":\"" INTERFACE_LIST_ENDPOINTS "\"}");
		(void)close(fd); /* in the middle of the replies */
	}
	turn(-1);
	ck_assert_uint_eq(control_client_count(control), 0);
	check_served();
}
END_TEST

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
		(void)event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
		ck_assert_uint_lt(n, 100000);
	}
	return n;
}

START_TEST(test_slow_reader_catches_up)
{
	WireReader reader = {.consumed = 0};
	int fd = client();
	unsigned n = fill(fd);
	bool ended;

	check_served(); /* meanwhile others are */
	for (unsigned i = 0; i < n; i++) {
		Json *reply = hear(fd, &reader, &ended);

		ck_assert_msg(reply != NULL, "reply %u of %u, ended %d", i, n, ended);
		ck_assert_uint_eq(json_length(json_get(json_get(reply, "parameters"), "endpoints")),
				  3);
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

	say_call(fd, CALL_ENDPOINTS);
	reply = hear_one(fd);
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
	return fake.views * size - (size_t)queued;
}

/* Shutting down its side does not cost a client the replies it is owed. */
START_TEST(test_slow_reader_after_half_close)
{
	WireReader reader = {.consumed = 0};
	int fd = client();
	size_t size = measure_reply(fd);
	unsigned called = 0, heard = 0;
	bool ended = false;

	fake.views = 0;
	for (; unsent(fd, size) == 0; called++) {
		say_call(fd, CALL_ENDPOINTS);
		turn(-1);
	}
	ck_assert_uint_lt(unsent(fd, size), CONNECTION_OUTPUT_PAUSE); /* it is still being read */
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	turn(-1);
	while (!ended) {
		Json *reply = hear(fd, &reader, &ended);

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
	int fd = client();
	size_t size = measure_reply(fd);

	for (unsigned i = 0; i < 500; i++)
		text_append_bytes(&calls, CALL_ENDPOINTS, sizeof(CALL_ENDPOINTS));
	fake.views = 0;
	say(fd, calls.data, calls.length);
	turn(-1);
	ck_assert_uint_lt(fake.views, 500);
	ck_assert_uint_le(unsent(fd, size), CONNECTION_OUTPUT_PAUSE + size);
	(void)close(fd);
}
END_TEST

START_TEST(test_slow_reader_is_dropped)
{
	int fd = client();

	(void)fill(fd);
	fake.now_ns += 44 * NSEC_PER_SEC;
	check_served(); /* accepting looks at the others' deadlines */
	ck_assert_uint_eq(control_client_count(control), 1);
	fake.now_ns += 2 * NSEC_PER_SEC;
	check_served();
	ck_assert_uint_eq(control_client_count(control), 0);
	(void)close(fd);
}
END_TEST

START_TEST(test_half_message_is_dropped)
{
	int half = client(), trickle = client(), idle = client();

	say(half, "{", 1);
	say(trickle, "{\"", 2);
	turn(-1);
	fake.now_ns += 44 * NSEC_PER_SEC;
	say(trickle, "m", 1); /* a byte now and then is no excuse */
	check_served();
	ck_assert_uint_eq(control_client_count(control), 3);
	fake.now_ns += 2 * NSEC_PER_SEC;
	check_served();
	ck_assert_uint_eq(control_client_count(control), 1);
	fake.now_ns += 1000 * NSEC_PER_SEC;
	say_call(idle, CALL_STATUS); /* silence between calls is fine */
	json_free(hear_one(idle));
	(void)close(half);
	(void)close(trickle);
	(void)close(idle);
}
END_TEST

/* Nobody else need come for it to happen; and without clients nothing wakes the daemon. */
START_TEST(test_half_message_is_dropped_by_the_timer)
{
	int fd;

	timers_set = 0;
	fd = client();
	ck_assert_uint_eq(timers_set, 1);
	say(fd, "{", 1);
	turn(-1);
	ck_assert_int_eq(__real_loop_timer_set(last_timer, 0), 0);
	turn(-1);
	ck_assert_uint_eq(control_client_count(control), 1);
	ck_assert_uint_eq(timers_set, 2);
	fake.now_ns += 46 * NSEC_PER_SEC;
	ck_assert_int_eq(__real_loop_timer_set(last_timer, 0), 0);
	ck_assert(is_ended(fd));
	ck_assert_uint_eq(control_client_count(control), 0);
	ck_assert_uint_eq(timers_set, 2);
	(void)close(fd);
}
END_TEST

/* The deadline is of one message: a client that always has the next one begun is in time. */
START_TEST(test_half_message_renewed)
{
	int fd = client();

	say(fd, CALL_STATUS, 5);
	for (unsigned i = 0; i < 5; i++) {
		turn(-1);
		fake.now_ns += 40 * NSEC_PER_SEC;
		say(fd, &CALL_STATUS[5], sizeof(CALL_STATUS) - 5);
		say(fd, CALL_STATUS, 5);
		json_free(hear_one(fd));
		check_served();
	}
	ck_assert_uint_eq(control_client_count(control), 1);
	(void)close(fd);
}
END_TEST

/* Limits. */

static bool running_as_root(const char *what)
{
	if (geteuid() == 0)
		return true;
	printf("# skipped, needs root: %s\n", what);
	return false;
}

/* Connects as somebody else: the credentials of connect(2) are what counts. */
static int client_as(uid_t uid, gid_t gid, const gid_t *groups, size_t n)
{
	int fd;

	ck_assert_int_eq(setgroups(n, groups), 0);
	ck_assert_int_eq(setegid(gid), 0);
	ck_assert_int_eq(seteuid(uid), 0);
	fd = try_connect();
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(setegid(0), 0);
	ck_assert_int_eq(setgroups(0, NULL), 0);
	ck_assert_int_ge(fd, 0);
	for (unsigned i = 0; i < 4; i++)
		(void)event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
	return fd;
}

#define MANY 200

START_TEST(test_clients_per_user)
{
	int fds[MANY];

	if (!running_as_root("limit of clients per user"))
		return;
	for (unsigned i = 0; i < MANY; i++)
		fds[i] = client_as(OTHER_UID, OTHER_GID, NULL, 0);
	ck_assert_uint_eq(control_client_count(control), 64);
	ck_assert(is_ended(fds[MANY - 1]));
	check_served(); /* root has its place */
	for (unsigned i = 0; i < MANY; i++)
		(void)close(fds[i]);
	turn(-1);
	ck_assert_uint_eq(control_client_count(control), 0);
	check_served();
}
END_TEST

START_TEST(test_places_for_root)
{
	int fds[MANY], last;

	if (!running_as_root("places for root"))
		return;
	for (unsigned i = 0; i < MANY; i++) /* two per user */
		fds[i] = client_as(OTHER_UID + i / 2, OTHER_GID, NULL, 0);
	ck_assert_uint_eq(control_client_count(control), 112);
	for (unsigned i = 0; i < 16; i++)
		fds[i + 112] = (close(fds[i + 112]), client());
	ck_assert_uint_eq(control_client_count(control), 128);
	last = client();
	ck_assert(is_ended(last));
	ck_assert_uint_le(warnings, 20); /* rate-limited */
	ck_assert_uint_ge(warnings, 1);
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
		int fd = client();

		say(fd, i % 3 == 0 ? "garbage" : CALL_STATUS, i % 3 == 0 ? 8 : sizeof(CALL_STATUS));
		(void)close(fd);
	}
	turn(-1);
	ck_assert_uint_eq(control_client_count(control), 0);
	ck_assert_uint_eq(count_fds(), before);
}
END_TEST

/* Without a descriptor to spare the client is turned away at once, and nothing spins. */
START_TEST(test_descriptors_exhausted)
{
	struct rlimit old_limit, limit;
	int turned_away, highest, fd;

	turned_away = try_connect(); /* waits in the queue */
	ck_assert_int_ge(turned_away, 0);
	highest = dup(turned_away);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old_limit), 0);
	limit = (struct rlimit){.rlim_cur = (rlim_t)highest, .rlim_max = old_limit.rlim_max};
	(void)close(highest);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert(is_ended(turned_away));
	ck_assert_uint_eq(control_client_count(control), 0);
	ck_assert_uint_eq(warnings, 1);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old_limit), 0);
	(void)close(turned_away);
	fd = client();
	ck_assert_uint_eq(control_client_count(control), 1);
	(void)close(fd);
	turn(-1);
	check_served();
}
END_TEST

/* Authorisation. */

static const struct {
	const char *call;
	bool changes;
} verbs[] = {
	{"{\"method\":\"" INTERFACE_GET_STATUS "\"}", false},
	{"{\"method\":\"" INTERFACE_LIST_ENDPOINTS "\"}", false},
	{"{\"method\":\"" INTERFACE_LIST_PATHS "\"}", false},
	{"{\"method\":\"" INTERFACE_LIST_TUNABLES "\"}", false},
	{"{\"method\":\"" INTERFACE_LIST_CHANGES "\"}", false},
	{"{\"method\":\"" INTERFACE_EXPLAIN "\",\"parameters\":{\"id\":1}}", false},
	{"{\"method\":\"" INTERFACE_REVERT "\",\"parameters\":{\"id\":1}}", true},
	{"{\"method\":\"" INTERFACE_REVERT "\",\"parameters\":{\"all\":true}}", true},
	{"{\"method\":\"" INTERFACE_PAUSE "\"}", true},
	{"{\"method\":\"" INTERFACE_RESUME "\"}", true},
	{"{\"method\":\"" INTERFACE_RELOAD "\"}", true},
};

static void check_rights(int fd, bool may_change)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		unsigned notices_before = notices;
		Json *reply;
		const char *error;

		say_call(fd, verbs[i].call);
		reply = hear_one(fd);
		error = json_string(json_get(reply, "error"));
		if (verbs[i].changes && !may_change)
			ck_assert_str_eq(error, INTERFACE_ERROR_PERMISSION_DENIED);
		else
			ck_assert_msg(!error, "%s: %s", verbs[i].call, error);
		json_free(reply);
		ck_assert_uint_eq(notices - notices_before, verbs[i].changes);
	}
	(void)close(fd);
}

START_TEST(test_authorisation)
{
	gid_t group;
	gid_t groups[] = {4, 0, 20};

	if (!running_as_root("authorisation") || peer_find_group("daemon", &group) < 0)
		return;
	groups[1] = group;
	check_rights(client_as(0, 0, NULL, 0), true);
	check_rights(client_as(OTHER_UID, OTHER_GID, NULL, 0), false);
	ck_assert_ptr_nonnull(strstr(last_notice, "permission denied to uid 1000 (pid "));
	ck_assert_ptr_nonnull(strstr(last_notice, INTERFACE_RELOAD));
	check_rights(client_as(OTHER_UID, group, NULL, 0), true);
	check_rights(client_as(OTHER_UID, OTHER_GID, groups, ARRAY_SIZE(groups)), true);
	groups[1] = OTHER_GID;
	fake.now_ns += 2 * NSEC_PER_MIN; /* a new interval of the log limit */
	check_rights(client_as(OTHER_UID, OTHER_GID, groups, ARRAY_SIZE(groups)), false);
	check_rights(client_as(OTHER_UID, 0, NULL, 0), false); /* the group of root is not root */
}
END_TEST

/* A descriptor passed on carries the rights of who connected. */
START_TEST(test_rights_are_of_who_connected)
{
	int theirs;

	if (!running_as_root("passed descriptors"))
		return;
	theirs = client_as(OTHER_UID, OTHER_GID, NULL, 0);
	check_rights(theirs, false); /* though root is speaking through it now */
}
END_TEST

START_TEST(test_denials_are_rate_limited)
{
	int fd;

	if (!running_as_root("rate limit of denials"))
		return;
	fd = client_as(OTHER_UID, OTHER_GID, NULL, 0);
	for (unsigned i = 0; i < 500; i++) {
		say_call(fd, "{\"method\":\"" INTERFACE_RESUME "\"}");
		json_free(hear_one(fd));
	}
	ck_assert_uint_le(notices, 10);
	fake.now_ns += 2 * NSEC_PER_MIN;
	say_call(fd, "{\"method\":\"" INTERFACE_RESUME "\"}");
	json_free(hear_one(fd));
	ck_assert_ptr_nonnull(strstr(last_notice, "(490 more like this)"));
	(void)close(fd);
}
END_TEST

START_TEST(test_group_missing)
{
	ControlParams params = make_params();

	control_free(control);
	params.group = "no-such-group-at-all";
	ck_assert_int_eq(control_new(&params, &control), 0);
	if (running_as_root("no group"))
		check_rights(client_as(OTHER_UID, 1, NULL, 0), false);
	check_served();
}
END_TEST

START_TEST(test_peer_may_change)
{
	gid_t groups[] = {5, 6};
	const Peer member = {.uid = 1, .gid = 2, .groups = groups, .n_groups = 2};
	const Peer super = {.uid = 0, .gid = 2};
	const Peer outsider = {.uid = 65534, .gid = 65534};

	ck_assert(peer_may_change(&super, false, 0));
	ck_assert(peer_may_change(&member, true, 2));
	ck_assert(peer_may_change(&member, true, 6));
	ck_assert(!peer_may_change(&member, true, 7));
	ck_assert(!peer_may_change(&member, false, 6));
	ck_assert(!peer_may_change(&outsider, true, 65534)); /* an id unknown to our namespace */
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
				      test_vanishing_clients,
				      test_slow_reader_catches_up,
				      test_slow_reader_is_dropped,
				      test_slow_reader_after_half_close,
				      test_slow_reader_costs_little,
				      test_half_message_is_dropped,
				      test_half_message_renewed,
				      test_half_message_is_dropped_by_the_timer,
				      test_clients_per_user,
				      test_places_for_root,
				      test_no_descriptor_leak,
				      test_descriptors_exhausted,
				      test_authorisation,
				      test_rights_are_of_who_connected,
				      test_denials_are_rate_limited,
				      test_group_missing,
				      test_peer_may_change};
	TCase *all = tcase_create("control");

	tcase_add_checked_fixture(all, setup, teardown);
	tcase_set_timeout(all, 60);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(all, tests[i]);
	tcase_add_loop_test(all, test_malformed, 0, (int)ARRAY_SIZE(malformed));
	suite_add_tcase(suite, all);
}

HARNESS_MAIN("control", add_all(suite);)
