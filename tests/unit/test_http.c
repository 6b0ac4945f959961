/* SPDX-License-Identifier: MIT */
/*
 * The HTTP and HTTPS probes against scripted servers on loopback.
 */
#include "daemon/probe/kind.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base.h"
#include "netopt-build.h"
#include "tests/unit/fake_certificate.h"
#include "tests/unit/fake_server.h"
#include "tests/unit/harness.h"
#include "tests/unit/stream_bench.h"

static FakeServer server;
static FakeCertificate certificate;
static const char *answers[4]; /* to the first request, the second, ... of a connection */
static char requests[4][512];
static unsigned answer_delay_ms, body_delay_ms;
static bool closes; /* after the first answer */

#define HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

static void keep_request(unsigned i)
{
	(void)snprintf(requests[i], sizeof(requests[i]), "%s", server.request);
}

/* The head, then the body, perhaps late. */
static bool answer(int fd, SSL *ssl, const char *text)
{
	const char *body = strstr(text, "\r\n\r\n");
	size_t head = body ? (size_t)(body + 4 - text) : strlen(text);

	fake_server_delay(answer_delay_ms);
	if (body_delay_ms == 0)
		return fake_server_write(fd, ssl, text, strlen(text));
	if (!fake_server_write(fd, ssl, text, head))
		return false;
	fake_server_delay(body_delay_ms);
	return fake_server_write(fd, ssl, text + head, strlen(text + head));
}

/* Without a further answer the connection is closed. */
static void serve_answers(FakeServer *self, int fd)
{
	SSL *ssl = self->tls ? fake_server_accept_tls(self, fd) : NULL;

	if (self->tls && !ssl)
		return;
	for (unsigned i = 0; i < 4 && fake_server_read_request(self, fd, ssl); i++) {
		keep_request(i);
		if (!answers[i])
			break;
		if (!answer(fd, ssl, answers[i]) || closes)
			break;
	}
	if (ssl)
		(void)SSL_shutdown(ssl);
	SSL_free(ssl);
}

static void setup(void)
{
	stream_bench_setup();
	server.serve = serve_answers;
}

static void teardown(void)
{
	fake_server_stop(&server);
	stream_bench_teardown();
	SSL_CTX_free(server.tls);
	fake_certificate_free(&certificate);
}

static void with_tls(int last_day)
{
	certificate = fake_certificate_make("localhost", -9, last_day, NULL);
	server.tls = fake_certificate_server(&certificate);
}

static void run(void)
{
	if (server.port == 0)
		fake_server_start(&server);
	stream_bench_run(server.tls ? &probe_kind_https : &probe_kind_http, server.port);
}

static void run_answer(const char *text)
{
	answers[0] = text;
	run();
}

/* --- what is learned --- */

START_TEST(test_two_requests_on_one_connection)
{
	const ProbeHttpFacts *http = &bench.facts.http;
	uint32_t parts;

	answers[0] = answers[1] = HELLO;
	run();
	stream_bench_expect_ok();
	ck_assert(bench.facts.has_http);
	ck_assert(!bench.facts.has_tls);
	ck_assert_uint_eq(http->status, 200);
	ck_assert_uint_eq(http->body_bytes, 5);
	ck_assert(http->reusable);
	ck_assert(!http->h2);
	ck_assert(!http->h3);
	ck_assert(!stream_bench_has(PHASE_TLS));
	parts = stream_bench_us(PHASE_CONNECT) + stream_bench_us(PHASE_REQUEST) +
		stream_bench_us(PHASE_TRANSFER) + stream_bench_us(PHASE_OVERHEAD);
	ck_assert_int_le(labs((long)parts - (long)stream_bench_us(PHASE_TOTAL)), 3);
	(void)stream_bench_us(PHASE_REUSED);
	fake_server_stop(&server);
	ck_assert_uint_eq(server.connections, 1);
}
END_TEST

