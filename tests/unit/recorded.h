/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Netlink messages recorded from Linux 6.18 (tests/data), and such as are put together by a test.
 */
#include <check.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Recorded {
	_Alignas(struct nlmsghdr) uint8_t bytes[4096];
	size_t length;
} Recorded;

/* `name` is that of a file below tests/data, without its ending. */
__attribute__((unused)) static Recorded recorded(const char *name)
{
	const char *source = getenv("NETOPT_SOURCE");
	char path[512];
	(void)snprintf(path, sizeof(path), "%s/tests/data/%s.bin", source ? source : ".", name);
	FILE *file = fopen(path, "rbe");
	ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
	Recorded message = {.length = 0};
	message.length = fread(message.bytes, 1, sizeof(message.bytes), file);
	(void)fclose(file);
	ck_assert_uint_gt(message.length, NLMSG_HDRLEN);
	return message;
}

/* A copy of exactly that length, which the message then claims, so that a read past the end is
 * found by the sanitizers. Free it. */
__attribute__((unused)) static struct nlmsghdr *recorded_copy(const Recorded *message,
							      size_t length)
{
	struct nlmsghdr *copy = malloc(length);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, message->bytes, length);
	copy->nlmsg_len = (uint32_t)length;
	return copy;
}

__attribute__((unused)) static Recorded recorded_start(uint16_t type, const void *body,
						       size_t length)
{
	Recorded message = {.length = NLMSG_ALIGN(NLMSG_LENGTH(length))};
	struct nlmsghdr header = {.nlmsg_type = type};
	memcpy(message.bytes, &header, sizeof(header));
	memcpy(message.bytes + NLMSG_HDRLEN, body, length);
	return message;
}

/* Appends an attribute. */
__attribute__((unused)) static void recorded_put(Recorded *message, uint16_t type, const void *data,
						 size_t length)
{
	struct nlattr header = {.nla_len = (uint16_t)(sizeof(header) + length), .nla_type = type};
	ck_assert_uint_le(message->length + NLA_ALIGN(header.nla_len), sizeof(message->bytes));
	memcpy(message->bytes + message->length, &header, sizeof(header));
	memcpy(message->bytes + message->length + sizeof(header), data, length);
	message->length += NLA_ALIGN(header.nla_len);
}
