/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The Url= of an endpoint: tcp://HOST:PORT. HOST is a name (RFC 1123, with underscores and a
 * trailing dot), an IPv4 address, or an IPv6 address in brackets (RFC 3986, 3.2.2). There is no
 * default port, no user, no path: whatever is written is used, and nothing else can be written.
 */
#include <stdint.h>

#include "daemon/config/problems.h"

/*
 * `ret_host` is of CONFIG_HOST_MAX bytes, and gets the host without brackets. 0, or CONFIG_INVALID
 * with the fault; then the results are untouched.
 */
int config_url_parse(const char *url, char *ret_host, uint16_t *ret_port, ConfigFault *ret_fault);
