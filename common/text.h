/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Text: a growing buffer, and small string helpers that have no home in libc.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base.h"

/* A growing, always NUL-terminated string. Zero-initialise; text_clear() when done.
 * Once an allocation fails the buffer stays as it was and `failed` remains set. */
typedef struct Text {
	char *data; /* NULL until the first append */
	size_t length;
	size_t allocated;
	bool failed;
} Text;

void text_clear(Text *text);
void text_append(Text *text, const char *string);
void text_append_bytes(Text *text, const char *bytes, size_t length);
void text_appendf(Text *text, const char *format, ...) _printf_(2, 3);
void text_appendv(Text *text, const char *format, va_list arguments) _printf_(2, 0);
/* Drops the first n bytes (n <= length). */
void text_consume(Text *text, size_t n);
/* Never NULL. */
const char *text_string(const Text *text);

/* snprintf that always terminates; true if everything fitted. */
bool text_format(char *buffer, size_t size, const char *format, ...) _printf_(3, 4);
/* Copies with termination; true if everything fitted. */
bool text_copy(char *buffer, size_t size, const char *string);

bool text_equal(const char *a, const char *b); /* both may be NULL */
bool text_starts_with(const char *string, const char *prefix);
/* Removes leading and trailing white space in place; returns the start. */
char *text_strip(char *string);

/* Damerau-Levenshtein distance, for "did you mean"; strings over 64 bytes count as far away. */
size_t text_distance(const char *a, const char *b);
/* The nearest candidate with distance <= max(1, length / 3), or NULL. */
const char *text_nearest(const char *word, const char *const candidates[], size_t n);
/* FNV-1a, 64 bits: against accidents, not against malice. Each of its steps is a bijection of the
 * state, so a flipped byte cannot go unnoticed. */
uint64_t text_checksum(const char *bytes, size_t length);
/* The bytes of the UTF-8 character that the string begins with, and its code point; 0: none does,
 * it is at its end, cut short, or no UTF-8. */
size_t text_utf8_next(const char *string, uint32_t *ret_point);
/* Whether the bytes are valid UTF-8 (no surrogates, no overlong forms, no NUL). */
bool text_is_utf8(const char *bytes, size_t length);
