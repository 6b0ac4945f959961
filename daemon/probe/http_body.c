/* SPDX-License-Identifier: MIT */
#include "daemon/probe/http_body.h"

#include "common/base.h"
#include "common/parse.h"

/* Extensions are seen in no wild server; this is room for one, and a bound for what is none. */
#define SIZE_LINE_MAX 256

static HttpResult malformed(HttpBody *body, const char *problem)
{
	body->problem = problem;
	return HTTP_MALFORMED;
}

static HttpResult too_large(HttpBody *body, const char *problem)
{
	body->problem = problem;
	return HTTP_TOO_LARGE;
}

HttpResult http_body_init(HttpBody *body, const HttpHead *head, uint64_t limit_bytes)
{
	*body = (HttpBody){
		.limit = limit_bytes,
		.trailer_bytes = head->bytes,
		.lines = head->lines,
	};
	if (head->status == 204 || head->status == 304)
		return HTTP_DONE;
	if (head->chunked) {
		body->framing = HTTP_FRAMING_CHUNKED;
		return HTTP_MORE;
	}
	if (!head->has_length) {
		body->framing = HTTP_FRAMING_CLOSE;
		return HTTP_MORE;
	}
	body->framing = HTTP_FRAMING_LENGTH;
	body->left = head->length;
	if (body->left > limit_bytes)
		return too_large(body, "the body is announced as too long");
	return body->left == 0 ? HTTP_DONE : HTTP_MORE;
}

bool http_body_ends_by_close(const HttpBody *body)
{
	return body->framing == HTTP_FRAMING_CLOSE;
}

/* Data up to `left`; returns how much of it there is. */
static size_t count(HttpBody *body, size_t length)
{
	size_t n = (size_t)MIN((uint64_t)length, body->left);

	body->left -= n;
	body->bytes += n;
	return n;
}

static HttpResult end_of_size(HttpBody *body)
{
	if (!body->digits)
		return malformed(body, "a chunk without a size");
	if (body->left > body->limit - body->bytes)
		return too_large(body, "the body is too long");
	body->part = body->left > 0 ? HTTP_CHUNK_DATA : HTTP_CHUNK_TRAILER;
	body->line_bytes = 0;
	body->digits = false;
	return HTTP_MORE;
}

static HttpResult take_size(HttpBody *body, char c)
{
	int digit = parse_hex_digit(c);

	if (digit >= 0) {
		if (body->left >> 60)
			return malformed(body, "a chunk size out of range");
		body->left = body->left << 4 | (unsigned)digit;
		body->digits = true;
		return HTTP_MORE;
	}
	if (c == '\n')
		return end_of_size(body);
	if (!body->digits)
		return malformed(body, "a chunk without a size");
	if (c == '\r')
		body->part = HTTP_CHUNK_SIZE_LF;
	else if (c == ';' || c == ' ' || c == '\t')
		body->part = HTTP_CHUNK_EXTENSION;
	else
		return malformed(body, "a chunk size that is not hexadecimal");
	return HTTP_MORE;
}

static HttpResult take_extension(HttpBody *body, char c)
{
	if (c == '\n')
		return end_of_size(body);
	if (c == '\r')
		body->part = HTTP_CHUNK_SIZE_LF;
	else if ((unsigned char)c < ' ' && c != '\t')
		return malformed(body, "a control character in a chunk extension");
	return HTTP_MORE;
}

/* Trailers count with the head: the limits are of both together. */
static HttpResult take_trailer(HttpBody *body, char c)
{
	bool after_cr = body->after_cr;

	if (++body->trailer_bytes > HTTP_HEAD_BYTES_MAX)
		return too_large(body, "the trailers are too long");
	body->after_cr = c == '\r';
	if (c == '\n') {
		if (body->trailer_line == 0)
			return HTTP_DONE;
		body->trailer_line = 0;
		if (++body->lines > HTTP_HEAD_LINES_MAX)
			return too_large(body, "too many trailers");
		return HTTP_MORE;
	}
	if (after_cr)
		return malformed(body, "a bare CR in the trailers");
	if (c == '\r')
		return HTTP_MORE;
	if (((unsigned char)c < ' ' && c != '\t') || c == 0x7f)
		return malformed(body, "a control character in the trailers");
	body->trailer_line++;
	return HTTP_MORE;
}

/* One byte of what is not data. */
static HttpResult take_frame(HttpBody *body, char c)
{
	switch (body->part) {
	case HTTP_CHUNK_SIZE:
	case HTTP_CHUNK_EXTENSION:
		if (++body->line_bytes > SIZE_LINE_MAX)
			return too_large(body, "a chunk size line is too long");
		return body->part == HTTP_CHUNK_SIZE ? take_size(body, c) : take_extension(body, c);
	case HTTP_CHUNK_SIZE_LF:
		return c == '\n' ? end_of_size(body)
				 : malformed(body, "a bare CR after a chunk size");
	case HTTP_CHUNK_DATA_CR:
		if (c == '\r') {
			body->part = HTTP_CHUNK_DATA_LF;
			return HTTP_MORE;
		}
		/* fall through */
	case HTTP_CHUNK_DATA_LF:
		body->part = HTTP_CHUNK_SIZE;
		return c == '\n' ? HTTP_MORE : malformed(body, "a chunk longer than its size");
	default:
		return take_trailer(body, c);
	}
}

static HttpResult feed_chunked(HttpBody *body, const char *bytes, size_t length, size_t *ret_used)
{
	HttpResult result = HTTP_MORE;
	size_t used = 0;

	while (result == HTTP_MORE && used < length) {
		if (body->part != HTTP_CHUNK_DATA) {
			result = take_frame(body, bytes[used++]);
			continue;
		}
		used += count(body, length - used);
		if (body->left == 0)
			body->part = HTTP_CHUNK_DATA_CR;
	}
	*ret_used = used;
	return result;
}

HttpResult http_body_feed(HttpBody *body, const char *bytes, size_t length, size_t *ret_used)
{
	switch (body->framing) {
	case HTTP_FRAMING_CHUNKED:
		return feed_chunked(body, bytes, length, ret_used);
	case HTTP_FRAMING_LENGTH:
		*ret_used = count(body, length);
		return body->left == 0 ? HTTP_DONE : HTTP_MORE;
	case HTTP_FRAMING_CLOSE:
		*ret_used = (size_t)MIN((uint64_t)length, body->limit - body->bytes);
		body->bytes += *ret_used;
		if (*ret_used < length)
			return too_large(body, "the body is too long");
		return HTTP_MORE;
	default:
		*ret_used = 0;
		return HTTP_DONE;
	}
}
