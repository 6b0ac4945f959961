/* SPDX-License-Identifier: MIT */
/*
 * The endpoints of a group, the nearest first: where to place something, or where to send users.
 * Without a group, which there are.
 */
#include <inttypes.h>

#include "cli/cell.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/compare.h"
#include "cli/endpoint.h"
#include "cli/endpoint_fetch.h"
#include "cli/reply.h"
#include "cli/verbs.h"
#include "common/human.h"

typedef struct Member {
	const Json *endpoint;
	CompareInterval interval;
} Member;

typedef struct Ranking {
	Member *members;
	size_t n;
} Ranking;

static void ranking_clear(Ranking *ranking)
{
	free(ranking->members);
}

/* By the median; what has none stands last, in the order of the configuration. */
static int compare_members(const void *a, const void *b)
{
	const Member *x = a, *y = b;
	bool known_x = x->interval.method != COMPARE_NONE;
	bool known_y = y->interval.method != COMPARE_NONE;

	if (known_x != known_y)
		return known_x ? -1 : 1;
	if (!known_x || x->interval.median_us == y->interval.median_us)
		return (x > y) - (x < y);
	return x->interval.median_us < y->interval.median_us ? -1 : 1;
}

static bool rank_members(const Json *list, const char *group, Ranking *ret_ranking)
{
	Ranking ranking = {.members = calloc(json_length(list) + 1, sizeof(Member))};

	if (!ranking.members)
		return false;
	for (size_t i = 0; i < json_length(list); i++)
		if (reply_is(json_at(list, i), "group", group))
			ranking.members[ranking.n++] =
				(Member){json_at(list, i), compare_endpoint(json_at(list, i))};
	qsort(ranking.members, ranking.n, sizeof(Member), compare_members);
	*ret_ranking = ranking;
	return true;
}

static const TableColumn columns[] = {
	{.title = "RANK", .right = true, .drop = 3},
	{.title = "ENDPOINT", .flexible = true, .least = 12},
	{.title = "STATE", .drop = 5},
	{.title = "P50", .right = true},
	{.title = "95 % INTERVAL", .right = true, .drop = 2},
	{.title = "P99", .right = true, .drop = 6},
	{.title = "LOSS", .right = true, .drop = 7},
	{.title = "N", .right = true, .drop = 8},
	{.title = "TO THE FIRST", .drop = 1},
};

static void add_microseconds(Table *table, int64_t usec)
{
	char buffer[HUMAN_MAX];

	table_add(table, STYLE_PLAIN, human_latency((uint64_t)MAX(usec, INT64_C(0)), buffer));
}

static void add_interval(Table *table, const CompareInterval *interval)
{
	char low[HUMAN_MAX], high[HUMAN_MAX], text[2 * HUMAN_MAX + 8];

	(void)text_format(text, sizeof(text), "%s - %s",
			  human_latency((uint64_t)MAX(interval->low_us, INT64_C(0)), low),
			  human_latency((uint64_t)MAX(interval->high_us, INT64_C(0)), high));
	table_add(table, STYLE_PLAIN, text);
}

/* "no difference shown", or at least how much slower. */
static void append_relation(const Member *first, const Member *member, Text *text)
{
	char buffer[HUMAN_MAX];

	if (member == first)
		text_append(text, "first");
	else if (!compare_differs(&first->interval, &member->interval))
		text_append(text, "no difference shown");
	else
		text_appendf(
			text, "slower by %s or more",
			human_latency((uint64_t)(member->interval.low_us - first->interval.high_us),
				      buffer));
}

static void add_member(Table *table, const Ranking *ranking, size_t i)
{
	const Member *member = &ranking->members[i];
	const Json *window = endpoint_window(member->endpoint);
	bool known = member->interval.method != COMPARE_NONE;
	_cleanup_(text_clear) Text relation = {.data = NULL};
	char rank[32];

	(void)text_format(rank, sizeof(rank), "%zu", i + 1);
	table_add(table, STYLE_PLAIN, known ? rank : NULL);
	cell_text(table, member->endpoint, "name");
	cell_judged(table, member->endpoint, "state");
	if (known) {
		add_microseconds(table, member->interval.median_us);
		add_interval(table, &member->interval);
		append_relation(&ranking->members[0], member, &relation);
	} else {
		table_add(table, STYLE_PLAIN, NULL);
		table_add(table, STYLE_PLAIN, NULL);
	}
	cell_latency(table, window, "p99Usec");
	cell_permille(table, window, "lossPermille", false);
	cell_count(table, window, "count");
	table_add(table, STYLE_PLAIN, text_string(&relation));
}

static const char *method_name(CompareMethod method)
{
	return method == COMPARE_MINUTES     ? "minutes"
	       : method == COMPARE_QUANTILES ? "quantiles"
					     : NULL;
}

/* What stands under the table: how it was compared, and what is not comparable. */
static void append_notes(const Ranking *ranking, Text *text)
{
	const Member *first = &ranking->members[0];
	bool mixed_kind = false, mixed_method = false;

	for (size_t i = 1; i < ranking->n; i++) {
		const Member *member = &ranking->members[i];

		mixed_kind = mixed_kind || !text_equal(reply_word(first->endpoint, "headline"),
						       reply_word(member->endpoint, "headline"));
		mixed_method = mixed_method || (member->interval.method != COMPARE_NONE &&
						member->interval.method != first->interval.method);
	}
	if (first->interval.method == COMPARE_NONE)
		text_append(text, "Too few samples to compare anything yet.\n");
	else if (first->interval.method == COMPARE_MINUTES && !mixed_method)
		text_append(text, "By the medians of single minutes.\n");
	else
		text_append(text, "By the single samples of the last 10 minutes.\n");
	if (mixed_kind)
		text_append(text, "These endpoints are not probed alike: what is compared is the "
				  "whole of some and a part of others.\n");
}