START_TEST(test_what_is_asked)
{
	char expected[512];

	bench.spec.target = "/a?b=c";
	answers[0] = answers[1] = HELLO;
	run();
	(void)snprintf(expected, sizeof(expected),
		       "GET /a?b=c HTTP/1.1\r\nHost: localhost:%u\r\nUser-Agent: netopt/%s\r\n"
		       "Accept: */*\r\n\r\n",
		       server.port, NETOPT_VERSION);
	ck_assert_str_eq(requests[0], expected);
	ck_assert_ptr_nonnull(strstr(requests[1], "Connection: close\r\n"));
	bench.spec.host = "::1"; /* only as a name here */
	run();
	ck_assert_ptr_nonnull(strstr(requests[0], "Host: [::1]:"));
}
END_TEST

START_TEST(test_nothing_that_breaks_lines_is_sent)
{
	bench.spec.target = "/a\r\nX: y";
	ck_assert_int_eq(stream_bench_start(&probe_kind_http, 1), -EINVAL);
	bench.spec.target = "nothing";
	ck_assert_int_eq(stream_bench_start(&probe_kind_http, 1), -EINVAL);
	bench.spec.target = "/";
	bench.spec.host = "a b";
	ck_assert_int_eq(stream_bench_start(&probe_kind_http, 1), -EINVAL);
}
END_TEST

