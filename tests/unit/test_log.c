/* SPDX-License-Identifier: MIT */
/*
 * What reaches a sink, and what the default sink puts on stderr. Stderr is a pipe here, so that the
 * bytes can be read back; the clock time in a line is only checked for its shape.
 */
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/text.h"
#include "tests/unit/harness.h"

typedef struct Seen {
	int count;
	LogRecord record;   /* its pointers are not valid after the call … */
	char message[4096]; /* … hence the copy */
} Seen;

static void remember(const LogRecord *record, void *context)
{
	Seen *seen = context;

	seen->count++;
	seen->record = *record;
	ck_assert(text_copy(seen->message, sizeof(seen->message), record->message));
	errno = ENOTTY; /* sinks may do this to us */
}

static const char *logged(Seen *seen, const char *text)
{
	log_set_sink(remember, seen);
	log_error("%s", text);
	return seen->message;
}

START_TEST(record_carries_everything)
{
	static const LogField fields[] = {{"NETOPT_A", "1"}, {"NETOPT_B", "2"}};
	Seen seen = {0};
	int line;

	log_set_sink(remember, &seen);
	line = __LINE__ + 1;
	log_structured(LOG_NOTICE, "0123456789abcdef0123456789abcdef", fields, 2, "%s=%d", "x", 5);
	ck_assert_int_eq(seen.count, 1);
	ck_assert_int_eq(seen.record.level, LOG_NOTICE);
	ck_assert_str_eq(seen.record.message_id, "0123456789abcdef0123456789abcdef");
	ck_assert_str_eq(seen.message, "x=5");
	ck_assert_ptr_eq(seen.record.fields, fields);
	ck_assert_uint_eq(seen.record.n_fields, 2);
	ck_assert_int_eq(seen.record.line, line);
	ck_assert_ptr_nonnull(strstr(seen.record.file, "test_log.c"));
	/* Check prefixes its test functions. */
	ck_assert_ptr_nonnull(strstr(seen.record.function, "record_carries_everything"));
}
END_TEST

START_TEST(macros_have_their_levels)
{
	Seen seen = {0};

	log_set_sink(remember, &seen);
	log_set_level(LOG_DEBUG);
	log_error("a");
	ck_assert_int_eq(seen.record.level, LOG_ERR);
	log_warning("a");
	ck_assert_int_eq(seen.record.level, LOG_WARNING);
	log_notice("a");
	ck_assert_int_eq(seen.record.level, LOG_NOTICE);
	log_info("a");
	ck_assert_int_eq(seen.record.level, LOG_INFO);
	log_debug("a");
	ck_assert_int_eq(seen.record.level, LOG_DEBUG);
	ck_assert_int_eq(seen.count, 5);
	ck_assert_ptr_null(seen.record.message_id);
	ck_assert_uint_eq(seen.record.n_fields, 0);
}
END_TEST

START_TEST(level_filters)
{
	Seen seen = {0};

	ck_assert_int_eq(log_get_level(), LOG_INFO);
	log_set_sink(remember, &seen);
	for (int limit = LOG_ERR; limit <= LOG_DEBUG; limit++) {
		log_set_level(limit);
		ck_assert_int_eq(log_get_level(), limit);
		for (int level = LOG_ERR; level <= LOG_DEBUG; level++) {
			seen.count = 0;
			log_structured(level, NULL, NULL, 0, "a");
			ck_assert_int_eq(seen.count, level <= limit);
		}
	}
}
END_TEST

START_TEST(level_names)
{
	static const char *const bad[] = {"",       "err", "Error", "warn",
					  "error ", "3",   "emerg", "debug2"};

	for (int level = LOG_ERR; level <= LOG_DEBUG; level++) {
		int back = -1;
		ck_assert_int_eq(log_parse_level(log_level_name(level), &back), 0);
		ck_assert_int_eq(back, level);
	}
	ck_assert_str_eq(log_level_name(LOG_ERR), "error");
	ck_assert_str_eq(log_level_name(LOG_WARNING), "warning");
	ck_assert_str_eq(log_level_name(LOG_NOTICE), "notice");
	ck_assert_str_eq(log_level_name(LOG_INFO), "info");
	ck_assert_str_eq(log_level_name(LOG_DEBUG), "debug");
	ck_assert_str_eq(log_level_name(LOG_EMERG), "error");
	ck_assert_str_eq(log_level_name(99), "debug");

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int level = -7;
		ck_assert_int_eq(log_parse_level(bad[i], &level), -EINVAL);
		ck_assert_int_eq(level, -7);
	}
}
END_TEST

