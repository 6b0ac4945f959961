/* SPDX-License-Identifier: MIT */
/*
 * Every rejected URL names what is wrong and what to write instead: a URL is the one value that
 * people copy from elsewhere, with the user, the fragment and the missing port of a browser.
 *
 * Kinds are rows of one table. A URL is cut at the end of its authority; what follows is read by
 * the row's function in target.c, or there is nothing to follow.
 */
#include "daemon/config/url.h"

#include <stdbool.h>
#include <string.h>

#include "common/address.h"
#include "common/base.h"
#include "common/parse.h"
#include "common/text.h"
#include "daemon/config/name.h"
#include "daemon/config/suggest.h"
#include "daemon/config/target.h"

typedef struct Scheme {
	const char *name;
	const char *form; /* what to write */
	bool has_port;
	uint16_t port; /* by default; 0: it has to be written, or there is none */
	bool server;   /* the host may be left out */
	/* What follows the authority; NULL: nothing does. */
	int (*target)(const char *url, size_t offset, ConfigUrl *ret_url, ConfigFault *ret_fault);
} Scheme;

static const Scheme schemes[] = {
	{.name = "tcp", .form = "tcp://HOST:PORT", .has_port = true},
	{.name = "tls", .form = "tls://HOST", .has_port = true, .port = 443},
	{.name = "http",
	 .form = "http://HOST/PATH",
	 .has_port = true,
	 .port = 80,
	 .target = config_target_http},
	{.name = "https",
	 .form = "https://HOST/PATH",
	 .has_port = true,
	 .port = 443,
	 .target = config_target_http},
	{.name = "icmp", .form = "icmp://HOST"},
	{.name = "dns",
	 .form = "dns://SERVER/NAME",
	 .has_port = true,
	 .port = 53,
	 .server = true,
	 .target = config_target_dns},
};

/* What other tools call the same. */
static const struct {
	const char *word, *meant;
} synonyms[] = {{"ping", "icmp"}, {"ssl", "tls"}};

#define SEPARATOR "://"

/* Without a scheme, with another one, or with a mistyped one. */
static int fault_scheme(const char *url, ConfigFault *ret_fault)
{
	const char *rest = strstr(url, SEPARATOR), *names[ARRAY_SIZE(schemes)], *meant = NULL;
	char quoted[CONFIG_QUOTE_MAX], scheme[16];

	if (!rest)
		return config_fault(ret_fault, 0,
				    "%s is not a URL; write tcp://HOST:PORT, tls://HOST, "
				    "https://HOST/PATH, icmp://HOST or dns://SERVER/NAME",
				    config_quote(url, quoted));

	size_t length = MIN((size_t)(rest - url), sizeof(scheme) - 1);
	memcpy(scheme, url, length);
	scheme[length] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(synonyms); i++)
		if (text_equal(scheme, synonyms[i].word))
			meant = synonyms[i].meant;
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		names[i] = schemes[i].name;
	if (!meant)
		meant = config_suggest(scheme, names, ARRAY_SIZE(schemes));
	if (meant)
		return config_fault(ret_fault, 0, "scheme %s is not known; did you mean '%s'?",
				    config_quote(scheme, quoted), meant);
	return config_fault(ret_fault, 0,
			    "scheme %s is not known; there are tcp, tls, http, https, icmp and dns",
			    config_quote(scheme, quoted));
}

static const Scheme *find_scheme(const char *url)
{
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (text_starts_with(url, schemes[i].name) &&
		    text_starts_with(url + strlen(schemes[i].name), SEPARATOR))
			return &schemes[i];
	return NULL;
}

/* What no URL can hold, from the authority on. */
static int check_characters(const char *url, size_t start, size_t end, ConfigFault *ret_fault)
{
	for (size_t i = start; url[i] != '\0'; i++) {
		unsigned char c = (unsigned char)url[i];
		if (c <= ' ' || c == 0x7f)
			return config_fault(ret_fault, i,
					    "there is a blank or a control character in the URL; "
					    "remove it");
		if (c >= 0x80)
			return config_fault(ret_fault, i, "the URL is not ASCII; write %s",
					    i < end || text_starts_with(url, "dns:")
						    ? "the name in its xn-- form"
						    : "each byte of it as %XX");
		if (c == '#')
			return config_fault(ret_fault, i,
					    "a fragment is never sent; remove the '#' and what "
					    "follows");
	}
	return 0;
}

static int fault_rest(const Scheme *scheme, const char *url, size_t end, ConfigFault *ret_fault)
{
	return config_fault(ret_fault, end,
			    "a URL of %s ends after the %s; remove the '%c' and what follows",
			    scheme->name, scheme->has_port ? "port" : "host", url[end]);
}

