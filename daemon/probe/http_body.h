/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The body of an HTTP/1.x response: finds its end (RFC 9112, 6.3) and counts its bytes, which are
 * thrown away. Pure; the same bytes give the same result however they are cut.
 */
#include "daemon/probe/http_head.h"

typedef enum HttpFraming {
	HTTP_FRAMING_NONE,    /* there is no body */
	HTTP_FRAMING_LENGTH,  /* Content-Length */
	HTTP_FRAMING_CHUNKED, /* with trailers, which are skipped */
	HTTP_FRAMING_CLOSE,   /* until the connection ends */
} HttpFraming;

typedef enum HttpChunkPart {
	HTTP_CHUNK_SIZE,
	HTTP_CHUNK_EXTENSION,
	HTTP_CHUNK_SIZE_LF,
	HTTP_CHUNK_DATA,
	HTTP_CHUNK_DATA_CR,
	HTTP_CHUNK_DATA_LF,
	HTTP_CHUNK_TRAILER,
} HttpChunkPart;

typedef struct HttpBody {
	HttpFraming framing;
	uint64_t bytes; /* of the body so far, without the frames of chunks */
	uint64_t limit;
	const char *problem; /* after HTTP_MALFORMED or HTTP_TOO_LARGE; static */

	uint64_t left; /* of the body, or of the chunk */
	HttpChunkPart part;
	uint32_t line_bytes;           /* of the size line under way */
	uint32_t trailer_bytes, lines; /* with those of the head */
	uint32_t trailer_line;         /* bytes of the trailer line under way */
	bool digits, after_cr;
} HttpBody;

/* Of the response to a GET. HTTP_DONE: there is no body; HTTP_TOO_LARGE: it announces more than
 * the limit. */
HttpResult http_body_init(HttpBody *body, const HttpHead *head, uint64_t limit_bytes);
/* Takes bytes up to the end of the body; ret_used says how many. */
HttpResult http_body_feed(HttpBody *body, const char *bytes, size_t length, size_t *ret_used);
/* The connection ended: true if the body is complete by that. */
bool http_body_ends_by_close(const HttpBody *body);
