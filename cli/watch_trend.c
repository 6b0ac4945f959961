/* SPDX-License-Identifier: MIT */
#include "cli/watch_trend.h"

#include <string.h>

#include "common/base.h"

#define LEVELS 8

static const char *level(int64_t value, int64_t least, int64_t greatest, bool utf8)
{
	static const char *const bars[LEVELS] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char *const marks[LEVELS] = {"_", ".", ":", "-", "=", "+", "*", "#"};
	int64_t span = MAX(greatest - least, greatest / 10);
	size_t i = 0;

	if (value < 0)
		return " ";
	if (span > 0)
		i = (size_t)((double)(value - least) / (double)span * (LEVELS - 1) + 0.5);
	return (utf8 ? bars : marks)[MIN(i, (size_t)LEVELS - 1)];
}

void watch_trend(const int64_t *values, size_t n, size_t width, bool utf8, char *buffer,
		 size_t size)
{
	int64_t least = INT64_MAX, greatest = 0;
	size_t at = 0;

	if (n > width) {
		values += n - width;
		n = width;
	}
	for (size_t i = 0; i < n; i++) {
		if (values[i] < 0)
			continue;
		least = MIN(least, values[i]);
		greatest = MAX(greatest, values[i]);
	}
	for (size_t i = n; i < width && at + 1 < size; i++)
		buffer[at++] = ' ';
	for (size_t i = 0; i < n; i++) {
		const char *mark = level(values[i], least, greatest, utf8);
		size_t length = strlen(mark);

		if (at + length >= size)
			break;
		memcpy(buffer + at, mark, length);
		at += length;
	}
	buffer[at] = '\0';
}
