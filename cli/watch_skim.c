/* SPDX-License-Identifier: MIT */
#include "cli/watch_skim.h"

#include <stdbool.h>
#include <string.h>

typedef struct Skim {
	char *text;
	size_t length;
	size_t in, out; /* what was read, and written: never more */
} Skim;

/* Moves what was read up to `to` to what is written. */
static void keep(Skim *skim, size_t to)
{
	memmove(skim->text + skim->out, skim->text + skim->in, to - skim->in);
	skim->out += to - skim->in;
	skim->in = to;
}

/* After the string whose first quote is at `at`; the length if it does not end. */
static size_t after_string(const Skim *skim, size_t at)
{
	for (at++; at < skim->length; at++) {
		if (skim->text[at] == '"')
			return at + 1;
		at += skim->text[at] == '\\';
	}
	return skim->length;
}

static size_t after_space(const Skim *skim, size_t at)
{
	while (at < skim->length && strchr(" \t\r\n", skim->text[at]) && skim->text[at])
		at++;
	return at;
}

/* After the list or object that begins at `at`; 0 if it does not end. */
static size_t after_container(const Skim *skim, size_t at)
{
	size_t depth = 0;

	while (at < skim->length) {
		char byte = skim->text[at];

		if (byte == '"') {
			at = after_string(skim, at);
			continue;
		}
		at++;
		depth += byte == '[' || byte == '{';
		depth -= byte == ']' || byte == '}';
		if (depth == 0)
			return at;
	}
	return 0;
}

static bool is_among(const char *const keys[], const char *key, size_t length)
{
	for (; *keys; keys++)
		if (strlen(*keys) == length && memcmp(*keys, key, length) == 0)
			return true;
	return false;
}

/* What was read ends with one of the keys: its value follows. */
static void empty_value(Skim *skim)
{
	size_t at = after_space(skim, skim->in), end;

	if (at == skim->length || skim->text[at] != ':')
		return;
	at = after_space(skim, at + 1);
	if (at == skim->length || (skim->text[at] != '[' && skim->text[at] != '{'))
		return;
	end = after_container(skim, at);
	if (end == 0)
		return;
	keep(skim, at + 1);
	skim->text[skim->out++] = skim->text[end - 1];
	skim->in = end;
}

size_t watch_skim(char *text, size_t length, const char *const keys[])
{
	Skim skim = {.text = text, .length = length};

	while (skim.in < length) {
		const char *quote = memchr(text + skim.in, '"', length - skim.in);
		size_t start = quote ? (size_t)(quote - text) : length;
		size_t end = quote ? after_string(&skim, start) : length;
		bool wanted = end > start + 1 && is_among(keys, text + start + 1, end - start - 2);

		keep(&skim, end);
		if (wanted)
			empty_value(&skim);
	}
	return skim.out;
}
