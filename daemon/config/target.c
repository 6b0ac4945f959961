/* SPDX-License-Identifier: MIT */
/*
 * A path is taken as it is written: it is sent in a request, so only what may stand there can stand
 * here, and nothing is encoded or decoded on the way. A name in a dns URL is the name itself.
 */
#include "daemon/config/target.h"

#include <string.h>
#include <strings.h>

#include "common/address.h"
#include "common/base.h"
#include "common/parse.h"
#include "common/text.h"
#include "daemon/config/name.h"
#include "daemon/config/suggest.h"

#define ALPHANUMERIC "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* RFC 3986 3.3 and 3.4: pchar without '%', '/' and '?'. */
#define PATH_CHARACTERS ALPHANUMERIC "-._~!$&'()*+,;=:@/?"

#define HEXADECIMAL "0123456789abcdefABCDEF"

static int check_path(const char *url, size_t offset, ConfigFault *ret_fault)
{
	for (size_t i = offset; url[i] != '\0'; i++) {
		i += strspn(url + i, PATH_CHARACTERS);
		if (url[i] == '\0')
			break;
		if (url[i] != '%')
			return config_fault(ret_fault, i,
					    "'%c' cannot stand in a path or a query; write it as "
					    "'%%%02X'",
					    url[i], (unsigned char)url[i]);
		if (strspn(url + i + 1, HEXADECIMAL) < 2)
			return config_fault(ret_fault, i,
					    "two hexadecimal digits have to follow a '%%'; write "
					    "'%%25' for the character itself");
	}
	return 0;
}

int config_target_http(const char *url, size_t offset, ConfigUrl *ret_url, ConfigFault *ret_fault)
{
	char target[CONFIG_TARGET_MAX];

	int r = check_path(url, offset, ret_fault);
	if (r != 0)
		return r;
	/* RFC 9112 3.2.1: a path that is empty is sent as "/". */
	if (!text_format(target, sizeof(target), "%s%s", url[offset] == '/' ? "" : "/",
			 url + offset))
		return config_fault(ret_fault, offset,
				    "path and query are longer than %zu characters",
				    sizeof(target) - 1);
	(void)text_copy(ret_url->target, sizeof(ret_url->target), target); /* same size: fits */
	return 0;
}

/* IANA, Domain Name System Parameters: those that somebody may want to watch. */
static const struct {
	const char *name;
	uint16_t type;
} types[] = {
	{"A", 1},    {"AAAA", 28}, {"NS", 2},    {"MX", 15},    {"TXT", 16},  {"SOA", 6},
	{"PTR", 12}, {"SRV", 33},  {"CNAME", 5}, {"HTTPS", 65}, {"CAA", 257},
};

/* RFC 6895 3.1: OPT, and 128 to 255, are questions or mechanisms, no records. */
#define TYPE_OPT      41
#define TYPE_META_MIN 128
#define TYPE_META_MAX 255

static int fault_type(const char *word, size_t offset, ConfigFault *ret_fault)
{
	const char *names[ARRAY_SIZE(types)];
	char quoted[CONFIG_QUOTE_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		names[i] = types[i].name;
	const char *meant = config_suggest(word, names, ARRAY_SIZE(types));
	return config_fault(
		ret_fault, offset,
		"%s is not a type of record%s%s%s: A, AAAA, NS, MX, TXT, SOA, PTR, SRV, "
		"CNAME, HTTPS, CAA, or TYPE and its number",
		config_quote(word, quoted), meant ? "; did you mean '" : "", meant ? meant : "",
		meant ? "'?" : "");
}

/* RFC 3597 5: TYPE and the number, for those that have no name here. */
static int parse_type(const char *word, size_t offset, uint16_t *ret_type, ConfigFault *ret_fault)
{
	static const char prefix[] = "TYPE";
	char quoted[CONFIG_QUOTE_MAX];
	uint64_t number;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (strcasecmp(types[i].name, word) != 0)
			continue;
		*ret_type = types[i].type;
		return 0;
	}
	if (strncasecmp(word, prefix, strlen(prefix)) != 0 ||
	    parse_uint64(word + strlen(prefix), 1, UINT16_MAX, &number) < 0)
		return fault_type(word, offset, ret_fault);
	if (number == TYPE_OPT || (number >= TYPE_META_MIN && number <= TYPE_META_MAX))
		return config_fault(ret_fault, offset, "%s is not a type that records have",
				    config_quote(word, quoted));
	*ret_type = (uint16_t)number;
	return 0;
}

/* From the '?', if there is one. */
static int parse_query(const char *url, size_t offset, uint16_t *ret_type, ConfigFault *ret_fault)
{
	static const char key[] = "?type=";

	*ret_type = types[0].type;
	if (url[offset] == '\0')
		return 0;
	if (!text_starts_with(url + offset, key))
		return config_fault(ret_fault, offset,
				    "only '?type=' can follow the name, as in ?type=AAAA");
	offset += strlen(key);
	if (url[offset] == '\0')
		return config_fault(ret_fault, offset,
				    "the type is missing after '='; write one, as AAAA");
	return parse_type(url + offset, offset, ret_type, ret_fault);
}

static int check_dns_name(const char *name, size_t offset, ConfigFault *ret_fault)
{
	Address address;

	if (name[0] == '\0')
		return config_fault(ret_fault, offset,
				    "the name to ask for is missing after '/'; for the root, write "
				    "'.'");
	if (text_equal(name, "."))
		return 0;
	if (strchr(name, '%'))
		return config_fault(ret_fault, offset + strcspn(name, "%"),
				    "write the name as it is, without '%%'");
	if (address_parse(name, &address) == 0 && address.family == AF_INET)
		return config_fault(ret_fault, offset,
				    "this is an address; its name is "
				    "%u.%u.%u.%u.in-addr.arpa, with ?type=PTR",
				    address.bytes[3], address.bytes[2], address.bytes[1],
				    address.bytes[0]);
	return config_name_check(name, "the name to ask for", offset, ret_fault);
}

int config_target_dns(const char *url, size_t offset, ConfigUrl *ret_url, ConfigFault *ret_fault)
{
	char name[CONFIG_TARGET_MAX];
	uint16_t type;
	int r;

	if (url[offset] != '/')
		return config_fault(ret_fault, offset,
				    "the name to ask for is missing; write "
				    "dns://SERVER/NAME, or dns:///NAME to ask the system's server");
	offset++;
	size_t length = strcspn(url + offset, "?");
	if (length >= sizeof(name))
		return config_fault(ret_fault, offset,
				    "the name to ask for is longer than 253 characters");
	memcpy(name, url + offset, length);
	name[length] = '\0';
	r = check_dns_name(name, offset, ret_fault);
	if (r != 0)
		return r;
	r = parse_query(url, offset + length, &type, ret_fault);
	if (r != 0)
		return r;

	(void)text_copy(ret_url->target, sizeof(ret_url->target), name); /* same size: fits */
	ret_url->dns_type = type;
	return 0;
}
