/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The words of JSON (RFC 8259), strictly: what json.c reads its trees from. Pure; knows no tree
 * and no json-c. The bytes must have been checked to be UTF-8 without NUL.
 *
 * Decoded strings live in one scratch buffer used as a stack: a key stays there, counted in
 * `used`, while its value is being read. Decoding never makes a string longer and a string brings
 * two quotes for its one NUL, so scratch as large as the text always suffices.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct JsonLexer {
	const char *at, *end;
	char *scratch; /* at least end - at bytes at the start; the owner is the caller */
	size_t used;
} JsonLexer;

typedef struct JsonNumber {
	const char *text; /* inside the text being read: no NUL */
	size_t length;
	bool is_integer; /* no fraction and no exponent */
	int64_t integer; /* if is_integer */
} JsonNumber;

void json_lexer_skip_space(JsonLexer *lexer);
/* Each moves past what it names and returns true. After false, these two are where they were;
 * after the others `at` means nothing any more. */
bool json_lexer_take(JsonLexer *lexer, char expected);
bool json_lexer_take_word(JsonLexer *lexer, const char *word);
/* A string with its quotes, decoded to scratch + used, NUL-terminated; `used` is not moved.
 * False also for a lone surrogate and for an escaped U+0000: strings leave as C strings, and what
 * is compared and logged must not be shorter than what was sent. */
bool json_lexer_string(JsonLexer *lexer, size_t *ret_length);
/* False also for an integer out of int64. */
bool json_lexer_number(JsonLexer *lexer, JsonNumber *ret_number);
