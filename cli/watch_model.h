/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The state of the screen of `watch`: which list has the keys, what is selected, how it is sorted
 * and filtered, what text is read. Pure: updates, keys and answers come in, wishes go out; drawing
 * (watch_view.h) and doing (watch.h) are elsewhere.
 *
 * A selection stays with its row while rows move; when the row goes, with its place.
 */
#include "cli/watch_rows.h"

#define WATCH_FILTER_MAX 64

/* Keys that are no character: above all of Unicode. */
enum {
	WATCH_KEY_UP = 0x110000,
	WATCH_KEY_DOWN,
	WATCH_KEY_LEFT,
	WATCH_KEY_RIGHT,
	WATCH_KEY_PAGE_UP,
	WATCH_KEY_PAGE_DOWN,
	WATCH_KEY_HOME,
	WATCH_KEY_END,
	WATCH_KEY_BACK_TAB,
	WATCH_KEY_BACKSPACE,
	WATCH_KEY_TAB = '\t',
	WATCH_KEY_ENTER = '\n',
	WATCH_KEY_ESCAPE = 0x1b,
	WATCH_KEY_REDRAW = 0x0c, /* Ctrl-L */
};

/* What a key asks of the one who runs the screen. */
typedef enum WatchWish {
	WATCH_NOTHING,
	WATCH_EXPLAIN, /* what watch_model_selected() says; then watch_model_explain() */
	WATCH_REDRAW,  /* everything, as the terminal was disturbed */
	WATCH_QUIT,
} WatchWish;

typedef enum WatchMode { WATCH_LISTS, WATCH_FILTERING, WATCH_READING, WATCH_HELPING } WatchMode;

typedef struct WatchList {
	size_t *order; /* rows, filtered and sorted */
	size_t n, allocated;
	size_t selected, top;     /* positions in `order` */
	size_t height;            /* rows on the screen, as last drawn */
	char key[WATCH_NAME_MAX]; /* of the selected row; "": none */
	size_t sort;              /* column + 1; 0: as the daemon gave them */
	char filter[WATCH_FILTER_MAX];
} WatchList;

/* Zero-initialise. */
typedef struct WatchModel {
	size_t limit; /* of endpoints and of paths that are asked for */
	WatchData live, frozen;
	bool paused;
	WatchMode mode;
	WatchPane focus;
	WatchList lists[_WATCH_PANES];
	char before[WATCH_FILTER_MAX]; /* the filter, as it was when its editing began */
	char notice[WATCH_LONG_MAX];   /* about the connection; "": all is well */

	/* WATCH_READING */
	char title[2 * WATCH_NAME_MAX];
	Text text;
	size_t scroll, lines, page; /* lines of the text as last drawn, and of the screen */
} WatchModel;

void watch_model_clear(WatchModel *model);
/* What is shown now: live, or as it was when paused. */
const WatchData *watch_model_data(const WatchModel *model);
/* -ENOMEM. */
int watch_model_update(WatchModel *model, const Json *update, bool first, uint64_t now_ns);
WatchWish watch_model_key(WatchModel *model, uint32_t key);
/* The list with the keys and the key of its selected row; NULL: the list is empty. */
const char *watch_model_selected(const WatchModel *model, WatchPane *ret_pane);
/* Begins to read about the selected row; the text follows. */
void watch_model_explain(WatchModel *model);
/* The answer: other people's text of any length. */
void watch_model_answer(WatchModel *model, const char *text);
/* About the connection; NULL: all is well. */
void watch_model_notice(WatchModel *model, const char *notice);
/* As drawn: the rows that fit, so that the selection is among them. */
void watch_model_fit(WatchModel *model, WatchPane pane, size_t height);
