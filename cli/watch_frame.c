/* SPDX-License-Identifier: MIT */
#include "cli/watch_frame.h"

#include <errno.h>
#include <string.h>
#include <wchar.h>

#define ELLIPSIS 3 /* dots */

void watch_frame_clear(WatchFrame *frame)
{
	free(frame->cells);
	frame->cells = NULL;
	frame->rows = frame->columns = 0;
}

int watch_frame_reset(WatchFrame *frame, size_t rows, size_t columns)
{
	size_t n;

	rows = MIN(rows, (size_t)WATCH_FRAME_MAX);
	columns = MIN(columns, (size_t)WATCH_FRAME_MAX);
	n = rows * columns;
	if (rows != frame->rows || columns != frame->columns) {
		WatchCell *cells = reallocarray(frame->cells, n ? n : 1, sizeof(*cells));

		if (!cells)
			return -ENOMEM;
		frame->cells = cells;
		frame->rows = rows;
		frame->columns = columns;
	}
	for (size_t i = 0; i < n; i++)
		frame->cells[i] = (WatchCell){.character = ' ', .style = STYLE_PLAIN};
	frame->reverse = false;
	return 0;
}

/* What is shown for the character at `text`, how wide, and the number of its bytes. */
static size_t glyph(const WatchFrame *frame, const char *text, uint32_t *ret_character,
		    size_t *ret_width)
{
	uint32_t character = '?'; /* what is no UTF-8 */
	size_t length = MAX(text_utf8_next(text, &character), (size_t)1);
	int width = 1;

	if (character < ' ' || character == 0x7f || (character > 0x7f && !frame->utf8))
		character = '?';
	if (character > 0x7f)
		width = wcwidth((wchar_t)character);
	if (width != 1 && width != 2) {
		character = '?';
		width = 1;
	}
	*ret_character = character;
	*ret_width = (size_t)width;
	return length;
}

size_t watch_frame_width(const WatchFrame *frame, const char *text)
{
	size_t total = 0;

	while (*text) {
		uint32_t character;
		size_t width;

		text += glyph(frame, text, &character, &width);
		total += width;
	}
	return total;
}

static void set(WatchFrame *frame, size_t row, size_t column, OutputStyle style, uint32_t character)
{
	if (column < frame->columns)
		frame->cells[row * frame->columns + column] = (WatchCell){
			.character = character, .style = (uint8_t)style, .reverse = frame->reverse};
}

/* As much as goes into `room` columns; returns the columns it took. */
static size_t put_text(WatchFrame *frame, size_t row, size_t column, size_t room, OutputStyle style,
		       const char *text)
{
	size_t used = 0;

	while (*text) {
		uint32_t character;
		size_t width, length = glyph(frame, text, &character, &width);

		if (used + width > room)
			break;
		if (width == 2 && column + used + 2 > frame->columns)
			character = '?';
		set(frame, row, column + used, style, character);
		if (width == 2)
			set(frame, row, column + used + 1, style, character == '?' ? ' ' : 0);
		used += width;
		text += length;
	}
	return used;
}

void watch_frame_put(WatchFrame *frame, size_t row, size_t column, size_t width, bool right,
		     OutputStyle style, const char *text)
{
	size_t wanted = watch_frame_width(frame, text), used = 0;
	size_t dots = wanted > width ? MIN(width, (size_t)ELLIPSIS) : 0;

	if (row >= frame->rows)
		return;
	while (right && used + wanted < width)
		set(frame, row, column + used++, style, ' ');
	used += put_text(frame, row, column + used, width - used - dots, style, text);
	while (dots-- > 0)
		set(frame, row, column + used++, style, '.');
	while (used < width)
		set(frame, row, column + used++, style, ' ');
}

static void append_utf8(Text *text, uint32_t character)
{
	char bytes[4];
	size_t n = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;

	if (n == 1) {
		bytes[0] = (char)character;
	} else {
		for (size_t i = n; i-- > 1; character >>= 6)
			bytes[i] = (char)(0x80 | (character & 0x3f));
		bytes[0] = (char)((0xf00U >> n & 0xff) | character);
	}
	text_append_bytes(text, bytes, n);
}

void watch_frame_line(const WatchFrame *frame, size_t row, Text *text)
{
	const WatchCell *cells = &frame->cells[row * frame->columns];
	size_t n = frame->columns;

	while (n > 0 && cells[n - 1].character == ' ')
		n--;
	for (size_t i = 0; i < n; i++)
		if (cells[i].character)
			append_utf8(text, cells[i].character);
}