START_TEST(messages_are_cleaned)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"plain text, 100 %", "plain text, 100 %"},
		{"two\nlines", "two\\nlines"},
		{"\n", "\\n"},
		{"tab\there", "tab\\there"},
		{"cr\r\n", "cr\\x0d\\n"},
		{"\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"},
		{"bell\a", "bell\\x07"},
		{"\x01\x1f\x7f", "\\x01\\x1f\\x7f"},
		{"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
		 "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
		{"\xc2\x9b"
		 "31m",
		 "\\xc2\\x9b31m"},        /* CSI as one character */
		{"\xc2\xa0", "\xc2\xa0"}, /* the first that is none */
		{"\xff", "\\xff"},
		{"\xc3(", "\\xc3("},
		{"\xe2\x82", "\\xe2\\x82"},
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},
		{"\xc0\x8a", "\\xc0\\x8a"}, /* an overlong line feed */
		{"back\\slash", "back\\slash"},
	};
	Seen seen = {0};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		ck_assert_str_eq(logged(&seen, cases[i][0]), cases[i][1]);
}
END_TEST

/* No byte that moves a cursor comes through, whatever goes in. */
START_TEST(no_control_byte_survives)
{
	Seen seen = {0};

	for (int a = 1; a < 256; a++)
		for (int b = 1; b < 256; b++) {
			char text[] = {(char)a, (char)b, '\0'};
			const char *message = logged(&seen, text);
			bool clean = text_is_utf8(message, strlen(message));
			for (const char *c = message; *c; c++)
				clean &= (unsigned char)*c >= 0x20 && *c != 0x7f;
			if (!clean) /* an assertion that holds costs a write(2) */
				ck_abort_msg("%02x %02x", a, b);
		}
}
END_TEST

/* `unit` n times is as long as fits, ends in "..." iff cut, and is never cut inside a unit. */
static void check_truncation(const char *unit, const char *shown, size_t n)
{
	char source[16384];
	size_t shown_length = strlen(shown);
	Text text = {0};
	Seen seen = {0};

	for (size_t i = 0; i < n; i++)
		text_append(&text, unit);
	ck_assert(text_copy(source, sizeof(source), text_string(&text)));
	text_clear(&text);

	const char *message = logged(&seen, source);
	size_t length = strlen(message);
	bool cut = n * shown_length > 2047;
	size_t body = cut ? length - 3 : length;

	ck_assert_uint_le(length, 2047);
	ck_assert_uint_eq(body % shown_length, 0);
	for (size_t i = 0; i < body; i += shown_length)
		ck_assert_int_eq(strncmp(message + i, shown, shown_length), 0);
	if (cut) {
		ck_assert_str_eq(message + body, "...");
		ck_assert_uint_gt(length + shown_length, 2047 - 4);
	} else {
		ck_assert_uint_eq(body, n * shown_length);
	}
}

START_TEST(long_messages_are_cut_at_a_character)
{
	for (size_t n = 2030; n < 2070; n++)
		check_truncation("x", "x", n);
	check_truncation("x", "x", 10000);
	for (size_t n = 500; n < 530; n++) {
		check_truncation("\n", "\\n", n * 2);
		check_truncation("\x1b", "\\x1b", n);
		check_truncation("\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", n);
	}
	check_truncation("\n", "\\n", 5000);
}
END_TEST

START_TEST(errno_is_left_alone)
{
	Seen seen = {0};

	log_set_sink(remember, &seen);
	errno = EXDEV;
	log_error("%m");
	ck_assert_int_eq(errno, EXDEV);
	ck_assert_str_eq(seen.message, strerror(EXDEV));
	log_debug("not written");
	ck_assert_int_eq(errno, EXDEV);
}
END_TEST

/*
 * Runs one warning with stderr as a pipe; the test process is a fork, so nothing is undone.
 * JOURNAL_STREAM is `stream`, or if NULL the pipe's own, with a wrong device (1) or inode (2).
 */
