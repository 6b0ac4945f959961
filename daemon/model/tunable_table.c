/* SPDX-License-Identifier: MIT */
/*
 * The table of tunables. The ranges are those in which netopt itself stays, and within which a
 * value makes sense: the kernel accepts nonsense. Scope, and when a new value is felt, were checked
 * on a Linux 6.18 (a new network namespace against the initial one).
 */
#include "daemon/model/tunable.h"

/* The smallest buffer the kernel documents (one page of x86): less starves every socket. */
#define BUFFER_MIN INT64_C(4096)
/* The kernel doubles buffer sizes in an int, and collapsing a queue larger than this stalls a core
 * for seconds (Cloudflare ran 512 MiB only with a patch that limits the collapse). */
#define BUFFER_MAX (INT64_C(512) * 1024 * 1024)
/* Bit 1 client, bit 2 server. The higher bits drop the cookie (spoofing, amplification) or arm
 * listeners that never asked for data before the handshake (RFC 7413, section 2). */
#define FASTOPEN_MAX 3

const Tunable tunables[_TUNABLES] = {
	[TUNABLE_TCP_CONGESTION_CONTROL] =
		{
			.key = "net.ipv4.tcp_congestion_control",
			.kind = TUNABLE_WORD,
			.scope = TUNABLE_SCOPE_NETNS,
			.collateral = TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL,
			.proposable = true,
			.reason = "a control that does not take random loss for congestion keeps "
				  "the rate "
				  "of long or lossy paths",
			.affects = "connections opened or accepted afterwards that do not choose "
				   "their own",
		},
	[TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL] =
		{
			.key = "net.ipv4.tcp_allowed_congestion_control",
			.kind = TUNABLE_WORDS,
			.scope = TUNABLE_SCOPE_HOST,
			.collateral = _TUNABLES,
			.proposable = false,
			.reason = "the kernel adds a congestion control to this list when it "
				  "becomes the "
				  "default, and does not take it out again",
			.affects = "which congestion controls unprivileged programs may choose",
		},
	[TUNABLE_TCP_RMEM] =
		{
			.key = "net.ipv4.tcp_rmem",
			.kind = TUNABLE_TRIPLE,
			.scope = TUNABLE_SCOPE_NETNS,
			.minimum = BUFFER_MIN,
			.maximum = BUFFER_MAX,
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "the receive window cannot grow beyond the third number, which "
				  "caps the "
				  "rate at window / round-trip time",
			.affects =
				"connections without SO_RCVBUF; the window scale only of new ones",
		},
	[TUNABLE_TCP_WMEM] =
		{
			.key = "net.ipv4.tcp_wmem",
			.kind = TUNABLE_TRIPLE,
			.scope = TUNABLE_SCOPE_NETNS,
			.minimum = BUFFER_MIN,
			.maximum = BUFFER_MAX,
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "the send buffer cannot grow beyond the third number, and must "
				  "hold what "
				  "is in flight",
			.affects = "connections without SO_SNDBUF",
		},
	[TUNABLE_TCP_FASTOPEN] =
		{
			.key = "net.ipv4.tcp_fastopen",
			.kind = TUNABLE_INTEGER,
			.scope = TUNABLE_SCOPE_NETNS,
			.minimum = 0,
			.maximum = FASTOPEN_MAX,
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "data in the SYN saves one round trip per connection for "
				  "programs that "
				  "ask for it",
			.affects = "new connections of programs that use TCP Fast Open",
		},
	[TUNABLE_TCP_MEM] =
		{
			.key = "net.ipv4.tcp_mem",
			.kind = TUNABLE_TRIPLE,
			.scope = TUNABLE_SCOPE_HOST,
			.minimum = 1024,
			.maximum = INT64_C(1) << 31,
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "under its second number, in pages, every connection keeps its "
				  "window; above it all of them shrink",
			.affects = "all TCP sockets of the host at once",
		},
	[TUNABLE_TCP_NOTSENT_LOWAT] =
		{
			.key = "net.ipv4.tcp_notsent_lowat",
			.kind = TUNABLE_INTEGER,
			.scope = TUNABLE_SCOPE_NETNS,
			.minimum = 16384,
			.maximum = UINT32_MAX,
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "what waits unsent in a socket delays everything that is written "
				  "after it",
			.affects = "all connections without TCP_NOTSENT_LOWAT, at once",
		},
	[TUNABLE_TCP_SLOW_START_AFTER_IDLE] =
		{
			.key = "net.ipv4.tcp_slow_start_after_idle",
			.kind = TUNABLE_INTEGER,
			.scope = TUNABLE_SCOPE_NETNS,
			.minimum = 0,
			.maximum = 1,
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "a connection that was idle for one RTO starts again from the "
				  "initial window",
			.affects = "all connections whose congestion control is cubic or reno, at "
				   "once",
		},
	[TUNABLE_TCP_MTU_PROBING] =
		{
			.key = "net.ipv4.tcp_mtu_probing",
			.kind = TUNABLE_INTEGER,
			.scope = TUNABLE_SCOPE_NETNS,
			.minimum = 0,
			.maximum = 1,
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "where large packets vanish without a word, only probing finds "
				  "the size that passes",
			.affects = "all connections, once they time out",
		},
	[TUNABLE_SOMAXCONN] =
		{
			.key = "net.core.somaxconn",
			.kind = TUNABLE_INTEGER,
			.scope = TUNABLE_SCOPE_NETNS,
			.minimum = 128,
			.maximum = 65535,
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "a full accept queue drops handshakes that were complete",
			.affects = "listeners that call listen() afterwards",
		},
	[TUNABLE_TCP_MAX_SYN_BACKLOG] =
		{
			.key = "net.ipv4.tcp_max_syn_backlog",
			.kind = TUNABLE_INTEGER,
			.scope = TUNABLE_SCOPE_NETNS,
			.minimum = 128,
			.maximum = 65536,
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "beyond it handshakes fall back to SYN cookies, or are dropped",
			.affects = "all listeners, at once",
		},
	[TUNABLE_IP_LOCAL_PORT_RANGE] =
		{
			.key = "net.ipv4.ip_local_port_range",
			.kind = TUNABLE_PAIR,
			.scope = TUNABLE_SCOPE_NETNS,
			.minimum = 1024,
			.maximum = 65535,
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "one address pair and port has only so many connections as there "
				  "are local ports",
			.affects = "connections opened afterwards",
		},
	[TUNABLE_RMEM_DEFAULT] =
		{
			.key = "net.core.rmem_default",
			.kind = TUNABLE_INTEGER,
			.scope = TUNABLE_SCOPE_HOST,
			.minimum = 65536,
			.maximum = 64 * INT64_C(1048576),
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "datagrams that do not fit into the receive buffer are dropped",
			.affects = "UDP and raw sockets opened afterwards without SO_RCVBUF",
		},
	[TUNABLE_RMEM_MAX] =
		{
			.key = "net.core.rmem_max",
			.kind = TUNABLE_INTEGER,
			.scope = TUNABLE_SCOPE_HOST,
			.minimum = 65536,
			.maximum = 64 * INT64_C(1048576),
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "what SO_RCVBUF can ask for is cut off here",
			.affects = "sockets that call setsockopt(SO_RCVBUF) afterwards",
		},
	[TUNABLE_WMEM_DEFAULT] =
		{
			.key = "net.core.wmem_default",
			.kind = TUNABLE_INTEGER,
			.scope = TUNABLE_SCOPE_HOST,
			.minimum = 65536,
			.maximum = 64 * INT64_C(1048576),
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "datagrams that do not fit into the send buffer are refused",
			.affects = "UDP and raw sockets opened afterwards without SO_SNDBUF",
		},
	[TUNABLE_WMEM_MAX] =
		{
			.key = "net.core.wmem_max",
			.kind = TUNABLE_INTEGER,
			.scope = TUNABLE_SCOPE_HOST,
			.minimum = 65536,
			.maximum = 64 * INT64_C(1048576),
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "what SO_SNDBUF can ask for is cut off here",
			.affects = "sockets that call setsockopt(SO_SNDBUF) afterwards",
		},
	[TUNABLE_NETDEV_MAX_BACKLOG] =
		{
			.key = "net.core.netdev_max_backlog",
			.kind = TUNABLE_INTEGER,
			.scope = TUNABLE_SCOPE_HOST,
			.minimum = 1000,
			.maximum = 65536,
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "packets that find this queue of a processor full are dropped",
			.affects = "all packets received, at once",
		},
	[TUNABLE_NETDEV_BUDGET] =
		{
			.key = "net.core.netdev_budget",
			.kind = TUNABLE_INTEGER,
			.scope = TUNABLE_SCOPE_HOST,
			.minimum = 300,
			.maximum = 4096,
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "a softirq that runs out of it leaves packets for later",
			.affects = "all packets received, at once",
		},
	[TUNABLE_NETDEV_BUDGET_USECS] =
		{
			.key = "net.core.netdev_budget_usecs",
			.kind = TUNABLE_INTEGER,
			.scope = TUNABLE_SCOPE_HOST,
			.minimum = 2000,
			.maximum = 64000,
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "the same as a time, us",
			.affects = "all packets received, at once",
		},
	[TUNABLE_NEIGH_GC_THRESH2] =
		{
			.key = "net.ipv4.neigh.default.gc_thresh2",
			.kind = TUNABLE_INTEGER,
			.scope = TUNABLE_SCOPE_HOST,
			.minimum = 128,
			.maximum = 1048576,
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "above it entries are evicted while they are in use",
			.affects = "the IPv4 neighbour table, at once",
		},
	[TUNABLE_NEIGH_GC_THRESH3] =
		{
			.key = "net.ipv4.neigh.default.gc_thresh3",
			.kind = TUNABLE_INTEGER,
			.scope = TUNABLE_SCOPE_HOST,
			.minimum = 128,
			.maximum = 1048576,
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "a full table makes neighbours unreachable",
			.affects = "the IPv4 neighbour table, at once",
		},
	[TUNABLE_NEIGH6_GC_THRESH2] =
		{
			.key = "net.ipv6.neigh.default.gc_thresh2",
			.kind = TUNABLE_INTEGER,
			.scope = TUNABLE_SCOPE_HOST,
			.minimum = 128,
			.maximum = 1048576,
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "above it entries are evicted while they are in use",
			.affects = "the IPv6 neighbour table, at once",
		},
	[TUNABLE_NEIGH6_GC_THRESH3] =
		{
			.key = "net.ipv6.neigh.default.gc_thresh3",
			.kind = TUNABLE_INTEGER,
			.scope = TUNABLE_SCOPE_HOST,
			.minimum = 128,
			.maximum = 1048576,
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "a full table makes neighbours unreachable",
			.affects = "the IPv6 neighbour table, at once",
		},
	[TUNABLE_ROUTE_CONGCTL] =
		{
			.key = "route.congctl",
			.kind = TUNABLE_WORD,
			.scope = TUNABLE_SCOPE_DESTINATION,
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "one destination may need another congestion control than the "
				  "rest of the host",
			.affects = "connections to and from this destination born afterwards",
		},
	[TUNABLE_ROUTE_INITCWND] =
		{
			.key = "route.initcwnd",
			.kind = TUNABLE_INTEGER,
			.scope = TUNABLE_SCOPE_DESTINATION,
			.minimum = 0,
			.maximum = 128,
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "short transfers end before slow start has opened the window "
				  "that the path has room for",
			.affects = "connections to and from this destination born afterwards",
		},
	[TUNABLE_ROUTE_RTO_MIN] =
		{
			.key = "route.rto_min",
			.kind = TUNABLE_INTEGER,
			.scope = TUNABLE_SCOPE_DESTINATION,
			.minimum = 0,
			.maximum = 1000,
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "on a path of a millisecond a lost tail need not cost 200 ms",
			.affects = "all connections to and from this destination, at once; "
				   "those that exist keep it when it is taken back",
		},
	[TUNABLE_ROUTE_QUICKACK] =
		{
			.key = "route.quickack",
			.kind = TUNABLE_INTEGER,
			.scope = TUNABLE_SCOPE_DESTINATION,
			.minimum = 0,
			.maximum = 1,
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "a peer that waits for our acknowledgement (Nagle) need not wait "
				  "for the delayed one",
			.affects = "all connections to and from this destination, at once",
		},
	[TUNABLE_ROUTE_ECN] =
		{
			.key = "route.ecn",
			.kind = TUNABLE_INTEGER,
			.scope = TUNABLE_SCOPE_DESTINATION,
			.minimum = 0,
			.maximum = 1,
			.collateral = _TUNABLES,
			.proposable = true,
			.reason = "where routers mark, congestion need not cost packets",
			.affects = "connections to this destination opened afterwards",
		},
};
