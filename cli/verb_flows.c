/* SPDX-License-Identifier: MIT */
/*
 * The lists of TCP sockets: connections and listeners.
 */
#include <inttypes.h>
#include <string.h>

#include "cli/cell.h"
#include "cli/list.h"
#include "cli/verbs.h"
#include "common/human.h"
#include "common/interface.h"

/* "192.0.2.1:443", "[2001:db8::1]:443" */
static void add_endpoint(Table *table, const Json *object, const char *address, const char *port)
{
	const char *host = json_string(json_get(object, address));
	int64_t number = json_int(json_get(object, port), 0);
	_cleanup_(text_clear) Text text = {.data = NULL};
	bool bracket = host && strchr(host, ':');

	if (host)
		text_appendf(&text, "%s%s%s:%" PRId64, bracket ? "[" : "", host, bracket ? "]" : "",
			     number);
	table_add(table, STYLE_PLAIN, text_string(&text));
}

/* "nginx (77)" */
static void add_process(Table *table, const Json *socket)
{
	const Json *process = json_get(socket, "process");
	const char *comm = json_string(json_get(process, "comm"));
	_cleanup_(text_clear) Text text = {.data = NULL};

	if (comm)
		text_appendf(&text, "%s (%" PRId64 ")", comm,
			     json_int(json_get(process, "pid"), 0));
	table_add(table, STYLE_PLAIN, text_string(&text));
}

/* The column of --process is the last: it is there or not by the number of columns. */
static const TableColumn flow_columns[] = {
	{.title = "REMOTE", .flexible = true, .least = 20},
	{.title = "LOCAL", .drop = 12},
	{.title = "STATE", .drop = 8},
	{.title = "SRTT", .right = true, .drop = 1},
	{.title = "MIN RTT", .right = true, .drop = 4},
	{.title = "CWND", .right = true, .drop = 7},
	{.title = "RATE", .right = true, .drop = 3},
	{.title = "RETRANS", .right = true, .drop = 6},
	{.title = "SENT", .right = true, .drop = 5},
	{.title = "RECEIVED", .right = true, .drop = 9},
	{.title = "CC", .drop = 10},
	{.title = "LIMIT", .drop = 2},
	{.title = "PROCESS", .flexible = true, .least = 12, .drop = 1},
};

static void add_retransmitted(Table *table, const Json *flow)
{
	int64_t again = json_int(json_get(flow, "retransmittedBytes"), -1);
	int64_t sent = json_int(json_get(flow, "sentBytes"), 0);
	char buffer[HUMAN_MAX];

	table_add(
		table, STYLE_PLAIN,
		again < 0 || sent <= 0 || again > sent
			? NULL
			: human_ppm((uint64_t)((double)again / (double)sent * 1e6 + 0.5), buffer));
}

/* Of a sample that ran out of data the rate is that of a burst, not of the path. */
static void add_rate(Table *table, const Json *flow)
{
	if (json_bool(json_get(flow, "deliveryApplicationLimited"), false))
		table_add(table, STYLE_PLAIN, NULL);
	else
		cell_rate(table, flow, "deliveryBps");
}

static void fill_flow(Table *table, const Json *flow)
{
	add_endpoint(table, flow, "remote", "remotePort");
	add_endpoint(table, flow, "local", "localPort");
	cell_text(table, flow, "state");
	cell_latency(table, flow, "srttUsec");
	cell_latency(table, flow, "minRttUsec");
	cell_count(table, flow, "cwndPackets");
	add_rate(table, flow);
	add_retransmitted(table, flow);
	cell_bytes(table, flow, "ackedBytes");
	cell_bytes(table, flow, "receivedBytes");
	cell_text(table, flow, "congestion");
	cell_text(table, flow, "limitedBy");
	if (table->n_columns == ARRAY_SIZE(flow_columns))
		add_process(table, flow);
}

const List list_of_flows = {
	.method = INTERFACE_LIST_FLOWS,
	.key = "flows",
	.columns = flow_columns,
	.n_columns = ARRAY_SIZE(flow_columns),
	.fill = fill_flow,
	.of_process = 1,
};

static const TableColumn listener_columns[] = {
	{.title = "ADDRESS", .flexible = true, .least = 20},
	{.title = "QUEUE", .right = true, .drop = 2},
	{.title = "BACKLOG", .right = true, .drop = 3},
	{.title = "DROPS", .right = true},
	{.title = "PROCESS", .flexible = true, .least = 12, .drop = 1},
};

static void fill_listener(Table *table, const Json *listener)
{
	add_endpoint(table, listener, "address", "port");
	cell_count(table, listener, "queue");
	cell_count(table, listener, "backlog");
	cell_count(table, listener, "drops");
	if (table->n_columns == ARRAY_SIZE(listener_columns))
		add_process(table, listener);
}

const List list_of_listeners = {
	.method = INTERFACE_LIST_LISTENERS,
	.key = "listeners",
	.columns = listener_columns,
	.n_columns = ARRAY_SIZE(listener_columns),
	.fill = fill_listener,
	.of_process = 1,
};
