/* SPDX-License-Identifier: MIT */
/*
 * Setters of what is measured: of endpoints, and the keys of [Daemon] about the sensors.
 */
#include "daemon/config/value.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/base.h"
#include "common/parse.h"
#include "common/text.h"
#include "daemon/config/suggest.h"
#include "daemon/config/url.h"

int config_set_url(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault)
{
	ConfigEndpoint *endpoint = target;
	ConfigUrl url = {0};

	(void)key; /* it sets several fields: no offset */
	if (text[0] != '\0') {
		int r = config_url_parse(text, &url, ret_fault);
		if (r != 0)
			return r;
	}
	/* Of the same sizes, and config_url_parse() checks the length of the whole. */
	(void)text_copy(endpoint->url, sizeof(endpoint->url), text);
	(void)text_copy(endpoint->scheme, sizeof(endpoint->scheme), url.scheme);
	(void)text_copy(endpoint->host, sizeof(endpoint->host), url.host);
	(void)text_copy(endpoint->target, sizeof(endpoint->target), url.target);
	endpoint->port = url.port;
	endpoint->dns_type = url.dns_type;
	return 0;
}

int config_set_endpoint_objective(const ConfigKey *key, const char *text, void *target,
				  ConfigFault *ret_fault)
{
	ConfigEndpoint *endpoint = target;

	if (text[0] != '\0') {
		int r = config_set_word(key, text, target, ret_fault);
		if (r != 0)
			return r;
	} else {
		endpoint->objective = CONFIG_OBJECTIVE_BALANCED;
	}
	endpoint->has_objective = text[0] != '\0';
	return 0;
}

int config_set_group(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault)
{
	static const char characters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	ConfigEndpoint *endpoint = target;
	size_t valid = strspn(text, characters);
	char quoted[CONFIG_QUOTE_MAX];

	(void)key;
	if (text[valid] != '\0')
		return config_fault(ret_fault, valid,
				    "%s cannot be a group's name; letters, digits, '.', '_' and "
				    "'-' can stand in it",
				    config_quote(text, quoted));
	if (valid >= sizeof(endpoint->group))
		return config_fault(ret_fault, sizeof(endpoint->group) - 1,
				    "the group's name is longer than %zu characters",
				    sizeof(endpoint->group) - 1);
	(void)text_copy(endpoint->group, sizeof(endpoint->group),
			text); /* its length was checked */
	return 0;
}

/* Why a packet cannot come from this address, or NULL. */
static const char *why_no_source(const Address *address)
{
	static const uint8_t zero[16];
	const uint8_t *bytes = address->bytes;
	bool ipv4 = address->family == AF_INET;

	if (memcmp(bytes, zero, sizeof(zero)) == 0)
		return "stands for no address; leave the key empty, and the kernel chooses";
	if (ipv4 ? bytes[0] >= 224 : bytes[0] == 0xff)
		return "is not the address of one host; write one of this host's";
	if (!ipv4 && bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80)
		return "is link-local, which needs a zone, and zones are not supported";
	return NULL;
}

int config_set_source(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault)
{
	ConfigEndpoint *endpoint = target;
	char quoted[CONFIG_QUOTE_MAX];
	Address address = {0};

	(void)key;
	if (text[0] != '\0') {
		if (address_parse(text, &address) < 0)
			return config_fault(ret_fault, 0,
					    "%s is not an address; write an IPv4 or IPv6 address "
					    "of this host, without prefix, port or zone",
					    config_quote(text, quoted));
		const char *why = why_no_source(&address);
		if (why)
			return config_fault(ret_fault, 0, "%s %s", config_quote(text, quoted), why);
	}
	endpoint->source = address;
	return 0;
}

int config_set_discover(const ConfigKey *key, const char *text, void *target,
			ConfigFault *ret_fault)
{
	Config *config = target;
	bool value;

	if (text_equal(text, "auto"))
		config->discover = CONFIG_DISCOVER_AUTO;
	else if (parse_bool(text, &value) == 0)
		config->discover = value ? CONFIG_DISCOVER_YES : CONFIG_DISCOVER_NO;
	else
		return config_fault_word(key, text, ret_fault);
	return 0;
}

typedef char NetnsName[CONFIG_NAME_MAX];

typedef struct NetnsList {
	NetnsName names[CONFIG_NETNS_MAX];
	size_t n;
} NetnsList;

