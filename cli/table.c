/* SPDX-License-Identifier: MIT */
/*
 * Widths count code points: names may be UTF-8, and nothing netopt shows is wider than one column a
 * character.
 */
#include "cli/table.h"

#include <string.h>

#define GAP          2
#define FLEXIBLE_MIN 8
#define ELLIPSIS     "..."

void table_init(Table *table, const TableColumn *columns, size_t n_columns)
{
	assert(n_columns > 0 && n_columns <= TABLE_COLUMNS_MAX);
	*table = (Table){.columns = columns, .n_columns = n_columns};
}

void table_clear(Table *table)
{
	for (size_t i = 0; i < table->n_cells; i++)
		free(table->cells[i].text);
	free(table->cells);
	table->cells = NULL;
	table->n_cells = table->allocated = 0;
}

void table_add(Table *table, OutputStyle style, const char *text)
{
	char *copy = strdup(text && *text ? text : "-");

	if (copy && table->n_cells == table->allocated) {
		size_t allocated = table->allocated ? table->allocated * 2 : 64;
		TableCell *cells = reallocarray(table->cells, allocated, sizeof(*cells));

		if (cells) {
			table->cells = cells;
			table->allocated = allocated;
		}
	}
	if (!copy || table->n_cells == table->allocated) {
		free(copy);
		table->failed = true;
		return;
	}
	table->cells[table->n_cells++] = (TableCell){.text = copy, .style = style};
}

static size_t display_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void measure(const Table *table, bool legend, size_t *widths)
{
	for (size_t c = 0; c < table->n_columns; c++)
		widths[c] = legend ? display_width(table->columns[c].title) : 0;
	for (size_t i = 0; i < table->n_cells; i++) {
		size_t *width = &widths[i % table->n_columns];

		*width = MAX(*width, display_width(table->cells[i].text));
	}
}

/* From the last flexible column to the first, until the line fits. */
static void fit(const Table *table, size_t available, size_t *widths)
{
	size_t total = GAP * (table->n_columns - 1);

	for (size_t c = 0; c < table->n_columns; c++)
		total += widths[c];
	for (size_t c = table->n_columns; c-- > 0 && total > available;) {
		size_t excess = total - available, room;

		if (!table->columns[c].flexible || widths[c] <= FLEXIBLE_MIN)
			continue;
		room = MIN(excess, widths[c] - FLEXIBLE_MIN);
		widths[c] -= room;
		total -= room;
	}
}

/* The bytes of the first n characters. */
static size_t prefix_length(const char *text, size_t n)
{
	size_t i = 0;

	while (text[i]) {
		if (((unsigned char)text[i] & 0xc0) != 0x80 && n-- == 0)
			break;
		i++;
	}
	return i;
}

static void pad(Text *text, size_t n)
{
	while (n-- > 0)
		text_append(text, " ");
}

static void append_cell(const Settings *settings, const TableColumn *column, const TableCell *cell,
			size_t width, bool last, Text *text)
{
	_cleanup_(text_clear) Text cut = {.data = NULL};
	size_t shown = display_width(cell->text);

	if (shown > width) {
		text_append_bytes(&cut, cell->text,
				  prefix_length(cell->text, width - strlen(ELLIPSIS)));
		text_append(&cut, ELLIPSIS);
		shown = width;
	} else {
		text_append(&cut, cell->text);
	}
	if (column->right)
		pad(text, width - shown);
	output_append(settings, text, cell->style, text_string(&cut));
	if (!last)
		pad(text, (column->right ? 0 : width - shown) + GAP);
}

void table_append(const Table *table, const Settings *settings, size_t indent, Text *text)
{
	size_t widths[TABLE_COLUMNS_MAX], n = table->n_columns;

	measure(table, settings->legend, widths);
	fit(table, settings->width - MIN(indent, settings->width), widths);
	for (size_t c = 0; settings->legend && c < n; c++) {
		TableCell title = {.text = (char *)table->columns[c].title, .style = STYLE_BOLD};

		pad(text, c == 0 ? indent : 0);
		append_cell(settings, &table->columns[c], &title, widths[c], c + 1 == n, text);
	}
	if (settings->legend)
		text_append(text, "\n");
	for (size_t i = 0; i < table->n_cells; i++) {
		size_t c = i % n;

		pad(text, c == 0 ? indent : 0);
		append_cell(settings, &table->columns[c], &table->cells[i], widths[c], c + 1 == n,
			    text);
		if (c + 1 == n)
			text_append(text, "\n");
	}
	text->failed = text->failed || table->failed;
}
