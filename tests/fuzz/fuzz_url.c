/* SPDX-License-Identifier: MIT */
/*
 * A URL either has a fault at one of its bytes, which can be printed, or it is what a probe can be
 * made of: the parts are clean, and written out again they are read as the same.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "common/address.h"
#include "common/base.h"
#include "common/text.h"
#include "daemon/config/url.h"

static void check_fault(const ConfigFault *fault, size_t length)
{
	FUZZ_CHECK(fault->offset <= length);
	FUZZ_CHECK(memchr(fault->text, '\0', sizeof(fault->text)) && fault->text[0] != '\0');
	for (const char *c = fault->text; *c != '\0'; c++)
		FUZZ_CHECK((unsigned char)*c >= ' ' && *c != 0x7f);
}

/* Only printable ASCII, and none of `without`. */
static void check_clean(const char *part, const char *without)
{
	for (const char *c = part; *c != '\0'; c++)
		FUZZ_CHECK(*c > ' ' && *c < 0x7f);
	FUZZ_CHECK(!strpbrk(part, without));
}

static void check_host(const ConfigUrl *url)
{
	Address address;

	FUZZ_CHECK(memchr(url->host, '\0', sizeof(url->host)) && strlen(url->host) <= 254);
	check_clean(url->host, "@/[]#?%\\\"'<>");
	FUZZ_CHECK(!strchr(url->host, ':') || address_parse(url->host, &address) == 0);
}

static void check_parts(const ConfigUrl *url)
{
	static const char *const schemes[] = {"tcp", "tls", "http", "https", "icmp", "dns"};
	bool dns = text_equal(url->scheme, "dns"), http = text_starts_with(url->scheme, "http");
	bool known = false;

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		known |= text_equal(url->scheme, schemes[i]);
	FUZZ_CHECK(known);
	check_host(url);
	FUZZ_CHECK(dns || url->host[0] != '\0');
	FUZZ_CHECK((url->port == 0) == text_equal(url->scheme, "icmp"));
	FUZZ_CHECK((url->dns_type != 0) == dns);
	FUZZ_CHECK(memchr(url->target, '\0', sizeof(url->target)));
	check_clean(url->target, "#\\\"<>[]{}|^`");
	FUZZ_CHECK((url->target[0] == '/') == http && (url->target[0] != '\0') == (dns || http));
	FUZZ_CHECK(!dns || (!strpbrk(url->target, "/?%:@") && strlen(url->target) <= 254));
}

/* The parts as a URL again. */
static void write_url(const ConfigUrl *url, Text *text)
{
	bool bracketed = strchr(url->host, ':') != NULL;

	text_appendf(text, "%s://%s%s%s", url->scheme, bracketed ? "[" : "", url->host,
		     bracketed ? "]" : "");
	if (url->port > 0 && url->host[0] != '\0')
		text_appendf(text, ":%u", url->port);
	if (url->dns_type > 0)
		text_appendf(text, "/%s?type=TYPE%u", url->target, url->dns_type);
	else
		text_append(text, url->target);
}

static void check_again(const ConfigUrl *url)
{
	_cleanup_(text_clear) Text text = {0};
	ConfigFault fault;
	ConfigUrl again;

	write_url(url, &text);
	if (text.length >= CONFIG_URL_MAX)
		return; /* the port or the type was not written, and there is no room for it */
	FUZZ_CHECK(config_url_parse(text_string(&text), &again, &fault) == 0);
	FUZZ_CHECK(text_equal(again.scheme, url->scheme) && text_equal(again.host, url->host));
	FUZZ_CHECK(again.port == url->port && again.dns_type == url->dns_type);
	FUZZ_CHECK(text_equal(again.target, url->target));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = malloc(size + 1);
	ConfigFault fault;
	ConfigUrl url;

	FUZZ_CHECK(text);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';

	int r = config_url_parse(text, &url, &fault);
	FUZZ_CHECK(r == 0 || r == CONFIG_INVALID);
	if (r == CONFIG_INVALID) {
		check_fault(&fault, strlen(text));
		return 0;
	}
	check_parts(&url);
	check_again(&url);
	return 0;
}