/* A file of /run/netns: ip-netns(8) takes any name but these. */
static int check_netns(const char *name, size_t offset, ConfigFault *ret_fault)
{
	char quoted[CONFIG_QUOTE_MAX];

	if (strcasecmp(name, "all") == 0)
		return config_fault(ret_fault, offset,
				    "write just 'all' for all of them, without other names");
	if (strchr(name, ',') || strchr(name, ';'))
		return config_fault(ret_fault, offset + strcspn(name, ",;"),
				    "names are separated by blanks");
	if (strchr(name, '/') || text_equal(name, ".") || text_equal(name, ".."))
		return config_fault(ret_fault, offset,
				    "%s is not the name of a network namespace; write one as "
				    "'ip netns' shows it",
				    config_quote(name, quoted));
	for (size_t i = 0; name[i] != '\0'; i++)
		if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
			return config_fault(ret_fault, offset + i,
					    "there is a control character in the name; remove it");
	return 0;
}

static int add_netns(NetnsList *list, const char *start, size_t length, size_t offset,
		     ConfigFault *ret_fault)
{
	char quoted[CONFIG_QUOTE_MAX];
	NetnsName name;

	if (length >= sizeof(name))
		return config_fault(ret_fault, offset, "the name is longer than %zu bytes",
				    sizeof(name) - 1);
	memcpy(name, start, length);
	name[length] = '\0';
	int r = check_netns(name, offset, ret_fault);
	if (r != 0)
		return r;
	for (size_t i = 0; i < list->n; i++)
		if (text_equal(list->names[i], name))
			return config_fault(ret_fault, offset, "%s is named twice",
					    config_quote(name, quoted));
	if (list->n >= CONFIG_NETNS_MAX)
		return config_fault(ret_fault, offset,
				    "there can be at most %u names; 'all' is not limited",
				    CONFIG_NETNS_MAX);
	memcpy(list->names[list->n++], name, length + 1);
	return 0;
}

int config_set_netns(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault)
{
	bool all = text_equal(text, "all");
	Config *config = target;
	NetnsList list = {0};

	(void)key;
	for (size_t at = strspn(text, " \t"); !all && text[at] != '\0';) {
		size_t length = strcspn(text + at, " \t");
		int r = add_netns(&list, text + at, length, at, ret_fault);
		if (r != 0)
			return r;
		at += length;
		at += strspn(text + at, " \t");
	}
	config->netns_all = all;
	memcpy(config->netns, list.names, sizeof(config->netns));
	config->n_netns = list.n;
	return 0;
}

#define PPM_DIGITS      4 /* of a percentage: 0.0001% is 1 ppm */
#define PPM_PER_PERCENT UINT64_C(10000)

/* "0.5%" to 5000. -EINVAL, -ERANGE */
static int parse_ppm(const char *text, uint64_t *ret_ppm)
{
	char whole[8], fraction[] = "0000";
	uint64_t percents, rest;

	size_t n = strcspn(text, ".%");
	size_t decimals = text[n] == '.' ? strcspn(text + n + 1, "%") : 0;
	const char *end = text + n + (text[n] == '.') + decimals;
	if (!text_equal(end, "%") || (text[n] == '.' && decimals == 0))
		return -EINVAL;
	if (n >= sizeof(whole) || decimals > PPM_DIGITS)
		return strspn(text, "0123456789.") == (size_t)(end - text) ? -ERANGE : -EINVAL;
	memcpy(whole, text, n);
	whole[n] = '\0';
	memcpy(fraction, text + n + 1, decimals);
	if (parse_uint64(whole, 0, UINT32_MAX, &percents) < 0 ||
	    parse_uint64(fraction, 0, PPM_PER_PERCENT - 1, &rest) < 0)
		return -EINVAL;
	*ret_ppm = percents * PPM_PER_PERCENT + rest;
	return 0;
}

int config_set_cpu_budget(const ConfigKey *key, const char *text, void *target,
			  ConfigFault *ret_fault)
{
	char quoted[CONFIG_QUOTE_MAX];
	Config *config = target;
	uint64_t ppm;

	int r = parse_ppm(text, &ppm);
	if (r == -EINVAL)
		return config_fault(ret_fault, 0, "%s is not a percentage; write one as 0.5%%",
				    config_quote(text, quoted));
	if (r < 0 || ppm < key->minimum || ppm > key->maximum)
		return config_fault(ret_fault, 0,
				    "%s is out of range; it can be from 0.01%% to 100%%, with up "
				    "to %u decimals",
				    config_quote(text, quoted), PPM_DIGITS);
	config->cpu_budget_ppm = ppm;
	return 0;
}
