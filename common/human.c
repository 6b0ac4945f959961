/* SPDX-License-Identifier: MIT */
/*
 * Scaling in integers with one rounding at the end; the decimals follow from the magnitude, so
 * that 9.996 becomes "10.0" and not "10.00".
 */
#include "common/human.h"

#include <inttypes.h>

#include "common/base.h"
#include "common/text.h"

/* value / unit with three significant digits (more before the point if the number has them). */
static void format_scaled(uint64_t value, uint64_t unit, const char *name, char *buffer)
{
	static const unsigned scales[] = {1000, 100, 10, 1};
	uint64_t whole, rest;

	value = MIN(value, UINT64_MAX / 2); /* so that no sum below can wrap */
	whole = value / unit;
	rest = value % unit;
	for (size_t i = 0; i < ARRAY_SIZE(scales); i++) {
		unsigned scale = scales[i];
		/* rest < unit <= 2^40, so that the product stays far below 2^64 */
		uint64_t rounded = whole * scale + (rest * scale + unit / 2) / unit;
		int decimals = 3 - (int)i;

		if (rounded >= 1000 && scale > 1)
			continue;
		if (decimals == 0)
			(void)text_format(buffer, HUMAN_MAX, "%" PRIu64 " %s", rounded, name);
		else
			(void)text_format(buffer, HUMAN_MAX, "%" PRIu64 ".%0*" PRIu64 " %s",
					  rounded / scale, decimals, rounded % scale, name);
		return;
	}
}

const char *human_latency(uint64_t us, char *buffer)
{
	format_scaled(us, 1000, "ms", buffer);
	return buffer;
}

typedef struct Unit {
	uint64_t size;
	const char *name;
} Unit;

static const char *format_with(const Unit *units, size_t n, uint64_t value, char *buffer)
{
	size_t i = 0;

	while (i + 1 < n && value >= units[i + 1].size)
		i++;
	if (units[i].size == 1)
		(void)text_format(buffer, HUMAN_MAX, "%" PRIu64 " %s", value, units[i].name);
	else
		format_scaled(value, units[i].size, units[i].name, buffer);
	return buffer;
}

const char *human_rate(uint64_t bps, char *buffer)
{
	static const Unit units[] = {
		{1, "bit/s"}, {1000, "kbit/s"}, {1000000, "Mbit/s"}, {1000000000, "Gbit/s"}};

	return format_with(units, ARRAY_SIZE(units), bps, buffer);
}

const char *human_bytes(uint64_t bytes, char *buffer)
{
	static const Unit units[] = {{1, "B"},
				     {UINT64_C(1) << 10, "KiB"},
				     {UINT64_C(1) << 20, "MiB"},
				     {UINT64_C(1) << 30, "GiB"},
				     {UINT64_C(1) << 40, "TiB"}};

	return format_with(units, ARRAY_SIZE(units), bytes, buffer);
}

const char *human_span(uint64_t us, char *buffer)
{
	static const Unit units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	uint64_t seconds = us / 1000000;
	size_t i = 0;

	if (seconds == 0) {
		(void)text_copy(buffer, HUMAN_MAX, "<1 s");
		return buffer;
	}
	while (seconds < units[i].size)
		i++;
	if (i + 1 < ARRAY_SIZE(units) && seconds % units[i].size >= units[i + 1].size)
		(void)text_format(buffer, HUMAN_MAX, "%" PRIu64 " %s %" PRIu64 " %s",
				  seconds / units[i].size, units[i].name,
				  seconds % units[i].size / units[i + 1].size, units[i + 1].name);
	else
		(void)text_format(buffer, HUMAN_MAX, "%" PRIu64 " %s", seconds / units[i].size,
				  units[i].name);
	return buffer;
}

const char *human_permille(int64_t permille, bool sign, char *buffer)
{
	/* Unsigned, as the magnitude of INT64_MIN has no int64. */
	uint64_t magnitude = permille < 0 ? -(uint64_t)permille : (uint64_t)permille;
	const char *mark = permille < 0 ? "-" : sign && permille > 0 ? "+" : "";

	if (magnitude == 0)
		(void)text_copy(buffer, HUMAN_MAX, "0 %");
	else
		(void)text_format(buffer, HUMAN_MAX, "%s%" PRIu64 ".%u %%", mark, magnitude / 10,
				  (unsigned)(magnitude % 10));
	return buffer;
}

const char *human_ppm(uint64_t ppm, char *buffer)
{
	if (ppm == 0)
		(void)text_copy(buffer, HUMAN_MAX, "0 %");
	else if (ppm < 1000) /* the scale of format_scaled ends at a thousandth */
		(void)text_format(buffer, HUMAN_MAX, "0.%04" PRIu64 " %%", ppm);
	else
		format_scaled(ppm, 10000, "%", buffer);
	return buffer;
}
