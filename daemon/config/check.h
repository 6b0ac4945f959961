/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Keys that make no sense together, though each for itself does. A rule is about one key that
 * stands in some file, and says why it cannot stand beside another: the fault is noted where it
 * stands, even if the other one is in another file.
 */
#include <stdbool.h>

#include "daemon/config/keys.h"

typedef struct ConfigRule {
	ConfigSectionId section;
	const char *key;  /* nothing is said unless it was written, */
	const char *with; /* or if this one was refused, */
	bool written;     /* or if this is set and `with` is at its default */
	/* 0, or CONFIG_INVALID with why; its offset is 0. `target`: as of a ConfigSetter. */
	int (*check)(const struct ConfigRule *rule, const void *target, ConfigFault *ret_fault);
} ConfigRule;

/* In the order in which they are looked at; the last one has no key. */
extern const ConfigRule config_rules[];
