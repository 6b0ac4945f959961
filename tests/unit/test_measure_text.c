/* SPDX-License-Identifier: MIT */
/*
 * What is printed: for people within the width of their terminal and in its characters, for
 * programs with null for what is not known.
 */
#include "cli/measure_text.h"

#include "cli/bar.h"
#include "cli/output.h"
#include "cli/measure_advice.h"
#include "cli/measure_compare.h"
#include "cli/measure_csv.h"
#include "cli/measure_histogram.h"
#include "cli/measure_progress.h"
#include "cli/measure_words.h"
#include "tests/unit/measure_bench.h"

#define BLOCK "\xe2\x96\x88"

static Text text;

static void setup_text(void)
{
	setup();
	text = (Text){.data = NULL};
}

static void teardown_text(void)
{
	teardown();
	text_clear(&text);
}

static Settings settings_of(size_t width)
{
	return (Settings){.legend = true, .width = width};
}

static void check_has(const char *expected)
{
	ck_assert_msg(strstr(text_string(&text), expected) != NULL, "no \"%s\" in:\n%s", expected,
		      text_string(&text));
}

static void check_has_not(const char *unexpected)
{
	ck_assert_msg(strstr(text_string(&text), unexpected) == NULL, "\"%s\" in:\n%s", unexpected,
		      text_string(&text));
}

static void render(size_t width, bool utf8)
{
	Settings settings = settings_of(width);
	_cleanup_json_ Json *document = measure_document(&run, false);
	const Json *targets = json_get(document, "targets");

	text_clear(&text);
	for (size_t i = 0; i < run.n; i++)
		measure_text_append(&run, i, json_at(targets, i), &settings, utf8, &text);
	if (run.n > 1)
		measure_compare_append(&run, &settings, &text);
	ck_assert(!text.failed);
}

static size_t widest_line(void)
{
	size_t widest = 0, width = 0;

	for (const char *at = text_string(&text); *at; at++) {
		width += ((unsigned char)*at & 0xc0) != 0x80;
		if (*at == '\n') {
			widest = MAX(widest, width - 1);
			width = 0;
		}
	}
	return widest;
}

static void add_usual(MeasureItem *item, unsigned n)
{
	ProbeFacts facts = {.has_tls = true,
			    .has_http = true,
			    .tls = {.version = "TLSv1.3",
				    .cipher = "TLS_AES_256_GCM_SHA384",
				    .alpn = "h2",
				    .trust = TRUST_VERIFIED,
				    .rounds = 1},
			    .http = {.status = 200, .h2 = true, .h3 = true, .reusable = true}};

	for (unsigned i = 0; i < n; i++)
		add_https(item, 20000 + i * 13 % 700, &facts);
	add_failure(item, PROBE_TIMEOUT, PHASE_CONNECT, NULL);
	add_failure(item, PROBE_TIMEOUT, PHASE_CONNECT, NULL);
	add_failure(item, PROBE_SYN_RETRANSMIT, PHASE_CONNECT, "the SYN was sent twice");
}

START_TEST(test_everything_is_said)
{
	items[0].series.has_resolve = true;
	items[0].series.resolve_us = 12300;
	add_usual(&items[0], 100);
	render(200, true);
	check_has("https://www.example.net/ (192.0.2.1): 103 probes, 200ms apart\n");
	check_has("3 of 103 (2.9 %): timeout in connect 2, syn-retransmit in connect 1 (the SYN");
	check_has("propagation, 60.0 ms of");
	check_has("3 round trips of 20.0 ms");
	check_has("TLSv1.3");
	check_has("speaks h2, offers h3");
	check_has("kept open the next request on the same connection waits 22.3 ms, not 63.6 ms");
	check_has("resolve     1   12.3 ms   12.3 ms         -         -         -   12.3 ms\n");
	check_has("\n  total     100   62.7 ms");
	check_has("PART");
	check_has("\n  total\n");
	check_has(BLOCK);
	check_has_not("interrupted");
	run.interrupted = true;
	render(80, true);
	check_has("apart, interrupted\n");
}
END_TEST

