/* SPDX-License-Identifier: MIT */
/*
 * Numbers are converted here and not by common/parse.c, which wants a NUL: a table of counters has
 * a hundred of them, all of the plainest form.
 */
#include "daemon/kern/slice.h"

#include <string.h>

#include "common/base.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

size_t slice_length(Slice slice)
{
	return (size_t)(slice.end - slice.start);
}

int slice_compare(Slice slice, const char *text)
{
	size_t length = slice_length(slice), text_length = strlen(text);
	int order = memcmp(slice.start, text, MIN(length, text_length));
	return order != 0 ? order : (length > text_length) - (length < text_length);
}

bool slice_equals(Slice slice, const char *text)
{
	return strlen(text) == slice_length(slice) &&
	       memcmp(slice.start, text, slice_length(slice)) == 0;
}

bool slice_take_line(Slice *rest, Slice *ret_line)
{
	if (rest->start == rest->end)
		return false;
	const char *end = memchr(rest->start, '\n', slice_length(*rest));
	*ret_line = (Slice){rest->start, end ? end : rest->end};
	rest->start = end ? end + 1 : rest->end;
	return true;
}

bool slice_take_word(Slice *rest, Slice *ret_word)
{
	while (rest->start < rest->end && is_blank(*rest->start))
		rest->start++;
	if (rest->start == rest->end)
		return false;
	ret_word->start = rest->start;
	while (rest->start < rest->end && !is_blank(*rest->start))
		rest->start++;
	ret_word->end = rest->start;
	return true;
}

bool slice_take_group(Slice *line, Slice *ret_group)
{
	if (line->start == line->end)
		return false;
	const char *colon = memchr(line->start, ':', slice_length(*line));
	if (!colon || colon == line->start)
		return false;
	*ret_group = (Slice){line->start, colon};
	line->start = colon + 1;
	return true;
}

bool slice_number(Slice slice, uint64_t *ret_value)
{
	uint64_t value = 0;
	if (slice.start == slice.end)
		return false;
	for (const char *at = slice.start; at < slice.end; at++)
		if (*at < '0' || *at > '9' || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
			return false;
	*ret_value = value;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool slice_hexadecimal(Slice slice, uint64_t *ret_value)
{
	uint64_t value = 0;
	if (slice.start == slice.end)
		return false;
	for (const char *at = slice.start; at < slice.end; at++) {
		int digit = hex_digit(*at);
		if (digit < 0 || value >> 60)
			return false;
		value = value << 4 | (uint64_t)digit;
	}
	*ret_value = value;
	return true;
}
