/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The kinds of value a key can have, as setters for rows of the key table. See ConfigSetter in
 * keys.h for the contract of each.
 */
#include "daemon/config/keys.h"

/* An enumerated word: an int-sized field. */
int config_set_word(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault);
/* A duration in ns: an uint64_t field. "" is 0. */
int config_set_duration(const ConfigKey *key, const char *text, void *target,
			ConfigFault *ret_fault);
/* An absolute path without "..", of at most key->maximum bytes: an owned char * field; "" is NULL.
 */
int config_set_path(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault);
/* ConfigEndpoint: url, host and port. "" is no URL. */
int config_set_url(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault);

/* Config: congestion, congestion_allowed */
int config_set_congestion(const ConfigKey *key, const char *text, void *target,
			  ConfigFault *ret_fault);
/* Config: buffers, buffers_max_bytes */
int config_set_buffers(const ConfigKey *key, const char *text, void *target,
		       ConfigFault *ret_fault);
/* Config: fast_open, fast_open_bits */
int config_set_fast_open(const ConfigKey *key, const char *text, void *target,
			 ConfigFault *ret_fault);
/* Config: memory_budget_permille or memory_budget_bytes; the other is 0. */
int config_set_memory_budget(const ConfigKey *key, const char *text, void *target,
			     ConfigFault *ret_fault);
