/* SPDX-License-Identifier: MIT */
/*
 * A client that receives a stream, against a server that says what the test tells it to.
 */
#include "cli/client.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "common/clock.h"
#include "tests/unit/cli_bench.h"

#define REPLY(n) "{\"parameters\":{\"n\":" n "},\"continues\":true}\0"
#define LAST(n)  "{\"parameters\":{\"n\":" n "}}\0"

/* What the server says, in pieces of this size, once it has the whole call; then it ends, or waits
 * for ever. */
static const char *said;
static size_t said_length, piece;
static bool stays;

static Settings settings;
static int64_t heard[16];
static unsigned n_heard, stop_after;

#define SAY(text) (said = (text), said_length = sizeof(text) - 1)

static void serve_said(int ready)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd;
	char byte = 1;

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener, 1) < 0)
		_exit(1);
	(void)close(ready);
	fd = accept(listener, NULL, NULL);
	while (byte && recv(fd, &byte, 1, 0) == 1)
		;
	for (size_t at = 0; at < said_length; at += piece)
		if (send(fd, said + at, MIN(piece, said_length - at), MSG_NOSIGNAL) < 0)
			_exit(1);
	if (stays)
		(void)pause();
	_exit(0);
}

static void prepare(void)
{
	setup_directory();
	settings = (Settings){.socket = path, .timeout_ns = 5 * NSEC_PER_SEC};
	n_heard = 0;
	stop_after = 100;
	piece = 7;
	stays = false;
}

static int on_reply(const Json *parameters, void *context)
{
	(void)context;
	if (!parameters)
		return CLI_PERMISSION; /* a signal: not in these tests */
	heard[n_heard++] = json_int(json_get(parameters, "n"), -1);
	return n_heard < stop_after ? CLIENT_GO_ON : CLI_USAGE;
}

static int stream(void)
{
	fork_server(serve_said);
	return client_stream(&settings, "a.b.C", NULL, NSEC_PER_SEC, on_reply, NULL);
}

START_TEST(test_stream)
{
	for (piece = 1; piece < 100; piece += 33) {
		n_heard = 0;
		SAY(REPLY("1") REPLY("2") LAST("3"));
		ck_assert_int_eq(stream(), CLI_OK);
		ck_assert_uint_eq(n_heard, 3);
		for (unsigned i = 0; i < 3; i++)
			ck_assert_int_eq(heard[i], i + 1);
		ck_assert_int_eq(waitpid(server, NULL, 0), server);
		server = -1;
		(void)unlink(path);
	}
}
END_TEST

START_TEST(test_stopped_by_the_caller)
{
	stop_after = 2;
	stays = true;
	SAY(REPLY("1") REPLY("2") REPLY("3"));
	ck_assert_int_eq(stream(), CLI_USAGE);
	ck_assert_uint_eq(n_heard, 2);
}
END_TEST

START_TEST(test_error)
{
	SAY(REPLY("1") "{\"error\":\"org.varlink.service.ExpectedMore\",\"parameters\":{}}\0");
	ck_assert_int_eq(stream(), CLI_FAILED);
	ck_assert_uint_eq(n_heard, 1);
}
END_TEST

START_TEST(test_ended)
{
	SAY(REPLY("1") "{\"parameters\":");
	ck_assert_int_eq(stream(), CLI_FAILED);
	ck_assert_uint_eq(n_heard, 1);
}
END_TEST

START_TEST(test_garbage)
{
	SAY(REPLY("1") "garbage\0");
	ck_assert_int_eq(stream(), CLI_FAILED);
	ck_assert_uint_eq(n_heard, 1);
}
END_TEST

START_TEST(test_silence)
{
	settings.timeout_ns = 20 * NSEC_PER_MSEC;
	stays = true;
	SAY("");
	ck_assert_int_eq(stream(), CLI_FAILED);
	ck_assert_uint_eq(n_heard, 0);
}
END_TEST

START_TEST(test_nobody)
{
	server = -1;
	ck_assert_int_eq(client_stream(&settings, "a.b.C", json_new_object(), 0, on_reply, NULL),
			 CLI_NOT_RUNNING);
}
END_TEST

/* For those with a loop of their own: what is there is taken, and nothing is waited for. */
START_TEST(test_next)
{
	_cleanup_client_ Client client = CLIENT_NULL;
	uint64_t soon_ns;
	Json *reply;
	bool last;

	stays = true;
	SAY(REPLY("1") REPLY("2"));
	piece = said_length;
	fork_server(serve_said);
	ck_assert_int_eq(client_open(&settings, &client), CLI_OK);
	ck_assert_int_eq(client_begin(&client, "a.b.C", NULL), CLI_OK);
	soon_ns = clock_monotonic_ns(&clock_system) + 5 * NSEC_PER_SEC;
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(client_next(&client, i ? 0 : soon_ns, &reply, &last), CLI_OK);
		ck_assert_ptr_nonnull(reply);
		ck_assert(!last);
		json_free(reply);
	}
	ck_assert_int_eq(client_next(&client, 0, &reply, &last), CLI_OK);
	ck_assert_ptr_null(reply);
}
END_TEST

HARNESS_MAIN("cli_stream", HARNESS_FIXTURE(suite, "stream", prepare, teardown, test_stream,
					   test_stopped_by_the_caller, test_error, test_ended,
					   test_garbage, test_silence, test_nobody, test_next);)
