/* SPDX-License-Identifier: MIT */
/*
 * The Config object: its life, and questions to it. Defaults come from the key table.
 */
#include "daemon/config/config.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "common/text.h"
#include "daemon/config/keys.h"

static void free_config(Config **config)
{
	config_free(*config);
}

int config_new(Config **ret_config)
{
	_cleanup_(free_config) Config *config = calloc(1, sizeof(*config));
	int r;

	if (!config)
		return -ENOMEM;
	r = config_keys_reset(CONFIG_SECTION_DAEMON, config);
	if (r < 0)
		return r;
	r = config_keys_reset(CONFIG_SECTION_TUNING, config);
	if (r < 0)
		return r;

	*ret_config = STEAL(config);
	return 0;
}

void config_free(Config *config)
{
	if (!config)
		return;
	free(config->state_directory);
	free(config->socket);
	free(config->endpoints);
	for (size_t i = 0; i < config->n_files; i++)
		free(config->files[i]);
	free(config->files);
	free(config);
}

const ConfigEndpoint *config_find_endpoint(const Config *config, const char *name)
{
	for (size_t i = 0; i < config->n_endpoints; i++)
		if (text_equal(config->endpoints[i].name, name))
			return &config->endpoints[i];
	return NULL;
}

/* The word of an enumerated key that stands for the value. */
static const char *word_of(ConfigSectionId section, const char *name, int value)
{
	const ConfigKey *key = config_key_find(section, name);

	assert(key && key->words);
	for (const ConfigWord *word = key->words; word->word; word++)
		if (word->value == value)
			return word->word;
	return "?";
}

const char *config_mode_name(ConfigMode mode)
{
	return word_of(CONFIG_SECTION_DAEMON, "Mode", (int)mode);
}

const char *config_on_stop_name(ConfigOnStop on_stop)
{
	return word_of(CONFIG_SECTION_DAEMON, "OnStop", (int)on_stop);
}

const char *config_objective_name(ConfigObjective objective)
{
	return word_of(CONFIG_SECTION_TUNING, "Objective", (int)objective);
}
