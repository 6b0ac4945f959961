/* SPDX-License-Identifier: MIT */
/*
 * Heads and bodies of HTTP answers: what they mean, what is refused, and that it is all the same
 * however the bytes are cut.
 */
#include "daemon/probe/http_head.h"

#include <stdio.h>
#include <string.h>

#include "common/base.h"
#include "daemon/probe/http_body.h"
#include "tests/unit/harness.h"

#define LIMIT 1000

/* What became of a whole answer. */
typedef struct Answer {
	HttpResult result;
	bool in_body;
	HttpHead head;
	HttpBody body;
	size_t used;
} Answer;

static HttpResult feed_piece(Answer *answer, const char *bytes, size_t length)
{
	HttpResult result = HTTP_MORE;
	size_t used = 0;

	if (!answer->in_body) {
		result = http_head_feed(&answer->head, bytes, length, &used);
		answer->used += used;
		if (result != HTTP_DONE)
			return result;
		answer->in_body = true;
		result = http_body_init(&answer->body, &answer->head, LIMIT);
		bytes += used;
		length -= used;
	}
	if (result != HTTP_MORE || length == 0)
		return result;
	result = http_body_feed(&answer->body, bytes, length, &used);
	answer->used += used;
	return result;
}

/* In pieces of at most so many bytes, the first one of `first`; 0: whole. */
static void read_answer(Answer *answer, const char *bytes, size_t length, size_t first,
			size_t piece)
{
	size_t at = 0;

	memset(answer, 0, sizeof(*answer));
	http_head_init(&answer->head);
	do {
		size_t n = at == 0 && first > 0 ? first : piece;

		n = n == 0 ? length - at : MIN(n, length - at);
		/* A block of its own, so that a sanitizer sees a byte read too far. */
		char *exact = malloc(n + 1);

		memcpy(exact, bytes + at, n);
		answer->result = feed_piece(answer, exact, n);
		free(exact);
		at += n;
	} while (answer->result == HTTP_MORE && at < length);
}

static Answer answer_of(const char *text)
{
	Answer answer;

	read_answer(&answer, text, strlen(text), 0, 0);
	return answer;
}

static const char *problem_of(const Answer *answer)
{
	const char *problem = answer->in_body ? answer->body.problem : answer->head.problem;

	return problem ? problem : "";
}

START_TEST(test_a_usual_answer)
{
	Answer answer = answer_of("HTTP/1.1 200 OK\r\n"
				  "Server: nginx\r\n"
				  "content-length: \t5 \r\n"
				  "Alt-Svc: h2=\":443\", h3=\":443\"; ma=86400\r\n"
				  "Connection: keep-alive\r\n"
				  "\r\n"
				  "hello");

	ck_assert_int_eq(answer.result, HTTP_DONE);
	ck_assert_uint_eq(answer.head.status, 200);
	ck_assert_uint_eq(answer.head.minor, 1);
	ck_assert_str_eq(answer.head.server, "nginx");
	ck_assert_str_eq(answer.head.location, "");
	ck_assert(answer.head.has_length);
	ck_assert_uint_eq(answer.head.length, 5);
	ck_assert(answer.head.h3);
	ck_assert(http_head_keeps_alive(&answer.head));
	ck_assert_uint_eq(answer.body.bytes, 5);
}
END_TEST

static const struct {
	const char *text;
	HttpResult result;
	uint16_t status;
	uint64_t body_bytes;
} good[] = {
	{"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", HTTP_DONE, 200, 0},
	{"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", HTTP_DONE, 200, 0},
	{"HTTP/1.0 200 OK\nContent-Length: 1\n\nx", HTTP_DONE, 200, 1},
	{"HTTP/1.1 204 No\r\n\r\n", HTTP_DONE, 204, 0},
	{"HTTP/1.1 304 No\r\nContent-Length: 700\r\n\r\n", HTTP_DONE, 304, 0},
	{"HTTP/1.1 200 OK\r\n\r\nuntil the end", HTTP_MORE, 200, 13},
	{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\ncontent-length: 3, 3\r\n\r\nabc", HTTP_DONE, 200,
	 3},
	{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"
	 "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno",
	 HTTP_DONE, 404, 2},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	 "5\r\nhello\r\n0006;name=\"value\"\r\n world\r\n0\r\n\r\n",
	 HTTP_DONE, 200, 11},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\nA\n0123456789\n0\n"
	 "Trailer: one\nTrailer: two\n\n",
	 HTTP_DONE, 200, 10},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nuntil", HTTP_MORE, 200, 5},
	{"HTTP/1.1 200 OK\r\nX:\r\nContent-Length: 0\r\n\r\n", HTTP_DONE, 200, 0},
	{"HTTP/1.1 200 OK\r\nX: \xc3\xa9\r\nContent-Length: 0\r\n\r\n", HTTP_DONE, 200, 0},
};

