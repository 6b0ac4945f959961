/* SPDX-License-Identifier: MIT */
/*
 * The lists of what the kernel keeps besides sockets: links, its memory of destinations, counters,
 * and other network namespaces.
 */
#include <inttypes.h>

#include "cli/cell.h"
#include "cli/cli.h"
#include "cli/list.h"
#include "cli/verbs.h"
#include "common/human.h"
#include "common/interface.h"

/* One sum of two members, or "-" if neither is known. */
static void add_sum(Table *table, const Json *object, const char *one, const char *other)
{
	int64_t a = json_int(json_get(object, one), -1), b = json_int(json_get(object, other), -1);
	char buffer[HUMAN_MAX];

	(void)text_format(buffer, sizeof(buffer), "%" PRIu64, (uint64_t)a + (uint64_t)b);
	table_add(table, STYLE_PLAIN, a < 0 || b < 0 ? NULL : buffer);
}

static const TableColumn link_columns[] = {
	{.title = "LINK"},
	{.title = "STATE"},
	{.title = "SPEED", .right = true, .drop = 3},
	{.title = "MTU", .right = true, .drop = 6},
	{.title = "RECEIVED", .right = true, .drop = 4},
	{.title = "SENT", .right = true, .drop = 5},
	{.title = "DROPS", .right = true},
	{.title = "ERRORS", .right = true, .drop = 2},
	{.title = "QDISC", .drop = 7},
	{.title = "QDISC DROPS", .right = true, .drop = 1},
	{.title = "BACKLOG", .right = true, .drop = 8},
	{.title = "KIND", .drop = 9},
};

static void fill_link(Table *table, const Json *link)
{
	const Json *qdisc = json_get(link, "qdiscStatistics");
	bool up = json_bool(json_get(link, "up"), false);
	bool running = json_bool(json_get(link, "running"), false);
	const char *state = !up ? "down" : running ? "up" : "no carrier";

	cell_text(table, link, "name");
	table_add(table, up ? cell_style(state) : STYLE_PLAIN, state);
	cell_rate(table, link, "speedBps");
	cell_count(table, link, "mtuBytes");
	cell_bytes(table, link, "receivedBytes");
	cell_bytes(table, link, "sentBytes");
	add_sum(table, link, "receiveDrops", "sendDrops");
	add_sum(table, link, "receiveErrors", "sendErrors");
	cell_text(table, link, "qdisc");
	cell_count(table, qdisc, "drops");
	cell_bytes(table, qdisc, "backlogBytes");
	cell_text(table, link, "kind");
}

static const TableColumn gateway_columns[] = {
	{.title = "GATEWAY"},
	{.title = "FAMILY", .drop = 1},
	{.title = "LINK", .drop = 2},
	{.title = "METRIC", .right = true, .drop = 3},
};

static void fill_gateway(Table *table, const Json *gateway)
{
	const char *address = json_string(json_get(gateway, "address"));

	table_add(table, STYLE_PLAIN, address ? address : "on-link");
	cell_text(table, gateway, "family");
	cell_text(table, gateway, "link");
	cell_count(table, gateway, "metric");
}

/* Two tables from one reply. */
int verb_links(const Settings *settings, char *const arguments[], size_t n)
{
	static const List links = {.method = INTERFACE_LIST_LINKS,
				   .key = "links",
				   .columns = link_columns,
				   .n_columns = ARRAY_SIZE(link_columns),
				   .fill = fill_link};
	_cleanup_json_ Json *reply = NULL;
	_cleanup_table_ Table gateways = {.cells = NULL};
	Text text = {.data = NULL};
	const Json *array;
	int r = list_call(settings, links.method, &reply);

	(void)arguments;
	(void)n;
	if (r != CLI_OK)
		return r;
	if (settings->format != FORMAT_TEXT)
		return output_json(settings, reply);
	list_append(settings, &links, reply, &text);
	array = json_get(reply, "gateways");
	table_init(&gateways, gateway_columns, ARRAY_SIZE(gateway_columns));
	for (size_t i = 0; i < json_length(array); i++)
		fill_gateway(&gateways, json_at(array, i));
	if (json_length(array) > 0) {
		text_append(&text, "\n");
		table_append(&gateways, settings, 0, &text);
	}
	return output_text(&text);
}

static const TableColumn destination_columns[] = {
	{.title = "DESTINATION"},
	{.title = "AGE", .right = true, .drop = 4},
	{.title = "RTT", .right = true, .drop = 1},
	{.title = "RTT VAR", .right = true, .drop = 6},
	{.title = "CWND", .right = true, .drop = 2},
	{.title = "SSTHRESH", .right = true, .drop = 3},
	{.title = "REORDERING", .right = true, .drop = 7},
	{.title = "FAST OPEN", .drop = 5},
};

