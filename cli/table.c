/* SPDX-License-Identifier: MIT */
#include "cli/table.h"

#include <string.h>

#include "cli/width.h"

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
	return width_of(text, SIZE_MAX);
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

/* The width of a line of the columns that are shown. */
static size_t total_width(const Table *table, const bool *shown, const size_t *widths)
{
	size_t total = 0, n = 0;

	for (size_t c = 0; c < table->n_columns; c++)
		if (shown[c]) {
			total += widths[c];
			n++;
		}
	return total + GAP * (n - 1);
}

/* From the last flexible column to the first, until the line fits; true if it does. */
static bool cut(const Table *table, size_t available, const bool *shown, size_t *widths)
{
	size_t total = total_width(table, shown, widths);

	for (size_t c = table->n_columns; c-- > 0 && total > available;) {
		const TableColumn *column = &table->columns[c];
		size_t least = MAX(column->least, (size_t)FLEXIBLE_MIN), room;

		if (!shown[c] || !column->flexible || widths[c] <= least)
			continue;
		room = MIN(total - available, widths[c] - least);
		widths[c] -= room;
		total -= room;
	}
	return total <= available;
}

/* False: there is no column left that may be left out. */
static bool drop_one(const Table *table, bool *shown)
{
	size_t first = table->n_columns;

	for (size_t c = 0; c < table->n_columns; c++)
		if (shown[c] && table->columns[c].drop > 0 &&
		    (first == table->n_columns ||
		     table->columns[c].drop > table->columns[first].drop))
			first = c;
	if (first == table->n_columns)
		return false;
	shown[first] = false;
	return true;
}

static void fit(const Table *table, size_t available, bool *shown, size_t *widths)
{
	size_t natural[TABLE_COLUMNS_MAX];

	memcpy(natural, widths, sizeof(natural));
	for (size_t c = 0; c < table->n_columns; c++)
		shown[c] = true;
	while (!cut(table, available, shown, widths) && drop_one(table, shown))
		memcpy(widths, natural, sizeof(natural));
}

static void pad(Text *text, size_t n)
{
	while (n-- > 0)
		text_append(text, " ");
}

/* Without the first columns, of one character each. */
static void append_tail(const char *text, size_t columns, Text *cut)
{
	text_append(cut, text + width_prefix(text, columns));
}

static void append_cell(const Settings *settings, const TableColumn *column, const TableCell *cell,
			size_t width, bool last, Text *text)
{
	_cleanup_(text_clear) Text cut = {.data = NULL};
	size_t shown = display_width(cell->text);

	if (shown > width && column->tail) {
		append_tail(cell->text, shown - width, &cut);
		shown = width;
	} else if (shown > width) {
		text_append_bytes(&cut, cell->text,
				  width_prefix(cell->text, width - strlen(ELLIPSIS)));
		text_append(&cut, ELLIPSIS);
		shown = width_of(text_string(&cut), cut.length);
	} else {
		text_append(&cut, cell->text);
	}
	if (column->right)
		pad(text, width - shown);
	output_append(settings, text, cell->style, text_string(&cut));
	if (!last)
		pad(text, (column->right ? 0 : width - shown) + GAP);
}

/* A line of cells, or (NULL) the titles. */
static void append_line(const Settings *settings, const Table *table, const TableCell *cells,
			const bool *shown, const size_t *widths, Text *text)
{
	size_t last = table->n_columns;

	while (last > 0 && !shown[last - 1])
		last--;
	for (size_t c = 0; c < last; c++) {
		TableCell title = {.text = (char *)table->columns[c].title, .style = STYLE_BOLD};

		if (shown[c])
			append_cell(settings, &table->columns[c], cells ? &cells[c] : &title,
				    widths[c], c + 1 == last, text);
	}
	text_append(text, "\n");
}

void table_append(const Table *table, const Settings *settings, size_t indent, Text *text)
{
	size_t widths[TABLE_COLUMNS_MAX] = {0};
	bool shown[TABLE_COLUMNS_MAX];

	measure(table, settings->legend, widths);
	if (settings->width != SIZE_MAX)
		fit(table, settings->width - MIN(indent, settings->width), shown, widths);
	else
		memset(shown, true, sizeof(shown));
	if (settings->legend) {
		pad(text, indent);
		append_line(settings, table, NULL, shown, widths, text);
	}
	for (size_t i = 0; i + table->n_columns <= table->n_cells; i += table->n_columns) {
		pad(text, indent);
		append_line(settings, table, &table->cells[i], shown, widths, text);
	}
	text->failed = text->failed || table->failed;
}
