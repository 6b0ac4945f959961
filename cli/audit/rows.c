/* SPDX-License-Identifier: MIT */
#include "cli/audit/rows.h"

#include "common/base.h"

const AuditRow audit_rows[] = {
	{"nodelay", "TCP_NODELAY on interactive connections",
	 "Small pieces that wait for the acknowledgement of the one before (Nagle's algorithm "
	 "against "
	 "delayed acknowledgements), in at least a fifth of the readings of a connection.",
	 audit_nodelay, true},
	{"http", "HTTP/2 or HTTP/3 at the endpoints",
	 "What the endpoints offer; HTTP/1.1 alone costs a handshake for each request in parallel.",
	 audit_http, false},
	{"pooling", "connections are used again",
	 "Connections to one port of one peer that close at a rate of one a second or more and "
	 "have "
	 "moved less than 10 kB, times what opening one costs: a hundredth of the time or more.",
	 audit_pooling, true},
	{"dns-cache", "names are cached on this host",
	 "A name looked up again and again: only the first time may leave this host.",
	 audit_dns_cache, false},
	{"fast-open", "TCP Fast Open",
	 "Whether endpoints take data with the SYN, and this host may send it.", audit_fast_open,
	 false},
	{"congestion", "congestion control fits the paths",
	 "Bulk transfers by a loss-based congestion control that lose packets without a queue.",
	 audit_congestion, true},
	{"buffers", "buffers hold the bandwidth-delay product",
	 "Bulk senders whose send buffer is at its limit and full.", audit_buffers, true},
	{"distance", "servers are near",
	 "Endpoints of whose latency most is propagation, and a nearer one of their group.",
	 audit_distance, false},
	{"keepalive", "idle connections are kept alive",
	 "Connections without data for a quarter of an hour and without a keep-alive timer.",
	 audit_keepalive, false},
	{"tail", "the tail is near the mean",
	 "Endpoints whose 99th percentile is over five times their mean.", audit_tail, false},
	{"listen", "accept queues have room",
	 "Listeners that lost connections while we looked, or whose queue was full.", audit_listen,
	 true},
	{"receive-buffer", "SO_RCVBUF is not too small",
	 "Bulk receivers with a fixed receive buffer below the bandwidth-delay product.",
	 audit_receive_buffer, true},
	{"mtu", "large packets arrive",
	 "Connections that send full-size segments again and again without an answer.", audit_mtu,
	 true},
	{"ports", "local ports are plentiful",
	 "Connections from one address to one port of one peer against the range of local ports.",
	 audit_ports, false},
	{"options", "TCP options get through",
	 "Connections without timestamps, SACK or window scaling.", audit_options, false},
	{"bufferbloat", "no standing queue on the way out",
	 "Bulk senders whose round trip is twice its floor and 20 ms more.", audit_bufferbloat,
	 true},
	{"settings", "settings of correctness are the kernel's",
	 "Sysctls that no tuning should touch, against the kernel's defaults.", audit_settings,
	 false},
	{"tuners", "one tuner at a time", "Other programs and files that set what netopt tunes.",
	 audit_tuners, false},
};
const size_t n_audit_rows = ARRAY_SIZE(audit_rows);
