/* SPDX-License-Identifier: MIT */
/*
 * The HTTP and HTTPS probes: how they fail, and that nothing a server sends is too much.
 */
#include "daemon/probe/kind.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "common/base.h"
#include "tests/unit/harness.h"
#include "tests/unit/http_bench.h"

/* --- failures --- */

static const struct {
	const char *text, *explanation;
	ProbeOutcome outcome;
	ProbePhase failed_in;
} failures[] = {
	{"SSH-2.0-OpenSSH_9\r\n", "not an HTTP/1.x status line", PROBE_PROTOCOL, PHASE_TRANSFER},
	{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
	 "two different Content-Length", PROBE_PROTOCOL, PHASE_TRANSFER},
	{"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n", "the body is announced as too long",
	 PROBE_LIMIT, PHASE_TRANSFER},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n", "the body is too long",
	 PROBE_LIMIT, PHASE_TRANSFER},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "a chunk without a size",
	 PROBE_PROTOCOL, PHASE_TRANSFER},
};

START_TEST(test_failures)
{
	http_bench_run_answer(failures[_i].text);
	stream_bench_expect(failures[_i].outcome, failures[_i].failed_in, failures[_i].explanation);
}
END_TEST

/* Writes one piece again and again after the head, until the client is gone. */
static const char *flood_head, *flood_piece;
static _Atomic bool flood_ended;

static void serve_flood(FakeServer *self, int fd)
{
	SSL *ssl = self->tls ? fake_server_accept_tls(self, fd) : NULL;
	bool there = fake_server_read_request(self, fd, ssl) &&
		     fake_server_write(fd, ssl, flood_head, strlen(flood_head));

	while (there)
		there = fake_server_write(fd, ssl, flood_piece, strlen(flood_piece));
	flood_ended = true;
	SSL_free(ssl);
}

static void run_flood(const char *head, const char *piece)
{
	flood_head = head;
	flood_piece = piece;
	http_bench.server.serve = serve_flood;
	http_bench_run();
	fake_server_stop(&http_bench.server);
	ck_assert(flood_ended);
}

