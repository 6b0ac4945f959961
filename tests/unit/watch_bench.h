/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A screen of `watch` in memory: updates and keys go in, lines come out. For tests only.
 */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cli/watch_view.h"
#include "common/clock.h"
#include "tests/unit/harness.h"

#define BENCH_START_NS (1000 * NSEC_PER_SEC)

static WatchModel model;
static WatchFrame frame;
static uint64_t now_ns;
static Text drawn; /* the lines of the screen, each with a newline */

static inline Json *bench_json(const char *text)
{
	Json *json;

	ck_assert_msg(json_parse(text, strlen(text), &json) == 0, "not JSON: %s", text);
	return json;
}

static inline void bench_setup(void)
{
	ck_assert_int_eq(setenv("TZ", "UTC", 1), 0);
	ck_assert_ptr_nonnull(setlocale(LC_ALL, "C.UTF-8"));
	model = (WatchModel){.paused = false};
	frame = (WatchFrame){.utf8 = true};
	now_ns = BENCH_START_NS;
	drawn = (Text){.data = NULL};
}

static inline void bench_teardown(void)
{
	watch_model_clear(&model);
	watch_frame_clear(&frame);
	text_clear(&drawn);
}

static inline void bench_update(const char *text, bool first)
{
	_cleanup_json_ Json *json = bench_json(text);

	ck_assert_int_eq(watch_model_update(&model, json, first, now_ns), 0);
}

static inline void bench_draw(size_t columns, size_t rows)
{
	ck_assert_int_eq(watch_frame_reset(&frame, rows, columns), 0);
	watch_view_draw(&model, &frame, now_ns);
	text_clear(&drawn);
	for (size_t row = 0; row < rows; row++) {
		watch_frame_line(&frame, row, &drawn);
		text_append(&drawn, "\n");
	}
}

static inline void bench_keys(const char *keys)
{
	for (; *keys; keys++)
		(void)watch_model_key(&model, (uint32_t)(unsigned char)*keys);
}

static inline bool bench_shows(const char *text)
{
	return strstr(text_string(&drawn), text) != NULL;
}

static inline void bench_has(const char *text)
{
	ck_assert_msg(bench_shows(text), "no \"%s\" in:\n%s", text, text_string(&drawn));
}

static inline void bench_lacks(const char *text)
{
	ck_assert_msg(!bench_shows(text), "\"%s\" in:\n%s", text, text_string(&drawn));
}

/* The row of the frame that begins with a text; fails if there is none. */
static inline size_t bench_row(const char *text)
{
	for (size_t row = 0; row < frame.rows; row++) {
		_cleanup_(text_clear) Text line = {.data = NULL};

		watch_frame_line(&frame, row, &line);
		if (text_starts_with(text_string(&line), text))
			return row;
	}
	ck_abort_msg("no line begins with \"%s\" in:\n%s", text, text_string(&drawn));
}

static inline const WatchCell *bench_cell(size_t row, size_t column)
{
	return &frame.cells[row * frame.columns + column];
}
