/* SPDX-License-Identifier: MIT */
/*
 * The arithmetic of tunables' values; their table is in tunable_table.c.
 *
 * The kernel is a bad judge of what it is given: it takes "9 5 3" for min, default and max, reads
 * hexadecimal, and answers EINVAL to an overflowing third number after it has changed the first
 * two. So the ranges here are the narrow ones that make sense, and a value that does not pass
 * tunable_check() never reaches a write.
 *
 * Reading is more liberal than writing: what a host already holds may be outside our ranges and
 * must still be understood, because it has to be put back as it was. tunable_parse() therefore
 * knows only the shape of a value, and nothing of its range.
 *
 * A set of names compares as a set: the kernel lists congestion controls in the order of their
 * registration, whatever order was written.
 */
#include "daemon/model/tunable.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/base.h"
#include "common/parse.h"
#include "common/text.h"

/* TCP_CA_NAME_MAX is 16 with the terminator (include/net/tcp.h). */
#define CONGESTION_CONTROL_NAME_MAX 15

const Tunable *tunable_find(const char *key, TunableId *ret_id)
{
	for (size_t i = 0; i < _TUNABLES; i++) {
		if (!text_equal(tunables[i].key, key))
			continue;
		if (ret_id)
			*ret_id = (TunableId)i;
		return &tunables[i];
	}
	return NULL;
}

static size_t number_count(TunableKind kind)
{
	switch (kind) {
	case TUNABLE_INTEGER:
		return 1;
	case TUNABLE_PAIR:
		return 2;
	case TUNABLE_TRIPLE:
		return 3;
	case TUNABLE_WORD:
	case TUNABLE_WORDS:
		break;
	}
	return 0;
}

/* The next token of *cursor into buffer. 1 token, 0 end, -EINVAL too long for the buffer. */
static int next_token(const char **cursor, char *buffer, size_t size)
{
	static const char blanks[] = " \t\n";
	const char *start = *cursor + strspn(*cursor, blanks);
	size_t length = strcspn(start, blanks);

	if (length == 0)
		return 0;
	if (length >= size)
		return -EINVAL;
	memcpy(buffer, start, length);
	buffer[length] = '\0';
	*cursor = start + length;
	return 1;
}

static int parse_numbers(const char *text, size_t n, int64_t *ret_numbers)
{
	char token[24];

	for (size_t i = 0; i < n; i++) {
		if (next_token(&text, token, sizeof(token)) <= 0 ||
		    parse_int64(token, INT64_MIN, INT64_MAX, &ret_numbers[i]) < 0)
			return -EINVAL;
	}
	return next_token(&text, token, sizeof(token)) == 0 ? 0 : -EINVAL;
}

