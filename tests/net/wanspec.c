/* SPDX-License-Identifier: MIT */
/*
 * One table of words and one table of units for each kind of value. Numbers are decimal fixed point
 * in 64 bits: what a test asks for is what it gets, whatever the locale.
 */
#include "tests/net/wanspec.h"

#include <errno.h>
#include <string.h>

#define QUEUE_AUTO_MIN_BYTES                                                                       \
	32768 /* about 20 full packets: less starves any congestion control                        \
	       */
#define DELAY_MAX_NS (60 * 1000000000ULL)

struct unit {
	const char *suffix;
	uint64_t scale;
};

static const struct unit unit_time[] = {
	{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {NULL, 0},
};
static const struct unit unit_count[] = {
	{"", 1}, {"k", 1000}, {"M", 1000000}, {"G", 1000000000}, {NULL, 0},
};
static const struct unit unit_ratio[] = {{"", WANPATH_PPB}, {"%", WANPATH_PPB / 100}, {NULL, 0}};
static const struct unit unit_none[] = {{"", 1}, {NULL, 0}};

static const struct word {
	const char *name;
	const struct unit *units;
	size_t offset; /* in struct wanpath_params */
	uint64_t divisor, max;
} words[] = {
	{"rtt", unit_time, offsetof(struct wanpath_params, delay_ns), 2, DELAY_MAX_NS},
	{"delay", unit_time, offsetof(struct wanpath_params, delay_ns), 1, DELAY_MAX_NS},
	{"jitter", unit_time, offsetof(struct wanpath_params, jitter_ns), 1, DELAY_MAX_NS},
	{"rate", unit_count, offsetof(struct wanpath_params, rate_bps), 1, 1000000000000},
	{"queue", unit_count, offsetof(struct wanpath_params, queue_bytes), 1, 1000000000000},
	{"loss", unit_ratio, offsetof(struct wanpath_params, loss_ppb), 1, WANPATH_PPB},
	{"largest", unit_none, offsetof(struct wanpath_params, largest_bytes), 1, 65535},
};

static uint64_t scale_of(const char *suffix, const struct unit *units)
{
	for (; units->suffix; units++)
		if (strcmp(units->suffix, suffix) == 0)
			return units->scale;
	return 0;
}

static const char *parse_digits(const char *text, uint64_t *ret_value, uint64_t *ret_power)
{
	uint64_t value = 0, power = 1;

	for (; *text >= '0' && *text <= '9'; text++) {
		if (power > 100000000000000000ULL)
			return NULL;
		value = value * 10 + (uint64_t)(*text - '0');
		power *= 10;
	}
	*ret_value = value;
	*ret_power = power;
	return text;
}

static int parse_value(const char *text, const struct unit *units, uint64_t *ret_value)
{
	uint64_t whole, fraction = 0, power, part_power = 1, scale, value;
	const char *rest;

	rest = parse_digits(text, &whole, &power);
	if (!rest)
		return -ERANGE;
	if (rest == text)
		return -EINVAL;
	if (*rest == '.') {
		text = rest + 1;
		rest = parse_digits(text, &fraction, &part_power);
		if (!rest)
			return -ERANGE;
		if (rest == text)
			return -EINVAL;
	}

	scale = scale_of(rest, units);
	if (scale == 0)
		return -EINVAL;
	if (__builtin_mul_overflow(whole, scale, &value))
		return -ERANGE;
	fraction = (uint64_t)((unsigned __int128)fraction * scale / part_power);
	if (__builtin_add_overflow(value, fraction, &value))
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int wanspec_parse_number(const char *text, uint64_t *ret_number)
{
	if (strchr(text, '.'))
		return -EINVAL;
	return parse_value(text, unit_none, ret_number);
}

int wanspec_parse_time(const char *text, uint64_t *ret_ns)
{
	return parse_value(text, unit_time, ret_ns);
}

int wanspec_parse_count(const char *text, uint64_t *ret_count)
{
	return parse_value(text, unit_count, ret_count);
}

void wanspec_init(struct wanspec *spec)
{
	*spec = (struct wanspec){.queue_auto = {true, true}};
}

static void assign(struct wanspec *spec, size_t direction, size_t offset, uint64_t value)
{
	memcpy((char *)&spec->path[direction] + offset, &value, sizeof(value));
}

int wanspec_set(struct wanspec *spec, const char *word, const char *value)
{
	bool wanted[WANSPEC_N] = {strncmp(word, "down-", 5) != 0, strncmp(word, "up-", 3) != 0};
	const struct word *w = NULL;
	uint64_t number = 0;
	bool is_auto;
	int r;

	if (!wanted[WANSPEC_UP])
		word += 5;
	else if (!wanted[WANSPEC_DOWN])
		word += 3;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && !w; i++)
		if (strcmp(words[i].name, word) == 0)
			w = &words[i];
	if (!w)
		return -ENOENT;

	is_auto = w->offset == offsetof(struct wanpath_params, queue_bytes) &&
		  strcmp(value, "auto") == 0;
	if (!is_auto) {
		r = parse_value(value, w->units, &number);
		if (r < 0)
			return r;
		if (number > w->max)
			return -ERANGE;
	}

	for (size_t direction = 0; direction < WANSPEC_N; direction++) {
		if (!wanted[direction])
			continue;
		assign(spec, direction, w->offset, number / w->divisor);
		if (w->offset == offsetof(struct wanpath_params, queue_bytes))
			spec->queue_auto[direction] = is_auto;
	}
	return 0;
}

struct wanpath_params wanspec_params(const struct wanspec *spec, size_t direction)
{
	struct wanpath_params params = spec->path[direction];
	uint64_t rtt_ns = spec->path[WANSPEC_UP].delay_ns + spec->path[WANSPEC_DOWN].delay_ns;
	uint64_t bdp;

	if (spec->queue_auto[direction]) {
		bdp = (uint64_t)((unsigned __int128)params.rate_bps * rtt_ns / 8000000000ULL);
		params.queue_bytes = bdp > QUEUE_AUTO_MIN_BYTES ? bdp : QUEUE_AUTO_MIN_BYTES;
	}
	return params;
}
