/* SPDX-License-Identifier: MIT */
#include "cli/watch_rows.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "cli/cell.h"
#include "cli/watch_trend.h"
#include "common/clock.h"
#include "common/human.h"

/* A change is marked for so long after it changed. */
#define FRESH_NS (10 * NSEC_PER_SEC)

static void say(char *buffer, const char *text)
{
	(void)text_copy(buffer, WATCH_CELL_MAX, *text ? text : "-");
}

static OutputStyle judged(const char *text, char *buffer)
{
	say(buffer, text);
	return cell_style(text);
}

/* A number that may be unknown. */
static OutputStyle say_number(int64_t value, const char *(*format)(uint64_t, char *), char *buffer)
{
	char number[HUMAN_MAX];

	say(buffer, value < 0 ? "-" : format((uint64_t)value, number));
	return STYLE_PLAIN;
}

static const char *format_count(uint64_t value, char *buffer)
{
	(void)text_format(buffer, HUMAN_MAX, "%" PRIu64, value);
	return buffer;
}

/* The cells and values of members; `row` is one of TYPE. */
#define NUMBER_COLUMN(function, type, member, format)                                              \
	static OutputStyle function##_cell(const void *row, const WatchShow *show, char *buffer)   \
	{                                                                                          \
		(void)show;                                                                        \
		return say_number(((const type *)row)->member, format, buffer);                    \
	}                                                                                          \
	static int64_t function##_value(const void *row)                                           \
	{                                                                                          \
		return ((const type *)row)->member;                                                \
	}
#define TEXT_COLUMN(function, type, member)                                                        \
	static OutputStyle function##_cell(const void *row, const WatchShow *show, char *buffer)   \
	{                                                                                          \
		(void)show;                                                                        \
		say(buffer, ((const type *)row)->member);                                          \
		return STYLE_PLAIN;                                                                \
	}

/* Endpoints. */

TEXT_COLUMN(endpoint_name, WatchEndpoint, name)
NUMBER_COLUMN(endpoint_p50, WatchEndpoint, p50_us, human_latency)
NUMBER_COLUMN(endpoint_p95, WatchEndpoint, p95_us, human_latency)
NUMBER_COLUMN(endpoint_p99, WatchEndpoint, p99_us, human_latency)

static OutputStyle endpoint_state_cell(const void *row, const WatchShow *show, char *buffer)
{
	const WatchEndpoint *endpoint = row;

	(void)show;
	if (text_equal(endpoint->state, "up") && text_equal(endpoint->slo, "missed"))
		return judged("missed", buffer); /* its target */
	return judged(endpoint->state, buffer);
}

/* The worst first. */
static int64_t endpoint_state_value(const void *row)
{
	static const char *const states[] = {"up", "pending", "missed", "unresolved", "down"};
	char state[WATCH_CELL_MAX];

	(void)endpoint_state_cell(row, NULL, state);
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (text_equal(states[i], state))
			return (int64_t)i;
	return -1;
}

static int64_t endpoint_loss_value(const void *row)
{
	return ((const WatchEndpoint *)row)->loss_permille;
}

static OutputStyle endpoint_loss_cell(const void *row, const WatchShow *show, char *buffer)
{
	int64_t permille = endpoint_loss_value(row);
	char number[HUMAN_MAX];

	(void)show;
	say(buffer, permille < 0 ? "-" : human_permille(permille, false, number));
	return permille > 0 ? STYLE_WARN : STYLE_PLAIN;
}

static OutputStyle endpoint_trend_cell(const void *row, const WatchShow *show, char *buffer)
{
	const WatchEndpoint *endpoint = row;

	watch_trend(endpoint->trend_us, endpoint->n_trend, show->width, show->utf8, buffer,
		    WATCH_CELL_MAX);
	return STYLE_PLAIN;
}

static const WatchColumn endpoint_columns[] = {
	{.title = "ENDPOINT",
	 .width = 12,
	 .grows = true,
	 .sorts = true,
	 .cell = endpoint_name_cell},
	{"STATE", 10, false, false, 0, endpoint_state_cell, endpoint_state_value, true},
	{"P50", 8, true, false, 0, endpoint_p50_cell, endpoint_p50_value, true},
	{"P95", 8, true, false, 5, endpoint_p95_cell, endpoint_p95_value, true},
	{"P99", 8, true, false, 3, endpoint_p99_cell, endpoint_p99_value, true},
	{"LOSS", 7, true, false, 1, endpoint_loss_cell, endpoint_loss_value, true},
	{.title = "P50 LATELY", .width = 14, .grows = true, .drop = 4, .cell = endpoint_trend_cell},
};

/* Paths. */

