/* SPDX-License-Identifier: MIT */
/*
 * The tokenizer's calls are written down as text, one line per call, and compared as text:
 *   S line:column name|argument        E line:column key line:column value        X line:column
 * Every bad input says where its one error is, and is then parsed again with good lines around it,
 * which must come through.
 */
#include "common/ini.h"

#include <string.h>

#include "common/base.h"
#include "common/random.h"
#include "common/text.h"
#include "tests/unit/harness.h"

typedef struct Transcript {
	Text calls;
	unsigned errors, first_line, first_column;
	char first_message[128];
} Transcript;

static void on_section(void *context, const IniPosition *position, const char *name,
		       const char *argument)
{
	Transcript *transcript = context;

	ck_assert_str_eq(position->file, "test.conf");
	text_appendf(&transcript->calls, "S %u:%u %s|%s\n", position->line, position->column, name,
		     argument);
}

static void on_entry(void *context, const IniPosition *key_position, const char *key,
		     const IniPosition *value_position, const char *value)
{
	Transcript *transcript = context;

	text_appendf(&transcript->calls, "E %u:%u %s %u:%u %s\n", key_position->line,
		     key_position->column, key, value_position->line, value_position->column,
		     value);
}

static void on_error(void *context, const IniPosition *position, const char *message)
{
	Transcript *transcript = context;

	ck_assert_uint_gt(strlen(message), 0);
	ck_assert_str_eq(position->file, "test.conf");
	if (transcript->errors++ == 0) {
		transcript->first_line = position->line;
		transcript->first_column = position->column;
		ck_assert(text_copy(transcript->first_message, sizeof(transcript->first_message),
				    message));
	}
	text_appendf(&transcript->calls, "X %u:%u\n", position->line, position->column);
}

static Transcript parse(const char *data, size_t length)
{
	Transcript transcript = {0};
	IniHandler handler = {on_section, on_entry, on_error, &transcript};
	/* A copy of exactly this size, so that a sanitizer sees every byte read beyond it. */
	_cleanup_free_ char *copy = malloc(MAX(length, (size_t)1));

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, data, length);
	ini_parse("test.conf", copy, length, &handler);
	ck_assert(!transcript.calls.failed);
	return transcript;
}

static void check(const char *data, const char *expected)
{
	Transcript transcript = parse(data, strlen(data));

	ck_assert_str_eq(text_string(&transcript.calls), expected);
	text_clear(&transcript.calls);
}

START_TEST(empty_inputs)
{
	static const char *const inputs[] = {
		"",
		"\n",
		"\n\n\n",
		" ",
		"\t",
		" \t\n ",
		"#",
		";",
		"# x",
		"; x\n",
		"  # indented\n",
		"\t;\n",
		"#[Section]\n",
		"#Key=Value\n",
		"# caf\xc3\xa9\n",
		"##;;==[[",
	};

	for (size_t i = 0; i < ARRAY_SIZE(inputs); i++)
		check(inputs[i], "");
}
END_TEST

START_TEST(sections)
{
	check("[A]", "S 1:1 A|\n");
	check("[A]\n", "S 1:1 A|\n");
	check("\n# x\n[Daemon]  \t\n", "S 3:1 Daemon|\n");
	check("[A-b_c.9]\n", "S 1:1 A-b_c.9|\n");
	check("[Endpoint web]\n", "S 1:1 Endpoint|web\n");
	check("[Endpoint \t web]\n", "S 1:1 Endpoint|web\n");
	check("[Endpoint caf\xc3\xa9/1:#;=\"x\"]\n", "S 1:1 Endpoint|caf\xc3\xa9/1:#;=\"x\"\n");
	check("[A]\n[A]\n[B x]\n", "S 1:1 A|\nS 2:1 A|\nS 3:1 B|x\n");
}
END_TEST

