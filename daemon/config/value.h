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
/* A size in bytes: an uint64_t field. */
int config_set_size(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault);
/* A whole number: an uint64_t field. */
int config_set_number(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault);
/* yes or no, and the other words of systemd.syntax(7): a bool field. */
int config_set_bool(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault);
/* An absolute path without "..", of at most key->maximum bytes: an owned char * field; "" is NULL.
 */
int config_set_path(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault);
/* The same, into a char field of key->maximum + 1 bytes. */
int config_set_path_field(const ConfigKey *key, const char *text, void *target,
			  ConfigFault *ret_fault);

/* For setters of more than one field: what fault a wrong word, and a size out of range, is. */
int config_fault_word(const ConfigKey *key, const char *text, ConfigFault *ret_fault);
int config_fault_size(const ConfigKey *key, const char *text, ConfigFault *ret_fault);

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
/* Config: exploration_permille */
int config_set_exploration(const ConfigKey *key, const char *text, void *target,
			   ConfigFault *ret_fault);

/* ConfigEndpoint: url and what is read from it. "" is no URL. */
int config_set_url(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault);
/* ConfigEndpoint: objective, has_objective. "" is none of its own. */
int config_set_endpoint_objective(const ConfigKey *key, const char *text, void *target,
				  ConfigFault *ret_fault);
/* ConfigEndpoint: group, of the characters of endpoint names. "" is none. */
int config_set_group(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault);
/* ConfigEndpoint: source, an address that a host can send from. "" is none. */
int config_set_source(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault);

/* Config: discover */
int config_set_discover(const ConfigKey *key, const char *text, void *target,
			ConfigFault *ret_fault);
/* Config: netns_all, or netns and n_netns. "" is none. */
int config_set_netns(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault);
/* Config: cpu_budget_ppm */
int config_set_cpu_budget(const ConfigKey *key, const char *text, void *target,
			  ConfigFault *ret_fault);
