/* SPDX-License-Identifier: MIT */
/*
 * Filling a TcpInfo from what a kernel delivered, by length.
 *
 * getsockopt(TCP_INFO) and the INET_DIAG_INFO attribute both hand out the kernel's struct, cut at
 * what the kernel has or the buffer takes. Both end in tcp_info_set(), so that there is one
 * place where bytes become fields, and the asserted offsets pin our layout to the kernel releases
 * that introduced them. The kernel's struct has no holes that we know of; it never reorders.
 */
#include "common/tcp_info.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "common/base.h"

_Static_assert(offsetof(TcpInfoRaw, total_retrans) + 4 == 104, "tcp_info of 2.6");
_Static_assert(offsetof(TcpInfoRaw, delivery_rate) == 160, "tcp_info of 4.6");
_Static_assert(offsetof(TcpInfoRaw, bytes_sent) == 200, "tcp_info of 4.18");
_Static_assert(offsetof(TcpInfoRaw, rcv_wnd) == 232, "tcp_info of 5.4");
_Static_assert(offsetof(TcpInfoRaw, received_ce) == 248, "tcp_info of 6.7");
_Static_assert(TCP_INFO_LENGTH_MAX == 276, "tcp_info of 6.18, without its last four bytes");

void tcp_info_set(TcpInfo *info, const void *bytes, size_t length)
{
	const size_t taken = MIN(length, (size_t)TCP_INFO_LENGTH_MAX);

	if (taken > 0)
		memcpy(&info->raw, bytes, taken);
	memset((uint8_t *)&info->raw + taken, 0, sizeof(info->raw) - taken);
	info->length = (uint32_t)taken;
}

int tcp_info_from_socket(int fd, TcpInfo *ret_info)
{
	char buffer[512] = {0};
	socklen_t length = sizeof(buffer);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, buffer, &length) < 0)
		return -errno;

	tcp_info_set(ret_info, buffer, length);
	return 0;
}

bool tcp_info_min_rtt(const TcpInfo *info, uint32_t *ret_us)
{
	if (!tcp_info_has(info, min_rtt_us) || info->raw.min_rtt_us == 0 ||
	    info->raw.min_rtt_us == UINT32_MAX)
		return false;

	*ret_us = info->raw.min_rtt_us;
	return true;
}

const char *tcp_info_ca_state_name(uint8_t ca_state)
{
	static const char *const names[] = {"open", "disorder", "cwr", "recovery", "loss"};

	return ca_state < ARRAY_SIZE(names) ? names[ca_state] : "unknown";
}
