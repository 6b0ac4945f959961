/* SPDX-License-Identifier: MIT */
/*
 * Not wcwidth(3): it knows only what the locale knows, and loading one costs more than the rest of
 * a command. The ranges are those of EastAsianWidth.txt that are wide in any font, joined.
 */
#include "cli/width.h"

#include <stdint.h>
#include <string.h>

#include "common/text.h"

typedef struct Range {
	uint32_t first, last;
} Range;

static const Range wide[] = {
	{0x1100, 0x115f},   {0x231a, 0x231b},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},
	{0xa960, 0xa97c},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
	{0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff},
	{0x1f900, 0x1faff}, {0x20000, 0x3fffd},
};
static const Range combining[] = {
	{0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x064b, 0x065f},
	{0x1ab0, 0x1aff}, {0x200b, 0x200f}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f},
};

static bool is_in(const Range *ranges, size_t n, uint32_t point)
{
	for (size_t i = 0; i < n; i++)
		if (point >= ranges[i].first && point <= ranges[i].last)
			return true;
	return false;
}

size_t width_step(const char *text, size_t *ret_columns)
{
	uint32_t point = 0;
	size_t length;

	if (text[0] == '\033' && text[1] == '[') {
		length = 2 + strspn(text + 2, "0123456789;");
		*ret_columns = 0;
		return length + (text[length] != '\0');
	}
	length = MAX(text_utf8_next(text, &point), (size_t)1);
	*ret_columns = is_in(combining, ARRAY_SIZE(combining), point) ? 0
		       : is_in(wide, ARRAY_SIZE(wide), point)         ? 2
								      : 1;
	return length;
}

size_t width_of(const char *text, size_t length)
{
	size_t total = 0;

	for (size_t i = 0; i < length && text[i];) {
		size_t columns;

		i += width_step(text + i, &columns);
		total += columns;
	}
	return total;
}

size_t width_prefix(const char *text, size_t columns)
{
	size_t i = 0, total = 0;

	while (text[i]) {
		size_t more, length = width_step(text + i, &more);

		if (total + more > columns)
			break;
		total += more;
		i += length;
	}
	return i;
}