START_TEST(test_good)
{
	Answer answer = answer_of(good[_i].text);

	ck_assert_msg(answer.result == good[_i].result, "%s: %s", good[_i].text,
		      problem_of(&answer));
	ck_assert_uint_eq(answer.head.status, good[_i].status);
	ck_assert_uint_eq(answer.body.bytes, good[_i].body_bytes);
	if (answer.result == HTTP_MORE)
		ck_assert(http_body_ends_by_close(&answer.body));
}
END_TEST

#define OK     "HTTP/1.1 200 OK\r\n"
#define CHUNKS OK "Transfer-Encoding: chunked\r\n\r\n"

static const struct {
	const char *text, *problem;
	HttpResult result;
} bad[] = {
	{"SSH-2.0-OpenSSH\r\n", "not an HTTP/1.x status line", HTTP_MALFORMED},
	{"\r\nHTTP/1.1 200 OK\r\n", "not an HTTP/1.x status line", HTTP_MALFORMED},
	{"HTTP/2 200 OK\r\n", "not an HTTP/1.x status line", HTTP_MALFORMED},
	{"HTTP/1.2 200 OK\r\n", "not an HTTP/1.x status line", HTTP_MALFORMED},
	{"HTTP/1.1  200 OK\r\n", "no status code of three digits", HTTP_MALFORMED},
	{"HTTP/1.1 20 OK\r\n", "no status code of three digits", HTTP_MALFORMED},
	{"HTTP/1.1 2000\r\n", "no status code of three digits", HTTP_MALFORMED},
	{"HTTP/1.1 099 OK\r\n", "a status code out of range", HTTP_MALFORMED},
	{"HTTP/1.1 600 OK\r\n", "a status code out of range", HTTP_MALFORMED},
	{"HTTP/1.1 101 Switching\r\n\r\n", "switched to a protocol that was not asked for",
	 HTTP_MALFORMED},
	{"HTTP/1.1 100 Go\r\nContent-Length: 4\r\n\r\n", "an interim response with a body",
	 HTTP_MALFORMED},
	{OK "no colon\r\n", "not a field line", HTTP_MALFORMED},
	{OK ": no name\r\n", "not a field line", HTTP_MALFORMED},
	{OK "Space : before the colon\r\n", "not a field line", HTTP_MALFORMED},
	{OK "X: a\r\n folded\r\n", "not a field line", HTTP_MALFORMED},
	{OK "X: a\rb\r\n", "a bare CR in the head", HTTP_MALFORMED},
	{OK "X: a\x01\r\n", "a control character in the head", HTTP_MALFORMED},
	{OK "Location: /\x1b[2J\r\n", "a control character in the head", HTTP_MALFORMED},
	{OK "X: a\x7f\r\n", "a control character in the head", HTTP_MALFORMED},
	{OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", "two different Content-Length",
	 HTTP_MALFORMED},
	{OK "Content-Length: 5, 6\r\n\r\n", "two different Content-Length", HTTP_MALFORMED},
	{OK "Content-Length: +5\r\n\r\n", "Content-Length is not a number", HTTP_MALFORMED},
	{OK "Content-Length: -1\r\n\r\n", "Content-Length is not a number", HTTP_MALFORMED},
	{OK "Content-Length:\r\n\r\n", "Content-Length is not a number", HTTP_MALFORMED},
	{OK "Content-Length: 0x5\r\n\r\n", "Content-Length is not a number", HTTP_MALFORMED},
	{OK "Content-Length: 18446744073709551616\r\n\r\n", "Content-Length is not a number",
	 HTTP_MALFORMED},
	{OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
	 "both Content-Length and Transfer-Encoding", HTTP_MALFORMED},
	{OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
	 "both Content-Length and Transfer-Encoding", HTTP_MALFORMED},
	{OK "Transfer-Encoding: chunked, gzip\r\n\r\n", "a transfer coding after chunked",
	 HTTP_MALFORMED},
	{OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
	 "a transfer coding after chunked", HTTP_MALFORMED},
	{OK "Transfer-Encoding: ,\r\n\r\n", "Transfer-Encoding is empty", HTTP_MALFORMED},
	{"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "Transfer-Encoding in HTTP/1.0",
	 HTTP_MALFORMED},
	{OK "Content-Length: 1001\r\n\r\n", "the body is announced as too long", HTTP_TOO_LARGE},
	{CHUNKS "\r\n", "a chunk without a size", HTTP_MALFORMED},
	{CHUNKS ";x\r\n", "a chunk without a size", HTTP_MALFORMED},
	{CHUNKS "5g\r\n", "a chunk size that is not hexadecimal", HTTP_MALFORMED},
	{CHUNKS "-5\r\n", "a chunk without a size", HTTP_MALFORMED},
	{CHUNKS "10000000000000000\r\n", "a chunk size out of range", HTTP_MALFORMED},
	{CHUNKS "5\rx", "a bare CR after a chunk size", HTTP_MALFORMED},
	{CHUNKS "5;\x01", "a control character in a chunk extension", HTTP_MALFORMED},
	{CHUNKS "2\r\nabc\r\n", "a chunk longer than its size", HTTP_MALFORMED},
	{CHUNKS "2\r\nab\rc\r\n", "a chunk longer than its size", HTTP_MALFORMED},
	{CHUNKS "0\r\nX: \x02\r\n", "a control character in the trailers", HTTP_MALFORMED},
	{CHUNKS "0\r\nX: a\rb\r\n", "a bare CR in the trailers", HTTP_MALFORMED},
	{CHUNKS "3e9\r\n", "the body is too long", HTTP_TOO_LARGE},
	{CHUNKS "3e8\n", "", HTTP_MORE},
	{CHUNKS "ffffffffffffffff\r\n", "the body is too long", HTTP_TOO_LARGE},
};

