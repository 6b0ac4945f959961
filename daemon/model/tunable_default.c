/* SPDX-License-Identifier: MIT */
#include "daemon/model/tunable_default.h"

#include <assert.h>

static const char *const defaults[_TUNABLES] = {
	[TUNABLE_TCP_CONGESTION_CONTROL] = "cubic (unless the kernel was built otherwise)",
	[TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL] = "reno and the default one",
	[TUNABLE_TCP_RMEM] = "4096 131072 6291456 (the last less on hosts with little memory)",
	[TUNABLE_TCP_WMEM] = "4096 16384 4194304 (the last less on hosts with little memory)",
	[TUNABLE_TCP_FASTOPEN] = "1",
	[TUNABLE_TCP_MEM] = "4.7 %, 6.25 % and 9.4 % of the memory, in pages",
	[TUNABLE_TCP_NOTSENT_LOWAT] = "4294967295",
	[TUNABLE_TCP_SLOW_START_AFTER_IDLE] = "1",
	[TUNABLE_TCP_MTU_PROBING] = "0",
	[TUNABLE_SOMAXCONN] = "4096 (128 before Linux 5.4)",
	[TUNABLE_TCP_MAX_SYN_BACKLOG] = "by memory: 128 to 4096 and more",
	[TUNABLE_IP_LOCAL_PORT_RANGE] = "32768 60999",
	[TUNABLE_RMEM_DEFAULT] = "212992",
	[TUNABLE_RMEM_MAX] = "212992 (more since Linux 6.18)",
	[TUNABLE_WMEM_DEFAULT] = "212992",
	[TUNABLE_WMEM_MAX] = "212992 (more since Linux 6.18)",
	[TUNABLE_NETDEV_MAX_BACKLOG] = "1000",
	[TUNABLE_NETDEV_BUDGET] = "300",
	[TUNABLE_NETDEV_BUDGET_USECS] = "two ticks: 8000 at 250 Hz, 2000 at 1000 Hz",
	[TUNABLE_NEIGH_GC_THRESH2] = "512",
	[TUNABLE_NEIGH_GC_THRESH3] = "1024",
	[TUNABLE_NEIGH6_GC_THRESH2] = "512",
	[TUNABLE_NEIGH6_GC_THRESH3] = "1024",
	[TUNABLE_ROUTE_CONGCTL] = "unset: that of net.ipv4.tcp_congestion_control",
	[TUNABLE_ROUTE_INITCWND] = "unset: 10 packets",
	[TUNABLE_ROUTE_RTO_MIN] = "unset: 200 ms",
	[TUNABLE_ROUTE_QUICKACK] = "unset: the kernel delays acknowledgements as it sees fit",
	[TUNABLE_ROUTE_ECN] = "unset: that of net.ipv4.tcp_ecn",
};

const char *tunable_default(TunableId id)
{
	assert(id < _TUNABLES && defaults[id]);
	return defaults[id];
}
