/* SPDX-License-Identifier: MIT */
/*
 * Addresses from text, bytes and sockets: the same address must be the same value from each.
 */
#include "common/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "tests/unit/harness.h"

static Address parsed(const char *text)
{
	Address address;

	ck_assert_msg(address_parse(text, &address) == 0, "%s", text);
	return address;
}

START_TEST(good_texts)
{
	static const struct {
		const char *text, *canonical;
		int family;
	} cases[] = {
		{"0.0.0.0", "0.0.0.0", AF_INET},
		{"192.0.2.1", "192.0.2.1", AF_INET},
		{"255.255.255.255", "255.255.255.255", AF_INET},
		{"::", "::", AF_INET6},
		{"::1", "::1", AF_INET6},
		{"[::1]", "::1", AF_INET6},
		{"2001:DB8::1", "2001:db8::1", AF_INET6},
		{"2001:db8:0:0:0:0:0:1", "2001:db8::1", AF_INET6},
		{"[2001:db8::]", "2001:db8::", AF_INET6},
		{"2001:0db8:1111:2222:3333:4444:5555:6666",
		 "2001:db8:1111:2222:3333:4444:5555:6666", AF_INET6},
		{"::ffff:192.0.2.1", "192.0.2.1", AF_INET},
		{"::ffff:c000:201", "192.0.2.1", AF_INET},
		{"[::ffff:192.0.2.1]", "192.0.2.1", AF_INET},
		{"0:0:0:0:0:FFFF:192.0.2.1", "192.0.2.1", AF_INET},
		{"::192.0.2.1", "::192.0.2.1", AF_INET6}, /* compatible is not mapped */
		{"::fffe:192.0.2.1", "::fffe:c000:201", AF_INET6},
		{"64:ff9b::192.0.2.1", "64:ff9b::c000:201", AF_INET6},
		{"0000:0000:0000:0000:0000:ffff:255.255.255.255", "255.255.255.255", AF_INET},
	};
	char buffer[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		Address address = parsed(cases[i].text);
		ck_assert_int_eq(address.family, cases[i].family);
		ck_assert_ptr_eq(address_format(&address, buffer), buffer);
		ck_assert_str_eq(buffer, cases[i].canonical);
	}
}
END_TEST

START_TEST(bad_texts)
{
	static const char *const cases[] = {
		"",
		"-",
		"localhost",
		"example.net",
		"1",
		"1.2.3",
		"1.2.3.4.5",
		"1.2.3.256",
		"1.2.3.-4",
		"01.2.3.4",
		"0x7f.0.0.1",
		"127.1",
		"1.2.3.4 ",
		" 1.2.3.4",
		"1.2.3.4/32",
		"1.2.3.4:80",
		"[1.2.3.4]",
		"[",
		"]",
		"[]",
		"[::1",
		"::1]",
		"[::1]]",
		"[[::1]]",
		"[::1]:80",
		"[::1] ",
		":",
		":::",
		"1::2::3",
		"::12345",
		"::g",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9",
		"fe80::1%lo",
		"::ffff:1.2.3",
		"[0000:0000:0000:0000:0000:ffff:255.255.255.2555]",
		"[00000:0000:0000:0000:0000:ffff:255.255.255.255000000000000000000000000]",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		Address address, before;
		memset(&address, 0xa5, sizeof(address));
		before = address;
		ck_assert_msg(address_parse(cases[i], &address) == -EINVAL, "%s", cases[i]);
		ck_assert_mem_eq(&address, &before, sizeof(address));
	}
}
END_TEST

