/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Strict conversions from text: the whole string must be consumed, no leading or trailing white
 * space, no overflow, no octal or hexadecimal surprise. This file is the one door to strtoull and
 * friends. All return 0, -EINVAL (not such a thing) or -ERANGE (such a thing, but out of range);
 * the result is untouched on failure.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int parse_uint64(const char *text, uint64_t minimum, uint64_t maximum, uint64_t *ret_value);
int parse_int64(const char *text, int64_t minimum, int64_t maximum, int64_t *ret_value);

/* 0..15 in either case; -1: none. */
int parse_hex_digit(char c);

/* Accepts only true/yes/on/1 and false/no/off/0, case-insensitively. */
int parse_bool(const char *text, bool *ret_value);

/*
 * A duration: decimal numbers, each with a unit ns us ms s min h d w (and the long names second[s]
 * minute[s] hour[s] day[s] week[s], sec), summed: "1min 30s", "1.5s", "250ms". A bare number
 * is seconds, as in systemd.time(7). The result is in ns; more than 100 years is -ERANGE.
 */
int parse_duration(const char *text, uint64_t *ret_ns);

/* Bytes with an optional K M G T suffix (powers of 1024; "KiB", "K" and "KB" alike); "1.5M" is
 * fine. */
int parse_size(const char *text, uint64_t *ret_bytes);

/* "25%" or "12.5%" → permille (0..1000). */
int parse_percent(const char *text, unsigned *ret_permille);

/* Shortest exact rendering that parse_duration reads back: "0", "250ms", "1min 30s". */
void parse_format_duration(uint64_t ns, char *buffer, size_t size);
/* Shortest exact rendering that parse_size reads back: "4K", "64M", "123". */
void parse_format_size(uint64_t bytes, char *buffer, size_t size);