/* `text` begins with the ':', or is empty. */
static int parse_port(const Scheme *scheme, const char *text, size_t offset, uint16_t *ret_port,
		      ConfigFault *ret_fault)
{
	char quoted[CONFIG_QUOTE_MAX];
	uint64_t port;

	if (text[0] == '\0') {
		if (scheme->has_port && scheme->port == 0)
			return config_fault(ret_fault, offset, "the port is missing; write %s",
					    scheme->form);
		*ret_port = scheme->port;
		return 0;
	}
	if (!scheme->has_port)
		return config_fault(ret_fault, offset,
				    "%s has no ports; remove the ':' and what follows",
				    scheme->name);
	if (text[1] == '\0')
		return config_fault(ret_fault, offset + 1, "the port is missing after ':'");
	if (parse_uint64(text + 1, 1, UINT16_MAX, &port) < 0)
		return config_fault(ret_fault, offset + 1, "port %s is not a number of 1 to 65535",
				    config_quote(text + 1, quoted));
	*ret_port = (uint16_t)port;
	return 0;
}

/* [ADDRESS] and what follows. `offset` is where `authority` begins in the URL. */
static int parse_bracketed(const Scheme *scheme, const char *authority, size_t offset,
			   ConfigUrl *ret_url, ConfigFault *ret_fault)
{
	const char *end = strchr(authority, ']');
	char host[CONFIG_URL_MAX], quoted[CONFIG_QUOTE_MAX];
	Address address;

	if (!end)
		return config_fault(ret_fault, offset, "the ']' is missing after the IPv6 address");
	size_t length = (size_t)(end - authority) - 1;
	memcpy(host, authority + 1, length);
	host[length] = '\0';
	if (end[1] != ':' && end[1] != '\0')
		return config_fault(ret_fault, offset + length + 2,
				    "'%c' cannot follow the ']'; write %s, as "
				    "%s://[2001:db8::1]%s",
				    end[1], scheme->form, scheme->name,
				    scheme->has_port ? ":443" : "");
	if (strchr(host, '%'))
		return config_fault(ret_fault, offset + 1 + strcspn(host, "%"),
				    "zones are not supported; use an address that is not "
				    "link-local");
	if (!strchr(host, ':') || address_parse(host, &address) < 0)
		return config_fault(ret_fault, offset + 1,
				    "%s is not an IPv6 address; brackets are only for those",
				    config_quote(host, quoted));
	(void)text_copy(ret_url->host, sizeof(ret_url->host), host); /* an address: short */
	return parse_port(scheme, end + 1, offset + length + 2, &ret_url->port, ret_fault);
}

static int parse_plain(const Scheme *scheme, const char *authority, size_t offset,
		       ConfigUrl *ret_url, ConfigFault *ret_fault)
{
	size_t length = strcspn(authority, ":");
	char host[CONFIG_URL_MAX];

	if (authority[length] == ':' && strchr(authority + length + 1, ':'))
		return config_fault(ret_fault, offset,
				    "more than one ':'; an IPv6 address stands in brackets: "
				    "%s://[2001:db8::1]%s",
				    scheme->name, scheme->has_port ? ":443" : "");
	if (length == 0 && (!scheme->server || authority[0] == ':'))
		return config_fault(ret_fault, offset, "the %s is missing; write %s",
				    scheme->server ? "server" : "host", scheme->form);
	memcpy(host, authority, length);
	host[length] = '\0';
	if (length > 0) {
		int r = config_host_check(host, offset, ret_fault);
		if (r != 0)
			return r;
	}
	(void)text_copy(ret_url->host, sizeof(ret_url->host), host); /* checked: at most 254 */
	return parse_port(scheme, authority + length, offset + length, &ret_url->port, ret_fault);
}

static int parse_authority(const Scheme *scheme, const char *url, size_t start, size_t end,
			   ConfigUrl *ret_url, ConfigFault *ret_fault)
{
	char authority[CONFIG_URL_MAX];

	memcpy(authority, url + start, end - start);
	authority[end - start] = '\0';
	if (strchr(authority, '@'))
		return config_fault(ret_fault, start,
				    "a user has no meaning here; remove it, with the '@'");
	if (authority[0] == '[')
		return parse_bracketed(scheme, authority, start, ret_url, ret_fault);
	return parse_plain(scheme, authority, start, ret_url, ret_fault);
}

int config_url_parse(const char *url, ConfigUrl *ret_url, ConfigFault *ret_fault)
{
	const Scheme *scheme = find_scheme(url);
	ConfigUrl parsed = {0};
	int r;

	if (strlen(url) >= CONFIG_URL_MAX)
		return config_fault(ret_fault, CONFIG_URL_MAX - 1,
				    "the URL is longer than %u bytes", CONFIG_URL_MAX - 1);
	if (!scheme)
		return fault_scheme(url, ret_fault);

	size_t start = strlen(scheme->name) + strlen(SEPARATOR);
	size_t end = start + strcspn(url + start, "/?");
	r = check_characters(url, start, end, ret_fault);
	if (r != 0)
		return r;
	if (!scheme->target && url[end] != '\0')
		return fault_rest(scheme, url, end, ret_fault);
	r = parse_authority(scheme, url, start, end, &parsed, ret_fault);
	if (r != 0)
		return r;
	if (scheme->target) {
		r = scheme->target(url, end, &parsed, ret_fault);
		if (r != 0)
			return r;
	}
	(void)text_copy(parsed.scheme, sizeof(parsed.scheme), scheme->name); /* all are short */
	*ret_url = parsed;
	return 0;
}
