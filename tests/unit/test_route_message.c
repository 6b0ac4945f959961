/* SPDX-License-Identifier: MIT */
/*
 * Messages about routes and rules, put together by hand: what is taken of them, and what makes them
 * bad. Real ones are in the corpus of the fuzzer, and in test_route.c.
 */
#include "daemon/kern/route_message.h"

#include <errno.h>
#include <linux/fib_rules.h>

#include "tests/unit/harness.h"

typedef struct Message {
	_Alignas(struct nlmsghdr) uint8_t bytes[1024];
} Message;

static Message message;

static struct nlmsghdr *header(void)
{
	return (struct nlmsghdr *)message.bytes;
}

static void begin(uint16_t type, const void *body, size_t size)
{
	memset(&message, 0, sizeof(message));
	*header() = (struct nlmsghdr){.nlmsg_type = type, .nlmsg_len = NLMSG_LENGTH(size)};
	memcpy(message.bytes + NLMSG_HDRLEN, body, size);
}

static void put(uint16_t type, const void *data, size_t size)
{
	struct nlattr attribute = {.nla_len = (uint16_t)(sizeof(attribute) + size),
				   .nla_type = type};
	memcpy(message.bytes + header()->nlmsg_len, &attribute, sizeof(attribute));
	memcpy(message.bytes + header()->nlmsg_len + sizeof(attribute), data, size);
	header()->nlmsg_len += NLMSG_ALIGN(sizeof(attribute) + size);
}

static void put_number(uint16_t type, uint32_t value)
{
	put(type, &value, sizeof(value));
}

static void begin_route(uint8_t family, uint8_t prefix_length)
{
	struct rtmsg body = {.rtm_family = family,
			     .rtm_dst_len = prefix_length,
			     .rtm_type = RTN_UNICAST,
			     .rtm_table = RT_TABLE_MAIN};
	begin(RTM_NEWROUTE, &body, sizeof(body));
}

static int decode(RouteEntry *ret_entry)
{
	return route_decode(header(), ret_entry);
}

START_TEST(test_the_table_may_be_in_an_attribute)
{
	RouteEntry entry;
	begin_route(AF_INET, 0);
	ck_assert_int_eq(decode(&entry), 0);
	ck_assert_uint_eq(entry.table, RT_TABLE_MAIN);
	ck_assert_uint_eq(entry.prefix.family, AF_INET);
	put_number(RTA_TABLE, 7703);
	ck_assert_int_eq(decode(&entry), 0);
	ck_assert_uint_eq(entry.table, 7703);
}
END_TEST

START_TEST(test_what_is_too_short_is_bad)
{
	static const uint16_t numbers[] = {RTA_OIF,   RTA_PRIORITY,  RTA_TABLE, RTA_FLOW,
					   RTA_NH_ID, RTA_CACHEINFO, RTA_VIA,   RTA_GATEWAY,
					   RTA_DST,   RTA_PREFSRC};
	RouteEntry entry;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		begin_route(AF_INET, 32);
		put(numbers[i], "", 1);
		ck_assert_msg(decode(&entry) == -EBADMSG, "%u", numbers[i]);
	}
	begin_route(AF_INET6, 128);
	put(RTA_GATEWAY, "\1\2\3\4", 4); /* long enough for IPv4 */
	ck_assert_int_eq(decode(&entry), -EBADMSG);
	begin_route(AF_INET, 33);
	ck_assert_int_eq(decode(&entry), -EBADMSG);
	begin_route(AF_INET, 0);
	header()->nlmsg_len--;
	ck_assert_int_eq(decode(&entry), -EBADMSG);
}
END_TEST

START_TEST(test_what_is_not_known_makes_it_strange)
{
	RouteEntry entry;
	struct rta_cacheinfo cache = {.rta_expires = 5};
	uint8_t via[6] = {AF_MPLS};
	begin_route(AF_INET, 0);
	put_number(RTA_EXPIRES, 7);
	put_number(RTA_PREF, 7);
	put(RTA_CACHEINFO, &cache, sizeof(cache));
	ck_assert_int_eq(decode(&entry), 0);
	ck_assert(!entry.strange);
	ck_assert_uint_eq(entry.cached_expires, 5);
	put_number(200, 1);
	ck_assert_int_eq(decode(&entry), 0);
	ck_assert(entry.strange);
	begin_route(AF_INET, 0);
	put(RTA_VIA, via, sizeof(via));
	ck_assert_int_eq(decode(&entry), 0);
	ck_assert(entry.strange);
}
END_TEST

static int decode_metric(uint16_t type, const void *data, size_t size, RouteEntry *ret_entry)
{
	uint8_t nest[64] = {0};
	struct nlattr attribute = {.nla_len = (uint16_t)(sizeof(attribute) + size),
				   .nla_type = type};
	memcpy(nest, &attribute, sizeof(attribute));
	memcpy(nest + sizeof(attribute), data, size);
	begin_route(AF_INET, 0);
	put(RTA_METRICS, nest, NLMSG_ALIGN(sizeof(attribute) + size));
	return decode(ret_entry);
}

