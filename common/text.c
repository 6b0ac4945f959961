/* SPDX-License-Identifier: MIT */
/*
 * The growing buffer, and the string helpers libc lacks.
 *
 * A Text remembers its first failed allocation and then ignores every further append: a renderer
 * makes a hundred calls and looks at `failed` once, and never sends a text with a hole in it.
 * Invariant: data is NULL (length and allocated 0) or data[length] is NUL and length < allocated.
 */
#include "common/text.h"

#include <stdio.h>
#include <string.h>

#define TEXT_INITIAL 64 /* most texts are one line */

#define DISTANCE_LENGTH_MAX 64

#define WHITE_SPACE " \t\n\r\f\v"

void text_clear(Text *text)
{
	if (!text)
		return;
	free(text->data);
	*text = (Text){0};
}

/* Makes room for `extra` bytes and the NUL. */
static bool reserve(Text *text, size_t extra)
{
	size_t needed;

	if (text->failed)
		return false;
	if (__builtin_add_overflow(text->length, extra, &needed) || needed > SIZE_MAX / 4) {
		text->failed = true;
		return false;
	}
	if (++needed <= text->allocated)
		return true;

	size_t allocated = MAX(text->allocated, (size_t)TEXT_INITIAL);
	while (allocated < needed)
		allocated *= 2;

	char *data = realloc(text->data, allocated);
	if (!data) {
		text->failed = true;
		return false;
	}
	text->data = data;
	text->allocated = allocated;
	text->data[text->length] = '\0';
	return true;
}

void text_append(Text *text, const char *string)
{
	text_append_bytes(text, string, strlen(string));
}

void text_append_bytes(Text *text, const char *bytes, size_t length)
{
	if (!reserve(text, length))
		return;
	if (length > 0)
		memcpy(text->data + text->length, bytes, length);
	text->length += length;
	text->data[text->length] = '\0';
}

void text_appendf(Text *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	text_appendv(text, format, arguments);
	va_end(arguments);
}

void text_appendv(Text *text, const char *format, va_list arguments)
{
	va_list again;
	int n;

	if (!reserve(text, 0))
		return;

	va_copy(again, arguments);
	size_t room = text->allocated - text->length;
	n = vsnprintf(text->data + text->length, room, format, arguments);
	if (n < 0)
		text->failed = true;
	else if ((size_t)n >= room && reserve(text, (size_t)n))
		n = vsnprintf(text->data + text->length, (size_t)n + 1, format, again);
	va_end(again);

	if (text->failed)
		text->data[text->length] = '\0'; /* takes back what was cut */
	else
		text->length += (size_t)n;
}

void text_consume(Text *text, size_t n)
{
	assert(n <= text->length);
	if (n == 0)
		return;
	memmove(text->data, text->data + n, text->length - n + 1);
	text->length -= n;
}

const char *text_string(const Text *text)
{
	return text->data ? text->data : "";
}

bool text_format(char *buffer, size_t size, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(buffer, size, format, arguments);
	va_end(arguments);
	if (n < 0 && size > 0)
		buffer[0] = '\0';
	return n >= 0 && (size_t)n < size;
}

bool text_copy(char *buffer, size_t size, const char *string)
{
	if (size == 0)
		return false;

	size_t length = strnlen(string, size);
	bool fits = length < size;
	if (!fits)
		length = size - 1;
	memcpy(buffer, string, length);
	buffer[length] = '\0';
	return fits;
}

bool text_equal(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return strcmp(a, b) == 0;
}

bool text_starts_with(const char *string, const char *prefix)
{
	return strncmp(string, prefix, strlen(prefix)) == 0;
}

char *text_strip(char *string)
{
	char *start = string + strspn(string, WHITE_SPACE);
	size_t length = strlen(start);

	while (length > 0 && strchr(WHITE_SPACE, start[length - 1]))
		length--;
	start[length] = '\0';
	return start;
}

/*
 * The restricted form (optimal string alignment: no substring is edited twice), which is what a
 * slip of the fingers is. Three rows of the matrix suffice, since a swap looks two rows back.
 */
size_t text_distance(const char *a, const char *b)
{
	size_t rows[3][DISTANCE_LENGTH_MAX + 1];
	size_t *before = rows[0], *previous = rows[1], *current = rows[2];
	size_t a_length = strnlen(a, DISTANCE_LENGTH_MAX + 1);
	size_t b_length = strnlen(b, DISTANCE_LENGTH_MAX + 1);

	if (a_length > DISTANCE_LENGTH_MAX || b_length > DISTANCE_LENGTH_MAX)
		return SIZE_MAX;

	for (size_t j = 0; j <= b_length; j++)
		current[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *oldest = before;
		before = previous;
		previous = current;
		current = oldest;

		current[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			size_t substitute = previous[j - 1] + (a[i - 1] != b[j - 1]);
			size_t insert_or_delete = MIN(previous[j], current[j - 1]) + 1;
			size_t best = MIN(substitute, insert_or_delete);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = MIN(best, before[j - 2] + 1);
			current[j] = best;
		}
	}
	return current[b_length];
}

const char *text_nearest(const char *word, const char *const candidates[], size_t n)
{
	size_t limit = MAX((size_t)1, strlen(word) / 3);
	const char *nearest = NULL;

	for (size_t i = 0; i < n; i++) {
		size_t distance = text_distance(word, candidates[i]);
		if (distance > limit || (nearest && distance == limit))
			continue;
		nearest = candidates[i];
		limit = distance;
	}
	return nearest;
}

/* Unicode 15.0, table 3-7: only the first continuation byte has ranges of its own. */
static size_t utf8_sequence(const unsigned char *bytes, size_t length)
{
	static const struct {
		unsigned char first, last;
		unsigned char low, high; /* of the second byte */
		unsigned char length;
	} rows[] = {
		{0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (bytes[0] < rows[i].first || bytes[0] > rows[i].last)
			continue;
		if (rows[i].length > length)
			return 0;
		if (rows[i].length > 1 && (bytes[1] < rows[i].low || bytes[1] > rows[i].high))
			return 0;
		for (size_t k = 2; k < rows[i].length; k++)
			if ((bytes[k] & 0xc0) != 0x80)
				return 0;
		return rows[i].length;
	}
	return 0;
}

size_t text_utf8_next(const char *string, uint32_t *ret_point)
{
	const unsigned char *bytes = (const unsigned char *)string;
	size_t length = utf8_sequence(bytes, strnlen(string, 4));

	if (length > 0)
		*ret_point = length == 1 ? bytes[0] : bytes[0] & (0x7fU >> length);
	for (size_t i = 1; i < length; i++)
		*ret_point = *ret_point << 6 | (bytes[i] & 0x3f);
	return length;
}

bool text_is_utf8(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length;) {
		size_t n = utf8_sequence((const unsigned char *)bytes + i, length - i);
		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

uint64_t text_checksum(const char *bytes, size_t length)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (uint8_t)bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}
