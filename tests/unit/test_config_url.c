/* SPDX-License-Identifier: MIT */
/*
 * URLs of every kind: what is read from them, and what is refused, where and in which words.
 */
#include "daemon/config/url.h"

#include <string.h>

#include "common/base.h"
#include "common/text.h"
#include "tests/unit/harness.h"

#define X10(string) string string string string string string string string string string
#define X60(string) X10(string) X10(string) X10(string) X10(string) X10(string) X10(string)

typedef struct Good {
	const char *url, *scheme, *host;
	unsigned port;
	const char *target;
	unsigned dns_type;
} Good;

static const Good good[] = {
	{"tcp://www.example.net:443", "tcp", "www.example.net", 443, "", 0},
	{"tcp://localhost:1", "tcp", "localhost", 1, "", 0},
	{"tcp://A-b_c.Example.:65535", "tcp", "A-b_c.Example.", 65535, "", 0},
	{"tcp://_service._tcp.x:80", "tcp", "_service._tcp.x", 80, "", 0},
	{"tcp://3com.com:80", "tcp", "3com.com", 80, "", 0},
	{"tcp://1.2.3.4x:80", "tcp", "1.2.3.4x", 80, "", 0},
	{"tcp://xn--mnchen-3ya.de:80", "tcp", "xn--mnchen-3ya.de", 80, "", 0},
	{"tcp://127.0.0.1:8080", "tcp", "127.0.0.1", 8080, "", 0},
	{"tcp://[::1]:53", "tcp", "::1", 53, "", 0},
	{"tcp://[2001:db8::1]:443", "tcp", "2001:db8::1", 443, "", 0},
	{"tcp://" X60("x") "xxx.net:7", "tcp", X60("x") "xxx.net", 7, "", 0},
	{"tcp://" X60("abc.") "abc.abc.abc.a:7", "tcp", X60("abc.") "abc.abc.abc.a", 7, "", 0},
	{"tcp://" X60("abc.") "abc.abc.abc.a.:7", "tcp", X60("abc.") "abc.abc.abc.a.", 7, "", 0},

	{"tls://a.example", "tls", "a.example", 443, "", 0},
	{"tls://a.example:8443", "tls", "a.example", 8443, "", 0},
	{"tls://192.0.2.1", "tls", "192.0.2.1", 443, "", 0},
	{"tls://[2001:db8::1]", "tls", "2001:db8::1", 443, "", 0},
	{"tls://[2001:db8::1]:853", "tls", "2001:db8::1", 853, "", 0},

	{"http://a", "http", "a", 80, "/", 0},
	{"http://a/", "http", "a", 80, "/", 0},
	{"http://a:8080", "http", "a", 8080, "/", 0},
	{"http://a?x=1", "http", "a", 80, "/?x=1", 0},
	{"http://[::1]/x", "http", "::1", 80, "/x", 0},
	{"https://a", "https", "a", 443, "/", 0},
	{"https://a:8443/path/to?x=1&y=2", "https", "a", 8443, "/path/to?x=1&y=2", 0},
	{"https://a/~u/-._!$&'()*+,;=:@//??", "https", "a", 443, "/~u/-._!$&'()*+,;=:@//??", 0},
	{"https://a/%20%c3%BC", "https", "a", 443, "/%20%c3%BC", 0},
	{"https://a/tcp://b:1", "https", "a", 443, "/tcp://b:1", 0},
	{"https://a/" X60("abcd") "12345678901234", "https", "a", 443,
	 "/" X60("abcd") "12345678901234", 0},

	{"icmp://a.example.", "icmp", "a.example.", 0, "", 0},
	{"icmp://192.0.2.1", "icmp", "192.0.2.1", 0, "", 0},
	{"icmp://[2001:db8::1]", "icmp", "2001:db8::1", 0, "", 0},

	{"dns://192.0.2.1/www.example.net", "dns", "192.0.2.1", 53, "www.example.net", 1},
	{"dns:///www.example.net", "dns", "", 53, "www.example.net", 1},
	{"dns:///.", "dns", "", 53, ".", 1},
	{"dns:///.?type=NS", "dns", "", 53, ".", 2},
	{"dns://ns.example:5353/a.?type=AAAA", "dns", "ns.example", 5353, "a.", 28},
	{"dns://[2001:db8::1]/a", "dns", "2001:db8::1", 53, "a", 1},
	{"dns://[2001:db8::1]:5353/a", "dns", "2001:db8::1", 5353, "a", 1},
	{"dns:///_sip._udp.example.net?type=SRV", "dns", "", 53, "_sip._udp.example.net", 33},
	{"dns:///4.3.2.1.in-addr.arpa?type=PTR", "dns", "", 53, "4.3.2.1.in-addr.arpa", 12},
	{"dns:///a?type=A", "dns", "", 53, "a", 1},
	{"dns:///a?type=aaaa", "dns", "", 53, "a", 28},
	{"dns:///a?type=MX", "dns", "", 53, "a", 15},
	{"dns:///a?type=TXT", "dns", "", 53, "a", 16},
	{"dns:///a?type=SOA", "dns", "", 53, "a", 6},
	{"dns:///a?type=CNAME", "dns", "", 53, "a", 5},
	{"dns:///a?type=HTTPS", "dns", "", 53, "a", 65},
	{"dns:///a?type=CAA", "dns", "", 53, "a", 257},
	{"dns:///a?type=TYPE1", "dns", "", 53, "a", 1},
	{"dns:///a?type=type65535", "dns", "", 53, "a", 65535},
	{"dns:///a?type=TYPE127", "dns", "", 53, "a", 127},
	{"dns:///a?type=TYPE256", "dns", "", 53, "a", 256},
	{"dns:///" X60("abc.") "abc.abc.abc.a.", "dns", "", 53, X60("abc.") "abc.abc.abc.a.", 1},
};

