/* SPDX-License-Identifier: MIT */
#include "cli/bar.h"

#define EIGHTHS 8

static size_t append_plain(Text *text, double share, size_t width)
{
	size_t n = (size_t)(share * (double)width + 0.5);

	if (n == 0 && share > 0)
		n = 1;
	for (size_t i = 0; i < n; i++)
		text_append(text, "#");
	return n;
}

size_t bar_append(Text *text, bool utf8, double share, size_t width)
{
	static const char *const blocks[] = {
		"",
		"\xe2\x96\x8f", /* U+258F, an eighth */
		"\xe2\x96\x8e",
		"\xe2\x96\x8d",
		"\xe2\x96\x8c",
		"\xe2\x96\x8b",
		"\xe2\x96\x8a",
		"\xe2\x96\x89",
		"\xe2\x96\x88", /* U+2588, the whole */
	};
	size_t eighths, n;

	share = CLAMP(share, 0.0, 1.0);
	if (!utf8)
		return append_plain(text, share, width);
	eighths = (size_t)(share * (double)(width * EIGHTHS) + 0.5);
	if (eighths == 0 && share > 0)
		eighths = 1;
	n = (eighths + EIGHTHS - 1) / EIGHTHS;
	for (; eighths > 0; eighths -= MIN(eighths, (size_t)EIGHTHS))
		text_append(text, blocks[MIN(eighths, (size_t)EIGHTHS)]);
	return n;
}