static void capture_stderr(unsigned wrong, const char *stream, const char *message,
			   char *ret_output, size_t size)
{
	static const LogField secret = {"NETOPT_SECRET", "field"};
	char value[64];
	struct stat st;
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	int saved = dup(STDERR_FILENO);
	ck_assert_int_eq(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
	ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
	(void)snprintf(value, sizeof(value), "%" PRIuMAX ":%" PRIuMAX,
		       (uintmax_t)st.st_dev + (wrong & 1), (uintmax_t)st.st_ino + (wrong >> 1));
	ck_assert_int_eq(setenv("JOURNAL_STREAM", stream ? stream : value, 1), 0);

	log_set_sink(NULL, NULL);
	log_structured(LOG_WARNING, "0123456789abcdef0123456789abcdef", &secret, 1, "%s", message);

	(void)dup2(saved, STDERR_FILENO);
	ssize_t n = read(fds[0], ret_output, size - 1);
	ck_assert_int_ge(n, 0);
	ret_output[n] = '\0';
	(void)close(saved);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static char daemon_name[] = "netoptd";

START_TEST(stderr_in_the_journal)
{
	char output[4096];

	program_invocation_short_name = daemon_name;
	capture_stderr(0, NULL, "low on\nbytes", output, sizeof(output));
	ck_assert_str_eq(output, "netoptd: warning: low on\\nbytes\n");
}
END_TEST

/* "12:34:56 " and then the line. */
static void check_stamped(const char *output, const char *line)
{
	unsigned hour, minute, second;
	int end = 0;

	ck_assert_msg(sscanf(output, "%2u:%2u:%2u %n", &hour, &minute, &second, &end) == 3, "%s",
		      output);
	ck_assert_uint_lt(hour, 24);
	ck_assert_uint_lt(minute, 60);
	ck_assert_uint_le(second, 60);
	ck_assert_int_eq(end, 9);
	ck_assert_str_eq(output + end, line);
}

START_TEST(stderr_elsewhere_has_the_time)
{
	/* An inherited variable of somebody else's stream, and nonsense, are not ours. */
	static const char *const streams[] = {"1:1",
					      "",
					      ":",
					      "1",
					      "x:y",
					      "1:1:1",
					      "999999999999999999999999999:1",
					      "000000000000000000000000000000000000001:1"};
	char output[4096];

	program_invocation_short_name = daemon_name;
	for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
		capture_stderr(0, streams[i], "low", output, sizeof(output));
		check_stamped(output, "netoptd: warning: low\n");
	}
	for (unsigned wrong = 1; wrong <= 3; wrong++) {
		capture_stderr(wrong, NULL, "low", output, sizeof(output));
		check_stamped(output, "netoptd: warning: low\n");
	}
}
END_TEST

START_TEST(stderr_lines_end_whatever_the_name)
{
	char output[8192], name[512], message[3000];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	memset(message, 'm', sizeof(message) - 1);
	message[sizeof(message) - 1] = '\0';
	program_invocation_short_name = name;
	capture_stderr(0, NULL, message, output, sizeof(output));
	ck_assert_ptr_eq(strchr(output, '\n'), output + strlen(output) - 1);
	ck_assert_uint_gt(strlen(output), 2000);
}
END_TEST

START_TEST(limit_opens_again_and_counts)
{
	LogLimit limit = {0};
	uint64_t suppressed = 99;

	ck_assert(log_limit(&limit, 5, 2, 100, &suppressed));
	ck_assert_uint_eq(suppressed, 0);
	ck_assert(log_limit(&limit, 6, 2, 100, &suppressed));
	suppressed = 99;
	for (uint64_t now = 7; now < 24; now++)
		ck_assert(!log_limit(&limit, now, 2, 100, &suppressed));
	ck_assert_uint_eq(suppressed, 99); /* untouched while closed */

	ck_assert(log_limit(&limit, 200, 2, 100, &suppressed));
	ck_assert_uint_eq(suppressed, 17);
	ck_assert(log_limit(&limit, 299, 2, 100, &suppressed));
	ck_assert_uint_eq(suppressed, 0); /* told once */
	ck_assert(!log_limit(&limit, 299, 2, 100, &suppressed));
	ck_assert(log_limit(&limit, 300, 2, 100, &suppressed));
	ck_assert_uint_eq(suppressed, 1);
}
END_TEST

START_TEST(limit_never_exceeds_the_burst_per_window)
{
	LogLimit limit = {0};
	uint64_t suppressed, allowed = 0, swallowed = 0;

	for (uint64_t now = 1000; now < 2000; now++)
		if (log_limit(&limit, now, 3, 100, &suppressed)) {
			allowed++;
			swallowed += suppressed;
		}
	ck_assert_uint_eq(allowed, 30);
	ck_assert_uint_eq(allowed + swallowed + limit.suppressed, 1000);
	ck_assert(!log_limit(&limit, 5000, 0, 100, &suppressed));
}
END_TEST

HARNESS_MAIN("log",
	     HARNESS_CASE(suite, "records", record_carries_everything, macros_have_their_levels,
			  level_filters, level_names, errno_is_left_alone);
	     HARNESS_CASE(suite, "messages", messages_are_cleaned, no_control_byte_survives,
			  long_messages_are_cut_at_a_character);
	     HARNESS_CASE(suite, "stderr", stderr_in_the_journal, stderr_elsewhere_has_the_time,
			  stderr_lines_end_whatever_the_name);
	     HARNESS_CASE(suite, "limit", limit_opens_again_and_counts,
			  limit_never_exceeds_the_burst_per_window);)
