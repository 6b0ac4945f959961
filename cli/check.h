/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Endpoints against thresholds: pure, from a reply to a judgement, so that the verb only prints.
 */
#include "cli/settings.h"
#include "common/json.h"
#include "common/text.h"

/* The worst of several is the greatest. Unknown: too few samples, or no address yet: it may be as
 * well as not, so it outweighs ok, and everything that is known to be bad outweighs it. */
typedef enum CheckState {
	CHECK_OK,
	CHECK_UNKNOWN,
	CHECK_WARNING,
	CHECK_CRITICAL,
} CheckState;

/* "ok", "unknown", "warning", "critical" */
const char *check_state_name(CheckState state);

/* The limits that hold for an endpoint: those given, else (where none at all is given) its own
 * targets. */
void check_limits(const Settings *settings, const Json *endpoint, SettingsLimit *ret_limits);
/* Appends what is wrong ("p99 60.1 ms > 50.0 ms, loss 2.0 % > 1.0 %"), nothing if all is well. */
CheckState check_endpoint(const Settings *settings, const Json *endpoint, Text *problems);
/* Appends the performance data of one: "'web p50'=20100us;;50000;0 'web loss'=0.6%;;;0;100". What
 * was not measured is left out. */
void check_append_data(const Settings *settings, const Json *endpoint, Text *text);