START_TEST(test_bad)
{
	Answer answer = answer_of(bad[_i].text);

	ck_assert_str_eq(problem_of(&answer), bad[_i].problem);
	ck_assert_int_eq(answer.result, bad[_i].result);
}
END_TEST

/* --- the same, however it is cut --- */

static void check_same(const Answer *a, const Answer *b)
{
	ck_assert_int_eq(a->result, b->result);
	ck_assert_str_eq(problem_of(a), problem_of(b));
	ck_assert_uint_eq(a->used, b->used);
	ck_assert_int_eq(a->in_body, b->in_body);
	if (!a->in_body)
		return;
	ck_assert_uint_eq(a->head.status, b->head.status);
	ck_assert_str_eq(a->head.location, b->head.location);
	ck_assert_int_eq(a->head.h3, b->head.h3);
	ck_assert_int_eq(a->body.framing, b->body.framing);
	ck_assert_uint_eq(a->body.bytes, b->body.bytes);
}

/* Every place of a first cut, with every size of the pieces after it. */
static void check_cuts(const char *text)
{
	size_t length = strlen(text);
	Answer whole, cut;

	read_answer(&whole, text, length, 0, 0);
	for (size_t first = 1; first <= length; first++) {
		for (size_t piece = 1; piece <= 9; piece++) {
			read_answer(&cut, text, length, first, piece);
			check_same(&whole, &cut);
		}
		read_answer(&cut, text, length, first, 0);
		check_same(&whole, &cut);
	}
}

START_TEST(test_cuts_of_good)
{
	check_cuts(good[_i].text);
}
END_TEST

START_TEST(test_cuts_of_bad)
{
	check_cuts(bad[_i].text);
}
END_TEST

