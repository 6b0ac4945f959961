/* SPDX-License-Identifier: MIT */
#include "daemon/probe/resolv_conf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/harness.h"

/* The servers found, separated by blanks. */
static const char *servers_of(const char *content, size_t n)
{
	static char text[256];
	char path[] = "/tmp/netopt-resolv-XXXXXX", one[ADDRESS_TEXT_MAX];
	Address servers[8];
	int fd = mkstemp(path), found;
	size_t length = 0;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	close(fd);
	found = resolv_conf_servers(path, servers, n);
	unlink(path);
	ck_assert_int_ge(found, 0);
	text[0] = '\0';
	for (int i = 0; i < found; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s",
					   i > 0 ? " " : "", address_format(&servers[i], one));
	return text;
}

START_TEST(test_finds_servers_in_their_order)
{
	ck_assert_str_eq(servers_of("search example.net\nnameserver 192.0.2.1\n"
				    "nameserver\t2001:db8::1 # a comment\nnameserver 192.0.2.2",
				    3),
			 "192.0.2.1 2001:db8::1 192.0.2.2");
}
END_TEST

START_TEST(test_takes_no_more_than_asked_for_nor_than_the_library)
{
	static const char many[] = "nameserver 192.0.2.1\nnameserver 192.0.2.2\n"
				   "nameserver 192.0.2.3\nnameserver 192.0.2.4\n";

	ck_assert_str_eq(servers_of(many, 1), "192.0.2.1");
	ck_assert_str_eq(servers_of(many, 8), "192.0.2.1 192.0.2.2 192.0.2.3");
}
END_TEST

START_TEST(test_passes_over_what_is_none)
{
	ck_assert_str_eq(servers_of("#nameserver 192.0.2.9\nnameservers 192.0.2.8\nnameserver\n"
				    "nameserver fe80::1%eth0\nnameserver 300.0.2.1\n"
				    "nameserver 192.0.2.1\nnameserver 192.0.2.1\n",
				    3),
			 "192.0.2.1");
	ck_assert_str_eq(servers_of("", 3), "");
}
END_TEST

START_TEST(test_no_file_names_nobody)
{
	Address server;

	ck_assert_int_eq(resolv_conf_servers("/nonexistent/resolv.conf", &server, 1), 0);
	ck_assert_int_eq(resolv_conf_servers("/", &server, 1), -EIO);
}
END_TEST

HARNESS_MAIN("resolv_conf", HARNESS_CASE(suite, "servers", test_finds_servers_in_their_order,
					 test_takes_no_more_than_asked_for_nor_than_the_library,
					 test_passes_over_what_is_none, test_no_file_names_nobody);)
