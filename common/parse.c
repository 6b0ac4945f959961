/* SPDX-License-Identifier: MIT */
/*
 * Numbers from text, without surprises.
 *
 * The scanning is our own rather than strtoull's: that accepts white space and signs, wraps "-1" to
 * 2^64-1 and knows locales, and fencing all of it off takes more code than ten lines of digits.
 * Everything with a unit goes through one exact decimal (whole part, and up to 18 digits of
 * fraction); no floating point, so "0.1s" is 100000000 ns and nothing else.
 *
 * Rules beyond the header: a leading zero changes nothing ("010" is ten). A sign is only known to
 * parse_int64. A text with both faults is "not such a thing" (-EINVAL). Blanks may stand between
 * number and unit, as in systemd. What is finer than the result's unit is cut off, but what is
 * not zero never becomes zero: that is -ERANGE, since zero often means "off".
 */
#include "common/parse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base.h"
#include "common/clock.h"

/* Julian years, as astronomers and systemd have them. */
#define DURATION_MAX (36525 * NSEC_PER_DAY)

#define FRACTION_DIGITS_MAX 18 /* 10^18 fits into 64 bits; a week in ns has 15 digits */

typedef struct Decimal {
	uint64_t whole;
	uint64_t fraction; /* over scale */
	uint64_t scale;    /* 10^digits kept */
	bool has_point;
	bool nonzero;  /* some digit was not 0, kept or not */
	bool overflow; /* the whole part does not fit */
} Decimal;

typedef struct Unit {
	const char *name;
	uint64_t factor;
} Unit;

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Digits at *cursor; false if there are none. */
static bool scan_whole(const char **cursor, uint64_t *ret_value, bool *ret_overflow)
{
	uint64_t value = 0;
	bool overflow = false;

	if (!is_digit(**cursor))
		return false;

	for (; is_digit(**cursor); (*cursor)++)
		overflow |= __builtin_mul_overflow(value, UINT64_C(10), &value) ||
			    __builtin_add_overflow(value, (uint64_t)(**cursor - '0'), &value);

	*ret_value = value;
	*ret_overflow = overflow;
	return true;
}

/* "12" or "12.5" at *cursor; false if there is no such thing. */
static bool scan_decimal(const char **cursor, Decimal *ret_decimal)
{
	Decimal d = {.scale = 1};
	unsigned digits = 0;

	if (!scan_whole(cursor, &d.whole, &d.overflow))
		return false;
	d.nonzero = d.whole != 0 || d.overflow;

	if (**cursor == '.') {
		d.has_point = true;
		(*cursor)++;
		if (!is_digit(**cursor))
			return false;
	}
	for (; d.has_point && is_digit(**cursor); (*cursor)++) {
		d.nonzero |= **cursor != '0';
		if (digits++ >= FRACTION_DIGITS_MAX)
			continue;
		d.fraction = d.fraction * 10 + (uint64_t)(**cursor - '0');
		d.scale *= 10;
	}

	*ret_decimal = d;
	return true;
}

/* decimal * factor, cut to an integer; -ERANGE if that overflows or loses everything. */
static int decimal_scale(const Decimal *decimal, uint64_t factor, uint64_t *ret_value)
{
	unsigned __int128 fraction = (unsigned __int128)decimal->fraction * factor / decimal->scale;
	uint64_t value;

	if (decimal->overflow || __builtin_mul_overflow(decimal->whole, factor, &value) ||
	    __builtin_add_overflow(value, (uint64_t)fraction, &value))
		return -ERANGE;
	if (value == 0 && decimal->nonzero)
		return -ERANGE;

	*ret_value = value;
	return 0;
}

static const char *skip_blanks(const char *cursor)
{
	return cursor + strspn(cursor, " \t");
}

int parse_uint64(const char *text, uint64_t minimum, uint64_t maximum, uint64_t *ret_value)
{
	uint64_t value;
	bool overflow;

	if (!scan_whole(&text, &value, &overflow) || *text != '\0')
		return -EINVAL;
	if (overflow || value < minimum || value > maximum)
		return -ERANGE;

	*ret_value = value;
	return 0;
}

