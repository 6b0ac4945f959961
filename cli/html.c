/* SPDX-License-Identifier: MIT */
#include "cli/html.h"

#include <string.h>

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* Bytes of the character that begins here, 0 if none does. */
static size_t character_length(const char *at)
{
	unsigned char first = (unsigned char)*at;
	size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	if ((first < 0x20 && first != '\n') || first == 0x7f)
		return 0;
	if (first == 0xc2 && (unsigned char)at[1] >= 0x80 && (unsigned char)at[1] <= 0x9f)
		return 0; /* C1 */
	return strnlen(at, length) == length && text_is_utf8(at, length) ? length : 0;
}

void html_append(Text *page, const char *string)
{
	for (const char *at = string ? string : "-"; *at;) {
		const char *escaped = entity(*at);
		size_t length = character_length(at);

		if (escaped)
			text_append(page, escaped);
		else
			text_append_bytes(page, length ? at : "?", length ? length : 1);
		at += length ? length : 1;
	}
}

void html_element(Text *page, const char *tag, const char *class, const char *string)
{
	if (class)
		text_appendf(page, "<%s class=\"%s\">", tag, class);
	else
		text_appendf(page, "<%s>", tag);
	html_append(page, string);
	text_appendf(page, "</%s>", tag);
}
