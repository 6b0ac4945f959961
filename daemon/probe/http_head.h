/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The head of an HTTP/1.x response (RFC 9112): status line and fields, read byte by byte from
 * whatever pieces the network brings. Pure; the same bytes give the same result however they are
 * cut. Interim responses (1xx) are skipped.
 *
 * It is strict where two readers of one stream could disagree on where a message ends (lengths that
 * differ, a length beside a transfer coding, folded lines, a bare CR): such an answer is malformed.
 * Memory is this struct, whatever comes: of a long line only the beginning is kept.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of all heads of one answer, interim ones and trailers included. nginx allows 32 KiB of a proxied
 * head by default, curl 300 KiB, Apache 100 lines of a request. */
#define HTTP_HEAD_BYTES_MAX (32 * 1024)
#define HTTP_HEAD_LINES_MAX 100
#define HTTP_HEAD_LINE_KEPT 1024 /* the rest of a line is checked and thrown away */

typedef enum HttpResult {
	HTTP_MORE, /* all bytes were used, more are needed */
	HTTP_DONE,
	HTTP_MALFORMED,
	HTTP_TOO_LARGE,
} HttpResult;

typedef struct HttpHead {
	/* Valid once HTTP_DONE */
	uint16_t status;
	uint8_t minor;   /* of the version: 0 or 1 */
	bool has_length; /* Content-Length */
	uint64_t length;
	bool chunked; /* the last transfer coding is chunked */
	bool coded;   /* there is a transfer coding */
	bool close;   /* Connection: close */
	bool keep_alive;
	bool h3;            /* Alt-Svc offers h3 (RFC 9114, 3.1.1) */
	char location[128]; /* cut to fit; what is not printable ASCII as '?' */
	char server[40];
	/* Valid once HTTP_MALFORMED or HTTP_TOO_LARGE: what is wrong; static. */
	const char *problem;

	uint32_t bytes, lines; /* so far */
	bool after_status, after_cr, cut, failed;
	uint16_t kept;
	char line[HTTP_HEAD_LINE_KEPT + 1];
} HttpHead;

void http_head_init(HttpHead *head);
/* Takes bytes up to the end of the head; ret_used says how many (all, unless HTTP_DONE). Not to be
 * called again after anything but HTTP_MORE. */
HttpResult http_head_feed(HttpHead *head, const char *bytes, size_t length, size_t *ret_used);
/* Whether the connection may carry another request once the body was read. */
bool http_head_keeps_alive(const HttpHead *head);
