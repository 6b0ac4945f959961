/* SPDX-License-Identifier: MIT */
/*
 * Line by line, with a bounded line: what does not parse is not ours to complain about (the C
 * library does not either) and is skipped.
 */
#include "daemon/probe/hosts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base.h"

/* Far beyond any sane line; the rest of a longer one is dropped, not taken for a line. */
#define LINE_MAX_BYTES 4096

static size_t name_length(const char *name)
{
	size_t length = strlen(name);

	return length > 1 && name[length - 1] == '.' ? length - 1 : length;
}

static bool same_name(const char *a, const char *b)
{
	size_t length = name_length(a);

	return length == name_length(b) && strncasecmp(a, b, length) == 0;
}

/* The address of the line if one of its names is `name`; family 0 otherwise. */
static Address match_line(char *line, const char *name)
{
	Address address = {0};
	char *rest = line, *word;

	line[strcspn(line, "#\n")] = '\0';
	word = strsep(&rest, " \t\r");
	if (address_parse(word, &address) < 0)
		return (Address){0};
	while ((word = strsep(&rest, " \t\r")))
		if (word[0] != '\0' && same_name(word, name))
			return address;
	return (Address){0};
}

static void skip_rest_of_line(FILE *file)
{
	int c;

	do
		c = fgetc(file);
	while (c != '\n' && c != EOF);
}

int hosts_find(const char *path, const char *name, Address *ret_ipv4, Address *ret_ipv6)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	Address ipv4 = {0}, ipv6 = {0};
	char line[LINE_MAX_BYTES];

	if (!file)
		return errno == ENOENT ? HOSTS_ABSENT : -errno;

	while (fgets(line, sizeof(line), file)) {
		bool whole = strchr(line, '\n') || feof(file);
		Address address = match_line(line + strspn(line, " \t"), name);

		if (address.family == AF_INET && ipv4.family == 0)
			ipv4 = address;
		else if (address.family == AF_INET6 && ipv6.family == 0)
			ipv6 = address;
		if (!whole)
			skip_rest_of_line(file);
	}
	if (ferror(file))
		return -EIO;
	if (ipv4.family == 0 && ipv6.family == 0)
		return HOSTS_ABSENT;

	*ret_ipv4 = ipv4;
	*ret_ipv6 = ipv6;
	return 0;
}
