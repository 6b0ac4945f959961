/* SPDX-License-Identifier: MIT */
/*
 * Checked here rather than by the resolver: a name that can never resolve is a slip of the pen, and
 * says so at once and with its column, instead of failing every few seconds.
 */
#include "daemon/config/name.h"

#include <stdbool.h>
#include <string.h>

#include "common/address.h"
#include "common/base.h"
#include "daemon/config/suggest.h"

#define NAME_LENGTH_MAX  253 /* RFC 1035 2.3.4: 255 octets on the wire, without the root's */
#define LABEL_LENGTH_MAX 63

#define DIGITS "0123456789"
#define LABEL  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "-_"

static int check_label(const char *label, size_t length, const char *what, size_t offset,
		       ConfigFault *ret_fault)
{
	if (length == 0)
		return config_fault(ret_fault, offset, "%s has an empty label", what);
	if (length > LABEL_LENGTH_MAX)
		return config_fault(ret_fault, offset, "a label of %s is longer than %u characters",
				    what, LABEL_LENGTH_MAX);

	size_t valid = strspn(label, LABEL);
	if (valid < length)
		return config_fault(ret_fault, offset + valid,
				    "'%c' cannot stand in %s; letters, digits, '-', '_' and '.' "
				    "can",
				    label[valid], what);
	if (label[0] == '-')
		return config_fault(ret_fault, offset, "a label cannot begin with '-'");
	if (label[length - 1] == '-')
		return config_fault(ret_fault, offset + length - 1, "a label cannot end with '-'");
	return 0;
}

int config_name_check(const char *name, const char *what, size_t offset, ConfigFault *ret_fault)
{
	size_t length = strlen(name), start = 0;

	if (length > 1 && name[length - 1] == '.')
		length--; /* the root: nothing is appended when resolving */
	if (length > NAME_LENGTH_MAX)
		return config_fault(ret_fault, offset, "%s is longer than %u characters", what,
				    NAME_LENGTH_MAX);

	while (start <= length) {
		size_t n = strcspn(name + start, ".");
		n = MIN(n, length - start);
		int r = check_label(name + start, n, what, offset + start, ret_fault);
		if (r != 0)
			return r;
		start += n + 1;
	}
	return 0;
}

/* RFC 1123 2.1: if the last label is a number, the whole is meant to be an IPv4 address. */
static bool looks_numeric(const char *host)
{
	size_t length = strlen(host);

	if (length > 0 && host[length - 1] == '.')
		length--;
	size_t start = length;
	while (start > 0 && host[start - 1] != '.')
		start--;
	return strspn(host + start, DIGITS) >= length - start;
}

int config_host_check(const char *host, size_t offset, ConfigFault *ret_fault)
{
	char quoted[CONFIG_QUOTE_MAX];
	Address address;

	int r = config_name_check(host, "the host name", offset, ret_fault);
	if (r != 0)
		return r;
	if (looks_numeric(host) && address_parse(host, &address) < 0)
		return config_fault(ret_fault, offset,
				    "%s is not an IPv4 address (four numbers of 0 to 255, no "
				    "leading 0)",
				    config_quote(host, quoted));
	return 0;
}