TEXT_COLUMN(path_name, WatchPath, name)
TEXT_COLUMN(path_setting, WatchPath, setting)
NUMBER_COLUMN(path_flows, WatchPath, flows, format_count)
NUMBER_COLUMN(path_sending, WatchPath, sending_bps, human_rate)
NUMBER_COLUMN(path_receiving, WatchPath, receiving_bps, human_rate)
NUMBER_COLUMN(path_srtt, WatchPath, srtt_us, human_latency)
NUMBER_COLUMN(path_floor, WatchPath, floor_us, human_latency)
NUMBER_COLUMN(path_lost, WatchPath, lost_ppm, human_ppm)

static const WatchColumn path_columns[] = {
	{.title = "DESTINATION", .width = 15, .grows = true, .sorts = true, .cell = path_name_cell},
	{"FLOWS", 6, true, false, 5, path_flows_cell, path_flows_value, true},
	{"SENDING", 11, true, false, 1, path_sending_cell, path_sending_value, true},
	{"RECEIVING", 11, true, false, 6, path_receiving_cell, path_receiving_value, true},
	{"SRTT", 8, true, false, 0, path_srtt_cell, path_srtt_value, true},
	{"FLOOR", 8, true, false, 4, path_floor_cell, path_floor_value, true},
	{"RETRANS", 9, true, false, 3, path_lost_cell, path_lost_value, true},
	{.title = "OURS",
	 .width = 12,
	 .grows = true,
	 .drop = 2,
	 .sorts = true,
	 .cell = path_setting_cell},
};

/* Changes. */

TEXT_COLUMN(change_controller, WatchChange, controller)
TEXT_COLUMN(change_path, WatchChange, path)
TEXT_COLUMN(change_values, WatchChange, values)

static int64_t change_id_value(const void *row)
{
	return ((const WatchChange *)row)->id;
}

/* Marked while it is news. */
static OutputStyle change_id_cell(const void *row, const WatchShow *show, char *buffer)
{
	const WatchChange *change = row;
	bool fresh = change->changed_ns > 0 && show->now_ns - change->changed_ns < FRESH_NS;

	(void)text_format(buffer, WATCH_CELL_MAX, "%s%" PRId64, fresh ? "*" : "", change->id);
	return fresh ? STYLE_BOLD : STYLE_PLAIN;
}

static OutputStyle change_time_cell(const void *row, const WatchShow *show, char *buffer)
{
	const WatchChange *change = row;
	time_t seconds = (time_t)(change->proposed_us / 1000000);
	struct tm parts;

	(void)show;
	if (change->proposed_us <= 0 || !localtime_r(&seconds, &parts) ||
	    strftime(buffer, WATCH_CELL_MAX, "%m-%d %H:%M", &parts) == 0)
		say(buffer, "-");
	return STYLE_PLAIN;
}

static OutputStyle change_outcome_cell(const void *row, const WatchShow *show, char *buffer)
{
	(void)show;
	return judged(((const WatchChange *)row)->outcome, buffer);
}

static OutputStyle change_gain_cell(const void *row, const WatchShow *show, char *buffer)
{
	const WatchChange *change = row;
	char number[HUMAN_MAX];

	(void)show;
	say(buffer, change->has_gain ? human_permille(change->gain_permille, true, number) : "-");
	return STYLE_PLAIN;
}

/* Shifted, as what is below zero is unknown. */
static int64_t change_gain_value(const void *row)
{
	const WatchChange *change = row;

	return change->has_gain ? MAX(change->gain_permille, INT64_C(-1000000)) + 1000000 : -1;
}

static OutputStyle change_force_cell(const void *row, const WatchShow *show, char *buffer)
{
	const WatchChange *change = row;

	(void)show;
	say(buffer, !change->in_force ? "no" : change->provisional ? "for now" : "yes");
	return STYLE_PLAIN;
}

static const WatchColumn change_columns[] = {
	{"CHANGE", 7, true, false, 0, change_id_cell, change_id_value, true},
	{"TIME", 11, false, false, 5, change_time_cell, NULL, false},
	{.title = "CONTROLLER", .width = 11, .sorts = true, .cell = change_controller_cell},
	{.title = "VERDICT", .width = 12, .sorts = true, .cell = change_outcome_cell},
	{"GAIN", 8, true, false, 2, change_gain_cell, change_gain_value, true},
	{"LIVE", 7, false, false, 4, change_force_cell, NULL, true},
	{.title = "PATH", .width = 15, .drop = 3, .sorts = true, .cell = change_path_cell},
	{.title = "VALUES", .width = 16, .grows = true, .drop = 1, .cell = change_values_cell},
};

