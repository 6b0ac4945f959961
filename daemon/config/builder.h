/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Builds a Config out of one file after another: sections and keys looked up in the key table,
 * values set, duplicates found, and every problem noted with its position.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/config/keys.h"

/* Where a thing stands in the file being read; 0: it does not. */
typedef struct ConfigSeen {
	unsigned section_line;
	unsigned key_lines[CONFIG_KEYS];
} ConfigSeen;

/* Where a key was written last, in whatever file; line 0: nowhere, or it was taken back. */
typedef struct ConfigPlace {
	const char *file; /* owned by the config */
	unsigned line;
	uint16_t column; /* of the value; INI_LINE_MAX is less */
	bool bad;        /* that value was refused: what the key is now means nothing */
} ConfigPlace;

typedef struct ConfigBuilder {
	Config *config; /* owned */
	ConfigProblems *problems;
	bool invalid; /* some problem was noted */
	int error;    /* -ENOMEM once it happened: nothing more is done */

	const char *file;                         /* being read; owned by the config */
	ConfigSectionId section;                  /* CONFIG_SECTIONS: entries are passed over */
	size_t endpoint;                          /* index, in CONFIG_SECTION_ENDPOINT */
	ConfigSeen seen[CONFIG_SECTION_ENDPOINT]; /* of the other sections */
	ConfigPlace places[CONFIG_KEYS];          /* the same */

	/* One for each of config->endpoints. */
	struct ConfigEndpointState {
		ConfigSeen seen;
		ConfigPlace places[CONFIG_KEYS];
	} * states;
	size_t allocated; /* of endpoints and states */
	bool too_many_noted;
} ConfigBuilder;

/* 0 or -ENOMEM. `problems` must outlive the builder. */
int config_builder_init(ConfigBuilder *builder, ConfigProblems *problems);
void config_builder_clear(ConfigBuilder *builder);

/* One file's bytes, later ones over earlier ones. 0 or -ENOMEM; problems are noted. */
int config_builder_read(ConfigBuilder *builder, const char *file, const char *data, size_t length);
/* A problem with a whole file. 0 or -ENOMEM */
int config_builder_fail(ConfigBuilder *builder, const char *file, const char *format, ...)
	_printf_(3, 4);
/* Checks the whole; 0 and the config, CONFIG_INVALID, or -ENOMEM. */
int config_builder_finish(ConfigBuilder *builder, Config **ret_config);
