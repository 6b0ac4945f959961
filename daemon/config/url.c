/* SPDX-License-Identifier: MIT */
/*
 * Every rejected URL names what is wrong and what to write instead: a URL is the one value that
 * people copy from elsewhere, with the scheme, the path and the missing port of a browser.
 */
#include "daemon/config/url.h"

#include <stdbool.h>
#include <string.h>

#include "common/address.h"
#include "common/base.h"
#include "common/parse.h"
#include "common/text.h"
#include "daemon/config/suggest.h"

#define SCHEME        "tcp://"
#define SCHEME_LENGTH (sizeof(SCHEME) - 1)

#define NAME_LENGTH_MAX  253 /* RFC 1035 2.3.4: 255 octets on the wire, without the root's */
#define LABEL_LENGTH_MAX 63

#define DIGITS "0123456789"
#define LABEL  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "-_"

/* Without a scheme, with another one, or with a mistyped one. */
static int fault_scheme(const char *url, ConfigFault *ret_fault)
{
	const char *rest = strstr(url, "://");
	char quoted[CONFIG_QUOTE_MAX], scheme[16];

	if (!rest)
		return config_fault(ret_fault, 0, "%s is not a URL; write tcp://HOST:PORT",
				    config_quote(url, quoted));

	size_t length = (size_t)(rest - url);
	if (length >= sizeof(scheme))
		return config_fault(ret_fault, 0,
				    "this scheme is not known; write tcp://HOST:PORT");
	memcpy(scheme, url, length);
	scheme[length] = '\0';
	return config_fault(ret_fault, 0, "scheme %s is not known; write tcp://HOST:PORT%s",
			    config_quote(scheme, quoted),
			    text_equal(scheme, "https")  ? " (https: port 443)"
			    : text_equal(scheme, "http") ? " (http: port 80)"
							 : "");
}

/* What belongs to URLs of other kinds, or to none. */
static int check_characters(const char *url, ConfigFault *ret_fault)
{
	for (size_t i = SCHEME_LENGTH; url[i] != '\0'; i++) {
		unsigned char c = (unsigned char)url[i];
		if (c <= ' ' || c == 0x7f)
			return config_fault(ret_fault, i,
					    "there is a blank or a control character "
					    "in the URL; remove it");
		if (c >= 0x80)
			return config_fault(ret_fault, i,
					    "the URL is not ASCII; write the name in "
					    "its xn-- form");
		if (c == '@')
			return config_fault(ret_fault, SCHEME_LENGTH,
					    "a user has no meaning in a tcp URL; remove it, "
					    "with the '@'");
		if (c == '/' || c == '?' || c == '#')
			return config_fault(ret_fault, i,
					    "a tcp URL ends after the port; remove the '%c' and "
					    "what follows",
					    c);
	}
	return 0;
}

static int check_label(const char *label, size_t length, size_t offset, ConfigFault *ret_fault)
{
	if (length == 0)
		return config_fault(ret_fault, offset, "the host name has an empty label");
	if (length > LABEL_LENGTH_MAX)
		return config_fault(ret_fault, offset,
				    "a label of the host name is longer than %u characters",
				    LABEL_LENGTH_MAX);

	size_t valid = strspn(label, LABEL);
	if (valid < length)
		return config_fault(ret_fault, offset + valid,
				    "'%c' cannot stand in a host name; letters, digits, '-', '_' "
				    "and '.' can",
				    label[valid]);
	if (label[0] == '-')
		return config_fault(ret_fault, offset, "a label cannot begin with '-'");
	if (label[length - 1] == '-')
		return config_fault(ret_fault, offset + length - 1, "a label cannot end with '-'");
	return 0;
}

/* RFC 1123 2.1: if the last label is a number, the whole is meant to be an IPv4 address. */
static int check_numeric(const char *host, ConfigFault *ret_fault)
{
	size_t length = strlen(host);
	Address address;

	if (length > 0 && host[length - 1] == '.')
		length--;
	size_t start = length;
	while (start > 0 && host[start - 1] != '.')
		start--;
	if (strspn(host + start, DIGITS) < length - start)
		return 0;
	if (address_parse(host, &address) == 0)
		return 0;

	char quoted[CONFIG_QUOTE_MAX];
	return config_fault(ret_fault, SCHEME_LENGTH,
			    "%s is not an IPv4 address (four numbers of 0 to 255, no leading 0)",
			    config_quote(host, quoted));
}