const WatchTable watch_tables[_WATCH_PANES] = {
	[WATCH_ENDPOINTS] = {"endpoints", "none is configured: see netopt.conf(5)",
			     endpoint_columns, ARRAY_SIZE(endpoint_columns)},
	[WATCH_PATHS] = {"paths", "no connection was seen yet", path_columns,
			 ARRAY_SIZE(path_columns)},
	[WATCH_CHANGES] = {"changes", "nothing was changed yet", change_columns,
			   ARRAY_SIZE(change_columns)},
};

size_t watch_rows_count(const WatchData *data, WatchPane pane)
{
	return pane == WATCH_ENDPOINTS ? data->n_endpoints
	       : pane == WATCH_PATHS   ? data->n_paths
				       : data->n_changes;
}

const void *watch_rows_at(const WatchData *data, WatchPane pane, size_t index)
{
	if (pane == WATCH_ENDPOINTS)
		return &data->endpoints[index];
	if (pane == WATCH_PATHS)
		return &data->paths[index];
	return &data->changes[index];
}

void watch_rows_key(const WatchData *data, WatchPane pane, size_t index, char *buffer)
{
	const void *row = watch_rows_at(data, pane, index);

	if (pane == WATCH_CHANGES)
		(void)text_format(buffer, WATCH_NAME_MAX, "%" PRId64,
				  ((const WatchChange *)row)->id);
	else if (pane == WATCH_PATHS)
		(void)text_copy(buffer, WATCH_NAME_MAX, ((const WatchPath *)row)->name);
	else
		(void)text_copy(buffer, WATCH_NAME_MAX, ((const WatchEndpoint *)row)->name);
}

bool watch_rows_match(const WatchData *data, WatchPane pane, size_t index, const char *text)
{
	const WatchTable *table = &watch_tables[pane];
	const void *row = watch_rows_at(data, pane, index);
	WatchShow show = {.width = WATCH_CELL_MAX};
	char buffer[WATCH_CELL_MAX];

	if (pane == WATCH_ENDPOINTS && strcasestr(((const WatchEndpoint *)row)->group, text))
		return true;
	for (size_t i = 0; i < table->n_columns; i++) {
		/* Words, not numbers: "1" shall find a name. */
		if (table->columns[i].right && i > 0)
			continue;
		(void)table->columns[i].cell(row, &show, buffer);
		if (strcasestr(buffer, text))
			return true;
	}
	return false;
}

int watch_rows_compare(const WatchData *data, WatchPane pane, size_t column, size_t a, size_t b)
{
	const WatchColumn *by = &watch_tables[pane].columns[column];
	const void *row_a = watch_rows_at(data, pane, a), *row_b = watch_rows_at(data, pane, b);
	char text_a[WATCH_CELL_MAX], text_b[WATCH_CELL_MAX];
	WatchShow show = {.width = WATCH_CELL_MAX};

	if (by->value) {
		int64_t value_a = by->value(row_a), value_b = by->value(row_b);

		return value_a > value_b ? -1 : value_a < value_b;
	}
	(void)by->cell(row_a, &show, text_a);
	(void)by->cell(row_b, &show, text_b);
	if (text_equal(text_a, "-") || text_equal(text_b, "-"))
		return (int)text_equal(text_a, "-") - (int)text_equal(text_b, "-");
	return strcasecmp(text_a, text_b);
}

/* The columns that are shown, with a blank between them. */
static size_t line_width(const WatchTable *table, const size_t *widths)
{
	size_t total = 0;

	for (size_t i = 0; i < table->n_columns; i++)
		total += widths[i] > 0 ? widths[i] + 1 : 0;
	return total > 0 ? total - 1 : 0;
}

static size_t next_to_drop(const WatchTable *table, const size_t *widths)
{
	size_t found = table->n_columns;

	for (size_t i = 0; i < table->n_columns; i++)
		if (widths[i] > 0 && table->columns[i].drop > 0 &&
		    (found == table->n_columns ||
		     table->columns[i].drop > table->columns[found].drop))
			found = i;
	return found;
}

void watch_rows_fit(WatchPane pane, size_t width, size_t ret_widths[WATCH_COLUMNS_MAX])
{
	const WatchTable *table = &watch_tables[pane];
	size_t growing = 0, left;

	for (size_t i = 0; i < table->n_columns; i++)
		ret_widths[i] = table->columns[i].width;
	while (line_width(table, ret_widths) > width) {
		size_t i = next_to_drop(table, ret_widths);

		if (i == table->n_columns)
			return;
		ret_widths[i] = 0;
	}
	for (size_t i = 0; i < table->n_columns; i++)
		growing += ret_widths[i] > 0 && table->columns[i].grows;
	left = width - line_width(table, ret_widths);
	for (size_t i = 0; i < table->n_columns && growing > 0; i++) {
		if (ret_widths[i] == 0 || !table->columns[i].grows)
			continue;
		ret_widths[i] += left / growing;
		left -= left / growing;
		growing--;
	}
}