static int print(const Settings *settings, const Ranking *ranking)
{
	_cleanup_table_ Table table = {.cells = NULL};
	Text text = {.data = NULL};

	table_init(&table, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < ranking->n; i++)
		add_member(&table, ranking, i);
	table_append(&table, settings, 0, &text);
	if (settings->legend)
		append_notes(ranking, &text);
	return output_text(&text);
}

static Json *member_json(const Ranking *ranking, size_t i)
{
	const Member *member = &ranking->members[i];
	bool known = member->interval.method != COMPARE_NONE;
	Json *json = json_new_object();

	json_set_string(json, "name", reply_word(member->endpoint, "name"));
	json_set_string(json, "state", reply_word(member->endpoint, "state"));
	json_set_string(json, "method", method_name(member->interval.method));
	json_set(json, "rank", NULL);
	if (known)
		json_set_uint(json, "rank", i + 1);
	json_set_uint(json, "n", member->interval.n);
	if (known) {
		json_set_int(json, "p50Usec", member->interval.median_us);
		json_set_int(json, "lowUsec", member->interval.low_us);
		json_set_int(json, "highUsec", member->interval.high_us);
		json_set_bool(json, "differsFromFirst",
			      compare_differs(&ranking->members[0].interval, &member->interval));
	} else {
		json_set_null(json, "p50Usec");
		json_set_null(json, "lowUsec");
		json_set_null(json, "highUsec");
		json_set_null(json, "differsFromFirst");
	}
	return json;
}

static int print_json(const Settings *settings, const char *group, const Ranking *ranking)
{
	_cleanup_json_ Json *json = json_new_object();
	Json *array = json_new_array();

	for (size_t i = 0; i < ranking->n; i++)
		json_append(array, member_json(ranking, i));
	json_set_string(json, "group", group);
	json_set_int(json, "confidencePermille", 950);
	json_set(json, "endpoints", array);
	return output_json(settings, json);
}

/* The groups there are, with how many endpoints. */

static size_t count_group(const Json *list, const char *group)
{
	size_t n = 0;

	for (size_t i = 0; i < json_length(list); i++)
		n += reply_is(json_at(list, i), "group", group);
	return n;
}

/* Each group at its first endpoint. */
static const char *group_of(const Json *list, size_t i)
{
	const char *group = json_string(json_get(json_at(list, i), "group"));

	for (size_t k = 0; group && k < i; k++)
		if (reply_is(json_at(list, k), "group", group))
			return NULL;
	return group;
}

static Json *make_groups(const Json *list)
{
	Json *reply = json_new_object(), *groups = json_new_array();

	for (size_t i = 0; i < json_length(list); i++) {
		const char *group = group_of(list, i);
		Json *json;

		if (!group)
			continue;
		json = json_new_object();
		json_set_string(json, "name", group);
		json_set_uint(json, "endpoints", count_group(list, group));
		json_append(groups, json);
	}
	json_set(reply, "groups", groups);
	return reply;
}

static int show_groups(const Settings *settings, const Json *list)
{
	static const TableColumn group_columns[] = {
		{.title = "GROUP", .flexible = true, .least = 16},
		{.title = "ENDPOINTS", .right = true},
	};
	_cleanup_json_ Json *reply = make_groups(list);
	_cleanup_table_ Table table = {.cells = NULL};
	const Json *groups = json_get(reply, "groups");
	Text text = {.data = NULL};

	if (settings->format != FORMAT_TEXT)
		return output_json(settings, reply);
	table_init(&table, group_columns, ARRAY_SIZE(group_columns));
	for (size_t i = 0; i < json_length(groups); i++) {
		cell_text(&table, json_at(groups, i), "name");
		cell_count(&table, json_at(groups, i), "endpoints");
	}
	if (json_length(groups) > 0)
		table_append(&table, settings, 0, &text);
	else if (settings->legend)
		text_append(&text, "No endpoint has a group: see Group= in netopt.conf(5).\n");
	return output_text(&text);
}

static int show_group(const Settings *settings, const Json *list, const char *group)
{
	_cleanup_(ranking_clear) Ranking ranking = {.members = NULL};

	if (!rank_members(list, group, &ranking))
		return output_error(settings, CLI_FAILED, "org.netopt.Client.NoMemory",
				    "out of memory");
	if (ranking.n == 0)
		return output_error(settings, CLI_FAILED, "org.netopt.Client.NoSuchGroup",
				    "no endpoint is in the group %s; see: netoptctl compare",
				    group);
	return settings->format == FORMAT_TEXT ? print(settings, &ranking)
					       : print_json(settings, group, &ranking);
}

int verb_compare(const Settings *settings, char *const arguments[], size_t n)
{
	_cleanup_client_ Client client = CLIENT_NULL;
	_cleanup_json_ Json *reply = NULL;
	int r = client_open(settings, &client);

	if (r == CLI_OK)
		r = endpoint_fetch_all(&client, &reply);
	if (r != CLI_OK)
		return r;
	return n > 0 ? show_group(settings, json_get(reply, "endpoints"), arguments[0])
		     : show_groups(settings, json_get(reply, "endpoints"));
}
