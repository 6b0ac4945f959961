/* SPDX-License-Identifier: MIT */
#include "tests/net/wanrecord.h"

#include <inttypes.h>

#include "tests/net/wanpacket.h"

void wanrecord_packet(struct wanlog *log, const uint8_t *bytes, size_t length, bool up,
		      uint64_t now_ns)
{
	char source[WANPACKET_ADDRESS_MAX], target[WANPACKET_ADDRESS_MAX];
	struct wanpacket packet;
	const char *protocol = "icmp";

	if (!wanpacket_dissect(bytes, length, !up, &packet))
		return;
	if (packet.key.protocol != IPPROTO_ICMP)
		protocol = packet.key.protocol == IPPROTO_TCP ? "tcp" : "udp";
	wanlog_line(log,
		    "{\"atNs\":%" PRIu64 ",\"up\":%s,\"protocol\":\"%s\",\"source\":\"%s\","
		    "\"target\":\"%s\",\"flags\":%u,\"id\":%u,\"sequence\":%" PRIu32
		    ",\"bytes\":%zu}\n",
		    now_ns, up ? "true" : "false", protocol,
		    wanpacket_address(&packet.key, 0, source),
		    wanpacket_address(&packet.key, 1, target),
		    packet.key.protocol == IPPROTO_ICMP ? packet.reply : packet.flags, packet.id,
		    packet.sequence, packet.n_bytes);
}
