/* SPDX-License-Identifier: MIT */
/*
 * One message of rtnetlink, of exactly the input's length, whatever length it claims, as a route
 * and as a rule. What was decoded of a route is copied for one address, and must read back as what
 * was sent, attribute by attribute.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "daemon/kern/route_message.h"

static bool can_be_sent(const RouteEntry *entry)
{
	return !entry->multipath && !entry->encap && !entry->strange && !entry->nexthop_id &&
	       !entry->source_length &&
	       (entry->source.family == 0 || entry->source.family == entry->prefix.family);
}

/* RTA_DST of IPv6 may hold an IPv4 address, which then is one; none such is ever asked for. */
static void check_copy(const RouteEntry *entry)
{
	RouteOwn own = {
		.destination = entry->prefix,
		.table = entry->table,
		.covering = *entry,
		.metrics = {.congctl = "bbr", .initcwnd = 20, .rto_min_ms = 30, .ecn = true}};
	RouteMessage message;
	RouteEntry copy;

	route_message_set(&message, ROUTE_ADD, &own);
	FUZZ_CHECK(((struct nlmsghdr *)message.bytes)->nlmsg_len <= sizeof(message.bytes));
	FUZZ_CHECK(route_decode((struct nlmsghdr *)message.bytes, &copy) == 0);
	FUZZ_CHECK(!can_be_sent(entry) || route_is_own(&copy, &own));
}

static void check_entry(const RouteEntry *entry)
{
	RouteMetrics metrics = route_metrics_of(entry);

	FUZZ_CHECK(entry->prefix.family == AF_INET || entry->prefix.family == AF_INET6);
	FUZZ_CHECK(strnlen(entry->congctl, sizeof(entry->congctl)) < sizeof(entry->congctl));
	FUZZ_CHECK(route_metrics_equal(&metrics, &metrics));
	FUZZ_CHECK(route_same_way(entry, entry));
	check_copy(entry);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	RouteEntry entry;
	RouteRule rule;

	if (size < NLMSG_HDRLEN || size > UINT32_MAX)
		return 0;
	struct nlmsghdr *message = malloc(size);
	if (!message)
		return 0;
	memcpy(message, data, size);
	message->nlmsg_len = (uint32_t)size;
	if (route_decode(message, &entry) == 0)
		check_entry(&entry);
	if (route_decode_rule(message, &rule) == 0)
		FUZZ_CHECK(rule.family == AF_INET || rule.family == AF_INET6);
	free(message);
	return 0;
}