START_TEST(test_good)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		const Good *row = &good[i];
		ConfigFault fault = {0};
		ConfigUrl url;

		int r = config_url_parse(row->url, &url, &fault);
		ck_assert_msg(r == 0, "%s: %s", row->url, fault.text);
		ck_assert_str_eq(url.scheme, row->scheme);
		ck_assert_str_eq(url.host, row->host);
		ck_assert_msg(url.port == row->port, "%s: port %u", row->url, url.port);
		ck_assert_str_eq(url.target, row->target);
		ck_assert_msg(url.dns_type == row->dns_type, "%s: type %u", row->url, url.dns_type);
	}
}
END_TEST

typedef struct Bad {
	const char *url;
	size_t offset;
	const char *message; /* a part of it */
} Bad;

static const Bad bad[] = {
	/* Scheme. */
	{"example.net:443", 0, "'example.net:443' is not a URL; write tcp://HOST:PORT, tls://HOST"},
	{"tcp:/a:1", 0, "is not a URL"},
	{"//a:1", 0, "is not a URL"},
	{"icmp:a", 0, "is not a URL"},
	{"", 0, "is not a URL"},
	{"ftp://a/", 0, "scheme 'ftp' is not known"},
	{"gopher://a/", 0, "there are tcp, tls, http, https, icmp and dns"},
	{"TCP://a:1", 0, "scheme 'TCP' is not known; did you mean 'tcp'?"},
	{"htps://a", 0, "did you mean 'https'?"},
	{"ping://a", 0, "did you mean 'icmp'?"},
	{"ssl://a", 0, "did you mean 'tls'?"},
	{"://a:1", 0, "scheme '' is not known"},
	{"ascheme-of-more-than-16-ch://a:1", 0, "scheme 'ascheme-of-more' is not known"},

	/* Characters. */
	{"tcp://a:1 # web", 9, "a blank"},
	{"tcp://a b:1", 7, "a blank"},
	{"tcp://a\tb:1", 7, "a blank"},
	{"https://a/b c", 11, "a blank"},
	{"https://a/b\x7f", 11, "a control character"},
	{"tcp://m\xc3\xbcnchen.de:1", 7, "write the name in its xn-- form"},
	{"https://a/\xc3\xbc", 10, "write each byte of it as %XX"},
	{"dns:///m\xc3\xbcnchen.de", 8, "write the name in its xn-- form"},
	{"tcp://a:1#f", 9, "remove the '#'"},
	{"https://a/b#f", 11, "a fragment is never sent"},
	{"https://a#f", 9, "a fragment is never sent"},
	{"https://a/?q#f", 12, "a fragment is never sent"},
	{"tcp://u@a:1", 6, "a user has no meaning"},
	{"tcp://u:p@a:1", 6, "a user has no meaning"},
	{"https://u:p@a/", 8, "a user has no meaning here; remove it, with the '@'"},
	{"dns://u@a/b", 6, "a user has no meaning"},

	/* Nothing follows. */
	{"tcp://a:1/", 9, "a URL of tcp ends after the port; remove the '/' and what follows"},
	{"tcp://a:1/path", 9, "remove the '/'"},
	{"tcp://a:1?q=1", 9, "remove the '?'"},
	{"tls://a/", 7, "a URL of tls ends after the port; remove the '/'"},
	{"icmp://a/", 8, "a URL of icmp ends after the host; remove the '/'"},
	{"icmp://a?x", 8, "a URL of icmp ends after the host; remove the '?'"},

	/* Host and port. */
	{"tcp://", 6, "the host is missing; write tcp://HOST:PORT"},
	{"tls://", 6, "the host is missing; write tls://HOST"},
	{"https:///x", 8, "the host is missing; write https://HOST/PATH"},
	{"icmp://", 7, "the host is missing; write icmp://HOST"},
	{"tcp://:80", 6, "the host is missing"},
	{"https://:80/", 8, "the host is missing"},
	{"dns://:53/a", 6, "the server is missing; write dns://SERVER/NAME"},
	{"tcp://a", 7, "the port is missing; write tcp://HOST:PORT"},
	{"tcp://a:", 8, "the port is missing after ':'"},
	{"tls://a:", 8, "the port is missing after ':'"},
	{"https://a:/", 10, "the port is missing after ':'"},
	{"tcp://a:0", 8, "port '0' is not a number of 1 to 65535"},
	{"tcp://a:65536", 8, "port '65536' is not"},
	{"tcp://a:http", 8, "port 'http' is not"},
	{"tcp://a:-1", 8, "port '-1' is not"},
	{"tcp://a:+1", 8, "port '+1' is not"},
	{"tcp://a:1x", 8, "port '1x' is not"},
	{"https://a:x/y", 10, "port 'x' is not"},
	{"dns://a:x/y", 8, "port 'x' is not"},
	{"icmp://a:7", 8, "icmp has no ports; remove the ':' and what follows"},
	{"icmp://a:", 8, "icmp has no ports"},
	{"icmp://[::1]:7", 12, "icmp has no ports"},
	{"tcp://2001:db8::1:443", 6, "stands in brackets: tcp://[2001:db8::1]:443"},
	{"tcp://::1", 6, "stands in brackets"},
	{"icmp://2001:db8::1", 7, "stands in brackets: icmp://[2001:db8::1]"},
	{"https://2001:db8::1/", 8, "stands in brackets"},
	{"dns://2001:db8::53/a", 6, "stands in brackets"},
	{"tcp://[::1", 6, "the ']' is missing"},
	{"https://[::1/]", 8, "the ']' is missing"},
	{"tcp://[::1]", 11, "the port is missing; write tcp://HOST:PORT"},
	{"tcp://[::1]443", 11,
	 "'4' cannot follow the ']'; write tcp://HOST:PORT, as "
	 "tcp://[2001:db8::1]:443"},
	{"icmp://[::1]x", 12,
	 "'x' cannot follow the ']'; write icmp://HOST, as "
	 "icmp://[2001:db8::1]"},
	{"tcp://[::1]:", 12, "the port is missing"},
	{"tcp://[]:1", 7, "'' is not an IPv6 address"},
	{"tcp://[::g]:1", 7, "'::g' is not an IPv6 address"},
	{"tcp://[127.0.0.1]:1", 7, "brackets are only for those"},
	{"tcp://[a.example]:1", 7, "brackets are only for those"},
	{"tcp://[[::1]]:1", 12, "cannot follow the ']'"},
	{"tcp://[[::1]:1", 7, "is not an IPv6 address"},
	{"icmp://[fe80::1%eth0]", 15, "zones are not supported"},
	{"tcp://256.1.1.1:1", 6, "'256.1.1.1' is not an IPv4 address"},
	{"tcp://1.2.3:1", 6, "is not an IPv4 address"},
	{"tcp://1.2.3.4.:1", 6, "is not an IPv4 address"},
	{"icmp://1.2.3.4.5", 7, "is not an IPv4 address"},
	{"tcp://127.1:1", 6, "is not an IPv4 address"},
	{"https://2130706433", 8, "is not an IPv4 address"},
	{"tcp://-a.net:1", 6, "cannot begin with '-'"},
	{"tcp://a.b-.net:1", 9, "cannot end with '-'"},
	{"tcp://a..net:1", 8, "the host name has an empty label"},
	{"tcp://.net:1", 6, "empty label"},
	{"tcp://a.net..:1", 12, "empty label"},
	{"tcp://.:1", 6, "empty label"},
	{"tcp://a*b.net:1", 7, "'*' cannot stand in the host name"},
	{"tcp://a.net]:1", 11, "']' cannot stand in the host name"},
	{"https://a\\b", 9, "'\\' cannot stand in the host name"},
	{"tcp://a%20b:1", 7, "'%' cannot stand in the host name"},
	{"tcp://" X60("x") "xxxx.net:1", 6, "longer than 63 characters"},
	{"tcp://" X60("abc.") "abc.abc.abc.ab:1", 6, "longer than 253 characters"},
	{"tcp://" X60("abc.") "abc.abc.abc.abc.:1", 6, "longer than 253 characters"},
	{"tcp://" X60("abc.") X10("abc.") ":1", 6, "longer than 253 characters"},
	{"tcp://" X60("abc.") X60("abc.") ":1", 319, "the URL is longer than 319 bytes"},
	{"https://a/" X60("abcd") X60("x") X10("x"), 319, "the URL is longer than 319 bytes"},

	/* http, https. */
	{"https://a/b\"c", 11, "'\"' cannot stand in a path or a query; write it as '%22'"},
	{"https://a/[b]", 10, "'[' cannot stand in a path or a query; write it as '%5B'"},
	{"https://a/?{}", 11, "'{' cannot stand"},
	{"https://a/b\\c", 11, "'\\' cannot stand"},
	{"https://a/100%", 13, "two hexadecimal digits have to follow a '%'; write '%25'"},
	{"https://a/%2", 10, "two hexadecimal digits"},
	{"https://a/%20%zz", 13, "two hexadecimal digits"},
	{"https://a/" X60("abcd") "123456789012345", 9, "longer than 255 characters"},
	{"https://a?" X60("abcd") "12345678901234", 9, "longer than 255 characters"},

	/* dns. */
	{"dns://192.0.2.1", 15, "the name to ask for is missing; write dns://SERVER/NAME"},
	{"dns://example.net", 17, "or dns:///NAME to ask the system's server"},
	{"dns://a?type=A", 7, "the name to ask for is missing"},
	{"dns://", 6, "the name to ask for is missing"},
	{"dns:///", 7, "is missing after '/'; for the root, write '.'"},
	{"dns://a/", 8, "is missing after '/'"},
	{"dns:///?type=NS", 7, "is missing after '/'"},
	{"dns:///a%20b", 8, "write the name as it is, without '%'"},
	{"dns:///a/b", 8, "'/' cannot stand in the name to ask for"},
	{"dns:///a..b", 9, "the name to ask for has an empty label"},
	{"dns:///..", 7, "empty label"},
	{"dns:///" X60("x") "xxxx", 7, "a label of the name to ask for is longer than 63"},
	{"dns:///" X60("abc.") "abc.abc.abc.ab", 7, "longer than 253 characters"},
	{"dns:///" X60("abc.") X10("abc."), 7, "longer than 253 characters"},
	{"dns:///1.2.3.4", 7,
	 "this is an address; its name is 4.3.2.1.in-addr.arpa, with "
	 "?type=PTR"},
	{"dns:///2001:db8::1", 11, "':' cannot stand in the name to ask for"},
	{"dns:///a?typ=A", 8, "only '?type=' can follow the name"},
	{"dns:///a?", 8, "only '?type='"},
	{"dns:///a?TYPE=A", 8, "only '?type='"},
	{"dns:///a?type", 8, "only '?type='"},
	{"dns:///a?type=", 14, "the type is missing after '='"},
	{"dns:///a?type=AAAAA", 14, "is not a type of record; did you mean 'AAAA'?"},
	{"dns:///a?type=ANY", 14, "'ANY' is not a type of record"},
	{"dns:///a?type=A&x=1", 14, "'A&x=1' is not a type of record"},
	{"dns:///a?type=28", 14, "or TYPE and its number"},
	{"dns:///a?type=TYPE", 14, "is not a type of record"},
	{"dns:///a?type=TYPE0", 14, "is not a type of record"},
	{"dns:///a?type=TYPE65536", 14, "is not a type of record"},
	{"dns:///a?type=TYPE41", 14, "'TYPE41' is not a type that records have"},
	{"dns:///a?type=TYPE128", 14, "is not a type that records have"},
	{"dns:///a?type=TYPE255", 14, "is not a type that records have"},
};

