/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The three lists of `watch`, as tables of columns: what a cell says, how wide it is, what sorts.
 * Pure: a row of watch_data.h and the width come in, text goes out.
 */
#include "cli/output.h"
#include "cli/watch_data.h"

typedef enum WatchPane { WATCH_ENDPOINTS, WATCH_PATHS, WATCH_CHANGES, _WATCH_PANES } WatchPane;

#define WATCH_COLUMNS_MAX 12
#define WATCH_CELL_MAX    256

/* What is needed to write a cell, beside its row. */
typedef struct WatchShow {
	size_t width; /* of its column */
	bool utf8;
	uint64_t now_ns;
} WatchShow;

typedef struct WatchColumn {
	const char *title;
	size_t width;  /* at least */
	bool right;    /* numbers */
	bool grows;    /* takes what is left of the line */
	unsigned drop; /* may be left out, the highest first; 0: never */
	/* Writes at most WATCH_CELL_MAX bytes. */
	OutputStyle (*cell)(const void *row, const WatchShow *show, char *buffer);
	/* The greatest first, those below zero last; NULL: sorted by the text, if it sorts. */
	int64_t (*value)(const void *row);
	bool sorts;
} WatchColumn;

typedef struct WatchTable {
	const char *name; /* "endpoints" */
	const char *none; /* said when there is no row */
	const WatchColumn *columns;
	size_t n_columns;
} WatchTable;

extern const WatchTable watch_tables[_WATCH_PANES];

/* The rows of a list, as the daemon gave them. */
size_t watch_rows_count(const WatchData *data, WatchPane pane);
const void *watch_rows_at(const WatchData *data, WatchPane pane, size_t index);
/* What a row keeps while it moves: its name, or the id of a change. `buffer` of WATCH_NAME_MAX. */
void watch_rows_key(const WatchData *data, WatchPane pane, size_t index, char *buffer);
/* Whether a text occurs in what the row says, in whatever case. */
bool watch_rows_match(const WatchData *data, WatchPane pane, size_t index, const char *text);
/* Below zero: row a comes before row b by that column. */
int watch_rows_compare(const WatchData *data, WatchPane pane, size_t column, size_t a, size_t b);
/* The widths of the columns in a line of `width`, with one blank between them; 0: left out. */
void watch_rows_fit(WatchPane pane, size_t width, size_t ret_widths[WATCH_COLUMNS_MAX]);