START_TEST(test_redirect_is_told_not_followed)
{
	run_answer("HTTP/1.1 301 Moved\r\nLocation: https://localhost/\r\nServer: x/2\r\n"
		   "Alt-Svc: h3=\":443\"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
	stream_bench_expect_ok();
	ck_assert_uint_eq(bench.facts.http.status, 301);
	ck_assert_str_eq(bench.facts.http.location, "https://localhost/");
	ck_assert_str_eq(bench.facts.http.server, "x/2");
	ck_assert(bench.facts.http.h3);
	ck_assert(!bench.facts.http.reusable);
	ck_assert(!stream_bench_has(PHASE_REUSED));
	fake_server_stop(&server);
	ck_assert_uint_eq(server.connections, 1);
}
END_TEST

START_TEST(test_status_is_an_outcome)
{
	run_answer("HTTP/1.1 404 No\r\nServer: x\r\nContent-Length: 3\r\n\r\nno!");
	stream_bench_expect(PROBE_STATUS, PHASE_TRANSFER, NULL);
	ck_assert(bench.facts.has_http);
	ck_assert_uint_eq(bench.facts.http.status, 404);
	ck_assert_str_eq(bench.facts.http.server, "x");
	run_answer("HTTP/1.1 503 Busy\r\nContent-Length: 99999999999\r\n\r\n");
	stream_bench_expect(PROBE_STATUS, PHASE_TRANSFER, NULL);
	ck_assert_uint_eq(bench.facts.http.status, 503);
}
END_TEST

START_TEST(test_body_until_the_end)
{
	closes = true;
	run_answer("HTTP/1.0 200 OK\r\n\r\nuntil the end");
	stream_bench_expect_ok();
	ck_assert_uint_eq(bench.facts.http.body_bytes, 13);
	ck_assert(!bench.facts.http.reusable);
}
END_TEST

START_TEST(test_chunks)
{
	answers[1] = HELLO;
	run_answer("HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		   "3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n");
	stream_bench_expect_ok();
	ck_assert_uint_eq(bench.facts.http.body_bytes, 3);
	ck_assert(bench.facts.http.reusable);
}
END_TEST

/* Announced as kept, and closed all the same: no failure, and no price. */
START_TEST(test_not_reusable_after_all)
{
	run_answer(HELLO);
	stream_bench_expect_ok();
	ck_assert(!bench.facts.http.reusable);
	ck_assert(!stream_bench_has(PHASE_REUSED));
	run_answer(HELLO "surplus");
	stream_bench_expect_ok();
	ck_assert(!bench.facts.http.reusable);
	answers[1] = "garbage";
	run_answer(HELLO);
	stream_bench_expect_ok();
	ck_assert(!stream_bench_has(PHASE_REUSED));
	answers[1] = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";
	run_answer(HELLO);
	stream_bench_expect_ok();
	ck_assert(!stream_bench_has(PHASE_REUSED));
}
END_TEST

/* --- times --- */

START_TEST(test_the_servers_time)
{
	answer_delay_ms = 30;
	body_delay_ms = 40;
	answers[1] = HELLO;
	run_answer(HELLO);
	stream_bench_expect_ok();
	ck_assert_uint_ge(stream_bench_us(PHASE_REQUEST), 29000);
	ck_assert_uint_lt(stream_bench_us(PHASE_REQUEST), 60000);
	ck_assert_uint_ge(stream_bench_us(PHASE_TRANSFER), 39000);
	ck_assert_uint_lt(stream_bench_us(PHASE_TRANSFER), 75000);
	ck_assert_uint_ge(stream_bench_us(PHASE_REUSED), 29000);
	ck_assert_uint_lt(stream_bench_us(PHASE_REUSED), 60000);
}
END_TEST

/* While we do not run, the kernel joins segments that follow each other and keeps the last one's
 * stamp: where the request ends and the transfer begins is lost, their sum is not. */
START_TEST(test_our_own_absence_is_overhead)
{
	answer_delay_ms = 30;
	body_delay_ms = 40;
	answers[1] = HELLO;
	bench.stall_after_ns = 10 * NSEC_PER_MSEC;
	bench.stall_ns = 190 * NSEC_PER_MSEC;
	run_answer(HELLO);
	stream_bench_expect_ok();
	ck_assert_uint_ge(stream_bench_us(PHASE_REQUEST), 29000);
	ck_assert_uint_ge(stream_bench_us(PHASE_REQUEST) + stream_bench_us(PHASE_TRANSFER), 68000);
	ck_assert_uint_lt(stream_bench_us(PHASE_REQUEST) + stream_bench_us(PHASE_TRANSFER), 130000);
	ck_assert_uint_ge(stream_bench_us(PHASE_OVERHEAD), 50000);
	ck_assert_uint_ge(stream_bench_us(PHASE_TOTAL), 190000);
}
END_TEST

/* With TLS: session tickets that come before the answer are no part of it. */
START_TEST(test_times_over_tls)
{
	with_tls(9);
	answer_delay_ms = 30;
	answers[1] = HELLO;
	run_answer(HELLO);
	stream_bench_expect_ok();
	ck_assert_uint_lt(stream_bench_us(PHASE_TLS), 25000);
	ck_assert_uint_ge(stream_bench_us(PHASE_REQUEST), 29000);
	ck_assert_uint_lt(stream_bench_us(PHASE_REQUEST), 60000);
	ck_assert_uint_lt(stream_bench_us(PHASE_TRANSFER), 20000);
	ck_assert_uint_ge(stream_bench_us(PHASE_REUSED), 29000);
}
END_TEST

/* --- HTTPS --- */

START_TEST(test_https)
{
	with_tls(9);
	answers[0] = answers[1] = HELLO;
	for (unsigned probe = 1; probe <= 2; probe++) {
		run();
		stream_bench_expect_ok();
		ck_assert(bench.facts.has_tls);
		ck_assert(bench.facts.has_http);
		ck_assert_str_eq(bench.facts.tls.alpn, "http/1.1");
		ck_assert_uint_eq(bench.facts.http.body_bytes, 5);
		ck_assert(bench.facts.http.reusable);
		/* Learned on the connection beside. */
		ck_assert_int_eq(bench.facts.http.h2, probe == 2);
		ck_assert_int_eq(stream_bench_has(PHASE_RESUMED), probe == 2);
		ck_assert(bench.facts.tls.resumable);
	}
	ck_assert_str_eq(bench.facts.tls.trust_reason, "self-signed certificate");
	fake_server_stop(&server);
	ck_assert_uint_eq(server.connections, 3);
}
END_TEST

START_TEST(test_https_without_sessions_still_learns_h2)
{
	with_tls(9);
	SSL_CTX_set_session_cache_mode(server.tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(server.tls, 0);
	answers[0] = answers[1] = HELLO;
	run();
	run();
	stream_bench_expect_ok();
	ck_assert(bench.facts.http.h2);
	ck_assert(!bench.facts.tls.resumable);
	ck_assert(!stream_bench_has(PHASE_RESUMED));
}
END_TEST

START_TEST(test_https_expired)
{
	with_tls(-1);
	bench.spec.verify = true;
	run_answer(HELLO);
	stream_bench_expect(PROBE_CERTIFICATE, PHASE_TLS, NULL);
	ck_assert(bench.facts.has_tls);
	ck_assert(!bench.facts.has_http);
	ck_assert_str_eq(requests[0], ""); /* nothing was asked of it */
}
END_TEST

START_TEST(test_https_to_a_plain_server)
{
	answers[0] = "HTTP/1.1 400 Bad\r\n\r\n";
	fake_server_start(&server);
	stream_bench_run(&probe_kind_https, server.port);
	/* It waits for the end of a request: our hello is none. */
	stream_bench_expect(PROBE_TIMEOUT, PHASE_TLS, NULL);
}
END_TEST

START_TEST(test_a_large_body_over_tls)
{
	static char text[200100];
	int n = snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n");

	memset(text + n, 'x', 200000);
	with_tls(9);
	answers[1] = HELLO;
	run_answer(text);
	stream_bench_expect_ok();
	ck_assert_uint_eq(bench.facts.http.body_bytes, 200000);
	ck_assert(bench.facts.http.reusable);
}
END_TEST

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
	run_answer(failures[_i].text);
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
	server.serve = serve_flood;
	run();
	fake_server_stop(&server);
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
	with_tls(9);
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
	ck_assert_uint_lt(bench.result.wall_us, 300000);
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
	server.serve = serve;
	last_words = text;
	run();
	ck_assert_uint_lt(bench.result.wall_us, 400000);
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
	run_last_words(serve_stall, HELLO);
	stream_bench_expect_ok();
	ck_assert(!stream_bench_has(PHASE_REUSED));
	ck_assert_uint_lt(stream_bench_us(PHASE_TOTAL), 50000);
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
	fake_server_start(&server);
	fake_server_stop(&server);
	stream_bench_run(&probe_kind_http, server.port);
	stream_bench_expect(PROBE_REFUSED, PHASE_CONNECT, NULL);
	ck_assert_ptr_null(bench.result.facts);
}
END_TEST

START_TEST(test_cancelled_in_every_phase)
{
	static const unsigned after_us[] = {0, 100, 1000, 4000, 8000, 12000};

	with_tls(9);
	answer_delay_ms = 3;
	answers[0] = answers[1] = HELLO;
	fake_server_start(&server);
	for (size_t i = 0; i < ARRAY_SIZE(after_us); i++) {
		ck_assert_int_eq(stream_bench_start(&probe_kind_https, server.port), 0);
		(void)stream_bench_run_for(after_us[i] * NSEC_PER_USEC);
		probe_kind_https.cancel(bench.probe);
		bench.probe = NULL;
	}
	probe_kind_https.cancel(NULL);
	run();
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
		tcase_add_checked_fixture(case_, setup, teardown);                                 \
		tcase_add_loop_test(case_, test, 0, ARRAY_SIZE(rows));                             \
		suite_add_tcase(suite, case_);                                                     \
	} while (0)

HARNESS_MAIN("http",
	     HARNESS_FIXTURE(suite, "learned", setup, teardown, test_two_requests_on_one_connection,
			     test_what_is_asked, test_nothing_that_breaks_lines_is_sent,
			     test_redirect_is_told_not_followed, test_status_is_an_outcome,
			     test_body_until_the_end, test_chunks, test_not_reusable_after_all);
	     HARNESS_FIXTURE(suite, "times", setup, teardown, test_the_servers_time,
			     test_our_own_absence_is_overhead, test_times_over_tls);
	     HARNESS_FIXTURE(suite, "https", setup, teardown, test_https,
			     test_https_without_sessions_still_learns_h2, test_https_expired,
			     test_https_to_a_plain_server, test_a_large_body_over_tls);
	     LOOP(suite, test_failures, failures);
	     HARNESS_FIXTURE(suite, "floods", setup, teardown, test_header_flood,
			     test_endless_header, test_endless_body, test_endless_body_over_tls,
			     test_endless_body_without_limit, test_memory_is_bounded);
	     HARNESS_FIXTURE(suite, "ends", setup, teardown, test_stalls,
			     test_stall_of_the_second_answer_costs_nothing,
			     test_closed_before_the_end, test_reset, test_refused,
			     test_cancelled_in_every_phase);)
