/* SPDX-License-Identifier: MIT */
#include "cli/fold.h"

#include <string.h>

#define INDENT 12 /* of the words: two blanks, the label, and a gap */

void fold_append_at(const Settings *settings, size_t indent, const char *label, const char *line,
		    Text *text)
{
	_cleanup_(text_clear) Text folded = {.data = NULL};
	size_t column = indent;

	text_appendf(&folded, "  %-*s", (int)indent - 2, label);
	while (*line) {
		size_t length = strcspn(line, " ");

		if (column > indent && column + 1 + length > settings->width) {
			text_appendf(&folded, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			text_append(&folded, " ");
			column++;
		}
		text_append_bytes(&folded, line, length);
		column += length;
		line += length;
		line += strspn(line, " ");
	}
	text_append(&folded, "\n");
	text->failed = text->failed || folded.failed;
	output_append(settings, text, STYLE_PLAIN, text_string(&folded));
}

void fold_append(const Settings *settings, const char *label, const char *line, Text *text)
{
	fold_append_at(settings, INDENT, label, line, text);
}