START_TEST(test_metrics)
{
	RouteEntry entry;
	uint32_t value = 20;
	ck_assert_int_eq(decode_metric(RTAX_INITCWND, &value, sizeof(value), &entry), 0);
	ck_assert_uint_eq(entry.metrics[RTAX_INITCWND], 20);
	ck_assert_int_eq(decode_metric(RTAX_INITCWND, &value, 3, &entry), -EBADMSG);
	/* One of a kernel to come is copied; one beyond our room makes the route strange. */
	ck_assert_int_eq(decode_metric(ROUTE_METRICS - 1, &value, sizeof(value), &entry), 0);
	ck_assert_uint_eq(entry.metrics[ROUTE_METRICS - 1], 20);
	ck_assert_int_eq(decode_metric(ROUTE_METRICS, &value, sizeof(value), &entry), 0);
	ck_assert(entry.strange);
}
END_TEST

START_TEST(test_the_name_of_a_congestion_control)
{
	RouteEntry entry;
	ck_assert_int_eq(decode_metric(RTAX_CC_ALGO, "bbr", 4, &entry), 0);
	ck_assert_str_eq(entry.congctl, "bbr");
	ck_assert_int_eq(decode_metric(RTAX_CC_ALGO, "bbr", 3, &entry), 0); /* without its end */
	ck_assert_str_eq(entry.congctl, "bbr");
	ck_assert_int_eq(decode_metric(RTAX_CC_ALGO, "fifteen_letters", 16, &entry), 0);
	ck_assert_int_eq(decode_metric(RTAX_CC_ALGO, "sixteen__letters", 16, &entry), -EBADMSG);
	ck_assert_int_eq(decode_metric(RTAX_CC_ALGO, "", 1, &entry), -EBADMSG);
}
END_TEST

START_TEST(test_other_messages_are_none_of_ours)
{
	RouteEntry entry;
	RouteRule rule;
	begin_route(AF_INET, 0);
	header()->nlmsg_type = RTM_DELROUTE;
	ck_assert_int_eq(decode(&entry), ROUTE_NOT_OURS);
	ck_assert_int_eq(route_decode_rule(header(), &rule), ROUTE_NOT_OURS);
	begin_route(AF_MPLS, 0);
	ck_assert_int_eq(decode(&entry), ROUTE_NOT_OURS);
	begin(RTM_NEWROUTE, "", 1);
	ck_assert_int_eq(decode(&entry), -EBADMSG);
	begin(RTM_NEWRULE, "", 1);
	ck_assert_int_eq(route_decode_rule(header(), &rule), -EBADMSG);
}
END_TEST

START_TEST(test_rules)
{
	struct fib_rule_hdr body = {.family = AF_INET6, .table = RT_TABLE_MAIN};
	uint8_t protocol = 199;
	RouteRule rule;
	begin(RTM_NEWRULE, &body, sizeof(body));
	put_number(FRA_SUPPRESS_PREFIXLEN, UINT32_MAX);
	put_number(FRA_PRIORITY, 100);
	put(FRA_PROTOCOL, &protocol, 1);
	ck_assert_int_eq(route_decode_rule(header(), &rule), 0);
	ck_assert(!rule.suppresses);
	ck_assert_uint_eq(rule.priority, 100);
	ck_assert_uint_eq(rule.protocol, 199);
	ck_assert_uint_eq(rule.table, RT_TABLE_MAIN);
	put_number(FRA_SUPPRESS_PREFIXLEN, 0);
	ck_assert_int_eq(route_decode_rule(header(), &rule), 0);
	ck_assert(rule.suppresses);
	put(FRA_PROTOCOL, "", 0);
	ck_assert_int_eq(route_decode_rule(header(), &rule), -EBADMSG);
}
END_TEST

START_TEST(test_the_longest_message_has_room)
{
	RouteMessage built;
	RouteOwn own = {.table = UINT32_MAX,
			.metrics = {.congctl = "fifteen_letters",
				    .initcwnd = 1,
				    .rto_min_ms = 1,
				    .quickack = true,
				    .ecn = true}};
	RouteEntry entry;
	ck_assert_int_eq(address_parse("2001:db8::1", &own.destination), 0);
	own.covering = (RouteEntry){.prefix = own.destination,
				    .gateway = own.destination,
				    .source = own.destination,
				    .realms = 1,
				    .type = RTN_UNICAST,
				    .link_index = 1};
	for (size_t i = RTAX_LOCK; i < ROUTE_METRICS; i++)
		own.covering.metrics[i] = i == RTAX_CC_ALGO ? 0 : UINT32_MAX;
	route_message_set(&built, ROUTE_ADD, &own);
	ck_assert_int_eq(route_decode((struct nlmsghdr *)built.bytes, &entry), 0);
	ck_assert(route_is_own(&entry, &own));
}
END_TEST

HARNESS_MAIN("route_message",
	     HARNESS_CASE(suite, "decode", test_the_table_may_be_in_an_attribute,
			  test_what_is_too_short_is_bad, test_what_is_not_known_makes_it_strange,
			  test_metrics, test_the_name_of_a_congestion_control,
			  test_other_messages_are_none_of_ours, test_rules);
	     HARNESS_CASE(suite, "build", test_the_longest_message_has_room);)
