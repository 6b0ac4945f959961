/* SPDX-License-Identifier: MIT */
/*
 * The HTTP and HTTPS probes against scripted servers on loopback: what they learn, and their times.
 * Failures: test_http_failures.c.
 */
#include "daemon/probe/kind.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "netopt-build.h"
#include "tests/unit/harness.h"
#include "tests/unit/http_bench.h"

/* --- what is learned --- */

START_TEST(test_two_requests_on_one_connection)
{
	const ProbeHttpFacts *http = &bench.facts.http;
	uint32_t parts;

	http_bench.answers[0] = http_bench.answers[1] = HTTP_HELLO;
	http_bench_run();
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
	fake_server_stop(&http_bench.server);
	ck_assert_uint_eq(http_bench.server.connections, 1);
}
END_TEST

START_TEST(test_what_is_asked)
{
	char expected[512];

	bench.spec.target = "/a?b=c";
	http_bench.answers[0] = http_bench.answers[1] = HTTP_HELLO;
	http_bench_run();
	(void)snprintf(expected, sizeof(expected),
		       "GET /a?b=c HTTP/1.1\r\nHost: localhost:%u\r\nUser-Agent: netopt/%s\r\n"
		       "Accept: */*\r\n\r\n",
		       http_bench.server.port, NETOPT_VERSION);
	ck_assert_str_eq(http_bench.requests[0], expected);
	ck_assert_ptr_nonnull(strstr(http_bench.requests[1], "Connection: close\r\n"));
	bench.spec.host = "::1"; /* only as a name here */
	http_bench_run();
	ck_assert_ptr_nonnull(strstr(http_bench.requests[0], "Host: [::1]:"));
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
	http_bench_run_answer(
		"HTTP/1.1 301 Moved\r\nLocation: https://localhost/\r\nServer: x/2\r\n"
		"Alt-Svc: h3=\":443\"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
	stream_bench_expect_ok();
	ck_assert_uint_eq(bench.facts.http.status, 301);
	ck_assert_str_eq(bench.facts.http.location, "https://localhost/");
	ck_assert_str_eq(bench.facts.http.server, "x/2");
	ck_assert(bench.facts.http.h3);
	ck_assert(!bench.facts.http.reusable);
	ck_assert(!stream_bench_has(PHASE_REUSED));
	fake_server_stop(&http_bench.server);
	ck_assert_uint_eq(http_bench.server.connections, 1);
}
END_TEST

START_TEST(test_status_is_an_outcome)
{
	http_bench_run_answer("HTTP/1.1 404 No\r\nServer: x\r\nContent-Length: 3\r\n\r\nno!");
	stream_bench_expect(PROBE_STATUS, PHASE_TRANSFER, NULL);
	ck_assert(bench.facts.has_http);
	ck_assert_uint_eq(bench.facts.http.status, 404);
	ck_assert_str_eq(bench.facts.http.server, "x");
	http_bench_run_answer("HTTP/1.1 503 Busy\r\nContent-Length: 99999999999\r\n\r\n");
	stream_bench_expect(PROBE_STATUS, PHASE_TRANSFER, NULL);
	ck_assert_uint_eq(bench.facts.http.status, 503);
}
END_TEST

START_TEST(test_body_until_the_end)
{
	http_bench.closes = true;
	http_bench_run_answer("HTTP/1.0 200 OK\r\n\r\nuntil the end");
	stream_bench_expect_ok();
	ck_assert_uint_eq(bench.facts.http.body_bytes, 13);
	ck_assert(!bench.facts.http.reusable);
}
END_TEST

START_TEST(test_chunks)
{
	http_bench.answers[1] = HTTP_HELLO;
	http_bench_run_answer(
		"HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n");
	stream_bench_expect_ok();
	ck_assert_uint_eq(bench.facts.http.body_bytes, 3);
	ck_assert(bench.facts.http.reusable);
}
END_TEST

/* Announced as kept, and closed all the same: no failure, and no price. */
START_TEST(test_not_reusable_after_all)
{
	http_bench_run_answer(HTTP_HELLO);
	stream_bench_expect_ok();
	ck_assert(!bench.facts.http.reusable);
	ck_assert(!stream_bench_has(PHASE_REUSED));
	/* Not even asked for, though it would be answered. */
	http_bench.answers[1] = HTTP_HELLO;
	http_bench_run_answer(HTTP_HELLO "surplus");
	stream_bench_expect_ok();
	ck_assert(!bench.facts.http.reusable);
	http_bench_run_answer("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
	stream_bench_expect_ok();
	ck_assert(!bench.facts.http.reusable);
	ck_assert(!stream_bench_has(PHASE_REUSED));
	http_bench.answers[1] = "garbage";
	http_bench_run_answer(HTTP_HELLO);
	stream_bench_expect_ok();
	ck_assert(!stream_bench_has(PHASE_REUSED));
	http_bench.answers[1] = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";
	http_bench_run_answer(HTTP_HELLO);
	stream_bench_expect_ok();
	ck_assert(!stream_bench_has(PHASE_REUSED));
}
END_TEST

/* --- times --- */

START_TEST(test_the_servers_time)
{
	http_bench.answer_delay_ms = 30;
	http_bench.body_delay_ms = 200;
	http_bench.answers[1] = HTTP_HELLO;
	http_bench_run_answer(HTTP_HELLO);
	stream_bench_expect_ok();
	ck_assert_uint_ge(stream_bench_us(PHASE_REQUEST), 29000);
	ck_assert_uint_lt(stream_bench_us(PHASE_REQUEST), 180000);
	ck_assert_uint_ge(stream_bench_us(PHASE_TRANSFER), 199000);
	ck_assert_uint_ge(stream_bench_us(PHASE_REUSED), 29000);
	ck_assert_uint_lt(stream_bench_us(PHASE_REUSED), 180000);
}
END_TEST

/* While we do not run, the kernel joins segments that follow each other and keeps the last one's
 * stamp: where the request ends and the transfer begins is lost, their sum is not. */
START_TEST(test_our_own_absence_is_overhead)
{
	http_bench.answer_delay_ms = 30;
	http_bench.body_delay_ms = 40;
	http_bench.answers[1] = HTTP_HELLO;
	bench.stall_after_ns = 10 * NSEC_PER_MSEC;
	bench.stall_ns = 500 * NSEC_PER_MSEC;
	http_bench_run_answer(HTTP_HELLO);
	stream_bench_expect_ok();
	ck_assert_uint_ge(stream_bench_us(PHASE_REQUEST), 29000);
	ck_assert_uint_ge(stream_bench_us(PHASE_REQUEST) + stream_bench_us(PHASE_TRANSFER), 68000);
	ck_assert_uint_lt(stream_bench_us(PHASE_REQUEST) + stream_bench_us(PHASE_TRANSFER), 450000);
	ck_assert_uint_ge(stream_bench_us(PHASE_OVERHEAD), 50000);
	ck_assert_uint_ge(stream_bench_us(PHASE_TOTAL), 500000);
}
END_TEST

/* With TLS: session tickets that come before the answer are no part of it. */
START_TEST(test_times_over_tls)
{
	http_bench_with_tls(9);
	http_bench.answer_delay_ms = 200;
	http_bench.answers[1] = HTTP_HELLO;
	http_bench_run_answer(HTTP_HELLO);
	stream_bench_expect_ok();
	ck_assert_uint_lt(stream_bench_us(PHASE_TLS), 180000);
	ck_assert_uint_ge(stream_bench_us(PHASE_REQUEST), 199000);
	ck_assert_uint_lt(stream_bench_us(PHASE_TRANSFER), 180000);
	ck_assert_uint_ge(stream_bench_us(PHASE_REUSED), 199000);
}
END_TEST

/* --- HTTPS --- */

START_TEST(test_https)
{
	http_bench_with_tls(9);
	http_bench.answers[0] = http_bench.answers[1] = HTTP_HELLO;
	for (unsigned probe = 1; probe <= 2; probe++) {
		http_bench_run();
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
	fake_server_stop(&http_bench.server);
	ck_assert_uint_eq(http_bench.server.connections, 3);
}
END_TEST

START_TEST(test_https_without_sessions_still_learns_h2)
{
	http_bench_with_tls(9);
	SSL_CTX_set_session_cache_mode(http_bench.server.tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(http_bench.server.tls, 0);
	http_bench.answers[0] = http_bench.answers[1] = HTTP_HELLO;
	http_bench_run();
	http_bench_run();
	stream_bench_expect_ok();
	ck_assert(bench.facts.http.h2);
	ck_assert(!bench.facts.tls.resumable);
	ck_assert(!stream_bench_has(PHASE_RESUMED));
}
END_TEST

START_TEST(test_https_expired)
{
	http_bench_with_tls(-1);
	bench.spec.verify = true;
	http_bench_run_answer(HTTP_HELLO);
	stream_bench_expect(PROBE_CERTIFICATE, PHASE_TLS, NULL);
	ck_assert(bench.facts.has_tls);
	ck_assert(!bench.facts.has_http);
	ck_assert_str_eq(http_bench.requests[0], ""); /* nothing was asked of it */
}
END_TEST

START_TEST(test_https_to_a_plain_server)
{
	http_bench.answers[0] = "HTTP/1.1 400 Bad\r\n\r\n";
	fake_server_start(&http_bench.server);
	stream_bench_run(&probe_kind_https, http_bench.server.port);
	/* It waits for the end of a request: our hello is none. */
	stream_bench_expect(PROBE_TIMEOUT, PHASE_TLS, NULL);
}
END_TEST

START_TEST(test_a_large_body_over_tls)
{
	static char text[200100];
	int n = snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n");

	memset(text + n, 'x', 200000);
	http_bench_with_tls(9);
	http_bench.answers[1] = HTTP_HELLO;
	http_bench_run_answer(text);
	stream_bench_expect_ok();
	ck_assert_uint_eq(bench.facts.http.body_bytes, 200000);
	ck_assert(bench.facts.http.reusable);
}
END_TEST

HARNESS_MAIN("http",
	     HARNESS_FIXTURE(suite, "learned", http_bench_setup, http_bench_teardown,
			     test_two_requests_on_one_connection, test_what_is_asked,
			     test_nothing_that_breaks_lines_is_sent,
			     test_redirect_is_told_not_followed, test_status_is_an_outcome,
			     test_body_until_the_end, test_chunks, test_not_reusable_after_all);
	     HARNESS_FIXTURE(suite, "times", http_bench_setup, http_bench_teardown,
			     test_the_servers_time, test_our_own_absence_is_overhead,
			     test_times_over_tls);
	     HARNESS_FIXTURE(suite, "https", http_bench_setup, http_bench_teardown, test_https,
			     test_https_without_sessions_still_learns_h2, test_https_expired,
			     test_https_to_a_plain_server, test_a_large_body_over_tls);)
