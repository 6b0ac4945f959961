/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What probes learned besides times, in words.
 */
#include "cli/output.h"

/* A line for each of tls, http, dns and icmp that the target has. */
void endpoint_facts_append(const Settings *settings, const Json *target, Text *text);
