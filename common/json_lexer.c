/* SPDX-License-Identifier: MIT */
/*
 * A cursor over the text, never past `end`, and never back.
 */
#include "common/json_lexer.h"

#include <string.h>

#include "common/parse.h"

void json_lexer_skip_space(JsonLexer *lexer)
{
	while (lexer->at < lexer->end && (*lexer->at == ' ' || *lexer->at == '\t' ||
					  *lexer->at == '\n' || *lexer->at == '\r'))
		lexer->at++;
}

bool json_lexer_take(JsonLexer *lexer, char expected)
{
	if (lexer->at >= lexer->end || *lexer->at != expected)
		return false;
	lexer->at++;
	return true;
}

bool json_lexer_take_word(JsonLexer *lexer, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(lexer->end - lexer->at) < length || memcmp(lexer->at, word, length) != 0)
		return false;
	lexer->at += length;
	return true;
}

static bool read_hexadecimal4(JsonLexer *lexer, uint32_t *ret_unit)
{
	uint32_t unit = 0;

	if (lexer->end - lexer->at < 4)
		return false;
	for (unsigned i = 0; i < 4; i++) {
		int digit = parse_hex_digit(*lexer->at++);

		if (digit < 0)
			return false;
		unit = unit << 4 | (uint32_t)digit;
	}
	*ret_unit = unit;
	return true;
}

/* What follows \u: one UTF-16 unit, or a pair of surrogates (RFC 8259 section 7). */
static bool read_escaped_unicode(JsonLexer *lexer, uint32_t *ret_code)
{
	uint32_t high, low;

	if (!read_hexadecimal4(lexer, &high) || high == 0)
		return false;
	if (high >= 0xdc00 && high <= 0xdfff)
		return false;
	if (high >= 0xd800 && high <= 0xdbff) {
		if (!json_lexer_take(lexer, '\\') || !json_lexer_take(lexer, 'u') ||
		    !read_hexadecimal4(lexer, &low))
			return false;
		if (low < 0xdc00 || low > 0xdfff)
			return false;
		high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	}
	*ret_code = high;
	return true;
}

static size_t encode_utf8(uint32_t code, char *ret_bytes)
{
	static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	if (length == 1) {
		ret_bytes[0] = (char)code;
		return 1;
	}
	for (size_t i = length; i-- > 1; code >>= 6)
		ret_bytes[i] = (char)(0x80 | (code & 0x3f));
	ret_bytes[0] = (char)(lead[length] | code);
	return length;
}

/* What follows a backslash; appends to scratch. */
static bool read_escape(JsonLexer *lexer, size_t *length)
{
	static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
	char c;
	uint32_t code;

	if (lexer->at >= lexer->end)
		return false;
	c = *lexer->at++;
	if (c == 'u') {
		if (!read_escaped_unicode(lexer, &code))
			return false;
		*length += encode_utf8(code, lexer->scratch + *length);
		return true;
	}
	for (size_t i = 0; i + 1 < sizeof(escapes); i += 2)
		if (c == escapes[i]) {
			lexer->scratch[(*length)++] = escapes[i + 1];
			return true;
		}
	return false;
}

bool json_lexer_string(JsonLexer *lexer, size_t *ret_length)
{
	size_t length = lexer->used;

	if (!json_lexer_take(lexer, '"'))
		return false;
	while (lexer->at < lexer->end) {
		char c = *lexer->at++;

		if (c == '"') {
			lexer->scratch[length] = '\0';
			*ret_length = length - lexer->used;
			return true;
		}
		if ((unsigned char)c < 0x20)
			return false;
		if (c != '\\')
			lexer->scratch[length++] = c;
		else if (!read_escape(lexer, &length))
			return false;
	}
	return false;
}

static size_t skip_digits(JsonLexer *lexer)
{
	const char *start = lexer->at;

	while (lexer->at < lexer->end && *lexer->at >= '0' && *lexer->at <= '9')
		lexer->at++;
	return (size_t)(lexer->at - start);
}

/* Digits, checked before, to int64. */
static bool convert_integer(const char *digits, size_t n, bool negative, int64_t *ret_value)
{
	int64_t value = 0;

	for (size_t i = 0; i < n; i++) {
		int digit = digits[i] - '0';

		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, negative ? -digit : digit, &value))
			return false;
	}
	*ret_value = value;
	return true;
}

bool json_lexer_number(JsonLexer *lexer, JsonNumber *ret_number)
{
	JsonNumber number = {.text = lexer->at, .is_integer = true};
	bool negative = json_lexer_take(lexer, '-');
	const char *digits = lexer->at;
	size_t n = skip_digits(lexer);

	if (n == 0 || (n > 1 && *digits == '0'))
		return false;
	if (json_lexer_take(lexer, '.')) {
		number.is_integer = false;
		if (skip_digits(lexer) == 0)
			return false;
	}
	if (json_lexer_take(lexer, 'e') || json_lexer_take(lexer, 'E')) {
		number.is_integer = false;
		if (!json_lexer_take(lexer, '+'))
			(void)json_lexer_take(lexer, '-'); /* the sign is optional */
		if (skip_digits(lexer) == 0)
			return false;
	}
	if (number.is_integer && !convert_integer(digits, n, negative, &number.integer))
		return false;
	number.length = (size_t)(lexer->at - number.text);
	*ret_number = number;
	return true;
}
