/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The one table of configuration keys. The parser, the defaults, the template and the check of the
 * man page all come from it: a new key is a new row, and a paragraph in netopt.conf(5).
 *
 * A row knows its default as text, in the form a user would write it, so that a default cannot be
 * something that the parser would refuse.
 */
#include <stddef.h>
#include <stdint.h>

#include "daemon/config/problems.h"

typedef enum ConfigSectionId {
	CONFIG_SECTION_DAEMON,
	CONFIG_SECTION_TUNING,
	CONFIG_SECTION_ENDPOINT,
	CONFIG_SECTIONS,
} ConfigSectionId;

typedef struct ConfigSection {
	const char *name;
	const char *title; /* as in messages: "[Endpoint NAME]" */
	const char *help;  /* lines separated by \n */
} ConfigSection;

extern const ConfigSection config_sections[CONFIG_SECTIONS];

/* A word of an enumerated key. The list ends with a NULL word. */
typedef struct ConfigWord {
	const char *word;
	int value;
} ConfigWord;

typedef struct ConfigKey ConfigKey;

/*
 * Reads `text` into `target` (a Config, or a ConfigEndpoint for that section). "" is "none", and
 * comes only for keys without default. 0; CONFIG_INVALID with the fault; -ENOMEM. Untouched on
 * failure.
 */
typedef int (*ConfigSetter)(const ConfigKey *key, const char *text, void *target,
			    ConfigFault *ret_fault);

struct ConfigKey {
	ConfigSectionId section;
	const char *name;
	const char *fallback; /* the default, as written in a file; "": none */
	const char *example;  /* for the template if there can be no default, else NULL */
	const char *help;     /* for the template: lines separated by \n */
	ConfigSetter set;
	size_t offset;             /* of the field, where one field is set */
	uint64_t minimum, maximum; /* inclusive; ns, bytes, ppm, a number, or length of a path */
	const ConfigWord *words;
};

#define CONFIG_KEYS 47
extern const ConfigKey config_keys[CONFIG_KEYS];

/* NULL if the section has no such key. */
const ConfigKey *config_key_find(ConfigSectionId section, const char *name);
/* Any value from a file; "" resets to the default. As ConfigSetter. */
int config_key_set(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault);
/* Every key of the section to its default. 0 or -ENOMEM */
int config_keys_reset(ConfigSectionId section, void *target);