START_TEST(test_widths_and_characters)
{
	static const size_t widths[] = {40, 60, 80, 200};

	run.n = 2;
	add_usual(&items[0], 100);
	add_usual(&items[1], 130);
	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		render(widths[i], true);
		/* The URL in the heading stays whole: it is to be copied. */
		ck_assert_uint_le(widest_line(), MAX(widths[i], (size_t)64));
		check_has(BLOCK);
		render(widths[i], false);
		check_has("##");
		for (const char *at = text_string(&text); *at; at++)
			ck_assert((unsigned char)*at < 0x80);
	}
	render(SIZE_MAX, true);
	check_has("SLOWER BY");
}
END_TEST

START_TEST(test_nothing_measured)
{
	_cleanup_(text_clear) Text words = {.data = NULL};

	render(80, true);
	ck_assert_str_eq(text_string(&text),
			 "https://www.example.net/ (192.0.2.1): 0 probes, 200ms apart\n");
	add_failure(&items[0], PROBE_TIMEOUT, PHASE_CONNECT, NULL);
	render(80, true);
	check_has("1 of 1 (100.0 %): timeout in connect 1");
	check_has_not("PHASE");
	check_has_not("PART");
	check_has_not("mostly");
	measure_words_mostly(&items[0].series, &words);
	measure_words_kept(&items[0].series, &words);
	ck_assert_uint_eq(words.length, 0);
}
END_TEST

START_TEST(test_local_is_no_loss)
{
	add_https(&items[0], 20000, NULL);
	add_failure(&items[0], PROBE_LOCAL, PHASE_CONNECT, NULL);
	render(80, true);
	check_has("0 of 1: local in connect 1");
	check_has("1 probe that this host could not make");
}
END_TEST

START_TEST(test_mostly)
{
	static const struct {
		ProbePhase phase;
		uint32_t us;
		const char *words;
	} rows[] = {{PHASE_TLS, 500000, "tls, 480"},
		    {PHASE_REQUEST, 500000, "server, 480 ms"},
		    {PHASE_TRANSFER, 500000, "transfer, 500 ms"},
		    {PHASE_OVERHEAD, 500000, "overhead, 500 ms"}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		MeasureSeries series = {.headline = PHASE_TOTAL, .rtt = PHASE_CONNECT};
		ProbeResult result = {.outcome = PROBE_OK};

		probe_result_set(&result, PHASE_CONNECT, 20 * NSEC_PER_MSEC);
		probe_result_set(&result, PHASE_TOTAL, 520 * NSEC_PER_MSEC);
		probe_result_set(&result, rows[i].phase, rows[i].us * NSEC_PER_USEC);
		ck_assert_int_eq(measure_series_add(&series, 0, &result), 0);
		text_clear(&text);
		measure_words_mostly(&series, &text);
		check_has(rows[i].words);
		measure_series_clear(&series);
	}
}
END_TEST

START_TEST(test_mostly_queueing)
{
	for (unsigned i = 0; i < 9; i++)
		add_https(&items[0], i == 0 ? 10000 : 50000, NULL);
	measure_words_mostly(&items[0].series, &text);
	check_has("queueing, 120 ms of");
	check_has("a round trip takes 50.0 ms, the quickest took 10.0 ms");
}
END_TEST

START_TEST(test_document)
{
	_cleanup_json_ Json *document = NULL;
	const Json *item, *phases, *samples;

	add_https(&items[0], 20000, NULL);
	add_failure(&items[0], PROBE_TIMEOUT, PHASE_CONNECT, NULL);
	document = measure_document(&run, true);
	item = json_at(json_get(document, "targets"), 0);
	ck_assert_int_eq(json_int(json_get(document, "intervalUsec"), 0), 200000);
	ck_assert_int_eq(json_int(json_get(document, "count"), 0), 20);
	ck_assert_str_eq(json_string(json_get(item, "family")), "ipv4");
	ck_assert_int_eq(json_int(json_get(item, "attempts"), 0), 2);
	ck_assert_int_eq(json_int(json_get(item, "lossPermille"), 0), 500);
	/* Too few for percentiles, and none of them is 0. */
	phases = json_get(item, "phases");
	ck_assert_uint_eq(json_length(phases), 7);
	for (size_t i = 0; i < json_length(phases); i++) {
		ck_assert(json_has(json_at(phases, i), "p50Usec"));
		ck_assert_ptr_null(json_get(json_at(phases, i), "p50Usec"));
		ck_assert_ptr_null(json_get(json_at(phases, i), "p99Usec"));
	}
	ck_assert(json_has(item, "problem") && !json_get(item, "problem"));
	ck_assert(json_has(item, "slowerThanQuickest") && !json_get(item, "slowerThanQuickest"));
	ck_assert(json_has(item, "tls") && !json_get(item, "tls"));
	samples = json_get(item, "samples");
	ck_assert_uint_eq(json_length(samples), 2);
	ck_assert_str_eq(json_string(json_get(json_at(samples, 0), "outcome")), "ok");
	ck_assert_ptr_null(json_get(json_at(samples, 0), "failedIn"));
	ck_assert_uint_eq(json_length(json_get(json_at(samples, 0), "phases")), 7);
	ck_assert_str_eq(json_string(json_get(json_at(samples, 1), "outcome")), "timeout");
	ck_assert_str_eq(json_string(json_get(json_at(samples, 1), "failedIn")), "connect");
	ck_assert_uint_eq(json_length(json_get(json_at(samples, 1), "phases")), 0);
}
END_TEST