START_TEST(entries)
{
	check("[A]\nKey=Value\n", "S 1:1 A|\nE 2:1 Key 2:5 Value\n");
	check("[A]\nKey=Value", "S 1:1 A|\nE 2:1 Key 2:5 Value\n");
	check("[A]\n  Key\t = \t Value with  blanks \t\n",
	      "S 1:1 A|\nE 2:3 Key 2:12 Value with  blanks\n");
	check("[A]\nKey=\n", "S 1:1 A|\nE 2:1 Key 2:5 \n");
	check("[A]\nKey=  \n", "S 1:1 A|\nE 2:1 Key 2:7 \n");
	check("[A]\nKey==\n", "S 1:1 A|\nE 2:1 Key 2:5 =\n");
	check("[A]\nKey=a=b # no comment ; nor this\n",
	      "S 1:1 A|\nE 2:1 Key 2:5 a=b # no comment ; nor this\n");
	check("[A]\nKey=[B]\n", "S 1:1 A|\nE 2:1 Key 2:5 [B]\n");
	check("[A]\nKey=\"quoted \"\n", "S 1:1 A|\nE 2:1 Key 2:5 \"quoted \"\n");
	check("[A]\nKey=back\\\nNext=1\n", "S 1:1 A|\nE 2:1 Key 2:5 back\\\nE 3:1 Next 3:6 1\n");
	check("[A]\na.b-c_9=1\n9=2\n", "S 1:1 A|\nE 2:1 a.b-c_9 2:9 1\nE 3:1 9 3:3 2\n");
	check("[A]\nKey=caf\xc3\xa9 x\n", "S 1:1 A|\nE 2:1 Key 2:5 caf\xc3\xa9 x\n");
	check("[A]\nk=1\nk=1\n[B]\nk=1\n",
	      "S 1:1 A|\nE 2:1 k 2:3 1\nE 3:1 k 3:3 1\nS 4:1 B|\nE 5:1 k 5:3 1\n");
}
END_TEST

#define BAD(text, line, column, about)                                                             \
	{                                                                                          \
		text, sizeof(text) - 1, line, column, about                                        \
	}

