/* SPDX-License-Identifier: MIT */
/*
 * What the kernel keeps besides sockets, as JSON: links, default routes, counters, the memory of
 * destinations, and other network namespaces.
 */
#include "daemon/serve/views.h"

#include "common/base.h"

Json *view_metric(const TcpMetric *metric)
{
	Json *json = json_new_object();

	view_set_address(json, "destination", &metric->destination);
	view_set_address(json, "source", &metric->source);
	json_set_uint(json, "ageUsec", metric->age_ms * 1000);
	view_set_known(json, "rttUsec", metric->rtt_us > 0, metric->rtt_us);
	view_set_known(json, "rttVarUsec", metric->rttvar_us > 0, metric->rttvar_us);
	view_set_known(json, "ssthreshPackets", metric->ssthresh > 0, metric->ssthresh);
	view_set_known(json, "cwndPackets", metric->cwnd > 0, metric->cwnd);
	view_set_known(json, "reorderingPackets", metric->reordering > 0, metric->reordering);
	json_set_bool(json, "fastOpenCookie", metric->has_cookie);
	view_set_known(json, "fastOpenMssBytes", metric->fastopen_mss > 0, metric->fastopen_mss);
	json_set_uint(json, "fastOpenSynDrops", metric->fastopen_syn_drops);
	view_set_known(json, "fastOpenDropAgoUsec", metric->fastopen_syn_drops > 0,
		       metric->fastopen_drop_age_ms * 1000);
	return json;
}

static Json *view_qdisc(const Link *link)
{
	Json *json;

	if (!link->has_qdisc_stats)
		return NULL;
	json = json_new_object();
	json_set_uint(json, "drops", link->qdisc_drops);
	json_set_uint(json, "overlimits", link->qdisc_overlimits);
	json_set_uint(json, "requeues", link->qdisc_requeues);
	json_set_uint(json, "backlogBytes", link->qdisc_backlog_bytes);
	json_set_uint(json, "lengthPackets", link->qdisc_length_packets);
	return json;
}

/* The kernel allows nearly any byte in the name of a link. */
static void set_name(Json *json, const char *key, const char *name)
{
	view_set_text(json, key, *name ? name : "?");
}

Json *view_link(const Link *link)
{
	Json *json = json_new_object();

	json_set_int(json, "index", link->index);
	set_name(json, "name", link->name);
	view_set_text(json, "kind", link->kind);
	json_set_bool(json, "up", link->up);
	json_set_bool(json, "running", link->running);
	json_set_bool(json, "loopback", link->loopback);
	json_set_uint(json, "mtuBytes", link->mtu_bytes);
	view_set_known(json, "speedBps", link->speed_bps > 0, link->speed_bps);
	json_set_uint(json, "receivedBytes", link->rx_bytes);
	json_set_uint(json, "receivedPackets", link->rx_packets);
	json_set_uint(json, "receiveDrops", link->rx_drops);
	json_set_uint(json, "receiveErrors", link->rx_errors);
	json_set_uint(json, "sentBytes", link->tx_bytes);
	json_set_uint(json, "sentPackets", link->tx_packets);
	json_set_uint(json, "sendDrops", link->tx_drops);
	json_set_uint(json, "sendErrors", link->tx_errors);
	view_set_text(json, "qdisc", link->qdisc);
	json_set(json, "qdiscStatistics", view_qdisc(link));
	return json;
}

Json *view_gateway(const Gateway *gateway)
{
	Json *json = json_new_object();

	view_set_address(json, "address", &gateway->address);
	json_set_string(json, "family", gateway->family == AF_INET ? "ipv4" : "ipv6");
	set_name(json, "link", gateway->link_name);
	json_set_uint(json, "metric", gateway->metric);
	return json;
}

Json *view_counters(const Counters *counters)
{
	Json *array = json_new_array();

	for (Counter counter = 0; counters && counter < _COUNTERS; counter++) {
		Json *json;

		if (!counters->present[counter])
			continue;
		json = json_new_object();
		json_set_string(json, "name", counter_name(counter));
		json_set_uint(json, "value", counters->values[counter]);
		json_append(array, json);
	}
	return array;
}

Json *view_sockets(const SocketCounts *counts)
{
	Json *json;

	if (!counts)
		return NULL;
	json = json_new_object();
	json_set_uint(json, "tcp", counts->tcp_in_use);
	json_set_uint(json, "tcp6", counts->tcp6_in_use);
	json_set_uint(json, "tcpOrphans", counts->tcp_orphan);
	json_set_uint(json, "tcpTimeWait", counts->tcp_time_wait);
	json_set_uint(json, "tcpAllocated", counts->tcp_alloc);
	json_set_uint(json, "tcpMemoryPages", counts->tcp_memory_pages);
	json_set_uint(json, "udp", counts->udp_in_use);
	json_set_uint(json, "udp6", counts->udp6_in_use);
	json_set_uint(json, "udpMemoryPages", counts->udp_memory_pages);
	json_set_uint(json, "raw", counts->raw_in_use);
	json_set_uint(json, "raw6", counts->raw6_in_use);
	return json;
}

static Json *view_sysctls(const ControlNetns *netns)
{
	Json *array = json_new_array();

	for (TunableId id = 0; netns->tunables && id < _TUNABLE_SYSCTLS; id++) {
		char text[TUNABLE_WORD_MAX];
		Json *json;

		if (!netns->tunables_present[id])
			continue;
		json = json_new_object();
		json_set_string(json, "key", tunables[id].key);
		json_set_string(json, "value",
				tunable_format(&netns->tunables[id], text, sizeof(text)));
		json_append(array, json);
	}
	return array;
}

Json *view_netns(const ControlNetns *netns, uint64_t now_ns)
{
	Json *json = json_new_object();

	json_set_uint(json, "inode", netns->inode);
	set_name(json, "name", netns->name);
	view_set_text(json, "error", netns->error);
	view_set_ago(json, "sweepAgoUsec", now_ns, netns->sweep_ns);
	json_set_uint(json, "sockets", netns->sockets);
	json_set_uint(json, "flows", netns->paths ? path_table_flow_count(netns->paths) : 0);
	json_set_uint(json, "paths", netns->paths ? path_table_count(netns->paths) : 0);
	json_set(json, "sysctls", view_sysctls(netns));
	json_set(json, "counters", view_counters(netns->counters));
	return json;
}