/* The shape does not depend on whether there is anything. */
START_TEST(test_document_of_nothing)
{
	_cleanup_json_ Json *document = NULL;
	const Json *item;

	run.count = 0;
	(void)text_copy(items[0].resolve_error, sizeof(items[0].resolve_error), "no such name");
	items[0].series.address = (Address){.family = 0};
	document = measure_document(&run, true);
	item = json_at(json_get(document, "targets"), 0);
	ck_assert(json_has(document, "count") && !json_get(document, "count"));
	ck_assert(json_has(item, "address") && !json_get(item, "address"));
	ck_assert(json_has(item, "lossPermille") && !json_get(item, "lossPermille"));
	ck_assert(json_has(item, "decomposition") && !json_get(item, "decomposition"));
	ck_assert_int_eq(json_type(json_get(item, "phases")), JSON_ARRAY);
	ck_assert_int_eq(json_type(json_get(item, "samples")), JSON_ARRAY);
	ck_assert_str_eq(json_string(json_get(item, "resolveError")), "no such name");
	ck_assert(strstr(json_string(json_get(item, "problem")), "does not resolve") != NULL);
}
END_TEST

START_TEST(test_csv)
{
	_cleanup_(text_clear) Text header = {.data = NULL};
	size_t commas = 0, expected = 0;

	measure_csv_header(&header);
	for (const char *at = text_string(&header); *at; at++)
		expected += *at == ',';
	add_https(&items[0], 20000, NULL);
	measure_csv_append(&items[0], &text);
	ck_assert_str_eq(text_string(&text), "https://www.example.net/,192.0.2.1,1,1000000,ok,,,"
					     "20000,20500,22000,100,,,62650,22000,,,50\n");
	for (const char *at = text_string(&text); *at; at++)
		commas += *at == ',';
	ck_assert_uint_eq(commas, expected);
	text_clear(&text);
	add_failure(&items[0], PROBE_TLS, PHASE_TLS, "said \"no\",\r\nthen left");
	measure_csv_append(&items[0], &text);
	ck_assert_str_eq(text_string(&text), "https://www.example.net/,192.0.2.1,2,7000,tls,tls,"
					     "\"said \"\"no\"\",  then left\",,,,,,,,,,,\n");
}
END_TEST

START_TEST(test_progress)
{
	run.n = 2;
	measure_progress_line(&run, 0, false, 80, &text);
	check_has("0/40");
	for (unsigned i = 0; i < 10; i++)
		add_https(&items[0], 20000, NULL);
	text_clear(&text);
	measure_progress_line(&run, 0, false, 80, &text);
	ck_assert_str_eq(text_string(&text), "#####                10/40  total 62.7 ms  "
					     "https://www.example.net/");
	add_failure(&items[0], PROBE_TIMEOUT, PHASE_CONNECT, NULL);
	run.count = 0;
	text_clear(&text);
	measure_progress_line(&run, 0, true, 80, &text);
	ck_assert_str_eq(text_string(&text), "11 probes, Ctrl-C ends  timeout  1 failed  "
					     "https://www.example.net/");
	run.count = 20;
	for (size_t width = 0; width < 60; width++) {
		text_clear(&text);
		measure_progress_line(&run, 0, true, width, &text);
		text_append(&text, "\n");
		ck_assert_uint_le(widest_line(), width);
		ck_assert(text_is_utf8(text.data, text.length));
	}
}
END_TEST

