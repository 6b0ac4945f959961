/* SPDX-License-Identifier: MIT */
/*
 * Positions must lie inside the file and never go backwards, and what is handed out must be what
 * the contract says: stripped, terminated, non-empty names.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "common/ini.h"

typedef struct Seen {
	unsigned line, lines; /* the last line reported; how many there are */
} Seen;

static void check_position(Seen *seen, const IniPosition *position)
{
	FUZZ_CHECK(strcmp(position->file, "fuzz.conf") == 0);
	FUZZ_CHECK(position->line >= 1 && position->line <= seen->lines);
	FUZZ_CHECK(position->column >= 1);
	FUZZ_CHECK(position->line >= seen->line);
	seen->line = position->line;
}

static void check_stripped(const char *text)
{
	size_t length = strlen(text);

	FUZZ_CHECK(length <= INI_LINE_MAX);
	FUZZ_CHECK(length == 0 || !strchr(" \t", text[0]));
	FUZZ_CHECK(length == 0 || !strchr(" \t", text[length - 1]));
	FUZZ_CHECK(!strchr(text, '\n') && !strchr(text, '\r'));
}

static void section(void *context, const IniPosition *position, const char *name,
		    const char *argument)
{
	check_position(context, position);
	FUZZ_CHECK(name[0] != '\0');
	check_stripped(name);
	check_stripped(argument);
}

static void entry(void *context, const IniPosition *key_position, const char *key,
		  const IniPosition *value_position, const char *value)
{
	check_position(context, key_position);
	check_position(context, value_position);
	FUZZ_CHECK(key_position->line == value_position->line);
	FUZZ_CHECK(key_position->column < value_position->column);
	FUZZ_CHECK(key[0] != '\0' && !strchr(key, '='));
	check_stripped(key);
	check_stripped(value);
}

static void error(void *context, const IniPosition *position, const char *message)
{
	check_position(context, position);
	FUZZ_CHECK(message[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Seen seen = {.lines = 1};
	const IniHandler handler = {
		.section = section, .entry = entry, .error = error, .context = &seen};

	for (size_t i = 0; i < size; i++)
		seen.lines += data[i] == '\n';
	ini_parse("fuzz.conf", (const char *)data, size, &handler);
	return 0;
}
