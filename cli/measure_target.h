/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the user wants measured, as a URL: as it is written in the configuration, or in the short
 * forms that people type. A name alone is a web site, an address alone is a host to be pinged, and
 * either with a port is a TCP service.
 */
#include "daemon/config/url.h"

typedef struct MeasureTarget {
	char text[CONFIG_URL_MAX]; /* the whole URL */
	bool assumed;              /* its scheme was not written */
	ConfigUrl url;
} MeasureTarget;

/* 0, or CONFIG_INVALID with the fault; then the result is untouched. */
int measure_target_parse(const char *word, MeasureTarget *ret_target, ConfigFault *ret_fault);