START_TEST(test_bad)
{
	unsigned failed = 0;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const Bad *row = &bad[i];
		ConfigFault fault = {0};
		ConfigUrl url, before;

		memset(&before, 0x5a, sizeof(before));
		url = before;
		int r = config_url_parse(row->url, &url, &fault);
		ck_assert_msg(memcmp(&url, &before, sizeof(url)) == 0, "%s: touched", row->url);
		if (r == CONFIG_INVALID && fault.offset == row->offset &&
		    strstr(fault.text, row->message))
			continue;
		fprintf(stderr, "# %s\n# expected %zu: %s\n# got %d, %zu: %s\n", row->url,
			row->offset, row->message, r, fault.offset, fault.text);
		failed++;
	}
	ck_assert_uint_eq(failed, 0);
}
END_TEST

/* A secret that somebody wrote into a URL is not repeated in the log. */
START_TEST(test_no_secret)
{
	static const char *const urls[] = {
		"https://user:hunter2@a/",
		"tcp://user:hunter2@a:1",
		"ftp://user:hunter2@a/",
		"https://a:1:hunter2@b/",
	};

	for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
		ConfigFault fault = {0};
		ConfigUrl url;
		ck_assert_int_eq(config_url_parse(urls[i], &url, &fault), CONFIG_INVALID);
		ck_assert_msg(!strstr(fault.text, "hunter2"), "%s", fault.text);
	}
}
END_TEST

/* No fault is longer than its buffer, whatever is quoted in it. */
START_TEST(test_longest)
{
	static const char *const urls[] = {X60("\xe2\x82\xac"), "dns:///a?type=" X60("xyz"),
					   "tcp://a:" X60("xyz"), "tcp://[" X60("x") ":]:1"};

	for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
		ConfigFault fault = {0};
		ConfigUrl url;
		ck_assert_int_eq(config_url_parse(urls[i], &url, &fault), CONFIG_INVALID);
		ck_assert_uint_lt(strlen(fault.text), CONFIG_FAULT_MAX - 1);
	}
}
END_TEST

HARNESS_MAIN("config_url",
	     HARNESS_CASE(suite, "url", test_good, test_bad, test_no_secret, test_longest);)