int parse_int64(const char *text, int64_t minimum, int64_t maximum, int64_t *ret_value)
{
	bool negative = *text == '-';
	uint64_t magnitude;
	bool overflow;
	int64_t value;

	if (negative)
		text++;
	if (!scan_whole(&text, &magnitude, &overflow) || *text != '\0')
		return -EINVAL;
	/* The builtin computes in infinite precision: INT64_MIN is reached without a detour. */
	if (overflow || (negative ? __builtin_sub_overflow(0, magnitude, &value)
				  : __builtin_add_overflow(0, magnitude, &value)))
		return -ERANGE;
	if (value < minimum || value > maximum)
		return -ERANGE;

	*ret_value = value;
	return 0;
}

int parse_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int parse_bool(const char *text, bool *ret_value)
{
	static const char *const words[][2] = {
		{"false", "true"}, {"no", "yes"}, {"off", "on"}, {"0", "1"}};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		for (size_t value = 0; value < 2; value++)
			if (strcasecmp(text, words[i][value]) == 0) {
				*ret_value = value == 1;
				return 0;
			}
	return -EINVAL;
}

/* The letters at *cursor as a unit of time; 0 if unknown. */
static uint64_t scan_time_unit(const char **cursor)
{
	static const Unit units[] = {
		{"ns", 1},
		{"us", NSEC_PER_USEC},
		{"ms", NSEC_PER_MSEC},
		{"s", NSEC_PER_SEC},
		{"sec", NSEC_PER_SEC},
		{"second", NSEC_PER_SEC},
		{"seconds", NSEC_PER_SEC},
		{"m", NSEC_PER_MIN},
		{"min", NSEC_PER_MIN},
		{"minute", NSEC_PER_MIN},
		{"minutes", NSEC_PER_MIN},
		{"h", NSEC_PER_HOUR},
		{"hour", NSEC_PER_HOUR},
		{"hours", NSEC_PER_HOUR},
		{"d", NSEC_PER_DAY},
		{"day", NSEC_PER_DAY},
		{"days", NSEC_PER_DAY},
		{"w", 7 * NSEC_PER_DAY},
		{"week", 7 * NSEC_PER_DAY},
		{"weeks", 7 * NSEC_PER_DAY},
	};
	const char *start = *cursor;
	size_t length = 0;

	while (is_letter(start[length]))
		length++;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strlen(units[i].name) == length && memcmp(units[i].name, start, length) == 0) {
			*cursor = start + length;
			return units[i].factor;
		}
	return 0;
}

int parse_duration(const char *text, uint64_t *ret_ns)
{
	const char *cursor = text;
	uint64_t total = 0;
	bool out_of_range = false;

	do {
		bool first = cursor == text;
		Decimal number;
		uint64_t part = 0;

		if (!scan_decimal(&cursor, &number))
			return -EINVAL;

		uint64_t unit = NSEC_PER_SEC;
		/* Without a unit only if it stands alone: nobody can tell what "5 30s" means. */
		if (!first || *cursor != '\0') {
			cursor = skip_blanks(cursor);
			unit = scan_time_unit(&cursor);
			if (unit == 0)
				return -EINVAL;
		}

		if (decimal_scale(&number, unit, &part) < 0 || part > DURATION_MAX ||
		    total + part > DURATION_MAX)
			out_of_range = true;
		else
			total += part;

		const char *next = skip_blanks(cursor);
		if (*next == '\0' && next != cursor)
			return -EINVAL; /* trailing blanks */
		cursor = next;
	} while (*cursor != '\0');

	if (out_of_range)
		return -ERANGE;
	*ret_ns = total;
	return 0;
}

/* "", "K", "KB", "KiB" … as a factor; 0 if unknown. "Kb" is none: it might mean bits. */
static uint64_t size_factor(const char *suffix)
{
	static const char letters[] = "KMGT";

	if (*suffix == '\0')
		return 1;

	char letter = (char)(*suffix & ~0x20);
	const char *found = strchr(letters, letter);
	if (!is_letter(*suffix) || !found)
		return 0;
	if (suffix[1] != '\0' && strcmp(suffix + 1, "B") != 0 && strcmp(suffix + 1, "iB") != 0)
		return 0;
	return UINT64_C(1) << (10 * (found - letters + 1));
}

