/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The Url= of an endpoint (RFC 3986, less what a probe has no use for):
 *
 *   tcp://HOST:PORT
 *   tls://HOST[:PORT]                          port 443
 *   http://HOST[:PORT][/PATH][?QUERY]          port 80
 *   https://HOST[:PORT][/PATH][?QUERY]         port 443
 *   icmp://HOST
 *   dns://[SERVER[:PORT]]/NAME[?type=TYPE]     port 53, type A
 *
 * HOST and SERVER are names (RFC 1123, with underscores and a trailing dot), IPv4 addresses, or
 * IPv6 addresses in brackets (RFC 3986, 3.2.2). There is no user and no fragment: neither is sent.
 */
#include <stdint.h>

#include "daemon/config/problems.h"

typedef struct ConfigUrl {
	char scheme[8];
	char host[CONFIG_HOST_MAX];     /* without brackets; dns: "" the system's first server */
	uint16_t port;                  /* written or by default; 0: icmp */
	char target[CONFIG_TARGET_MAX]; /* http, https: "/..." with the query; dns: the name, "."
					   for the root; else "" */
	uint16_t dns_type;              /* dns: 1..65535; else 0 */
} ConfigUrl;

/* 0, or CONFIG_INVALID with the fault; then the result is untouched. */
int config_url_parse(const char *url, ConfigUrl *ret_url, ConfigFault *ret_fault);
