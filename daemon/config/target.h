/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What follows the host in URLs of the kinds that ask for something: http, https and dns.
 */
#include "daemon/config/url.h"

/*
 * Each reads url[offset...], which is empty or begins with '/' or '?', and is of printable ASCII
 * without blanks and '#'. 0, or CONFIG_INVALID with the fault; then ret_url is untouched.
 */

/* ret_url->target: path and query; an empty path is "/". */
int config_target_http(const char *url, size_t offset, ConfigUrl *ret_url, ConfigFault *ret_fault);
/* ret_url->target: the name; ret_url->dns_type. */
int config_target_dns(const char *url, size_t offset, ConfigUrl *ret_url, ConfigFault *ret_fault);