static bool is_word(const char *token)
{
	return token[strspn(token, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static int parse_words(const char *text, size_t maximum, char *ret_words)
{
	char token[TUNABLE_WORD_MAX];
	size_t used = 0, n = 0;
	int r;

	while ((r = next_token(&text, token, sizeof(token))) > 0) {
		size_t length = strlen(token);

		if (++n > maximum || !is_word(token) || used + length + 2 > TUNABLE_WORD_MAX)
			return -EINVAL;
		if (used > 0)
			ret_words[used++] = ' ';
		memcpy(ret_words + used, token, length + 1);
		used += length;
	}
	return r < 0 || n == 0 ? -EINVAL : 0;
}

int tunable_parse(const Tunable *tunable, const char *text, TunableValue *ret_value)
{
	TunableValue value = {.kind = tunable->kind};
	size_t n = number_count(tunable->kind);
	int r;

	if (n > 0)
		r = parse_numbers(text, n, value.numbers);
	else
		r = parse_words(text, tunable->kind == TUNABLE_WORD ? 1 : SIZE_MAX, value.words);
	if (r < 0)
		return r;
	*ret_value = value;
	return 0;
}

const char *tunable_format(const TunableValue *value, char *buffer, size_t size)
{
	const int64_t *n = value->numbers;

	switch (value->kind) {
	case TUNABLE_INTEGER:
		(void)text_format(buffer, size, "%" PRId64, n[0]);
		break;
	case TUNABLE_PAIR:
		(void)text_format(buffer, size, "%" PRId64 " %" PRId64, n[0], n[1]);
		break;
	case TUNABLE_TRIPLE:
		(void)text_format(buffer, size, "%" PRId64 " %" PRId64 " %" PRId64, n[0], n[1],
				  n[2]);
		break;
	case TUNABLE_WORD:
	case TUNABLE_WORDS:
		(void)text_copy(buffer, size, value->words);
		break;
	}
	return buffer;
}

TunableValue tunable_unset(TunableId id)
{
	return (TunableValue){.kind = tunables[id].kind};
}

bool tunable_is_unset(const TunableValue *value)
{
	return value->kind == TUNABLE_WORD
		       ? value->words[0] == '\0'
		       : value->kind == TUNABLE_INTEGER && value->numbers[0] == 0;
}

bool tunable_has_word(const TunableValue *value, const char *word)
{
	const char *cursor = value->words;
	char token[TUNABLE_WORD_MAX];

	while (next_token(&cursor, token, sizeof(token)) > 0) {
		if (strcmp(token, word) == 0)
			return true;
	}
	return false;
}

bool tunable_is_subset(const TunableValue *a, const TunableValue *b)
{
	const char *cursor = a->words;
	char token[TUNABLE_WORD_MAX];

	while (next_token(&cursor, token, sizeof(token)) > 0) {
		if (!tunable_has_word(b, token))
			return false;
	}
	return true;
}

int tunable_add_word(TunableValue *value, const char *word)
{
	size_t used = strlen(value->words), length = strlen(word);

	if (tunable_has_word(value, word))
		return 0;
	if (used + length + 2 > sizeof(value->words))
		return -ENOBUFS;
	if (used > 0)
		value->words[used++] = ' ';
	memcpy(value->words + used, word, length + 1);
	return 0;
}

bool tunable_equal(const TunableValue *a, const TunableValue *b)
{
	if (a->kind != b->kind)
		return false;
	for (size_t i = 0; i < number_count(a->kind); i++) {
		if (a->numbers[i] != b->numbers[i])
			return false;
	}
	return tunable_is_subset(a, b) && tunable_is_subset(b, a);
}

static int check_numbers(const Tunable *tunable, const TunableValue *value, char *reason,
			 size_t size)
{
	static const char *const triple[] = {"min ", "default ", "max "};
	static const char *const pair[] = {"low ", "high "};
	const char *const *names = value->kind == TUNABLE_PAIR ? pair : triple;
	size_t n = number_count(value->kind);

	for (size_t i = 0; i < n; i++) {
		const char *name = n == 1 ? "" : names[i];
		int64_t number = value->numbers[i];

		if (number < tunable->minimum) {
			(void)text_format(reason, size, "%s%" PRId64 " is under %" PRId64, name,
					  number, tunable->minimum);
			return -ERANGE;
		}
		if (number > tunable->maximum) {
			(void)text_format(reason, size, "%s%" PRId64 " is over %" PRId64, name,
					  number, tunable->maximum);
			return -ERANGE;
		}
		if (i > 0 && number < value->numbers[i - 1]) {
			(void)text_format(reason, size, "%s%" PRId64 " is under %s%" PRId64, name,
					  number, names[i - 1], value->numbers[i - 1]);
			return -ERANGE;
		}
	}
	return 0;
}

static int check_words(const TunableValue *value, char *reason, size_t size)
{
	const char *cursor = value->words;
	char token[TUNABLE_WORD_MAX];
	size_t n = 0;

	while (next_token(&cursor, token, sizeof(token)) > 0) {
		n++;
		if (strlen(token) <= CONGESTION_CONTROL_NAME_MAX && is_word(token))
			continue;
		(void)text_format(reason, size, "'%s' is not a name of at most %d of [a-z0-9_]",
				  token, CONGESTION_CONTROL_NAME_MAX);
		return -ERANGE;
	}
	if (n == 0 || (value->kind == TUNABLE_WORD && n > 1)) {
		(void)text_format(reason, size, "%s", n == 0 ? "no name" : "more than one name");
		return -ERANGE;
	}
	return 0;
}

int tunable_check(const Tunable *tunable, const TunableValue *value, char *reason, size_t size)
{
	if (value->kind != tunable->kind) {
		(void)text_format(reason, size, "not a value of %s", tunable->key);
		return -ERANGE;
	}
	return number_count(value->kind) > 0 ? check_numbers(tunable, value, reason, size)
					     : check_words(value, reason, size);
}
