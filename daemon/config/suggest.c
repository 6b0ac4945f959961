/* SPDX-License-Identifier: MIT */
/*
 * Most wrong words are right ones in another spelling ("target_p99", "AUTO") or a slip of the
 * fingers. Naming the right one in the error saves a look into the manual.
 */
#include "daemon/config/suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "common/base.h"
#include "common/text.h"

/* What people write for the two words that nearly every key of [Tuning] has. */
static const struct {
	const char *word, *meant;
} synonyms[] = {
	{"yes", "auto"},     {"true", "auto"}, {"on", "auto"},   {"enabled", "auto"},
	{"default", "auto"}, {"no", "off"},    {"false", "off"}, {"none", "off"},
	{"disabled", "off"}, {"never", "off"},
};

static int next_letter(const char **cursor)
{
	while (**cursor == '-' || **cursor == '_')
		(*cursor)++;
	int c = tolower((unsigned char)**cursor);
	if (c != '\0')
		(*cursor)++;
	return c;
}

static bool same_letters(const char *a, const char *b)
{
	for (;;) {
		int x = next_letter(&a), y = next_letter(&b);
		if (x != y)
			return false;
		if (x == '\0')
			return true;
	}
}

const char *config_suggest(const char *word, const char *const candidates[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (same_letters(word, candidates[i]))
			return candidates[i];

	const char *nearest = text_nearest(word, candidates, n);
	if (nearest)
		return nearest;

	for (size_t i = 0; i < ARRAY_SIZE(synonyms); i++) {
		if (strcasecmp(word, synonyms[i].word) != 0)
			continue;
		for (size_t k = 0; k < n; k++)
			if (text_equal(candidates[k], synonyms[i].meant))
				return candidates[k];
	}
	return NULL;
}

/* C0, DEL, and both bytes of C1 (U+0080 to U+009F: an 8-bit CSI even for UTF-8 terminals). */
static bool is_control(const char *word, size_t i)
{
	const unsigned char *bytes = (const unsigned char *)word;

	if (bytes[i] < 0x20 || bytes[i] == 0x7f)
		return true;
	if (i > 0 && bytes[i - 1] == 0xc2)
		return bytes[i] >= 0x80 && bytes[i] < 0xa0;
	return bytes[i] == 0xc2 && bytes[i + 1] >= 0x80 && bytes[i + 1] < 0xa0;
}

const char *config_quote(const char *word, char *buffer)
{
	const size_t room = CONFIG_QUOTE_MAX - sizeof("''...");
	size_t length = strlen(word), kept = MIN(length, room);

	/* Not in the middle of a UTF-8 sequence. */
	while (kept < length && kept > 0 && ((unsigned char)word[kept] & 0xc0) == 0x80)
		kept--;

	char *out = buffer;
	*out++ = '\'';
	for (size_t i = 0; i < kept; i++)
		*out++ = is_control(word, i) ? '?' : word[i];
	(void)text_copy(out, (size_t)(buffer + CONFIG_QUOTE_MAX - out),
			kept < length ? "...'" : "'");
	return buffer;
}