/* Lost SYNs say more than the cookie. */
static void add_fastopen(Table *table, const Json *metric)
{
	int64_t drops = json_int(json_get(metric, "fastOpenSynDrops"), 0);
	bool cookie = json_bool(json_get(metric, "fastOpenCookie"), false);
	char buffer[64];

	if (drops > 0) {
		(void)text_format(buffer, sizeof(buffer), "%" PRId64 " SYN lost", drops);
		table_add(table, STYLE_WARN, buffer);
	} else {
		table_add(table, STYLE_PLAIN, cookie ? "cookie" : NULL);
	}
}

static void fill_destination(Table *table, const Json *metric)
{
	cell_text(table, metric, "destination");
	cell_span(table, metric, "ageUsec");
	cell_latency(table, metric, "rttUsec");
	cell_latency(table, metric, "rttVarUsec");
	cell_count(table, metric, "cwndPackets");
	cell_count(table, metric, "ssthreshPackets");
	cell_count(table, metric, "reorderingPackets");
	add_fastopen(table, metric);
}

const List list_of_destinations = {
	.method = INTERFACE_LIST_METRICS,
	.key = "metrics",
	.columns = destination_columns,
	.n_columns = ARRAY_SIZE(destination_columns),
	.fill = fill_destination,
};

static const TableColumn counter_columns[] = {
	{.title = "NAME"},
	{.title = "VALUE", .right = true},
};

static void fill_counter(Table *table, const Json *counter)
{
	cell_text(table, counter, "name");
	cell_count(table, counter, "value");
}

static void add_socket_count(const char *key, Json *value, void *context)
{
	char name[64], number[32];

	(void)text_format(name, sizeof(name), "sockets.%s", key);
	(void)text_format(number, sizeof(number), "%" PRId64, json_int(value, 0));
	table_add(context, STYLE_PLAIN, name);
	table_add(context, STYLE_PLAIN, number);
}

/* The counts of sockets stand under the counters, in the same columns. */
int verb_counters(const Settings *settings, char *const arguments[], size_t n)
{
	_cleanup_json_ Json *reply = NULL;
	_cleanup_table_ Table table = {.cells = NULL};
	Text text = {.data = NULL};
	const Json *counters;
	int r = list_call(settings, INTERFACE_LIST_COUNTERS, &reply);

	(void)arguments;
	(void)n;
	if (r != CLI_OK)
		return r;
	if (settings->format != FORMAT_TEXT)
		return output_json(settings, reply);
	counters = json_get(reply, "counters");
	table_init(&table, counter_columns, ARRAY_SIZE(counter_columns));
	for (size_t i = 0; i < json_length(counters); i++)
		fill_counter(&table, json_at(counters, i));
	if (json_type(json_get(reply, "sockets")) == JSON_OBJECT)
		json_each(json_get(reply, "sockets"), add_socket_count, &table);
	table_append(&table, settings, 0, &text);
	return output_text(&text);
}

static const TableColumn namespace_columns[] = {
	{.title = "NAMESPACE", .flexible = true, .least = 16},
	{.title = "INODE", .right = true, .drop = 5},
	{.title = "SOCKETS", .right = true, .drop = 2},
	{.title = "FLOWS", .right = true, .drop = 3},
	{.title = "PATHS", .right = true, .drop = 4},
	{.title = "READ", .right = true, .drop = 6},
	{.title = "SYSCTLS", .flexible = true, .least = 16, .drop = 1},
};

/* What is wrong with it, else its values: "net.ipv4.tcp_rmem 4096 131072 6291456, ..." */
static void add_sysctls(Table *table, const Json *netns)
{
	const char *error = json_string(json_get(netns, "error"));
	const Json *sysctls = json_get(netns, "sysctls");
	_cleanup_(text_clear) Text text = {.data = NULL};

	if (error) {
		table_add(table, STYLE_BAD, error);
		return;
	}
	for (size_t i = 0; i < json_length(sysctls); i++) {
		const char *key = json_string(json_get(json_at(sysctls, i), "key"));
		const char *value = json_string(json_get(json_at(sysctls, i), "value"));

		text_appendf(&text, "%s%s %s", i ? ", " : "", key ? key : "-", value ? value : "-");
	}
	table_add(table, STYLE_PLAIN, text_string(&text));
}

static void fill_namespace(Table *table, const Json *netns)
{
	cell_text(table, netns, "name");
	cell_count(table, netns, "inode");
	cell_count(table, netns, "sockets");
	cell_count(table, netns, "flows");
	cell_count(table, netns, "paths");
	cell_span(table, netns, "sweepAgoUsec");
	add_sysctls(table, netns);
}

const List list_of_namespaces = {
	.method = INTERFACE_LIST_NAMESPACES,
	.key = "namespaces",
	.columns = namespace_columns,
	.n_columns = ARRAY_SIZE(namespace_columns),
	.fill = fill_namespace,
};