START_TEST(test_cuts_with_all_fields)
{
	check_cuts("HTTP/1.1 302 Found\r\nLocation: https://example.test/a\r\nServer: x/1\r\n"
		   "Alt-Svc: h3=\":443\"\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
		   "4;e\r\nabcd\r\n10\r\n0123456789abcdef\r\n0\r\nT: 1\r\n\r\nsurplus");
}
END_TEST

/* --- limits --- */

/* A head with a field of so many bytes in all, and so many lines. */
static HttpResult flood(unsigned lines, size_t line_length, const char **ret_problem)
{
	static char text[300000];
	size_t n = (size_t)snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\n");
	Answer answer;

	for (unsigned i = 0; i < lines; i++) {
		text[n++] = 'x';
		text[n++] = ':';
		memset(text + n, 'y', line_length);
		n += line_length;
		text[n++] = '\n';
	}
	n += (size_t)snprintf(text + n, sizeof(text) - n, "Content-Length: 0\r\n\r\n");
	read_answer(&answer, text, n, 0, 1000);
	*ret_problem = answer.head.problem;
	return answer.result;
}

START_TEST(test_floods)
{
	const char *problem;

	/* With the status, the length and the empty line: 100. */
	ck_assert_int_eq(flood(97, 1, &problem), HTTP_DONE);
	ck_assert_int_eq(flood(98, 1, &problem), HTTP_TOO_LARGE);
	ck_assert_str_eq(problem, "too many lines in the head");
	ck_assert_int_eq(flood(1, 32000, &problem), HTTP_DONE);
	ck_assert_int_eq(flood(1, 33000, &problem), HTTP_TOO_LARGE);
	ck_assert_str_eq(problem, "the head is too long");
	ck_assert_int_eq(flood(33, 1000, &problem), HTTP_TOO_LARGE);
	ck_assert_str_eq(problem, "the head is too long");
}
END_TEST

START_TEST(test_interim_floods_count_together)
{
	char text[40 * 64] = "";
	Answer answer;

	for (unsigned i = 0; i < 40; i++)
		memcpy(text + strlen(text), "HTTP/1.1 100 x\r\nA: b\r\n\r\n", 25);
	read_answer(&answer, text, strlen(text), 0, 7);
	ck_assert_int_eq(answer.result, HTTP_TOO_LARGE);
	ck_assert_str_eq(answer.head.problem, "too many lines in the head");
}
END_TEST

START_TEST(test_floods_of_trailers_and_extensions)
{
	char text[4096] = CHUNKS "0\r\n";
	Answer answer;

	for (unsigned i = 0; i < 100; i++)
		memcpy(text + strlen(text), "A: b\r\n", 7);
	answer = answer_of(text);
	ck_assert_int_eq(answer.result, HTTP_TOO_LARGE);
	ck_assert_str_eq(problem_of(&answer), "too many trailers");

	(void)snprintf(text, sizeof(text), CHUNKS "1;%0300d", 0);
	answer = answer_of(text);
	ck_assert_int_eq(answer.result, HTTP_TOO_LARGE);
	ck_assert_str_eq(problem_of(&answer), "a chunk size line is too long");
}
END_TEST

START_TEST(test_body_limit_until_close)
{
	char text[LIMIT + 100];
	Answer answer;
	int n = snprintf(text, sizeof(text), OK "\r\n%0*d", LIMIT, 0);

	read_answer(&answer, text, (size_t)n, 0, 100);
	ck_assert_int_eq(answer.result, HTTP_MORE);
	ck_assert_uint_eq(answer.body.bytes, LIMIT);
	text[n++] = 'x';
	read_answer(&answer, text, (size_t)n, 0, 100);
	ck_assert_int_eq(answer.result, HTTP_TOO_LARGE);
	ck_assert_uint_eq(answer.body.bytes, LIMIT);
}
END_TEST

/* The chunks together, not each by itself. */
START_TEST(test_body_limit_of_chunks)
{
	char text[4096] = CHUNKS;
	Answer answer;

	for (unsigned i = 0; i < 63; i++)
		memcpy(text + strlen(text), "10\r\n0123456789abcdef\r\n", 23);
	answer = answer_of(text);
	ck_assert_int_eq(answer.result, HTTP_TOO_LARGE);
	ck_assert_uint_eq(answer.body.bytes, 62 * 16);
}
END_TEST

