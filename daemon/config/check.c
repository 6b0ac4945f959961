/* SPDX-License-Identifier: MIT */
/*
 * A key that could have no effect is refused rather than passed over: whoever wrote it expects one.
 * Missing files and addresses that this host does not have are no matter of the configuration: they
 * come and go while the daemon runs.
 */
#include "daemon/config/check.h"

#include "common/address.h"
#include "common/base.h"
#include "common/parse.h"
#include "common/text.h"

#define DURATION_TEXT_MAX 64

static const char *family_name(uint8_t family)
{
	return family == AF_INET ? "IPv4" : "IPv6";
}

static bool is_tls(const ConfigEndpoint *endpoint)
{
	return text_equal(endpoint->scheme, "tls") || text_equal(endpoint->scheme, "https");
}

/* A certificate is only shown by TLS. */
static int check_needs_tls(const ConfigRule *rule, const void *target, ConfigFault *ret_fault)
{
	const ConfigEndpoint *endpoint = target;

	(void)rule;
	if (is_tls(endpoint))
		return 0;
	return config_fault(ret_fault, 0,
			    "there is no certificate with %s://; remove this, or measure tls:// or "
			    "https://",
			    endpoint->scheme);
}

static int check_needs_http(const ConfigRule *rule, const void *target, ConfigFault *ret_fault)
{
	const ConfigEndpoint *endpoint = target;

	(void)rule;
	if (text_starts_with(endpoint->scheme, "http"))
		return 0;
	return config_fault(ret_fault, 0,
			    "there is no body with %s://; remove this, or measure http:// or "
			    "https://",
			    endpoint->scheme);
}

/* The family of a host that is an address; 0: a name, or none. */
static uint8_t host_family(const ConfigEndpoint *endpoint)
{
	Address address;

	return address_parse(endpoint->host, &address) == 0 ? address.family : 0;
}

static int check_family_host(const ConfigRule *rule, const void *target, ConfigFault *ret_fault)
{
	const ConfigEndpoint *endpoint = target;
	uint8_t wanted = endpoint->family == CONFIG_FAMILY_IPV4 ? AF_INET : AF_INET6;
	uint8_t host = host_family(endpoint);

	(void)rule;
	if (endpoint->family == CONFIG_FAMILY_BOTH || host == 0 || host == wanted)
		return 0;
	return config_fault(ret_fault, 0, "the host of Url= is an %s address; remove this",
			    family_name(host));
}

static int check_source_family(const ConfigRule *rule, const void *target, ConfigFault *ret_fault)
{
	const ConfigEndpoint *endpoint = target;
	uint8_t wanted = endpoint->family == CONFIG_FAMILY_IPV4 ? AF_INET : AF_INET6;

	(void)rule;
	if (endpoint->source.family == 0)
		return 0;
	if (endpoint->family == CONFIG_FAMILY_BOTH)
		return config_fault(ret_fault, 0,
				    "an %s address cannot be the source for Family=both; remove "
				    "Family=",
				    family_name(endpoint->source.family));
	if (endpoint->source.family == wanted)
		return 0;
	return config_fault(ret_fault, 0, "this is an %s address, but Family= wants %s",
			    family_name(endpoint->source.family), family_name(wanted));
}

static int check_source_host(const ConfigRule *rule, const void *target, ConfigFault *ret_fault)
{
	const ConfigEndpoint *endpoint = target;
	uint8_t host = host_family(endpoint), source = endpoint->source.family;

	(void)rule;
	if (source == 0 || host == 0 || host == source)
		return 0;
	return config_fault(ret_fault, 0, "this is an %s address, but the host of Url= an %s one",
			    family_name(source), family_name(host));
}

static uint64_t duration_of(const char *name, const void *target)
{
	const ConfigKey *key = config_key_find(CONFIG_SECTION_ENDPOINT, name);

	assert(key);
	return *(const uint64_t *)(const void *)((const char *)target + key->offset);
}

/* The rule sees to it that there is a limit; 0 is no target. */
static int check_not_longer(const ConfigRule *rule, const void *target, ConfigFault *ret_fault)
{
	uint64_t ns = duration_of(rule->key, target), limit = duration_of(rule->with, target);
	char text[DURATION_TEXT_MAX], limit_text[DURATION_TEXT_MAX];

	if (ns <= limit)
		return 0;
	parse_format_duration(ns, text, sizeof(text));
	parse_format_duration(limit, limit_text, sizeof(limit_text));
	return config_fault(ret_fault, 0, "%s is longer than %s=, which is %s%s", text, rule->with,
			    limit_text,
			    rule->written ? "" : ": no measurement that counts takes so long");
}

static int check_discover(const ConfigRule *rule, const void *target, ConfigFault *ret_fault)
{
	const Config *config = target;

	(void)rule;
	if (!config->probe_peers || config->discover != CONFIG_DISCOVER_NO)
		return 0;
	return config_fault(ret_fault, 0,
			    "no peers are found with Discover=no; remove one of them");
}

#define ENDPOINT_RULE(KEY, WITH, WRITTEN, CHECK)                                                   \
	{                                                                                          \
		.section = CONFIG_SECTION_ENDPOINT, .key = KEY, .with = WITH, .written = WRITTEN,  \
		.check = CHECK                                                                     \
	}

const ConfigRule config_rules[] = {
	{.section = CONFIG_SECTION_DAEMON,
	 .key = "ProbePeers",
	 .with = "Discover",
	 .written = true,
	 .check = check_discover},
	ENDPOINT_RULE("Family", "Url", true, check_family_host),
	ENDPOINT_RULE("Source", "Family", true, check_source_family),
	ENDPOINT_RULE("Source", "Url", true, check_source_host),
	ENDPOINT_RULE("TargetP50", "TargetP95", true, check_not_longer),
	ENDPOINT_RULE("TargetP50", "TargetP99", true, check_not_longer),
	ENDPOINT_RULE("TargetP95", "TargetP99", true, check_not_longer),
	ENDPOINT_RULE("TargetP50", "Timeout", false, check_not_longer),
	ENDPOINT_RULE("TargetP95", "Timeout", false, check_not_longer),
	ENDPOINT_RULE("TargetP99", "Timeout", false, check_not_longer),
	ENDPOINT_RULE("Verify", "Url", true, check_needs_tls),
	ENDPOINT_RULE("TrustedCertificates", "Url", true, check_needs_tls),
	ENDPOINT_RULE("BodyLimit", "Url", true, check_needs_http),
	{.key = NULL},
};
