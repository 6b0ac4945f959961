/* SPDX-License-Identifier: MIT */
/*
 * What people type, and the URL that is meant.
 */
#include "cli/measure_target.h"

#include <string.h>

#include "common/text.h"
#include "tests/unit/harness.h"

START_TEST(test_words)
{
	static const struct {
		const char *word, *url;
		bool assumed;
	} rows[] = {
		{"https://example.net/a?b=c", "https://example.net/a?b=c", false},
		{"tcp://example.net:22", "tcp://example.net:22", false},
		{"dns:///example.net?type=AAAA", "dns:///example.net?type=AAAA", false},
		{"example.net", "https://example.net/", true},
		{"localhost", "https://localhost/", true},
		{"example.net/page?x=1", "https://example.net/page?x=1", true},
		{"example.net:8443/page", "https://example.net:8443/page", true},
		{"example.net:22", "tcp://example.net:22", true},
		{"192.0.2.1", "icmp://192.0.2.1", true},
		{"192.0.2.1:22", "tcp://192.0.2.1:22", true},
		{"2001:db8::1", "icmp://[2001:db8::1]", true},
		{"[2001:db8::1]", "icmp://[2001:db8::1]", true},
		{"[2001:db8::1]:22", "tcp://[2001:db8::1]:22", true},
		{"[2001:db8::1]/x", "https://[2001:db8::1]/x", true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		MeasureTarget target = {.assumed = !rows[i].assumed};
		ConfigFault fault = {.text = ""};
		int r = measure_target_parse(rows[i].word, &target, &fault);

		ck_assert_msg(r == 0, "%s: %s", rows[i].word, fault.text);
		ck_assert_str_eq(target.text, rows[i].url);
		ck_assert_int_eq(target.assumed, rows[i].assumed);
		ck_assert(text_starts_with(rows[i].url, target.url.scheme));
	}
}
END_TEST

START_TEST(test_bad_words)
{
	static const struct {
		const char *word, *fault;
	} rows[] = {
		{"", "empty"},
		{" ", "blank"},
		{"tcp://example.net", "port is missing"},
		{"ftp://example.net/", "not known"},
		{"ping://example.net", "icmp"},
		{"example.net:", "port"},
		{"example.net:99999", "65535"},
		{"example.net:22:23", "brackets"},
		{"user@example.net", "user"},
		{"https://example.net/#top", "fragment"},
		{"https:///", "host"},
		{"1.2.3", ""},
		{"ex ample.net", "blank"},
		{"ex\xc3\xa4mple.net", "xn--"},
		{"[2001:db8::1", "']'"},
		{"dns://192.0.2.1", "name"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		MeasureTarget target, before;
		ConfigFault fault = {.text = ""};

		memset(&before, 'x', sizeof(before));
		target = before;
		ck_assert_msg(measure_target_parse(rows[i].word, &target, &fault) == CONFIG_INVALID,
			      "%s is taken", rows[i].word);
		ck_assert_msg(fault.text[0] && strstr(fault.text, rows[i].fault), "%s: %s",
			      rows[i].word, fault.text);
		ck_assert_mem_eq(&target, &before, sizeof(target));
	}
}
END_TEST

/* Longer than any URL may be, and by just so much that what is added does not fit. */
START_TEST(test_long_words)
{
	char word[CONFIG_URL_MAX + 8];
	MeasureTarget target;
	ConfigFault fault;

	for (size_t length = CONFIG_URL_MAX - 12; length < sizeof(word); length++) {
		memset(word, 'a', sizeof(word));
		word[length] = '\0';
		ck_assert_int_eq(measure_target_parse(word, &target, &fault), CONFIG_INVALID);
	}
}
END_TEST

HARNESS_MAIN("measure_target",
	     HARNESS_CASE(suite, "target", test_words, test_bad_words, test_long_words);)