START_TEST(from_bytes)
{
	static const uint8_t bytes[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
	static const uint8_t zeroes[16];

	Address four = address_from_bytes(AF_INET, bytes);
	ck_assert_int_eq(four.family, AF_INET);
	ck_assert_mem_eq(four.bytes, bytes, 4);
	ck_assert_mem_eq(four.bytes + 4, zeroes, 12); /* nothing of the rest leaks in */

	Address six = address_from_bytes(AF_INET6, bytes);
	ck_assert_int_eq(six.family, AF_INET6);
	ck_assert_mem_eq(six.bytes, bytes, 16);

	Address none = address_from_bytes(AF_UNIX, bytes);
	ck_assert_int_eq(none.family, 0);
	ck_assert_mem_eq(none.bytes, zeroes, 16);
}
END_TEST

START_TEST(unset_is_a_dash)
{
	Address unset = {0}, odd = {.family = 99};
	char buffer[ADDRESS_TEXT_MAX];

	ck_assert_str_eq(address_format(&unset, buffer), "-");
	ck_assert_str_eq(address_format(&odd, buffer), "-");
}
END_TEST

START_TEST(equality_and_hash)
{
	static const char *const different[] = {
		"0.0.0.0", "::",  "1.2.3.4",   "1.2.3.5", "2.2.3.4",
		"::1",     "::2", "102:304::", "1::",     "::1.2.3.4"};
	Address unset = {0};

	for (size_t i = 0; i < ARRAY_SIZE(different); i++)
		for (size_t j = 0; j < ARRAY_SIZE(different); j++) {
			Address a = parsed(different[i]), b = parsed(different[j]);
			ck_assert_msg(address_equal(&a, &b) == (i == j), "%s %s", different[i],
				      different[j]);
			ck_assert((address_hash(&a) == address_hash(&b)) == (i == j));
		}

	Address mapped = parsed("::ffff:1.2.3.4"), plain = parsed("1.2.3.4");
	ck_assert(address_equal(&mapped, &plain));
	ck_assert_uint_eq(address_hash(&mapped), address_hash(&plain));
	Address any = parsed("0.0.0.0");
	ck_assert(!address_equal(&unset, &any));
	ck_assert(address_equal(&unset, &unset));
}
END_TEST

START_TEST(loopback)
{
	static const struct {
		const char *text;
		bool loopback;
	} cases[] = {
		{"127.0.0.1", true},
		{"127.0.0.0", true},
		{"127.255.255.255", true},
		{"126.255.255.255", false},
		{"128.0.0.0", false},
		{"0.0.0.127", false},
		{"::1", true},
		{"::", false},
		{"::2", false},
		{"1::1", false},
		{"::ffff:127.0.0.1", true},
		{"7f00::1", false},
	};
	Address unset = {.bytes = {127}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		Address address = parsed(cases[i].text);
		ck_assert_msg(address_is_loopback(&address) == cases[i].loopback, "%s",
			      cases[i].text);
	}
	ck_assert(!address_is_loopback(&unset));
}
END_TEST

START_TEST(sockaddr_and_back)
{
	static const char *const texts[] = {"192.0.2.1", "2001:db8::1", "0.0.0.0", "::"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		Address address = parsed(texts[i]), back;
		struct sockaddr_storage storage;
		uint16_t port = 0;

		memset(&storage, 0xa5, sizeof(storage));
		socklen_t length = address_to_sockaddr(&address, 8443, &storage);
		ck_assert_uint_eq(length, address.family == AF_INET ? sizeof(struct sockaddr_in)
								    : sizeof(struct sockaddr_in6));
		ck_assert_int_eq(storage.ss_family, address.family);
		ck_assert_int_eq(address_from_sockaddr((struct sockaddr *)&storage, &back, &port),
				 0);
		ck_assert(address_equal(&address, &back));
		ck_assert_uint_eq(port, 8443);
		ck_assert_int_eq(address_from_sockaddr((struct sockaddr *)&storage, &back, NULL),
				 0);
	}
}
END_TEST

/* Field by field, since going there and back would not notice a byte order lost both ways. */
START_TEST(sockaddr_fields)
{
	Address four = parsed("192.0.2.1"), six = parsed("2001:db8::1"), unset = {0};
	struct sockaddr_storage storage;
	const struct sockaddr_in *sin = (struct sockaddr_in *)&storage;
	const struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&storage;

	(void)address_to_sockaddr(&four, 0x1234, &storage);
	ck_assert_mem_eq(&sin->sin_port, "\x12\x34", 2);
	ck_assert_mem_eq(&sin->sin_addr, "\xc0\x00\x02\x01", 4);

	memset(&storage, 0xa5, sizeof(storage));
	(void)address_to_sockaddr(&six, 0x1234, &storage);
	ck_assert_mem_eq(&sin6->sin6_port, "\x12\x34", 2);
	ck_assert_mem_eq(&sin6->sin6_addr, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
	ck_assert_uint_eq(sin6->sin6_scope_id, 0);
	ck_assert_uint_eq(sin6->sin6_flowinfo, 0);

	ck_assert_uint_eq(address_to_sockaddr(&unset, 1, &storage), 0);
	ck_assert_int_eq(storage.ss_family, AF_UNSPEC);
}
END_TEST

START_TEST(sockaddr_mapped_and_foreign)
{
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons(53)};
	struct sockaddr local = {.sa_family = AF_UNIX};
	Address address, expected = parsed("192.0.2.1");
	uint16_t port = 7;

	ck_assert_int_eq(inet_pton(AF_INET6, "::ffff:192.0.2.1", &sin6.sin6_addr), 1);
	ck_assert_int_eq(address_from_sockaddr((struct sockaddr *)&sin6, &address, &port), 0);
	ck_assert(address_equal(&address, &expected));
	ck_assert_uint_eq(port, 53);

	ck_assert_int_eq(address_from_sockaddr(&local, &address, &port), -EAFNOSUPPORT);
	ck_assert(address_equal(&address, &expected));
	ck_assert_uint_eq(port, 53);
}
END_TEST

HARNESS_MAIN("address", HARNESS_CASE(suite, "text", good_texts, bad_texts, unset_is_a_dash);
	     HARNESS_CASE(suite, "values", from_bytes, equality_and_hash, loopback);
	     HARNESS_CASE(suite, "sockets", sockaddr_and_back, sockaddr_fields,
			  sockaddr_mapped_and_foreign);)
