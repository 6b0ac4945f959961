/* SPDX-License-Identifier: MIT */
/*
 * Sorted, because each reading looks up some 300 names: half a microsecond for ten of them. Nothing
 * is remembered between two readings, so a namespace with another set of columns needs no thought.
 *
 * Names: net/ipv4/proc.c (snmp4_tcp_list, snmp4_udp_list, snmp4_net_list, snmp4_ipextstats_list),
 * net/ipv6/proc.c (snmp6_ipstats_list, snmp6_udp6_list).
 */
#include "daemon/kern/counter_table.h"

#include <string.h>

#include "common/base.h"

static const CounterRow table[] = {
	{"IpExt", "InCEPkts", COUNTER_IN_CE_PKTS},
	{"Tcp", "ActiveOpens", COUNTER_TCP_ACTIVE_OPENS},
	{"Tcp", "AttemptFails", COUNTER_TCP_ATTEMPT_FAILS},
	{"Tcp", "EstabResets", COUNTER_TCP_ESTAB_RESETS},
	{"Tcp", "InErrs", COUNTER_TCP_IN_ERRS},
	{"Tcp", "InSegs", COUNTER_TCP_IN_SEGS},
	{"Tcp", "OutRsts", COUNTER_TCP_OUT_RSTS},
	{"Tcp", "OutSegs", COUNTER_TCP_OUT_SEGS},
	{"Tcp", "PassiveOpens", COUNTER_TCP_PASSIVE_OPENS},
	{"Tcp", "RetransSegs", COUNTER_TCP_RETRANS_SEGS},
	{"TcpExt", "DelayedACKLost", COUNTER_DELAYED_ACK_LOST},
	{"TcpExt", "DelayedACKs", COUNTER_DELAYED_ACKS},
	{"TcpExt", "ListenDrops", COUNTER_LISTEN_DROPS},
	{"TcpExt", "ListenOverflows", COUNTER_LISTEN_OVERFLOWS},
	{"TcpExt", "OfoPruned", COUNTER_OFO_PRUNED},
	{"TcpExt", "PruneCalled", COUNTER_PRUNE_CALLED},
	{"TcpExt", "RcvPruned", COUNTER_RCV_PRUNED},
	{"TcpExt", "SyncookiesFailed", COUNTER_SYNCOOKIES_FAILED},
	{"TcpExt", "SyncookiesRecv", COUNTER_SYNCOOKIES_RECV},
	{"TcpExt", "SyncookiesSent", COUNTER_SYNCOOKIES_SENT},
	{"TcpExt", "TCPAbortOnMemory", COUNTER_TCP_ABORT_ON_MEMORY},
	{"TcpExt", "TCPAbortOnTimeout", COUNTER_TCP_ABORT_ON_TIMEOUT},
	{"TcpExt", "TCPAutoCorking", COUNTER_TCP_AUTO_CORKING},
	{"TcpExt", "TCPBacklogDrop", COUNTER_TCP_BACKLOG_DROP},
	{"TcpExt", "TCPDSACKRecv", COUNTER_TCP_DSACK_RECV},
	{"TcpExt", "TCPDeferAcceptDrop", COUNTER_TCP_DEFER_ACCEPT_DROP},
	{"TcpExt", "TCPDelivered", COUNTER_TCP_DELIVERED},
	{"TcpExt", "TCPDeliveredCE", COUNTER_TCP_DELIVERED_CE},
	{"TcpExt", "TCPFastOpenActive", COUNTER_FASTOPEN_ACTIVE},
	{"TcpExt", "TCPFastOpenActiveFail", COUNTER_FASTOPEN_ACTIVE_FAIL},
	{"TcpExt", "TCPFastOpenBlackhole", COUNTER_FASTOPEN_BLACKHOLE},
	{"TcpExt", "TCPFastOpenCookieReqd", COUNTER_FASTOPEN_COOKIE_REQD},
	{"TcpExt", "TCPFastOpenListenOverflow", COUNTER_FASTOPEN_LISTEN_OVERFLOW},
	{"TcpExt", "TCPFastOpenPassive", COUNTER_FASTOPEN_PASSIVE},
	{"TcpExt", "TCPFastOpenPassiveAltKey", COUNTER_FASTOPEN_PASSIVE_ALT_KEY},
	{"TcpExt", "TCPFastOpenPassiveFail", COUNTER_FASTOPEN_PASSIVE_FAIL},
	{"TcpExt", "TCPFastRetrans", COUNTER_TCP_FAST_RETRANS},
	{"TcpExt", "TCPFromZeroWindowAdv", COUNTER_TCP_FROM_ZERO_WINDOW_ADV},
	{"TcpExt", "TCPHystartDelayCwnd", COUNTER_TCP_HYSTART_DELAY_CWND},
	{"TcpExt", "TCPHystartDelayDetect", COUNTER_TCP_HYSTART_DELAY_DETECT},
	{"TcpExt", "TCPHystartTrainCwnd", COUNTER_TCP_HYSTART_TRAIN_CWND},
	{"TcpExt", "TCPHystartTrainDetect", COUNTER_TCP_HYSTART_TRAIN_DETECT},
	{"TcpExt", "TCPLossProbeRecovery", COUNTER_TCP_LOSS_PROBE_RECOVERY},
	{"TcpExt", "TCPLossProbes", COUNTER_TCP_LOSS_PROBES},
	{"TcpExt", "TCPMTUPFail", COUNTER_TCP_MTUP_FAIL},
	{"TcpExt", "TCPMTUPSuccess", COUNTER_TCP_MTUP_SUCCESS},
	{"TcpExt", "TCPMemoryPressures", COUNTER_TCP_MEMORY_PRESSURES},
	{"TcpExt", "TCPMemoryPressuresChrono", COUNTER_TCP_MEMORY_PRESSURES_CHRONO},
	{"TcpExt", "TCPOrigDataSent", COUNTER_TCP_ORIG_DATA_SENT},
	{"TcpExt", "TCPRcvCollapsed", COUNTER_TCP_RCV_COLLAPSED},
	{"TcpExt", "TCPRcvQDrop", COUNTER_TCP_RCV_Q_DROP},
	{"TcpExt", "TCPReqQFullDoCookies", COUNTER_TCP_REQ_Q_FULL_DO_COOKIES},
	{"TcpExt", "TCPReqQFullDrop", COUNTER_TCP_REQ_Q_FULL_DROP},
	{"TcpExt", "TCPSlowStartRetrans", COUNTER_TCP_SLOW_START_RETRANS},
	{"TcpExt", "TCPSpuriousRTOs", COUNTER_TCP_SPURIOUS_RTOS},
	{"TcpExt", "TCPSynRetrans", COUNTER_TCP_SYN_RETRANS},
	{"TcpExt", "TCPTimeouts", COUNTER_TCP_TIMEOUTS},
	{"TcpExt", "TCPToZeroWindowAdv", COUNTER_TCP_TO_ZERO_WINDOW_ADV},
	{"TcpExt", "TCPWantZeroWindowAdv", COUNTER_TCP_WANT_ZERO_WINDOW_ADV},
	{"TcpExt", "TCPWqueueTooBig", COUNTER_TCP_WQUEUE_TOO_BIG},
	{"TcpExt", "TCPZeroWindowDrop", COUNTER_TCP_ZERO_WINDOW_DROP},
	{"Udp", "InDatagrams", COUNTER_UDP_IN_DATAGRAMS},
	{"Udp", "InErrors", COUNTER_UDP_IN_ERRORS},
	{"Udp", "MemErrors", COUNTER_UDP_MEM_ERRORS},
	{"Udp", "OutDatagrams", COUNTER_UDP_OUT_DATAGRAMS},
	{"Udp", "RcvbufErrors", COUNTER_UDP_RCVBUF_ERRORS},
	{"Udp", "SndbufErrors", COUNTER_UDP_SNDBUF_ERRORS},
	{"snmp6", "Ip6InCEPkts", COUNTER_IP6_IN_CE_PKTS},
	{"snmp6", "Udp6InDatagrams", COUNTER_UDP6_IN_DATAGRAMS},
	{"snmp6", "Udp6InErrors", COUNTER_UDP6_IN_ERRORS},
	{"snmp6", "Udp6MemErrors", COUNTER_UDP6_MEM_ERRORS},
	{"snmp6", "Udp6OutDatagrams", COUNTER_UDP6_OUT_DATAGRAMS},
	{"snmp6", "Udp6RcvbufErrors", COUNTER_UDP6_RCVBUF_ERRORS},
	{"snmp6", "Udp6SndbufErrors", COUNTER_UDP6_SNDBUF_ERRORS},
};

_Static_assert(ARRAY_SIZE(table) == _COUNTERS, "each counter has one row");

CounterGroup counter_table(void)
{
	return (CounterGroup){table, ARRAY_SIZE(table)};
}

const char *counter_name(Counter counter)
{
	assert(counter < _COUNTERS);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].counter == counter)
			return table[i].name;
	return NULL;
}

CounterGroup counter_group_find(Slice group)
{
	size_t first = 0, end;
	while (first < ARRAY_SIZE(table) && !slice_equals(group, table[first].group))
		first++;
	for (end = first; end < ARRAY_SIZE(table); end++)
		if (strcmp(table[end].group, table[first].group) != 0)
			break;
	return (CounterGroup){table + first, end - first};
}

int counter_group_lookup(const CounterGroup *group, Slice name)
{
	size_t low = 0, high = group->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = slice_compare(name, group->rows[middle].name);
		if (order == 0)
			return (int)group->rows[middle].counter;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -1;
}