/* Each has one error. Most start with a good section, so that the fault is the one meant. */
static const struct {
	const char *data;
	size_t length;
	unsigned line, column;
	const char *about; /* a word of the message */
} bad[] = {
	/* before the first section */
	BAD("Key=Value", 1, 1, "before the first section"),
	BAD("\n\nKey=Value", 3, 1, "before the first section"),
	BAD("# x\n  Key=Value", 2, 3, "before the first section"),
	BAD("nonsense", 1, 1, "before the first section"),
	BAD("=", 1, 1, "before the first section"),
	BAD("]", 1, 1, "before the first section"),
	BAD("//", 1, 1, "before the first section"),
	BAD("\"[A]\"", 1, 1, "before the first section"),
	/* section headers */
	BAD("[", 1, 2, "section name"),
	BAD("[]", 1, 2, "section name"),
	BAD("[ ]", 1, 2, "section name"),
	BAD("[ A]", 1, 2, "section name"),
	BAD("[\tA]", 1, 2, "section name"),
	BAD("[[A]]", 1, 2, "section name"),
	BAD("[[A]", 1, 2, "section name"),
	BAD("[=]", 1, 2, "section name"),
	BAD("[#]", 1, 2, "section name"),
	BAD("[\xc3\xa9]", 1, 2, "section name"),
	BAD("[\"A\"]", 1, 2, "section name"),
	BAD("[A", 1, 3, "missing ']'"),
	BAD("[A ", 1, 4, "missing ']'"),
	BAD("[A b", 1, 5, "missing ']'"),
	BAD("[A#", 1, 3, "bad character"),
	BAD("[A=b]", 1, 3, "bad character"),
	BAD("[A/b]", 1, 3, "bad character"),
	BAD("[Caf\xc3\xa9]", 1, 5, "bad character"),
	BAD("[A:b]", 1, 3, "bad character"),
	BAD("[A ]", 1, 4, "expected a name"),
	BAD("[A  \t]", 1, 6, "expected a name"),
	BAD("[A b c]", 1, 5, "expected ']'"),
	BAD("[A b ]", 1, 5, "expected ']'"),
	BAD("[A[", 1, 3, "expected ']'"),
	BAD("[A [b]]", 1, 4, "expected ']'"),
	BAD("[A b[c]", 1, 5, "expected ']'"),
	BAD("[A]]", 1, 4, "after the section header"),
	BAD("[A]x", 1, 4, "after the section header"),
	BAD("[A] x", 1, 5, "after the section header"),
	BAD("[A] # no comment here", 1, 5, "after the section header"),
	BAD("[A] ; nor here", 1, 5, "after the section header"),
	BAD("[A]=1", 1, 4, "after the section header"),
	BAD("[A b]  [C]", 1, 8, "after the section header"),
	BAD(" [A]", 1, 2, "first column"),
	BAD("\t[A]", 1, 2, "first column"),
	BAD("[A]\n  [B]", 2, 3, "first column"),
	BAD("[A]\n [B]=1", 2, 2, "first column"),
	/* entries */
	BAD("[A]\nKey", 2, 1, "expected Key=Value"),
	BAD("[A]\n  Key Value", 2, 3, "expected Key=Value"),
	BAD("[A]\nKey: Value", 2, 1, "expected Key=Value"),
	BAD("[A]\n]", 2, 1, "expected Key=Value"),
	BAD("[A]\n\xc3\xa9", 2, 1, "expected Key=Value"),
	BAD("[A]\nKey=1\n continued", 3, 2, "expected Key=Value"),
	BAD("[A]\n=Value", 2, 1, "missing key"),
	BAD("[A]\n  = Value", 2, 3, "missing key"),
	BAD("[A]\n==", 2, 1, "missing key"),
	BAD("[A]\nKey with blank=1", 2, 5, "bad character in key"),
	BAD("[A]\nKey!=1", 2, 4, "bad character in key"),
	BAD("[A]\nKey:=1", 2, 4, "bad character in key"),
	BAD("[A]\nKey[0]=1", 2, 4, "bad character in key"),
	BAD("[A]\n\"Key\"=1", 2, 1, "bad character in key"),
	BAD("[A]\nK\xc3\xa9y=1", 2, 2, "bad character in key"),
	BAD("[A]\nKey # x = 1", 2, 5, "bad character in key"),
	BAD("[A]\n\xe2\x80\x8bKey=1", 2, 1, "bad character in key"), /* zero-width space */
	BAD("[A]\n\xc2\xa0Key=1", 2, 1, "bad character in key"),     /* no-break space */
	BAD("[A]\n-\xe2\x80\x93=1", 2, 2, "bad character in key"),
	/* line ends and control characters */
	BAD("[A]\r\n", 1, 4, "carriage return"),
	BAD("\r\n", 1, 1, "carriage return"),
	BAD("[A]\nKey=Value\r\n", 2, 10, "carriage return"),
	BAD("[A]\nKey=Value\r", 2, 10, "carriage return"),
	BAD("[A]\nKey=\r1", 2, 5, "carriage return"),
	BAD("# x\r\n", 1, 4, "carriage return"),
	BAD("\0", 1, 1, "NUL"),
	BAD("[A]\nKey=a\0b", 2, 6, "NUL"),
	BAD("[A]\nKey\0=b", 2, 4, "NUL"),
	BAD("[A\0]", 1, 3, "NUL"),
	BAD("# x\0y\n", 1, 4, "NUL"),
	BAD("[A]\nKey=1\n\0", 3, 1, "NUL"),
	BAD("[A]\nKey=\x1b[31m", 2, 5, "control"),
	BAD("[A]\nKey=a\x7f", 2, 6, "control"),
	BAD("[A]\n\x0bKey=1", 2, 1, "control"),
	BAD("[A]\n\x0cKey=1", 2, 1, "control"),
	BAD("\x01", 1, 1, "control"),
	BAD("# bell \x07", 1, 8, "control"),
	/* encoding */
	BAD("[A]\nKey=caf\xe9", 2, 8, "UTF-8"),
	BAD("[A]\nKey=caf\xe9 au lait", 2, 8, "UTF-8"),
	BAD("[A]\nKey=\xc3\xa9\xff", 2, 7, "UTF-8"),
	BAD("[A]\nKey=\xc0\xbd", 2, 5, "UTF-8"), /* an overlong '=' */
	BAD("[A]\nKey=\xed\xa0\x80", 2, 5, "UTF-8"),
	BAD("[A]\nKey=\xf4\x90\x80\x80", 2, 5, "UTF-8"),
	BAD("[A]\nKey=\xe2\x82", 2, 5, "UTF-8"),
	BAD("[A]\nKey=\xe2\x82\n", 2, 5, "UTF-8"), /* does not run on into the next line */
	BAD("# caf\xe9\n", 1, 6, "UTF-8"),
	BAD("\xff\xfe[\0A\0]\0", 1, 1, "UTF-8"), /* UTF-16 */
	BAD("\xfe\xff", 1, 1, "UTF-8"),
	BAD("\xef\xbb\xbf", 1, 1, "byte order mark"),
	BAD("\xef\xbb\xbf[A]", 1, 1, "byte order mark"),
	BAD("\xef\xbb\xbf\n[A]\nKey=1\n", 1, 1, "byte order mark"),
	BAD("\xef\xbb\xbf# x\n", 1, 1, "byte order mark"),
	BAD("[A]\n\xef\xbb\xbfKey=1\n", 2, 1, "bad character in key"),
	BAD("\xef\xbb", 1, 1, "UTF-8"),
};

