/* SPDX-License-Identifier: MIT */
/*
 * The INI tokenizer: one pass, line by line, one copy of a line on the stack.
 *
 * A line is first checked as bytes (length, NUL, carriage return, control characters, UTF-8), then
 * taken apart; so no rule further down ever meets a byte it does not expect. The parser has three
 * states: before any section, in a good one, in a broken one. In the last, entries are checked for
 * syntax but withheld, since they belong to a section whose name could not be read, and reporting
 * them as unknown keys of the section above would be wrong.
 *
 * It knows nothing of which sections and keys exist; that is the configuration's key table.
 */
#include "common/ini.h"

#include <stdbool.h>
#include <string.h>

#include "common/base.h"
#include "common/text.h"

#define BLANKS   " \t"
#define BOM      "\xef\xbb\xbf"
#define BOM_SIZE (sizeof(BOM) - 1)

typedef enum SectionState { SECTION_NONE, SECTION_GOOD, SECTION_BROKEN } SectionState;

typedef struct Parser {
	const IniHandler *handler;
	const char *file;
	unsigned line;
	SectionState section;
	char text[INI_LINE_MAX + 1]; /* the line, cut up in place */
} Parser;

static IniPosition position_at(const Parser *parser, size_t offset)
{
	return (IniPosition){
		.file = parser->file,
		.line = parser->line,
		.column = (unsigned)offset + 1,
	};
}

static void fail(const Parser *parser, size_t offset, const char *message)
{
	IniPosition position = position_at(parser, offset);

	parser->handler->error(parser->handler->context, &position, message);
}

/* What is wrong with the byte at the front, or NULL; *ret_length: bytes of the character. */
static const char *check_character(const char *bytes, size_t length, size_t *ret_length)
{
	unsigned char first = (unsigned char)bytes[0];

	*ret_length = 1;
	if (first == '\0')
		return "NUL byte";
	if (first == '\r')
		return "carriage return: lines must end with a line feed alone";
	if ((first < 0x20 && first != '\t') || first == 0x7f)
		return "control character";
	while (!text_is_utf8(bytes, *ret_length))
		if (++*ret_length > MIN(length, (size_t)4))
			return "invalid UTF-8";
	return NULL;
}

static bool check_line(const Parser *parser, const char *data, size_t length)
{
	size_t step;

	if (length > INI_LINE_MAX) {
		fail(parser, INI_LINE_MAX, "line too long");
		return false;
	}
	for (size_t i = 0; i < length; i += step) {
		const char *message = check_character(data + i, length - i, &step);
		if (message) {
			fail(parser, i, message);
			return false;
		}
	}
	return true;
}

/* The length of the name at the front: letters, digits, - _ and . */
static size_t name_length(const char *text)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
}

/* Offsets into a header's line; argument == name_end if there is none. */
typedef struct Header {
	size_t name_end, argument, argument_end;
} Header;

/* "[Name]" or "[Name argument]"; what is wrong with it and where, or NULL. */
static const char *split_header(const char *text, Header *ret_header, size_t *ret_offset)
{
	Header h = {.name_end = 1 + name_length(text + 1)};

	*ret_offset = h.name_end;
	if (h.name_end == 1)
		return "expected a section name after '['";
	if (!strchr(BLANKS "[]", text[h.name_end]))
		return "bad character in section name";

	h.argument = h.name_end + strspn(text + h.name_end, BLANKS);
	h.argument_end = h.argument + strcspn(text + h.argument, BLANKS "[]");
	*ret_offset = h.argument_end;
	if (text[h.argument_end] == '\0')
		return "missing ']' at the end of the section header";
	if (text[h.argument_end] != ']')
		return "expected ']' here";
	if (h.argument != h.name_end && h.argument_end == h.argument)
		return "expected a name before ']'";

	const char *rest = text + h.argument_end + 1;
	rest += strspn(rest, BLANKS);
	*ret_offset = (size_t)(rest - text);
	if (*rest != '\0')
		return "unexpected text after the section header";

	*ret_header = h;
	return NULL;
}

static void parse_section(Parser *parser)
{
	const IniHandler *handler = parser->handler;
	Header header;
	size_t offset;
	const char *message = split_header(parser->text, &header, &offset);

	if (message) {
		parser->section = SECTION_BROKEN;
		fail(parser, offset, message);
		return;
	}

	bool has_argument = header.argument != header.name_end;
	IniPosition position = position_at(parser, 0);
	parser->section = SECTION_GOOD;
	parser->text[header.argument_end] = '\0';
	parser->text[header.name_end] = '\0';
	handler->section(handler->context, &position, parser->text + 1,
			 has_argument ? parser->text + header.argument : "");
}

static void parse_entry(Parser *parser, size_t key)
{
	const IniHandler *handler = parser->handler;
	size_t key_end = key + name_length(parser->text + key);
	size_t equals = key_end + strspn(parser->text + key_end, BLANKS);

	if (parser->section == SECTION_NONE)
		return fail(parser, key, "text before the first section");
	if (!strchr(parser->text + key, '='))
		return fail(parser, key, "expected Key=Value, a [Section] or a comment");
	if (parser->text[key] == '=')
		return fail(parser, key, "missing key before '='");
	if (parser->text[equals] != '=')
		return fail(parser, equals, "bad character in key");
	if (parser->section == SECTION_BROKEN)
		return;

	char *value = text_strip(parser->text + equals + 1);
	IniPosition key_position = position_at(parser, key);
	IniPosition value_position = position_at(parser, (size_t)(value - parser->text));
	parser->text[key_end] = '\0';
	handler->entry(handler->context, &key_position, parser->text + key, &value_position, value);
}

static void parse_line(Parser *parser, const char *data, size_t length)
{
	/* A broken header must not leave its entries to the section above. */
	bool is_header = length > 0 && data[0] == '[';

	if (!check_line(parser, data, length)) {
		if (is_header)
			parser->section = SECTION_BROKEN;
		return;
	}
	memcpy(parser->text, data, length);
	parser->text[length] = '\0';

	size_t start = strspn(parser->text, BLANKS);
	char first = parser->text[start];
	if (first == '\0' || first == '#' || first == ';')
		return;
	if (is_header)
		return parse_section(parser);
	if (first == '[') {
		parser->section = SECTION_BROKEN;
		return fail(parser, start, "a section header must start in the first column");
	}
	parse_entry(parser, start);
}

void ini_parse(const char *file, const char *data, size_t length, const IniHandler *handler)
{
	Parser parser = {.handler = handler, .file = file, .line = 1};
	const char *end = data + length;

	if (length > INI_FILE_MAX)
		return fail(&parser, 0, "file too large");
	if (length >= BOM_SIZE && memcmp(data, BOM, BOM_SIZE) == 0) {
		/* Its columns would be off by three, so the rest of the line goes unread. */
		fail(&parser, 0, "byte order mark: save the file as plain UTF-8");
		parser.section = SECTION_BROKEN;
		const char *newline = memchr(data, '\n', length);
		data = newline ? newline + 1 : end;
		parser.line++;
	}

	for (; data < end; parser.line++) {
		const char *newline = memchr(data, '\n', (size_t)(end - data));
		const char *line_end = newline ? newline : end;
		parse_line(&parser, data, (size_t)(line_end - data));
		data = newline ? newline + 1 : end;
	}
}
