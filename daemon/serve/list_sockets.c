/* SPDX-License-Identifier: MIT */
/*
 * Lists that are read from the kernel because somebody asks: connections, listening sockets, the
 * memory of destinations. Only the few that are shown are kept while the dump runs.
 */
#include "daemon/serve/lists.h"

#include <errno.h>

#include "common/base.h"
#include "daemon/serve/top.h"
#include "daemon/serve/views.h"

/* A connection that moved data within this time is busy now. */
#define RECENT_MS 10000

/* -1: a first, where `a` and `b` are the reverse of what is sorted by. */
static int descending(uint64_t a, uint64_t b)
{
	return a > b ? -1 : a < b;
}

static bool is_recent(const TcpInfo *info)
{
	return (tcp_info_get(info, data_segs_out, 0) > 0 &&
		info->raw.last_data_sent_ms <= RECENT_MS) ||
	       (tcp_info_get(info, data_segs_in, 0) > 0 &&
		info->raw.last_data_recv_ms <= RECENT_MS);
}

static uint64_t flow_bytes(const TcpInfo *info)
{
	return tcp_info_get(info, bytes_acked, 0) + tcp_info_get(info, bytes_received, 0);
}

static int compare_flows(const void *a, const void *b)
{
	const FlowSample *x = a, *y = b;
	int r = descending(is_recent(&x->info), is_recent(&y->info));

	return r ? r : descending(flow_bytes(&x->info), flow_bytes(&y->info));
}

/* Of 10000, how full the queue is. */
static uint64_t queue_share(const FlowSample *listener)
{
	return listener->wqueue > 0 ? (uint64_t)listener->rqueue * 10000 / listener->wqueue : 0;
}

static int compare_listeners(const void *a, const void *b)
{
	const FlowSample *x = a, *y = b;
	int r = descending(x->has_skmeminfo ? x->drops : 0, y->has_skmeminfo ? y->drops : 0);

	if (r == 0)
		r = descending(queue_share(x), queue_share(y));
	return r ? r : descending(y->local_port, x->local_port);
}

static bool same_socket(const void *a, const void *b)
{
	return ((const FlowSample *)a)->cookie == ((const FlowSample *)b)->cookie;
}

static void add_socket(const FlowSample *sample, void *context)
{
	top_add(context, sample);
}

typedef struct SocketList {
	const char *key;  /* in the reply */
	const char *what; /* in the message of a failure */
	size_t otherwise; /* the limit, unless one is given */
	int (*compare)(const void *a, const void *b);
	Json *(*view)(const FlowSample *sample, const Process *process);
} SocketList;

static void tell_sockets(Call *call, const SocketList *list, const Top *top,
			 const ProcessTable *processes, const ProcessStats *stats)
{
	Json *array = json_new_array();

	for (size_t i = 0; i < top->n; i++) {
		const FlowSample *sample = top->items[i];

		json_append(array, list->view(sample, processes ? process_table_find(processes,
										     sample->inode)
								: NULL));
	}
	json_set(call->parameters, list->key, array);
	json_set_uint(call->parameters, "total", top->seen);
	view_set_known(call->parameters, "processesDenied", processes, stats->denied);
	call->failed = top->failed;
}

typedef int (*SocketDump)(void *context, DiagCallback each, void *each_context);

static void list_sockets(Call *call, const SocketList *list, SocketDump dump)
{
	const ArgumentValue *limit = &call->arguments[0], *process = &call->arguments[1];
	_cleanup_top_ Top top = {.items = NULL};
	ProcessTable *processes = NULL;
	ProcessStats stats = {.denied = 0};
	int r = top_init(&top, sizeof(FlowSample), list_limit(limit, list->otherwise),
			 list->compare, same_socket);

	if (r == 0)
		r = dump(call->ops->context, add_socket, &top);
	if (r < 0) {
		call_fail_errno(call, list->what, r);
		return;
	}
	if (process->given && process->boolean)
		r = call->ops->processes(call->ops->context, &processes, &stats);
	if (r < 0) {
		call_fail_errno(call, "cannot read the owners of sockets", r);
		return;
	}
	tell_sockets(call, list, &top, processes, &stats);
	process_table_free(processes);
}

void list_flows(Call *call)
{
	static const SocketList list = {"flows", "cannot read the connections", LIST_FLOWS_DEFAULT,
					compare_flows, view_flow};

	list_sockets(call, &list, call->ops->flows);
}

void list_listeners(Call *call)
{
	static const SocketList list = {"listeners", "cannot read the listening sockets",
					LIST_LISTENERS_DEFAULT, compare_listeners, view_listener};

	list_sockets(call, &list, call->ops->listeners);
}

static int compare_metrics(const void *a, const void *b)
{
	const TcpMetric *x = a, *y = b;

	return descending(y->age_ms, x->age_ms);
}

static bool same_metric(const void *a, const void *b)
{
	const TcpMetric *x = a, *y = b;

	return address_equal(&x->destination, &y->destination) &&
	       address_equal(&x->source, &y->source);
}

static void add_metric(const TcpMetric *metric, void *context)
{
	top_add(context, metric);
}

void list_metrics(Call *call)
{
	_cleanup_top_ Top top = {.items = NULL};
	Json *metrics;
	int r = top_init(&top, sizeof(TcpMetric),
			 list_limit(&call->arguments[0], LIST_METRICS_DEFAULT), compare_metrics,
			 same_metric);

	if (r == 0)
		r = call->ops->metrics(call->ops->context, add_metric, &top);
	if (r < 0) {
		call_fail_errno(call, "cannot read the memory of destinations", r);
		return;
	}
	metrics = json_new_array();
	for (size_t i = 0; i < top.n; i++)
		json_append(metrics, view_metric(top.items[i]));
	json_set(call->parameters, "metrics", metrics);
	json_set_uint(call->parameters, "total", top.seen);
	call->failed = top.failed;
}
