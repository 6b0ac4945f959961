/* SPDX-License-Identifier: MIT */
#include "daemon/probe/hosts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/harness.h"

static char path[64];

static void write_hosts(const char *content)
{
	int fd;

	(void)snprintf(path, sizeof(path), "/tmp/netopt-hosts-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	close(fd);
}

/* "ipv4 ipv6" as found, with "-" for none; or the return value in words. */
static const char *find(const char *content, const char *name)
{
	static char text[2 * ADDRESS_TEXT_MAX + 1];
	char a[ADDRESS_TEXT_MAX], b[ADDRESS_TEXT_MAX];
	Address ipv4 = {0}, ipv6 = {0};
	int r;

	write_hosts(content);
	r = hosts_find(path, name, &ipv4, &ipv6);
	unlink(path);
	if (r == HOSTS_ABSENT)
		return "absent";
	ck_assert_int_eq(r, 0);
	(void)snprintf(text, sizeof(text), "%s %s", address_format(&ipv4, a),
		       address_format(&ipv6, b));
	return text;
}

START_TEST(test_finds_names_and_aliases_of_both_families)
{
	static const char content[] = "127.0.0.1 localhost\n"
				      "192.0.2.1\tone.example  one\tuno\n"
				      "2001:db8::1 one.example\n"
				      "2001:db8::2 two";

	ck_assert_str_eq(find(content, "one.example"), "192.0.2.1 2001:db8::1");
	ck_assert_str_eq(find(content, "uno"), "192.0.2.1 -");
	ck_assert_str_eq(find(content, "two"), "- 2001:db8::2"); /* no final newline */
	ck_assert_str_eq(find(content, "on"), "absent");
	ck_assert_str_eq(find(content, "one.example.org"), "absent");
	ck_assert_str_eq(find("", "one"), "absent");
}
END_TEST

START_TEST(test_case_and_a_final_dot_do_not_matter)
{
	ck_assert_str_eq(find("192.0.2.1 Host.Example\n", "hOST.example"), "192.0.2.1 -");
	ck_assert_str_eq(find("192.0.2.1 host.example\n", "host.example."), "192.0.2.1 -");
	ck_assert_str_eq(find("192.0.2.1 host.example.\n", "host.example"), "192.0.2.1 -");
}
END_TEST

START_TEST(test_first_address_of_a_family_wins)
{
	ck_assert_str_eq(find("192.0.2.1 a\n192.0.2.2 a\n", "a"), "192.0.2.1 -");
}
END_TEST

START_TEST(test_comments_and_nonsense_are_skipped)
{
	static const char content[] = "# 192.0.2.9 a\n"
				      "192.0.2.8 b # a\n"
				      "not-an-address a\n"
				      "\n   \n\t\n"
				      "192.0.2\n"
				      "fe80::1%eth0 a\n"
				      "  192.0.2.1 \t a\r\n";

	ck_assert_str_eq(find(content, "a"), "192.0.2.1 -");
	ck_assert_str_eq(find("::ffff:192.0.2.7 a\n", "a"), "192.0.2.7 -");
	/* The address column is no name. */
	ck_assert_str_eq(find("192.0.2.1 192.0.2.5\n", "192.0.2.1"), "absent");
}
END_TEST

/* Wherever the bound is: what stands beyond it must not be read as a line of its own. */
START_TEST(test_an_overlong_line_hides_nothing_and_adds_nothing)
{
	static char content[6000];

	for (int padding = 4070; padding < 4100; padding++) {
		int n = snprintf(content, sizeof(content),
				 "192.0.2.1 %0*d 192.0.2.66 a\n192.0.2.2 a\n", padding, 0);
		ck_assert_int_lt(n, (int)sizeof(content));
		ck_assert_str_ne(find(content, "a"), "192.0.2.66 -");
	}
	(void)snprintf(content, sizeof(content), "192.0.2.1 %05000d a\n192.0.2.2 a\n", 0);
	ck_assert_str_eq(find(content, "a"), "192.0.2.2 -");
}
END_TEST

START_TEST(test_missing_and_unreadable_files)
{
	Address ipv4 = {.family = AF_INET6}, ipv6 = ipv4;

	ck_assert_int_eq(hosts_find("/nonexistent/hosts", "a", &ipv4, &ipv6), HOSTS_ABSENT);
	ck_assert_int_eq(hosts_find("/", "a", &ipv4, &ipv6), -EIO);
	ck_assert_int_eq(ipv4.family, AF_INET6); /* untouched */
}
END_TEST

HARNESS_MAIN("hosts", HARNESS_CASE(suite, "find", test_finds_names_and_aliases_of_both_families,
				   test_case_and_a_final_dot_do_not_matter,
				   test_first_address_of_a_family_wins,
				   test_comments_and_nonsense_are_skipped,
				   test_an_overlong_line_hides_nothing_and_adds_nothing,
				   test_missing_and_unreadable_files);)
