/* SPDX-License-Identifier: MIT */
#include "cli/watch_text.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"

void watch_text_clear(WatchText *folded)
{
	free(folded->lines);
	*folded = (WatchText){.lines = NULL};
}

static int add(WatchText *folded, const char *start, size_t length, size_t indent)
{
	if (folded->n == WATCH_TEXT_MAX)
		return 0;
	if (folded->n == folded->allocated) {
		size_t allocated = folded->allocated ? folded->allocated * 2 : 32;
		WatchTextLine *lines = reallocarray(folded->lines, allocated, sizeof(*lines));

		if (!lines)
			return -ENOMEM;
		folded->lines = lines;
		folded->allocated = allocated;
	}
	folded->lines[folded->n++] = (WatchTextLine){start, length, indent};
	return 0;
}

/* The bytes of the first `width` characters, at most `length`. */
static size_t prefix(const char *start, size_t length, size_t width)
{
	size_t i = 0;

	for (; i < length; i++)
		if (((unsigned char)start[i] & 0xc0) != 0x80 && width-- == 0)
			break;
	return i;
}

/* How much of it stands on one line: up to the last blank that fits. */
static size_t take(const char *start, size_t length, size_t width)
{
	size_t most = prefix(start, length, width);

	if (most == length || start[most] == ' ')
		return most;
	for (size_t i = most; i > 0; i--)
		if (start[i - 1] == ' ' && strspn(start, " ") < i)
			return i - 1;
	return most;
}

static size_t without_blanks(const char *start, size_t length)
{
	while (length > 0 && start[length - 1] == ' ')
		length--;
	return length;
}

static int fold_line(WatchText *folded, const char *start, size_t length, size_t width)
{
	size_t blanks = MIN(strspn(start, " "), length), indent = 0;
	int r = length == 0 ? add(folded, start, 0, 0) : 0;

	while (r == 0 && length > 0) {
		size_t taken = take(start, length, width - indent);

		r = add(folded, start, without_blanks(start, taken), indent);
		start += taken;
		length -= taken;
		while (length > 0 && *start == ' ') {
			start++;
			length--;
		}
		indent = MIN(blanks, width / 2);
	}
	return r;
}

int watch_text_fold(WatchText *folded, const char *text, size_t width)
{
	int r = 0;

	while (*text && r == 0) {
		size_t length = strcspn(text, "\n");

		r = fold_line(folded, text, length, width);
		text += length + (text[length] == '\n');
	}
	return r;
}
