/* SPDX-License-Identifier: MIT */
#include "cli/sparkline.h"

#define LEVELS 8

static const char *const bars[2][LEVELS] = {
	{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
	{"_", ".", "-", "=", "+", "*", "#", "@"},
};

static bool extremes(const Json *history, int64_t *ret_least, int64_t *ret_greatest)
{
	int64_t least = INT64_MAX, greatest = -1;

	for (size_t i = 0; i < json_length(history); i++) {
		int64_t value = json_int(json_at(history, i), -1);

		if (value >= 0) {
			least = MIN(least, value);
			greatest = MAX(greatest, value);
		}
	}
	*ret_least = least;
	*ret_greatest = greatest;
	return greatest >= 0;
}

void sparkline_append(const Json *history, bool ascii, Text *text)
{
	int64_t least, greatest;
	double range;

	if (!extremes(history, &least, &greatest))
		return;
	range = MAX((double)(greatest - least), (double)least / 2);
	for (size_t i = 0; i < json_length(history); i++) {
		int64_t value = json_int(json_at(history, i), -1);
		double height = range > 0 ? (double)(value - least) / range : 0;

		text_append(text, value < 0 ? " " : bars[ascii][(size_t)(height * (LEVELS - 1))]);
	}
}