/* --- single fields --- */

START_TEST(test_long_values_are_cut)
{
	char text[8192];
	Answer answer;

	(void)snprintf(text, sizeof(text), OK "Location: /%04000d\r\nServer: %0100d\r\n\r\n", 0, 1);
	answer = answer_of(text);
	ck_assert_uint_eq(answer.head.status, 200);
	ck_assert_uint_eq(strlen(answer.head.location), sizeof(answer.head.location) - 1);
	ck_assert_uint_eq(strlen(answer.head.server), sizeof(answer.head.server) - 1);
	/* What frames the message is not cut. */
	(void)snprintf(text, sizeof(text), OK "Content-Length: %02000d\r\n\r\n", 0);
	answer = answer_of(text);
	ck_assert_int_eq(answer.result, HTTP_TOO_LARGE);
	(void)snprintf(text, sizeof(text), OK "%02000d\r\n\r\n", 0);
	ck_assert_int_eq(answer_of(text).result, HTTP_MORE);
}
END_TEST

START_TEST(test_copies_are_printable_ascii)
{
	Answer answer = answer_of(OK "Server: caf\xc3\xa9\tbar\r\nServer: other\r\n\r\n");

	ck_assert_str_eq(answer.head.server, "caf???bar");
}
END_TEST

static bool offers_h3(const char *value)
{
	char text[256];

	(void)snprintf(text, sizeof(text), OK "Alt-Svc: %s\r\n\r\n", value);
	return answer_of(text).head.h3;
}

START_TEST(test_alternatives)
{
	ck_assert(offers_h3("h3=\":443\""));
	ck_assert(offers_h3("h2=\":443\"; ma=60, h3=\":443\"; persist=1"));
	ck_assert(!offers_h3("clear"));
	ck_assert(!offers_h3("h3-29=\":443\""));
	ck_assert(!offers_h3("h2=\"h3=, h3=\""));
	ck_assert(!offers_h3("h2=\"\\\", h3=\""));
	ck_assert(!offers_h3(""));
}
END_TEST

static bool keeps_alive(const char *version, const char *fields)
{
	char text[256];
	Answer answer;

	(void)snprintf(text, sizeof(text), "HTTP/1.%s 200 OK\r\n%s\r\n", version, fields);
	answer = answer_of(text);
	return http_head_keeps_alive(&answer.head);
}

START_TEST(test_keeping_alive)
{
	ck_assert(keeps_alive("1", ""));
	ck_assert(!keeps_alive("0", ""));
	ck_assert(keeps_alive("0", "Connection: Keep-Alive\r\n"));
	ck_assert(!keeps_alive("1", "Connection: CLOSE\r\n"));
	ck_assert(!keeps_alive("1", "Connection: upgrade, close\r\n"));
	ck_assert(!keeps_alive("1", "Connection: keep-alive\r\nConnection: close\r\n"));
}
END_TEST

#define LOOP(suite, test, rows)                                                                    \
	do {                                                                                       \
		TCase *case_ = tcase_create(#test);                                                \
		tcase_add_loop_test(case_, test, 0, ARRAY_SIZE(rows));                             \
		suite_add_tcase(suite, case_);                                                     \
	} while (0)

HARNESS_MAIN("http_head", HARNESS_CASE(suite, "usual", test_a_usual_answer);
	     LOOP(suite, test_good, good); LOOP(suite, test_bad, bad);
	     LOOP(suite, test_cuts_of_good, good); LOOP(suite, test_cuts_of_bad, bad);
	     HARNESS_CASE(suite, "cuts", test_cuts_with_all_fields);
	     HARNESS_CASE(suite, "limits", test_floods, test_interim_floods_count_together,
			  test_floods_of_trailers_and_extensions, test_body_limit_until_close,
			  test_body_limit_of_chunks);
	     HARNESS_CASE(suite, "fields", test_long_values_are_cut,
			  test_copies_are_printable_ascii, test_alternatives, test_keeping_alive);)