START_TEST(test_header_flood)
{
	run_flood("HTTP/1.1 200 OK\r\n",
		  "X-Flood: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
	stream_bench_expect(PROBE_LIMIT, PHASE_TRANSFER, "too many lines in the head");
}
END_TEST

START_TEST(test_endless_header)
{
	run_flood("HTTP/1.1 200 OK\r\nX: ",
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	stream_bench_expect(PROBE_LIMIT, PHASE_TRANSFER, "the head is too long");
}
END_TEST

START_TEST(test_endless_body)
{
	run_flood("HTTP/1.1 200 OK\r\n\r\n",
		  "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz");
	stream_bench_expect(PROBE_LIMIT, PHASE_TRANSFER, "the body is too long");
	ck_assert_uint_eq(bench.facts.http.body_bytes, bench.spec.body_limit_bytes);
}
END_TEST

START_TEST(test_endless_body_over_tls)
{
	bench.spec.body_limit_bytes = 2000;
	http_bench_with_tls(9);
	run_flood("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "4\r\nabcd\r\n");
	stream_bench_expect(PROBE_LIMIT, PHASE_TRANSFER, "the body is too long");
}
END_TEST

/* As fast as it can, and never over the limit: the time bounds it, and the loop turns meanwhile. */
START_TEST(test_endless_body_without_limit)
{
	static char piece[65536];

	memset(piece, 'x', sizeof(piece) - 1);
	bench.spec.body_limit_bytes = UINT64_MAX;
	bench.spec.timeout_ns = 100 * NSEC_PER_MSEC;
	run_flood("HTTP/1.1 200 OK\r\n\r\n", piece);
	stream_bench_expect(PROBE_TIMEOUT, PHASE_TRANSFER, NULL);
	ck_assert_uint_lt(bench.result.wall_us, 900000);
}
END_TEST

/* --- silence and ends --- */

static const char *last_words;
static bool resets;

static void serve_last_words(FakeServer *self, int fd)
{
	if (!fake_server_read_request(self, fd, NULL))
		return;
	(void)fake_server_write(fd, NULL, last_words, strlen(last_words));
	if (resets)
		fake_server_reset(fd);
}

static void serve_stall(FakeServer *self, int fd)
{
	serve_last_words(self, fd);
	fake_server_until_end(self, fd, NULL);
}

static void run_last_words(void (*serve)(FakeServer *self, int fd), const char *text)
{
	bench.spec.timeout_ns = 80 * NSEC_PER_MSEC;
	http_bench.server.serve = serve;
	last_words = text;
	http_bench_run();
	ck_assert_uint_lt(bench.result.wall_us, 900000);
}

START_TEST(test_stalls)
{
	run_last_words(serve_stall, "");
	stream_bench_expect(PROBE_TIMEOUT, PHASE_REQUEST, NULL);
	run_last_words(serve_stall, "HTTP/1.1 200 OK\r\n");
	stream_bench_expect(PROBE_TIMEOUT, PHASE_TRANSFER, NULL);
	run_last_words(serve_stall, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
	stream_bench_expect(PROBE_TIMEOUT, PHASE_TRANSFER, NULL);
	ck_assert_uint_eq(bench.facts.http.body_bytes, 3);
}
END_TEST

START_TEST(test_stall_of_the_second_answer_costs_nothing)
{
	bench.spec.timeout_ns = 80 * NSEC_PER_MSEC;
	run_last_words(serve_stall, HTTP_HELLO);
	stream_bench_expect_ok();
	ck_assert(!stream_bench_has(PHASE_REUSED));
	ck_assert_uint_lt(stream_bench_us(PHASE_TOTAL), 78000); /* less than the time */
}
END_TEST

START_TEST(test_closed_before_the_end)
{
	static const char explanation[] = "closed before the end of the answer";

	run_last_words(serve_last_words, "");
	stream_bench_expect(PROBE_CLOSED, PHASE_REQUEST, explanation);
	run_last_words(serve_last_words, "HTTP/1.1 200 OK\r\nX: y");
	stream_bench_expect(PROBE_CLOSED, PHASE_TRANSFER, explanation);
	run_last_words(serve_last_words, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
	stream_bench_expect(PROBE_CLOSED, PHASE_TRANSFER, explanation);
	run_last_words(serve_last_words,
		       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
	stream_bench_expect(PROBE_CLOSED, PHASE_TRANSFER, explanation);
}
END_TEST

START_TEST(test_reset)
{
	resets = true;
	run_last_words(serve_last_words, "");
	stream_bench_expect(PROBE_CLOSED, PHASE_REQUEST, NULL);
	ck_assert_int_eq(bench.result.error, ECONNRESET);
}
END_TEST

START_TEST(test_refused)
{
	fake_server_start(&http_bench.server);
	fake_server_stop(&http_bench.server);
	stream_bench_run(&probe_kind_http, http_bench.server.port);
	stream_bench_expect(PROBE_REFUSED, PHASE_CONNECT, NULL);
	ck_assert_ptr_null(bench.result.facts);
}
END_TEST

START_TEST(test_cancelled_in_every_phase)
{
	static const unsigned after_us[] = {0, 100, 1000, 4000, 8000, 12000};

	http_bench_with_tls(9);
	http_bench.answer_delay_ms = 3;
	http_bench.answers[0] = http_bench.answers[1] = HTTP_HELLO;
	fake_server_start(&http_bench.server);
	for (size_t i = 0; i < ARRAY_SIZE(after_us); i++) {
		ck_assert_int_eq(stream_bench_start(&probe_kind_https, http_bench.server.port), 0);
		(void)stream_bench_run_for(after_us[i] * NSEC_PER_USEC);
		probe_kind_https.cancel(bench.probe);
		bench.probe = NULL;
	}
	probe_kind_https.cancel(NULL);
	http_bench_run();
	stream_bench_expect_ok();
}
END_TEST

static long resident_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

START_TEST(test_memory_is_bounded)
{
	static char piece[65536];
	long before = resident_kib();

	memset(piece, 'x', sizeof(piece) - 1);
	bench.spec.body_limit_bytes = 64 * 1024 * 1024;
	bench.spec.timeout_ns = 20 * NSEC_PER_SEC;
	run_flood("HTTP/1.1 200 OK\r\n\r\n", piece);
	stream_bench_expect(PROBE_LIMIT, PHASE_TRANSFER, "the body is too long");
	ck_assert_int_lt(resident_kib() - before, 8 * 1024);
}
END_TEST

#define LOOP(suite, test, rows)                                                                    \
	do {                                                                                       \
		TCase *case_ = tcase_create(#test);                                                \
		tcase_add_checked_fixture(case_, http_bench_setup, http_bench_teardown);           \
		tcase_add_loop_test(case_, test, 0, ARRAY_SIZE(rows));                             \
		suite_add_tcase(suite, case_);                                                     \
	} while (0)

HARNESS_MAIN("http_failures", LOOP(suite, test_failures, failures);
	     HARNESS_FIXTURE(suite, "floods", http_bench_setup, http_bench_teardown,
			     test_header_flood, test_endless_header, test_endless_body,
			     test_endless_body_over_tls, test_endless_body_without_limit,
			     test_memory_is_bounded);
	     HARNESS_FIXTURE(suite, "ends", http_bench_setup, http_bench_teardown, test_stalls,
			     test_stall_of_the_second_answer_costs_nothing,
			     test_closed_before_the_end, test_reset, test_refused,
			     test_cancelled_in_every_phase);)
