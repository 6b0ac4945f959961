/* SPDX-License-Identifier: MIT */
/*
 * Only "nameserver" lines matter here. As for the C library, what follows the address on the line
 * is ignored, and so is a line that does not parse.
 */
#include "daemon/probe/resolv_conf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base.h"

#define LINE_MAX_BYTES 1024

static bool parse_line(char *line, Address *ret_address)
{
	static const char keyword[] = "nameserver";
	char *word = line + strlen(keyword);

	if (strncmp(line, keyword, strlen(keyword)) != 0 || !(*word == ' ' || *word == '\t'))
		return false;
	word += strspn(word, " \t");
	word[strcspn(word, " \t\r\n#;")] = '\0';
	return address_parse(word, ret_address) == 0;
}

static bool is_known(const Address *servers, size_t n, const Address *address)
{
	for (size_t i = 0; i < n; i++)
		if (address_equal(&servers[i], address))
			return true;
	return false;
}

int resolv_conf_servers(const char *path, Address *ret_servers, size_t n)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	Address servers[RESOLV_CONF_SERVERS_MAX], address;
	char line[LINE_MAX_BYTES];
	size_t found = 0;

	n = MIN(n, (size_t)RESOLV_CONF_SERVERS_MAX);
	if (!file)
		return errno == ENOENT ? 0 : -errno;
	while (found < n && fgets(line, sizeof(line), file))
		if (parse_line(line, &address) && !is_known(servers, found, &address))
			servers[found++] = address;
	if (ferror(file))
		return -EIO;

	memcpy(ret_servers, servers, found * sizeof(servers[0]));
	return (int)found;
}