START_TEST(test_bars)
{
	ck_assert_uint_eq(bar_append(&text, true, 1, 3), 3);
	ck_assert_str_eq(text_string(&text), BLOCK BLOCK BLOCK);
	text_clear(&text);
	ck_assert_uint_eq(bar_append(&text, true, 0.0001, 10), 1);
	ck_assert_str_eq(text_string(&text), "\xe2\x96\x8f");
	text_clear(&text);
	ck_assert_uint_eq(bar_append(&text, true, 0.5, 3), 2);
	ck_assert_str_eq(text_string(&text), BLOCK "\xe2\x96\x8c");
	text_clear(&text);
	ck_assert_uint_eq(bar_append(&text, false, 0.5, 4), 2);
	ck_assert_uint_eq(bar_append(&text, false, 0.001, 4), 1);
	ck_assert_uint_eq(bar_append(&text, false, 0, 4), 0);
	ck_assert_uint_eq(bar_append(&text, false, 7, 4), 4);
	ck_assert_str_eq(text_string(&text), "#######");
}
END_TEST

START_TEST(test_utf8_of_environment)
{
	static const struct {
		const char *all, *ctype, *lang;
		bool utf8;
	} rows[] = {
		{NULL, NULL, NULL, false},         {NULL, NULL, "C", false},
		{NULL, NULL, "C.UTF-8", true},     {NULL, NULL, "de_DE.utf8", true},
		{"C", NULL, "C.UTF-8", false},     {"", "en_US.UTF-8", "C", true},
		{NULL, "POSIX", "x.UTF-8", false}, {NULL, NULL, "en_US.ISO-8859-1", false},
	};
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *values[] = {rows[i].all, rows[i].ctype, rows[i].lang};

		for (size_t k = 0; k < ARRAY_SIZE(names); k++)
			ck_assert_int_eq(
				values[k] ? setenv(names[k], values[k], 1) : unsetenv(names[k]), 0);
		ck_assert_int_eq(output_utf8(), rows[i].utf8);
	}
}
END_TEST

/* Each reason has what is wrong, and what to do. */
START_TEST(test_advice)
{
	for (ProbeOutcome outcome = PROBE_OK + 1; outcome < _PROBE_OUTCOMES; outcome++) {
		const char *remedy;

		measure_series_clear(&items[0].series);
		add_address(&items[0], "192.0.2.1");
		add_failure(&items[0], outcome, PHASE_CONNECT, NULL);
		text_clear(&text);
		if (outcome == PROBE_UNRESOLVED)
			continue; /* comes without a probe here */
		ck_assert(measure_advice(&items[0], &text));
		ck_assert_int_eq(measure_advice_is_permission(&items[0]),
				 outcome == PROBE_PERMISSION);
		check_has("192.0.2.1 port 443");
		remedy = strchr(text_string(&text), '\n');
		ck_assert_msg(remedy && strlen(remedy) > 10, "%s: %s", probe_outcome_name(outcome),
			      text_string(&text));
	}
}
END_TEST

START_TEST(test_advice_of_the_usual)
{
	ck_assert(measure_advice(&items[0], &text));
	check_has("before the first probe");
	text_clear(&text);
	add_failure(&items[0], PROBE_REFUSED, PHASE_CONNECT, NULL);
	add_failure(&items[0], PROBE_TIMEOUT, PHASE_CONNECT, NULL);
	add_failure(&items[0], PROBE_TIMEOUT, PHASE_CONNECT, NULL);
	ck_assert(measure_advice(&items[0], &text));
	check_has("does not answer");
	check_has("--timeout");
	/* One success, and there is nothing to be said. */
	add_https(&items[0], 20000, NULL);
	text_clear(&text);
	ck_assert(!measure_advice(&items[0], &text));
	ck_assert_uint_eq(text.length, 0);
}
END_TEST

static void add_all(Suite *suite)
{
	HARNESS_FIXTURE(suite, "text", setup_text, teardown_text, test_everything_is_said,
			test_widths_and_characters, test_nothing_measured, test_local_is_no_loss,
			test_mostly, test_mostly_queueing);
	HARNESS_FIXTURE(suite, "document", setup_text, teardown_text, test_document,
			test_document_of_nothing, test_csv);
	HARNESS_FIXTURE(suite, "parts", setup_text, teardown_text, test_progress, test_bars,
			test_utf8_of_environment, test_advice, test_advice_of_the_usual);
}

HARNESS_MAIN("measure_text", add_all(suite);)