int parse_size(const char *text, uint64_t *ret_bytes)
{
	const char *cursor = text;
	Decimal number;

	if (!scan_decimal(&cursor, &number))
		return -EINVAL;

	const char *suffix = skip_blanks(cursor);
	uint64_t factor = size_factor(suffix);
	if (factor == 0 || (*suffix == '\0' && (suffix != cursor || number.has_point)))
		return -EINVAL; /* also trailing blanks, and parts of a byte */
	return decimal_scale(&number, factor, ret_bytes);
}

int parse_percent(const char *text, unsigned *ret_permille)
{
	const char *cursor = text;
	Decimal number;
	uint64_t permille;

	if (!scan_decimal(&cursor, &number) || strcmp(cursor, "%") != 0)
		return -EINVAL;
	/* Finer than a permille cannot be kept, and must not be lost silently. */
	if ((unsigned __int128)number.fraction * 10 % number.scale != 0)
		return -EINVAL;

	int r = decimal_scale(&number, 10, &permille);
	if (r < 0)
		return r;
	if (permille > 1000)
		return -ERANGE;
	*ret_permille = (unsigned)permille;
	return 0;
}

/* Appends at *used, which stays below size; a text that does not fit is cut. */
static _printf_(4, 5) void append(char *buffer, size_t size, size_t *used, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(buffer + *used, size - *used, format, arguments);
	va_end(arguments);
	if (n > 0)
		*used = MIN(*used + (size_t)n, size - 1);
}

/* Less than a minute, in the largest unit that has a whole part: "30s", "1.5s", "12.25ms". */
static void append_seconds(char *buffer, size_t size, size_t *used, uint64_t ns)
{
	static const struct {
		Unit unit;
		int digits;
	} units[] = {{{"s", NSEC_PER_SEC}, 9},
		     {{"ms", NSEC_PER_MSEC}, 6},
		     {{"us", NSEC_PER_USEC}, 3},
		     {{"ns", 1}, 0}};
	size_t i = 0;

	while (ns < units[i].unit.factor)
		i++;

	uint64_t fraction = ns % units[i].unit.factor;
	int digits = units[i].digits;
	append(buffer, size, used, "%" PRIu64, ns / units[i].unit.factor);
	if (fraction != 0) {
		for (; fraction % 10 == 0; fraction /= 10)
			digits--;
		append(buffer, size, used, ".%0*" PRIu64, digits, fraction);
	}
	append(buffer, size, used, "%s", units[i].unit.name);
}

void parse_format_duration(uint64_t ns, char *buffer, size_t size)
{
	static const Unit units[] = {{"w", 7 * NSEC_PER_DAY},
				     {"d", NSEC_PER_DAY},
				     {"h", NSEC_PER_HOUR},
				     {"min", NSEC_PER_MIN}};
	size_t used = 0;

	if (size == 0)
		return;
	buffer[0] = '\0';
	if (ns == 0)
		append(buffer, size, &used, "0");

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (ns < units[i].factor)
			continue;
		append(buffer, size, &used, "%s%" PRIu64 "%s", used > 0 ? " " : "",
		       ns / units[i].factor, units[i].name);
		ns %= units[i].factor;
	}
	if (ns > 0) {
		append(buffer, size, &used, "%s", used > 0 ? " " : "");
		append_seconds(buffer, size, &used, ns);
	}
}

void parse_format_size(uint64_t bytes, char *buffer, size_t size)
{
	static const char suffixes[][2] = {"", "K", "M", "G", "T"};
	size_t i = 0;
	size_t used = 0;

	if (size == 0)
		return;
	for (; bytes != 0 && bytes % 1024 == 0 && i + 1 < ARRAY_SIZE(suffixes); i++)
		bytes /= 1024;
	append(buffer, size, &used, "%" PRIu64 "%s", bytes, suffixes[i]);
}
