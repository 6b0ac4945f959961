/* SPDX-License-Identifier: MIT */
#include "daemon/probe/http_head.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/base.h"
#include "common/parse.h"
#include "common/text.h"

void http_head_init(HttpHead *head)
{
	*head = (HttpHead){0};
}

static HttpResult malformed(HttpHead *head, const char *problem)
{
	head->problem = problem;
	return HTTP_MALFORMED;
}

static HttpResult too_large(HttpHead *head, const char *problem)
{
	head->problem = problem;
	return HTTP_TOO_LARGE;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* RFC 9110, 5.6.2 */
static bool is_token(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

/* "HTTP/1.1 200 OK"; the reason and the space before it may be absent. */
static HttpResult take_status(HttpHead *head)
{
	const char *line = head->line;

	if (strncmp(line, "HTTP/1.", 7) != 0 || (line[7] != '0' && line[7] != '1') ||
	    line[8] != ' ')
		return malformed(head, "not an HTTP/1.x status line");
	if (!is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11]) ||
	    (line[12] != '\0' && line[12] != ' '))
		return malformed(head, "no status code of three digits");
	head->minor = (uint8_t)(line[7] - '0');
	head->status = (uint16_t)((line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0'));
	if (head->status < 100 || head->status > 599)
		return malformed(head, "a status code out of range");
	head->after_status = true;
	return HTTP_MORE;
}

/* The next element of a comma-separated list, stripped, in place; NULL at its end. Commas in quoted
 * strings are none. */
static char *next_element(char **list)
{
	char *start = *list, *at = start;
	bool quoted = false;

	if (!start)
		return NULL;
	for (; *at && (quoted || *at != ','); at++) {
		if (*at == '\\' && quoted && at[1])
			at++;
		else if (*at == '"')
			quoted = !quoted;
	}
	*list = *at ? at + 1 : NULL;
	*at = '\0';
	return text_strip(start);
}

/* The same length twice, or as a list, is one; two different ones are an attack or a defect. */
static HttpResult take_length(HttpHead *head, char *value)
{
	for (char *element = next_element(&value); element; element = next_element(&value)) {
		uint64_t length;

		if (!is_digit(*element) || parse_uint64(element, 0, UINT64_MAX, &length) < 0)
			return malformed(head, "Content-Length is not a number");
		if (head->has_length && head->length != length)
			return malformed(head, "two different Content-Length");
		head->has_length = true;
		head->length = length;
	}
	return HTTP_MORE;
}

static HttpResult take_coding(HttpHead *head, char *value)
{
	for (char *element = next_element(&value); element; element = next_element(&value)) {
		if (head->chunked)
			return malformed(head, "a transfer coding after chunked");
		if (*element == '\0')
			continue;
		head->coded = true;
		head->chunked = strcasecmp(element, "chunked") == 0;
	}
	if (!head->coded)
		return malformed(head, "Transfer-Encoding is empty");
	return HTTP_MORE;
}

static HttpResult take_connection(HttpHead *head, char *value)
{
	for (char *element = next_element(&value); element; element = next_element(&value)) {
		head->close = head->close || strcasecmp(element, "close") == 0;
		head->keep_alive = head->keep_alive || strcasecmp(element, "keep-alive") == 0;
	}
	return HTTP_MORE;
}

/* RFC 7838, 3: `h3=":443"; ma=86400, h2=":443"`, or `clear`. */
static HttpResult take_alternatives(HttpHead *head, char *value)
{
	for (char *element = next_element(&value); element; element = next_element(&value))
		head->h3 = head->h3 || text_starts_with(element, "h3=");
	return HTTP_MORE;
}

static void copy_printable(char *buffer, size_t size, const char *value)
{
	if (buffer[0] != '\0')
		return;                       /* the first one counts */
	(void)text_copy(buffer, size, value); /* cut is fine */
	for (; *buffer; buffer++)
		if (*buffer < ' ' || *buffer > '~')
			*buffer = '?';
}

static HttpResult take_location(HttpHead *head, char *value)
{
	copy_printable(head->location, sizeof(head->location), value);
	return HTTP_MORE;
}

static HttpResult take_server(HttpHead *head, char *value)
{
	copy_printable(head->server, sizeof(head->server), value);
	return HTTP_MORE;
}

static const struct HttpField {
	const char *name;
	bool whole; /* the value decides where the message ends: it must not be cut */
	HttpResult (*take)(HttpHead *head, char *value);
} fields[] = {
	{"Content-Length", true, take_length}, {"Transfer-Encoding", true, take_coding},
	{"Connection", true, take_connection}, {"Alt-Svc", false, take_alternatives},
	{"Location", false, take_location},    {"Server", false, take_server},
};

static HttpResult take_field(HttpHead *head)
{
	char *name = head->line, *end = name;

	while (is_token(*end))
		end++;
	if (end == name || *end != ':') {
		/* A name longer than what we keep of a line is nothing anybody needs. */
		return head->cut && *end == '\0' ? HTTP_MORE : malformed(head, "not a field line");
	}
	*end = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (strcasecmp(name, fields[i].name) != 0)
			continue;
		if (fields[i].whole && head->cut)
			return too_large(head, "a field that frames the message is too long");
		return fields[i].take(head, text_strip(end + 1));
	}
	return HTTP_MORE;
}

static HttpResult check_framing(HttpHead *head)
{
	if (head->coded && head->has_length)
		return malformed(head, "both Content-Length and Transfer-Encoding");
	if (head->coded && head->minor == 0)
		return malformed(head, "Transfer-Encoding in HTTP/1.0");
	return HTTP_DONE;
}

static HttpResult end_of_head(HttpHead *head)
{
	HttpHead next = {.bytes = head->bytes, .lines = head->lines};

	if (head->status >= 200)
		return check_framing(head);
	if (head->status == 101)
		return malformed(head, "switched to a protocol that was not asked for");
	if (head->coded || head->has_length)
		return malformed(head, "an interim response with a body");
	*head = next;
	return HTTP_MORE;
}

static HttpResult end_of_line(HttpHead *head)
{
	HttpResult result;

	head->line[head->kept] = '\0';
	if (++head->lines > HTTP_HEAD_LINES_MAX)
		return too_large(head, "too many lines in the head");
	if (!head->after_status)
		result = take_status(head);
	else if (head->kept == 0)
		return end_of_head(head);
	else
		result = take_field(head);
	head->kept = 0;
	head->cut = false;
	return result;
}

/* A CR only stands before an LF; an LF alone ends a line too (RFC 9112, 2.2). */
static HttpResult take_byte(HttpHead *head, char c)
{
	bool after_cr = head->after_cr;

	if (++head->bytes > HTTP_HEAD_BYTES_MAX)
		return too_large(head, "the head is too long");
	head->after_cr = c == '\r';
	if (c == '\n')
		return end_of_line(head);
	if (after_cr)
		return malformed(head, "a bare CR in the head");
	if (c == '\r')
		return HTTP_MORE;
	if (((unsigned char)c < ' ' && c != '\t') || c == 0x7f)
		return malformed(head, "a control character in the head");
	if (head->kept < HTTP_HEAD_LINE_KEPT)
		head->line[head->kept++] = c;
	else
		head->cut = true;
	return HTTP_MORE;
}

HttpResult http_head_feed(HttpHead *head, const char *bytes, size_t length, size_t *ret_used)
{
	HttpResult result = HTTP_MORE;
	size_t used = 0;

	assert(!head->failed);
	while (result == HTTP_MORE && used < length)
		result = take_byte(head, bytes[used++]);
	head->failed = result == HTTP_MALFORMED || result == HTTP_TOO_LARGE;
	*ret_used = used;
	return result;
}

bool http_head_keeps_alive(const HttpHead *head)
{
	if (head->close)
		return false;
	return head->minor == 1 || head->keep_alive;
}
