/* SPDX-License-Identifier: MIT */
#include "cli/watch_view.h"

#include <string.h>
#include <time.h>

#include "cli/cell.h"
#include "cli/watch_text.h"

/* Below so many lines, one list alone. */
#define ROWS_FOR_ALL 16

static const char help_text[] =
	"tab, left, right   the next list, or the one before\n"
	"up, down           the row before, or the next; also k and j\n"
	"page up, page down; home, end; g, G\n"
	"                   a page; the first, the last row\n"
	"enter              explain the selected endpoint, path or change\n"
	"s                  sort the list by the next column, then as it came\n"
	"/                  show only rows with a text; enter keeps it, esc does not\n"
	"esc                show all rows again; leave an explanation\n"
	"p, space           stop the display; again: go on\n"
	"ctrl-l             draw the screen afresh\n"
	"?                  this help\n"
	"q                  leave\n"
	"\n"
	"The percentiles and the loss are of the last 10 minutes; P50 LATELY is the course of the "
	"median over the last 30 minutes, a minute each. SENDING and RECEIVING are of the last 5 "
	"seconds; FLOOR is the least round-trip time of the present route; OURS is what netoptd "
	"has set on the route. A change that is marked with * changed in the last 10 seconds. - "
	"stands for what is not known, or too few samples.\n";

/* The first and the last line. */

static void put_clock(WatchFrame *frame, const WatchModel *model, size_t *width)
{
	time_t seconds = (time_t)(watch_model_data(model)->realtime_us / 1000000);
	const char *word = model->paused ? "PAUSED" : NULL;
	struct tm parts;
	char buffer[16];

	if (!word && watch_model_data(model)->known && localtime_r(&seconds, &parts) &&
	    strftime(buffer, sizeof(buffer), "%H:%M:%S", &parts) > 0)
		word = buffer;
	if (!word)
		return;
	*width -= strlen(word) + 1;
	watch_frame_put(frame, 0, *width + 1, strlen(word), false,
			model->paused ? STYLE_WARN : STYLE_PLAIN, word);
}

/* "  1 path", "  100+ paths" where there may be more than were asked for. */
static void append_number(Text *text, const WatchModel *model, size_t n, const char *what)
{
	text_appendf(text, "  %zu%s %s%s", n, model->limit > 0 && n >= model->limit ? "+" : "",
		     what, n == 1 ? "" : "s");
}

/* "netoptd ok  6 endpoints, 1 down  2 paths  4 changes, 1 in force", as much as fits. */
static void put_health(WatchFrame *frame, const WatchModel *model)
{
	const WatchData *data = watch_model_data(model);
	size_t width = frame->columns, used = strlen("netoptd ");
	_cleanup_(text_clear) Text text = {.data = NULL};
	const char *health = *data->health ? data->health : "-";

	put_clock(frame, model, &width);
	watch_frame_put(frame, 0, 0, used, false, STYLE_BOLD, "netoptd");
	watch_frame_put(frame, 0, used, strlen(health), false, cell_style(health), health);
	used += strlen(health);
	append_number(&text, model, data->n_endpoints, "endpoint");
	text_appendf(&text, ", %zu down", watch_data_down(data));
	if (frame->columns >= 60)
		append_number(&text, model, data->n_paths, "path");
	if (frame->columns >= 78)
		text_appendf(&text, "  %zu change%s, %zu in force", data->n_changes,
			     data->n_changes == 1 ? "" : "s", watch_data_in_force(data));
	watch_frame_put(frame, 0, used, width > used ? width - used : 0, false, STYLE_PLAIN,
			text_string(&text));
}

