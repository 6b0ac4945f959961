/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Settings that netopt reads and never writes: correctness and robustness, or without a reliable
 * sign of benefit. What the kernel's default is, and what a deviation from it costs, is known; so a
 * deviation is reported, for the operator to decide. Source:
 * Documentation/networking/ip-sysctl.rst.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST_SETTINGS_MAX 32

typedef struct HostSetting {
	const char *key;
	/* The kernel's defaults, of old and of new releases; both ends included. */
	int64_t low, high;
	const char *consequence; /* of deviating; one clause */
} HostSetting;

/* As the kernel has them. */
typedef struct HostSettings {
	int64_t values[HOST_SETTINGS_MAX];
	bool known[HOST_SETTINGS_MAX];
	uint64_t read_ns; /* 0: not yet */
} HostSettings;

extern const HostSetting host_settings[];
extern const size_t host_settings_count; /* at most HOST_SETTINGS_MAX */

/* The first number of what the kernel shows. False: there is none. */
bool host_setting_parse(const char *text, int64_t *ret_value);
/* What it is now, of a key of the table. False: it is not known (nor of NULL). */
bool host_setting_value(const HostSettings *settings, const char *key, int64_t *ret_value);
