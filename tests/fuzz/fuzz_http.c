/* SPDX-License-Identifier: MIT */
/*
 * Heads and bodies of HTTP answers. The first byte says how the rest is cut. However it is cut, the
 * result must be the same; what is kept must be printable; the body never counts over its limit.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "daemon/probe/http_body.h"

#define LIMIT 4096

typedef struct Answer {
	HttpResult result;
	bool in_body;
	HttpHead head;
	HttpBody body;
	size_t used;
} Answer;

static HttpResult feed(Answer *answer, const char *bytes, size_t length)
{
	HttpResult result;
	size_t used = 0;

	if (!answer->in_body) {
		result = http_head_feed(&answer->head, bytes, length, &used);
		FUZZ_CHECK(used <= length);
		FUZZ_CHECK(result == HTTP_DONE || used == length || answer->head.problem);
		answer->used += used;
		if (result != HTTP_DONE)
			return result;
		answer->in_body = true;
		result = http_body_init(&answer->body, &answer->head, LIMIT);
		if (result != HTTP_MORE || used == length)
			return result;
		bytes += used;
		length -= used;
	}
	result = http_body_feed(&answer->body, bytes, length, &used);
	FUZZ_CHECK(used <= length);
	FUZZ_CHECK(result != HTTP_MORE || used == length);
	answer->used += used;
	return result;
}

static void check_text(const char *text, size_t size)
{
	FUZZ_CHECK(memchr(text, '\0', size) != NULL);
	for (; *text; text++)
		FUZZ_CHECK(*text >= ' ' && *text <= '~');
}

static void check(const Answer *answer)
{
	bool refused = answer->result == HTTP_MALFORMED || answer->result == HTTP_TOO_LARGE;
	const char *problem = answer->in_body ? answer->body.problem : answer->head.problem;

	FUZZ_CHECK(refused == (problem != NULL));
	check_text(answer->head.location, sizeof(answer->head.location));
	check_text(answer->head.server, sizeof(answer->head.server));
	if (!answer->in_body)
		return;
	FUZZ_CHECK(answer->head.status >= 200 && answer->head.status <= 599);
	FUZZ_CHECK(answer->body.bytes <= LIMIT);
	FUZZ_CHECK(!(answer->head.has_length && answer->head.coded));
	if (answer->result == HTTP_DONE && answer->body.framing == HTTP_FRAMING_LENGTH)
		FUZZ_CHECK(answer->body.bytes == answer->head.length);
}

static void run(Answer *answer, const char *bytes, size_t size, size_t piece)
{
	memset(answer, 0, sizeof(*answer));
	http_head_init(&answer->head);
	for (size_t at = 0; at < size && answer->result == HTTP_MORE; at += piece)
		answer->result = feed(answer, bytes + at, size - at < piece ? size - at : piece);
	check(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static Answer whole, pieces;

	if (size < 2)
		return 0;
	run(&whole, (const char *)data + 1, size - 1, size);
	run(&pieces, (const char *)data + 1, size - 1, (size_t)data[0] % 32 + 1);
	FUZZ_CHECK(whole.result == pieces.result && whole.in_body == pieces.in_body);
	FUZZ_CHECK(whole.used == pieces.used);
	FUZZ_CHECK(whole.head.problem == pieces.head.problem);
	FUZZ_CHECK(whole.head.bytes == pieces.head.bytes && whole.head.lines == pieces.head.lines);
	if (whole.in_body) {
		FUZZ_CHECK(whole.head.status == pieces.head.status);
		FUZZ_CHECK(whole.head.h3 == pieces.head.h3);
		FUZZ_CHECK(whole.body.bytes == pieces.body.bytes);
		FUZZ_CHECK(whole.body.problem == pieces.body.problem);
	}
	return 0;
}