_Static_assert(ARRAY_SIZE(bad) >= 90, "the table is the test");

START_TEST(bad_inputs)
{
	Transcript t = parse(bad[_i].data, bad[_i].length);

	ck_assert_msg(t.errors == 1, "%u errors: %s", t.errors, text_string(&t.calls));
	ck_assert_msg(t.first_line == bad[_i].line && t.first_column == bad[_i].column, "%u:%u",
		      t.first_line, t.first_column);
	ck_assert_msg(strstr(t.first_message, bad[_i].about) != NULL, "%s", t.first_message);
	text_clear(&t.calls);
}
END_TEST

/* The same with lines before and after: positions move, and what is good comes through. */
START_TEST(bad_inputs_among_good_lines)
{
	static const char before[] = "[Before]\nFirst=1\n";
	static const char after[] = "\n[After x]\nLast = 2";
	Text data = {0};

	text_append(&data, before);
	text_append_bytes(&data, bad[_i].data, bad[_i].length);
	text_append(&data, after);
	unsigned lines = 3;
	for (size_t i = 0; i < bad[_i].length; i++)
		lines += bad[_i].data[i] == '\n';

	Transcript t = parse(data.data, data.length);
	char expected[128];
	ck_assert(text_format(expected, sizeof(expected), "S %u:1 After|x\nE %u:1 Last %u:8 2\n",
			      lines + 1, lines + 2, lines + 2));
	const char *calls = text_string(&t.calls);
	ck_assert(text_starts_with(calls, "S 1:1 Before|\nE 2:1 First 2:7 1\n"));
	ck_assert_uint_ge(strlen(calls), strlen(expected));
	ck_assert_str_eq(calls + strlen(calls) - strlen(expected), expected);

	/* Text before the first section, and a mark at the start, are no such faults here; some of
	 * those are others, or none. */
	if (!strstr(bad[_i].about, "before the first") && !strstr(bad[_i].about, "byte order")) {
		ck_assert_uint_eq(t.errors, 1);
		ck_assert_uint_eq(t.first_line, bad[_i].line + 2);
		ck_assert_uint_eq(t.first_column, bad[_i].column);
	}
	text_clear(&t.calls);
	text_clear(&data);
}
END_TEST

START_TEST(all_errors_are_found)
{
	check("stray\n[A]\nno value\n=1\nk=1\nx y=2\nbad\x01=3\n[B\nk=4\nno value\n[C]\nk=5\n",
	      "X 1:1\nS 2:1 A|\nX 3:1\nX 4:1\nE 5:1 k 5:3 1\nX 6:3\nX 7:4\nX 8:3\nX 10:1\n"
	      "S 11:1 C|\nE 12:1 k 12:3 5\n");
}
END_TEST

/* An entry below a header that could not be read must not land in the section above it. */
START_TEST(entries_of_a_broken_section_are_withheld)
{
	check("[A]\n[B\nk=1\n", "S 1:1 A|\nX 2:3\n");
	check("[A]\n [B]\nk=1\n", "S 1:1 A|\nX 2:2\n");
	check("[A]\n[B]\r\nk=1\n", "S 1:1 A|\nX 2:4\n");
	check("[A]\n[B\xff]\nk=1\n", "S 1:1 A|\nX 2:3\n");
	check("[B\nk=1\n=\n", "X 1:3\nX 3:1\n");
	check("\xef\xbb\xbf[A]\nk=1\n[B]\nk=2\n", "X 1:1\nS 3:1 B|\nE 4:1 k 4:3 2\n");
}
END_TEST

