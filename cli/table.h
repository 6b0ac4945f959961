/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Tables of text: columns as wide as their widest cell, numbers to the right, cut to the terminal.
 * Where it does not fit, columns declared flexible are cut, the last of them first; then
 * columns are left out, and what remains is as wide as it can be. NULL and "" are shown as "-".
 */
#include "cli/output.h"

#define TABLE_COLUMNS_MAX 16

typedef struct TableColumn {
	const char *title;
	bool right;    /* align to the right: numbers */
	bool flexible; /* may be cut */
	bool tail;     /* cut at its beginning, without a sign of it: the latest stands last */
	size_t least;  /* of a flexible one: as narrow as this; 0: a few characters */
	unsigned drop; /* may be left out, the highest first; 0: never */
} TableColumn;

typedef struct TableCell {
	char *text;
	OutputStyle style;
} TableCell;

typedef struct Table {
	const TableColumn *columns;
	size_t n_columns;
	TableCell *cells; /* row by row */
	size_t n_cells, allocated;
	bool failed;
} Table;

void table_init(Table *table, const TableColumn *columns, size_t n_columns);
void table_clear(Table *table);
#define _cleanup_table_ _cleanup_(table_clear)

/* The next cell, from left to right and from the top. */
void table_add(Table *table, OutputStyle style, const char *text);
/* Appends the whole, each line after `indent` blanks. */
void table_append(const Table *table, const Settings *settings, size_t indent, Text *text);
