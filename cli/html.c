/* SPDX-License-Identifier: MIT */
#include "cli/html.h"

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

/* Bytes of the character that begins here, 0 if none does, or one that is not to be shown. */
static size_t character_length(const char *at)
{
	uint32_t point;
	size_t length = text_utf8_next(at, &point);

	return length > 0 && ((point < 0x20 && point != '\n') || (point >= 0x7f && point <= 0x9f))
		       ? 0
		       : length;
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