static void put_footer(WatchFrame *frame, const WatchModel *model)
{
	static const char *const keys[] = {
		[WATCH_LISTS] =
			"?:help  enter:explain  s:sort  /:filter  tab:list  p:pause  q:quit",
		[WATCH_READING] = "up, down, page: scroll  esc: back",
		[WATCH_HELPING] = "up, down, page: scroll  esc: back",
	};
	size_t row = frame->rows - 1;
	char line[WATCH_FILTER_MAX + 2];

	if (model->mode == WATCH_FILTERING) {
		(void)text_format(line, sizeof(line), "/%s_", model->lists[model->focus].filter);
		watch_frame_put(frame, row, 0, frame->columns, false, STYLE_BOLD, line);
	} else if (*model->notice) {
		watch_frame_put(frame, row, 0, frame->columns, false, STYLE_BAD, model->notice);
	} else {
		watch_frame_put(frame, row, 0, frame->columns, false, STYLE_PLAIN,
				keys[model->mode]);
	}
}

/* A list. */

/* The titles; that of the focus is marked, and the column that sorts has a sign. */
static void put_titles(WatchFrame *frame, const WatchModel *model, WatchPane pane, size_t row,
		       const size_t *widths)
{
	const WatchTable *table = &watch_tables[pane];
	const WatchList *list = &model->lists[pane];
	size_t at = 0;

	frame->reverse = model->focus == pane;
	watch_frame_put(frame, row, 0, frame->columns, false, STYLE_BOLD, "");
	for (size_t i = 0; i < table->n_columns; i++) {
		char title[32];

		if (widths[i] == 0)
			continue;
		(void)text_format(title, sizeof(title), "%s%s", table->columns[i].title,
				  list->sort == i + 1 ? "^" : "");
		watch_frame_put(frame, row, at, widths[i], table->columns[i].right, STYLE_BOLD,
				title);
		at += widths[i] + 1;
	}
	frame->reverse = false;
}

/* Over the end of the titles: how many of how many there are, where not all are seen. */
static void put_count(WatchFrame *frame, const WatchModel *model, WatchPane pane, size_t row)
{
	const WatchList *list = &model->lists[pane];
	size_t total = watch_rows_count(watch_model_data(model), pane), width;
	char count[WATCH_FILTER_MAX + 64];

	if (list->n <= list->height && !*list->filter)
		return;
	if (*list->filter)
		(void)text_format(count, sizeof(count), " %zu of %zu /%s", list->n, total,
				  list->filter);
	else
		(void)text_format(count, sizeof(count), " %zu of %zu", list->selected + 1, total);
	width = MIN(watch_frame_width(frame, count), frame->columns / 2);
	frame->reverse = model->focus == pane;
	watch_frame_put(frame, row, frame->columns - width, width, false, STYLE_BOLD, count);
	frame->reverse = false;
}

static void put_row(WatchFrame *frame, const WatchModel *model, WatchPane pane, size_t row,
		    size_t index, const size_t *widths, uint64_t now_ns)
{
	const WatchTable *table = &watch_tables[pane];
	const void *of = watch_rows_at(watch_model_data(model), pane, index);
	size_t at = 0;

	watch_frame_put(frame, row, 0, frame->columns, false, STYLE_PLAIN, "");
	for (size_t i = 0; i < table->n_columns; i++) {
		WatchShow show = {widths[i], frame->utf8, now_ns};
		char buffer[WATCH_CELL_MAX];
		OutputStyle style;

		if (widths[i] == 0)
			continue;
		style = table->columns[i].cell(of, &show, buffer);
		watch_frame_put(frame, row, at, widths[i], table->columns[i].right, style, buffer);
		at += widths[i] + 1;
	}
}

/* `height` lines from `row` on, the titles among them. */
static void put_list(WatchFrame *frame, WatchModel *model, WatchPane pane, size_t row,
		     size_t height, uint64_t now_ns)
{
	const WatchList *list = &model->lists[pane];
	size_t widths[WATCH_COLUMNS_MAX];

	watch_model_fit(model, pane, height - 1);
	watch_rows_fit(pane, frame->columns, widths);
	put_titles(frame, model, pane, row, widths);
	put_count(frame, model, pane, row);
	for (size_t i = 0; i + 1 < height && list->top + i < list->n; i++) {
		size_t position = list->top + i;

		frame->reverse = pane == model->focus && position == list->selected;
		put_row(frame, model, pane, row + 1 + i, list->order[position], widths, now_ns);
		frame->reverse = false;
	}
	if (list->n == 0 && height > 1)
		watch_frame_put(frame, row + 1, 0, frame->columns, false, STYLE_PLAIN,
				*list->filter                    ? "  no row has that text"
				: watch_model_data(model)->known ? watch_tables[pane].none
								 : "  -");
}

