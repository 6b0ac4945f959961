/* SPDX-License-Identifier: MIT */
#include "cli/cell.h"

#include <inttypes.h>

#include "common/human.h"

void cell_text(Table *table, const Json *object, const char *key)
{
	table_add(table, STYLE_PLAIN, json_string(json_get(object, key)));
}

typedef const char *(*Formatter)(uint64_t value, char *buffer);

/* Unknown and, as nothing we show can be, negative. */
static void add_number(Table *table, const Json *object, const char *key, Formatter format)
{
	int64_t value = json_int(json_get(object, key), -1);
	char buffer[HUMAN_MAX];

	table_add(table, STYLE_PLAIN, value < 0 ? NULL : format((uint64_t)value, buffer));
}

static const char *format_count(uint64_t value, char *buffer)
{
	(void)text_format(buffer, HUMAN_MAX, "%" PRIu64, value);
	return buffer;
}

void cell_count(Table *table, const Json *object, const char *key)
{
	add_number(table, object, key, format_count);
}

void cell_latency(Table *table, const Json *object, const char *key)
{
	add_number(table, object, key, human_latency);
}

void cell_span(Table *table, const Json *object, const char *key)
{
	add_number(table, object, key, human_span);
}

void cell_rate(Table *table, const Json *object, const char *key)
{
	add_number(table, object, key, human_rate);
}

void cell_bytes(Table *table, const Json *object, const char *key)
{
	add_number(table, object, key, human_bytes);
}

void cell_ppm(Table *table, const Json *object, const char *key)
{
	add_number(table, object, key, human_ppm);
}

void cell_permille(Table *table, const Json *object, const char *key, bool sign)
{
	const Json *value = json_get(object, key);
	char buffer[HUMAN_MAX];

	table_add(table, STYLE_PLAIN,
		  json_type(value) == JSON_INT ? human_permille(json_int(value, 0), sign, buffer)
					       : NULL);
}

OutputStyle cell_style(const char *word)
{
	static const struct {
		const char *word;
		OutputStyle style;
	} rows[] = {
		{"verified", STYLE_GOOD},     {"rejected", STYLE_BAD},  {"no carrier", STYLE_WARN},
		{"ok", STYLE_GOOD},           {"up", STYLE_GOOD},       {"met", STYLE_GOOD},
		{"kept", STYLE_GOOD},         {"netopt", STYLE_GOOD},   {"degraded", STYLE_BAD},
		{"down", STYLE_BAD},          {"missed", STYLE_BAD},    {"unresolved", STYLE_BAD},
		{"foreign", STYLE_WARN},      {"restored", STYLE_WARN}, {"trial", STYLE_WARN},
		{"inconclusive", STYLE_WARN},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (text_equal(rows[i].word, word))
			return rows[i].style;
	return STYLE_PLAIN;
}

void cell_judged(Table *table, const Json *object, const char *key)
{
	const char *word = json_string(json_get(object, key));

	table_add(table, cell_style(word), word);
}
