/* SPDX-License-Identifier: MIT */
/*
 * One message of generic netlink, of exactly the input's length, whatever length it claims; as an
 * entry of tcp_metrics, and as what rtnetlink sends and we take apart ourselves: addresses and
 * nexthop objects, whose attributes are walked by the same code.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "daemon/kern/rtnl_decode.h"
#include "daemon/kern/rtnl_nexthop.h"
#include "daemon/kern/tcp_metrics.h"

static void check_metric(const TcpMetric *metric)
{
	FUZZ_CHECK(metric->destination.family == AF_INET || metric->destination.family == AF_INET6);
	FUZZ_CHECK(metric->fastopen_syn_drops > 0 || metric->fastopen_drop_age_ms == 0);
	FUZZ_CHECK(metric->rttvar_us <= UINT32_MAX >> 2 || metric->rttvar_us % 250 == 0 ||
		   metric->rttvar_us == UINT32_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < NLMSG_HDRLEN || size > UINT32_MAX)
		return 0;
	struct nlmsghdr *message = malloc(size);
	if (!message)
		return 0;
	memcpy(message, data, size);
	message->nlmsg_len = (uint32_t)size;

	TcpMetric metric;
	RtnlAddress address;
	RtnlNexthop nexthop;
	if (tcp_metrics_decode(message, &metric) == 0)
		check_metric(&metric);
	if (rtnl_decode_address(message, &address) == 0)
		FUZZ_CHECK(address.address.family != AF_UNSPEC);
	if (rtnl_nexthop_decode(message, &nexthop) == 0)
		FUZZ_CHECK(nexthop.n_members <= RTNL_NEXTHOP_MEMBERS_MAX);
	FUZZ_CHECK(!rtnl_decode_is_default(message) || !rtnl_decode_is_internal_route(message));
	free(message);
	return 0;
}