static int check_name(const char *host, ConfigFault *ret_fault)
{
	size_t length = strlen(host), start = 0;

	if (length == 0)
		return config_fault(ret_fault, SCHEME_LENGTH,
				    "the host is missing; write "
				    "tcp://HOST:PORT");
	if (host[length - 1] == '.' && length > 1)
		length--; /* the root: nothing is appended when resolving */
	if (length > NAME_LENGTH_MAX)
		return config_fault(ret_fault, SCHEME_LENGTH,
				    "the host name is longer than %u characters", NAME_LENGTH_MAX);

	while (start <= length) {
		size_t n = strcspn(host + start, ".");
		n = MIN(n, length - start);
		int r = check_label(host + start, n, SCHEME_LENGTH + start, ret_fault);
		if (r != 0)
			return r;
		start += n + 1;
	}
	return check_numeric(host, ret_fault);
}

static int parse_port(const char *url, size_t offset, uint16_t *ret_port, ConfigFault *ret_fault)
{
	char quoted[CONFIG_QUOTE_MAX];
	uint64_t port;

	if (url[offset] == '\0')
		return config_fault(ret_fault, offset, "the port is missing after ':'");
	if (parse_uint64(url + offset, 1, UINT16_MAX, &port) < 0)
		return config_fault(ret_fault, offset, "port %s is not a number of 1 to 65535",
				    config_quote(url + offset, quoted));
	*ret_port = (uint16_t)port;
	return 0;
}

/* No host that fits nowhere is a valid one: names are at most 254 characters, addresses 45. */
static bool copy_host(const char *url, size_t start, size_t end, char *host)
{
	if (end - start >= CONFIG_HOST_MAX)
		return false;
	memcpy(host, url + start, end - start);
	host[end - start] = '\0';
	return true;
}

static int parse_bracketed(const char *url, char *host, uint16_t *ret_port, ConfigFault *ret_fault)
{
	const size_t start = SCHEME_LENGTH + 1;
	const char *end = strchr(url + start, ']');
	char quoted[CONFIG_QUOTE_MAX];
	Address address;

	if (!end)
		return config_fault(ret_fault, SCHEME_LENGTH,
				    "the ']' is missing after the IPv6 "
				    "address");
	if (end[1] != ':')
		return config_fault(ret_fault, (size_t)(end - url) + 1,
				    "the port is missing; write tcp://[ADDRESS]:PORT");

	size_t stop = (size_t)(end - url);
	if (!copy_host(url, start, stop, host))
		return config_fault(ret_fault, start, "this is not an IPv6 address");
	if (strchr(host, '%'))
		return config_fault(ret_fault, start + strcspn(host, "%"),
				    "zones are not supported; use an address that is not "
				    "link-local");
	if (!strchr(host, ':') || strchr(host, '[') || address_parse(host, &address) < 0)
		return config_fault(ret_fault, start,
				    "%s is not an IPv6 address; brackets are only for those",
				    config_quote(host, quoted));
	return parse_port(url, stop + 2, ret_port, ret_fault);
}

static int parse_plain(const char *url, char *host, uint16_t *ret_port, ConfigFault *ret_fault)
{
	const char *authority = url + SCHEME_LENGTH;
	const char *colon = strchr(authority, ':');
	int r;

	if (!colon)
		return config_fault(ret_fault, strlen(url),
				    "the port is missing; write tcp://HOST:PORT");
	if (strchr(colon + 1, ':'))
		return config_fault(ret_fault, SCHEME_LENGTH,
				    "more than one ':'; an IPv6 address "
				    "stands in brackets: "
				    "tcp://[2001:db8::1]:443");

	size_t end = (size_t)(colon - url);
	if (!copy_host(url, SCHEME_LENGTH, end, host))
		return config_fault(ret_fault, SCHEME_LENGTH,
				    "the host name is longer than %u characters", NAME_LENGTH_MAX);
	r = check_name(host, ret_fault);
	if (r != 0)
		return r;
	return parse_port(url, end + 1, ret_port, ret_fault);
}

int config_url_parse(const char *url, char *ret_host, uint16_t *ret_port, ConfigFault *ret_fault)
{
	char host[CONFIG_HOST_MAX];
	uint16_t port;
	int r;

	if (!text_starts_with(url, SCHEME))
		return fault_scheme(url, ret_fault);
	r = check_characters(url, ret_fault);
	if (r != 0)
		return r;

	if (url[SCHEME_LENGTH] == '[')
		r = parse_bracketed(url, host, &port, ret_fault);
	else
		r = parse_plain(url, host, &port, ret_fault);
	if (r != 0)
		return r;

	(void)text_copy(ret_host, CONFIG_HOST_MAX, host); /* same size: fits */
	*ret_port = port;
	return 0;
}
