/* SPDX-License-Identifier: MIT */
#include "tests/unit/http_bench.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

HttpBench http_bench;

static void keep_request(unsigned i)
{
	(void)snprintf(http_bench.requests[i], sizeof(http_bench.requests[i]), "%.511s",
		       http_bench.server.request);
}

/* The head, then the body, perhaps late. */
static bool answer(int fd, SSL *ssl, const char *text)
{
	const char *body = strstr(text, "\r\n\r\n");
	size_t head = body ? (size_t)(body + 4 - text) : strlen(text);

	fake_server_delay(http_bench.answer_delay_ms);
	if (http_bench.body_delay_ms == 0)
		return fake_server_write(fd, ssl, text, strlen(text));
	if (!fake_server_write(fd, ssl, text, head))
		return false;
	fake_server_delay(http_bench.body_delay_ms);
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
		if (!http_bench.answers[i])
			break;
		if (!answer(fd, ssl, http_bench.answers[i]) || http_bench.closes)
			break;
	}
	if (ssl)
		(void)SSL_shutdown(ssl);
	SSL_free(ssl);
}

void http_bench_setup(void)
{
	stream_bench_setup();
	http_bench.server.serve = serve_answers;
}

void http_bench_teardown(void)
{
	fake_server_stop(&http_bench.server);
	stream_bench_teardown();
	SSL_CTX_free(http_bench.server.tls);
	fake_certificate_free(&http_bench.certificate);
}

void http_bench_with_tls(int last_day)
{
	http_bench.certificate = fake_certificate_make("localhost", -9, last_day, NULL);
	http_bench.server.tls = fake_certificate_server(&http_bench.certificate);
}

void http_bench_run(void)
{
	if (http_bench.server.port == 0)
		fake_server_start(&http_bench.server);
	stream_bench_run(http_bench.server.tls ? &probe_kind_https : &probe_kind_http,
			 http_bench.server.port);
}

void http_bench_run_answer(const char *text)
{
	http_bench.answers[0] = text;
	http_bench_run();
}