/* `prefix` padded with x to `length` bytes, between two good lines. */
static void check_long(const char *prefix, size_t length, bool good)
{
	Text data = {0};

	text_append(&data, "[A]\n");
	text_append(&data, prefix);
	while (data.length < 4 + length)
		text_append(&data, "x");
	text_append(&data, "\nk=1");
	Transcript t = parse(data.data, data.length);
	ck_assert_uint_eq(t.errors, good ? 0 : 1);
	if (!good) {
		ck_assert_uint_eq(t.first_line, 2);
		ck_assert_uint_eq(t.first_column, INI_LINE_MAX + 1);
		ck_assert_ptr_nonnull(strstr(t.first_message, "too long"));
	}
	ck_assert_ptr_nonnull(strstr(text_string(&t.calls), "E 3:1 k 3:3 1\n"));
	text_clear(&t.calls);
	text_clear(&data);
}

START_TEST(line_lengths)
{
	static const char *const prefixes[] = {"v=", "# "};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		check_long(prefixes[i], INI_LINE_MAX - 1, true);
		check_long(prefixes[i], INI_LINE_MAX, true);
		check_long(prefixes[i], INI_LINE_MAX + 1, false);
		check_long(prefixes[i], INI_LINE_MAX * 20, false);
	}
}
END_TEST

/* A header of the greatest length without its bracket: one byte further is not ours to read. */
START_TEST(longest_header_without_an_end)
{
	char data[INI_LINE_MAX];

	memset(data, 'x', sizeof(data));
	data[0] = '[';
	Transcript t = parse(data, sizeof(data));
	ck_assert_uint_eq(t.errors, 1);
	ck_assert_uint_eq(t.first_column, INI_LINE_MAX + 1);
	ck_assert_ptr_nonnull(strstr(t.first_message, "missing ']'"));
	text_clear(&t.calls);

	data[sizeof(data) - 1] = ']';
	t = parse(data, sizeof(data));
	ck_assert_uint_eq(t.errors, 0);
	text_clear(&t.calls);
}
END_TEST

START_TEST(file_sizes)
{
	_cleanup_free_ char *data = malloc(INI_FILE_MAX + 1);

	ck_assert_ptr_nonnull(data);
	memset(data, '\n', INI_FILE_MAX + 1);
	memcpy(data, "[A]", 3);
	Transcript t = parse(data, INI_FILE_MAX);
	ck_assert_str_eq(text_string(&t.calls), "S 1:1 A|\n");
	text_clear(&t.calls);

	t = parse(data, INI_FILE_MAX + 1);
	ck_assert_str_eq(text_string(&t.calls), "X 1:1\n");
	ck_assert_ptr_nonnull(strstr(t.first_message, "too large"));
	text_clear(&t.calls);
}
END_TEST

/* Random bytes from an alphabet of the characters that matter: at most one error per line, no
 * position outside its line, and nothing a sanitizer would mind. */
START_TEST(random_bytes)
{
	static const char alphabet[] = "[[]]==  \t\n\n\n##;aA9-_.\r\x01\xc3\xa9\xff\xe2";
	uint64_t state = 6;
	Random random = random_seeded(&state);

	for (int round = 0; round < 20000; round++) {
		char data[48];
		size_t length = random.next(random.context) % sizeof(data), lines = 1;

		for (size_t i = 0; i < length; i++) {
			data[i] = alphabet[random.next(random.context) % (sizeof(alphabet))];
			lines += data[i] == '\n';
		}
		Transcript t = parse(data, length);
		ck_assert_uint_le(t.errors, lines);
		ck_assert_uint_le(t.first_line, lines);
		ck_assert_uint_le(t.first_column, length + 1);
		text_clear(&t.calls);
	}
}
END_TEST

static void add_tables(Suite *suite)
{
	TCase *tcase = tcase_create("bad");

	tcase_add_loop_test(tcase, bad_inputs, 0, (int)ARRAY_SIZE(bad));
	tcase_add_loop_test(tcase, bad_inputs_among_good_lines, 0, (int)ARRAY_SIZE(bad));
	suite_add_tcase(suite, tcase);
}

HARNESS_MAIN("ini", HARNESS_CASE(suite, "good", empty_inputs, sections, entries); add_tables(suite);
	     HARNESS_CASE(suite, "recovery", all_errors_are_found,
			  entries_of_a_broken_section_are_withheld);
	     HARNESS_CASE(suite, "limits", line_lengths, longest_header_without_an_end, file_sizes,
			  random_bytes);)