/* Shares lines among the lists: each as much as it needs, the greedy ones alike; what is left goes
 * to the last. */
static void share(const WatchModel *model, size_t lines, size_t heights[_WATCH_PANES])
{
	size_t needs[_WATCH_PANES], left = lines;

	for (size_t i = 0; i < _WATCH_PANES; i++) {
		needs[i] = 1 + MAX(model->lists[i].n, (size_t)1);
		heights[i] = 0;
	}
	for (bool given = true; left > 0 && given;) {
		given = false;
		for (size_t i = 0; i < _WATCH_PANES && left > 0; i++) {
			if (heights[i] >= needs[i])
				continue;
			heights[i]++;
			left--;
			given = true;
		}
	}
	heights[_WATCH_PANES - 1] += left;
}

static void put_lists(WatchFrame *frame, WatchModel *model, size_t row, uint64_t now_ns)
{
	size_t lines = frame->rows - 1 - row, heights[_WATCH_PANES];

	if (frame->rows < ROWS_FOR_ALL) {
		put_list(frame, model, model->focus, row, lines, now_ns);
		return;
	}
	share(model, lines, heights);
	for (WatchPane pane = 0; pane < _WATCH_PANES; pane++) {
		put_list(frame, model, pane, row, heights[pane], now_ns);
		row += heights[pane];
	}
}

/* A text over the whole screen. */
static void put_text(WatchFrame *frame, WatchModel *model, const char *title, const char *text)
{
	size_t width = frame->columns, height = frame->rows - 3;
	WatchText folded = {.lines = NULL};

	(void)watch_text_fold(&folded, text, width); /* no memory: less of it */
	model->lines = folded.n;
	model->page = height;
	model->scroll = MIN(model->scroll, folded.n > height ? folded.n - height : 0);
	frame->reverse = true;
	watch_frame_put(frame, 1, 0, width, false, STYLE_BOLD, title);
	frame->reverse = false;
	for (size_t i = 0; i < height && model->scroll + i < folded.n; i++) {
		const WatchTextLine *line = &folded.lines[model->scroll + i];
		_cleanup_(text_clear) Text copy = {.data = NULL};

		text_append_bytes(&copy, line->start, line->length);
		watch_frame_put(frame, 2 + i, line->indent, width - line->indent, false,
				STYLE_PLAIN, text_string(&copy));
	}
	watch_text_clear(&folded);
}

static void put_too_small(WatchFrame *frame)
{
	char line[64];

	(void)text_format(line, sizeof(line), "%zux%zu is too small:", frame->columns, frame->rows);
	watch_frame_put(frame, 0, 0, frame->columns, false, STYLE_BOLD, line);
	(void)text_format(line, sizeof(line), "at least %dx%d (q: quit)", WATCH_COLUMNS_MIN,
			  WATCH_ROWS_MIN);
	watch_frame_put(frame, 1, 0, frame->columns, false, STYLE_PLAIN, line);
}

void watch_view_draw(WatchModel *model, WatchFrame *frame, uint64_t now_ns)
{
	const WatchData *data = watch_model_data(model);
	size_t row = 1;

	if (frame->rows < WATCH_ROWS_MIN || frame->columns < WATCH_COLUMNS_MIN) {
		put_too_small(frame);
		return;
	}
	put_health(frame, model);
	put_footer(frame, model);
	if (model->mode == WATCH_HELPING) {
		put_text(frame, model, "keys", help_text);
		return;
	}
	if (model->mode == WATCH_READING) {
		put_text(frame, model, model->title, text_string(&model->text));
		return;
	}
	if (*data->reasons) {
		watch_frame_put(frame, row, 0, frame->columns, false, STYLE_BAD, data->reasons);
		row++;
	}
	put_lists(frame, model, row, now_ns);
}
