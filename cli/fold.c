/* SPDX-License-Identifier: MIT */
#include "cli/fold.h"

#include <string.h>

#include "cli/width.h"

#define INDENT   12 /* of the words: two blanks, the label, and a gap */
#define HANG     2  /* how much further in a line goes on */
#define ELLIPSIS "..."

void fold_append_at(const Settings *settings, size_t indent, const char *label, const char *line,
		    Text *text)
{
	_cleanup_(text_clear) Text folded = {.data = NULL};
	size_t column = indent;

	text_appendf(&folded, "  %-*s", (int)indent - 2, label);
	while (*line) {
		size_t length = strcspn(line, " "), columns = width_of(line, length);

		if (column > indent && column + 1 + columns > settings->width) {
			text_appendf(&folded, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			text_append(&folded, " ");
			column++;
		}
		text_append_bytes(&folded, line, length);
		column += columns;
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

static void new_line(size_t indent, size_t *column, Text *text)
{
	text_appendf(text, "\n%*s", (int)indent, "");
	*column = indent;
}

/* A word that does not fit on any line is broken wherever the line ends. */
static void append_word(const char *word, size_t length, size_t width, size_t indent,
			size_t *column, Text *text)
{
	while (length > 0 && *column + width_of(word, length) > width) {
		size_t room = width - MIN(*column, width);
		size_t fits = MIN(width_prefix(word, room), length);

		if (fits == 0 && *column <= indent)
			break; /* a wide character on a terminal of one column */
		text_append_bytes(text, word, fits);
		word += fits;
		length -= fits;
		new_line(indent, column, text);
	}
	text_append_bytes(text, word, length);
	*column += width_of(word, length);
}

static void fold_line(const char *line, size_t length, size_t width, Text *text)
{
	size_t lead = MIN(strspn(line, " "), length), at = lead, column = MIN(lead, width / 2);
	size_t indent = MIN(lead + HANG, width / 2), gap = 0;

	text_appendf(text, "%*s", (int)column, "");
	while (at < length) {
		size_t word = MIN(strcspn(line + at, " "), length - at);
		size_t columns = width_of(line + at, word);

		if (at > lead && column + gap + columns > width) {
			new_line(indent, &column, text);
		} else {
			text_appendf(text, "%*s", (int)gap, "");
			column += gap;
		}
		append_word(line + at, word, width, indent, &column, text);
		at += word;
		gap = MIN(strspn(line + at, " "), length - at);
		at += gap;
	}
}

typedef void (*LineWriter)(const char *line, size_t length, size_t width, Text *text);

/* Each line that is too wide by that writer, the others as they are. */
static void each_line(const char *string, size_t width, LineWriter write, Text *text)
{
	while (*string) {
		size_t length = strcspn(string, "\n");

		if (width_of(string, length) <= width)
			text_append_bytes(text, string, length);
		else
			write(string, length, width, text);
		string += length;
		if (*string == '\n') {
			text_append(text, "\n");
			string++;
		}
	}
}

void fold_lines(const char *string, size_t width, Text *text)
{
	each_line(string, width, fold_line, text);
}

/* The colours of what is cut off remain, so that the last one ends. */
static void clip_line(const char *line, size_t length, size_t width, Text *text)
{
	size_t kept = width_prefix(line, width - MIN(strlen(ELLIPSIS), width));

	text_append_bytes(text, line, MIN(kept, length));
	text_append(text, ELLIPSIS);
	for (size_t i = kept; i < length;) {
		size_t columns, step = width_step(line + i, &columns);

		if (line[i] == '\033')
			text_append_bytes(text, line + i, step);
		i += step;
	}
}

void fold_clip(const char *string, size_t width, Text *text)
{
	each_line(string, width, clip_line, text);
}
