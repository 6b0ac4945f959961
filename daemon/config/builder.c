/* SPDX-License-Identifier: MIT */
/*
 * The tokenizer calls, the key table knows, the Config gets it.
 *
 * A fault never stops the reading, and never causes a second message: the keys of an unknown
 * section are passed over, those of a repeated one are checked for themselves, an endpoint with a
 * bad Url= is not told that it has none, and a key with a bad value is not compared with others
 * (check.h), which is done when all files have been read. The defaults stand in for what could not
 * be read, and the result is thrown away at the end if anything was wrong.
 *
 * Endpoints are found by name linearly: CONFIG_ENDPOINTS_MAX of them cost a few milliseconds, once.
 */
#include "daemon/config/builder.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "common/base.h"
#include "common/ini.h"
#include "common/text.h"
#include "daemon/config/check.h"
#include "daemon/config/suggest.h"

#define ENDPOINTS_INITIAL 16

int config_builder_init(ConfigBuilder *builder, ConfigProblems *problems)
{
	*builder = (ConfigBuilder){.problems = problems, .section = CONFIG_SECTIONS};
	return config_new(&builder->config);
}

void config_builder_clear(ConfigBuilder *builder)
{
	config_free(builder->config);
	free(builder->states);
	*builder = (ConfigBuilder){0};
}

static void note(ConfigBuilder *builder, const IniPosition *position, size_t offset,
		 const char *format, ...) _printf_(4, 5);

static void note(ConfigBuilder *builder, const IniPosition *position, size_t offset,
		 const char *format, ...)
{
	_cleanup_(text_clear) Text message = {0};
	va_list arguments;

	va_start(arguments, format);
	text_appendv(&message, format, arguments);
	va_end(arguments);

	builder->invalid = true;
	if (message.failed || config_problems_add(builder->problems, position->file, position->line,
						  position->column + (unsigned)offset, "%s",
						  text_string(&message)) < 0)
		builder->error = -ENOMEM;
}

int config_builder_fail(ConfigBuilder *builder, const char *file, const char *format, ...)
{
	_cleanup_(text_clear) Text message = {0};
	va_list arguments;

	va_start(arguments, format);
	text_appendv(&message, format, arguments);
	va_end(arguments);

	builder->invalid = true;
	if (message.failed)
		return -ENOMEM;
	return config_problems_add(builder->problems, file, 0, 0, "%s", text_string(&message));
}

static void note_unknown_section(ConfigBuilder *builder, const IniPosition *position,
				 const char *name)
{
	const char *names[CONFIG_SECTIONS];
	char quoted[CONFIG_QUOTE_MAX];

	for (size_t i = 0; i < CONFIG_SECTIONS; i++)
		names[i] = config_sections[i].name;

	const char *meant = config_suggest(name, names, CONFIG_SECTIONS);
	if (meant)
		note(builder, position, 0, "unknown section %s; did you mean [%s]?",
		     config_quote(name, quoted), meant);
	else
		note(builder, position, 0,
		     "unknown section %s; there are [Daemon], [Tuning] and [Endpoint NAME]",
		     config_quote(name, quoted));
}

static ConfigSectionId section_find(const char *name)
{
	ConfigSectionId id = 0;

	while (id < CONFIG_SECTIONS && !text_equal(config_sections[id].name, name))
		id++;
	return id;
}

/* Notes a second one in the same file. Its keys then are checked for themselves. */
static void see_section(ConfigBuilder *builder, ConfigSeen *seen, const IniPosition *position,
			const char *name)
{
	const char *title = config_sections[builder->section].name;

	if (seen->section_line > 0)
		note(builder, position, 0,
		     "[%s%s%s] is already on line %u; put the keys of both together there", title,
		     name[0] != '\0' ? " " : "", name, seen->section_line);
	*seen = (ConfigSeen){.section_line = position->line};
}

static bool check_endpoint_name(ConfigBuilder *builder, const IniPosition *position,
				const char *name)
{
	char quoted[CONFIG_QUOTE_MAX];

	if (name[0] == '\0') {
		note(builder, position, 0, "the endpoint has no name; write [Endpoint NAME]");
		return false;
	}
	if (strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") <
	    strlen(name)) {
		note(builder, position, 0,
		     "%s cannot be an endpoint's name; letters, digits, '.', '_' and '-' can stand "
		     "in it",
		     config_quote(name, quoted));
		return false;
	}
	if (strlen(name) >= CONFIG_NAME_MAX) {
		note(builder, position, 0, "the endpoint's name is longer than %u characters",
		     CONFIG_NAME_MAX - 1);
		return false;
	}
	return true;
}

static int reserve_endpoint(ConfigBuilder *builder)
{
	Config *config = builder->config;

	if (config->n_endpoints < builder->allocated)
		return 0;

	size_t allocated = MAX(builder->allocated * 2, (size_t)ENDPOINTS_INITIAL);
	ConfigEndpoint *endpoints = reallocarray(config->endpoints, allocated, sizeof(*endpoints));
	if (!endpoints)
		return -ENOMEM;
	config->endpoints = endpoints;

	struct ConfigEndpointState *states =
		reallocarray(builder->states, allocated, sizeof(*states));
	if (!states)
		return -ENOMEM;
	builder->states = states;
	builder->allocated = allocated;
	return 0;
}

/* A new endpoint with the defaults, or -ENOMEM. */
static int add_endpoint(ConfigBuilder *builder, const IniPosition *position, const char *name)
{
	Config *config = builder->config;
	ConfigEndpoint endpoint = {.file = builder->file, .line = position->line};
	int r;

	r = reserve_endpoint(builder);
	if (r < 0)
		return r;
	r = config_keys_reset(CONFIG_SECTION_ENDPOINT, &endpoint);
	if (r < 0)
		return r;
	(void)text_copy(endpoint.name, sizeof(endpoint.name), name); /* its length was checked */
	builder->states[config->n_endpoints] = (struct ConfigEndpointState){0};
	config->endpoints[config->n_endpoints++] = endpoint;
	return 0;
}

static void enter_endpoint(ConfigBuilder *builder, const IniPosition *position, const char *name)
{
	Config *config = builder->config;

	builder->section = CONFIG_SECTIONS;
	if (!check_endpoint_name(builder, position, name))
		return;

	const ConfigEndpoint *known = config_find_endpoint(config, name);
	if (!known && config->n_endpoints >= CONFIG_ENDPOINTS_MAX) {
		if (!builder->too_many_noted)
			note(builder, position, 0, "there can be at most %u endpoints",
			     CONFIG_ENDPOINTS_MAX);
		builder->too_many_noted = true;
		return;
	}
	if (!known) {
		builder->error = add_endpoint(builder, position, name);
		if (builder->error < 0)
			return;
		known = &config->endpoints[config->n_endpoints - 1];
	}

	builder->section = CONFIG_SECTION_ENDPOINT;
	builder->endpoint = (size_t)(known - config->endpoints);
	see_section(builder, &builder->states[builder->endpoint].seen, position, name);
}

static void on_section(void *context, const IniPosition *position, const char *name,
		       const char *argument)
{
	ConfigBuilder *builder = context;
	char quoted[CONFIG_QUOTE_MAX];

	if (builder->error < 0)
		return;

	builder->section = section_find(name);
	if (builder->section == CONFIG_SECTIONS) {
		note_unknown_section(builder, position, name);
	} else if (builder->section == CONFIG_SECTION_ENDPOINT) {
		enter_endpoint(builder, position, argument);
	} else {
		see_section(builder, &builder->seen[builder->section], position, "");
		if (argument[0] != '\0')
			note(builder, position, 0, "[%s] has no name; remove %s", name,
			     config_quote(argument, quoted));
	}
}

/* The keys of a section as "Mode=, Interval=, …". */
static void list_keys(ConfigSectionId section, Text *text)
{
	const char *separator = "";

	for (size_t i = 0; i < CONFIG_KEYS; i++) {
		if (config_keys[i].section != section)
			continue;
		text_appendf(text, "%s%s=", separator, config_keys[i].name);
		separator = ", ";
	}
}

/* The key stands in the wrong section: the first that has it, or NULL. */
static const ConfigSection *section_of(const char *name)
{
	for (ConfigSectionId id = 0; id < CONFIG_SECTIONS; id++)
		if (config_key_find(id, name))
			return &config_sections[id];
	return NULL;
}

static void note_unknown_key(ConfigBuilder *builder, const IniPosition *position, const char *name)
{
	const ConfigSection *section = &config_sections[builder->section];
	const ConfigSection *other = section_of(name);
	const char *names[CONFIG_KEYS];
	_cleanup_(text_clear) Text list = {0};
	char quoted[CONFIG_QUOTE_MAX];
	size_t n = 0;

	for (size_t i = 0; i < CONFIG_KEYS; i++)
		if (config_keys[i].section == builder->section)
			names[n++] = config_keys[i].name;

	(void)config_quote(name, quoted);
	const char *meant = config_suggest(name, names, n);
	if (other) {
		note(builder, position, 0, "%s= is not a key of %s, but of %s; move it there", name,
		     section->title, other->title);
	} else if (meant) {
		note(builder, position, 0, "unknown key %s in %s; did you mean %s=?", quoted,
		     section->title, meant);
	} else {
		list_keys(builder->section, &list);
		note(builder, position, 0, "unknown key %s in %s; its keys are %s", quoted,
		     section->title, text_string(&list));
	}
}

/* Where the keys of the section being read were written. */
static ConfigPlace *places_of(ConfigBuilder *builder)
{
	return builder->section == CONFIG_SECTION_ENDPOINT
		       ? builder->states[builder->endpoint].places
		       : builder->places;
}

static void set_value(ConfigBuilder *builder, const ConfigKey *key, const IniPosition *position,
		      const char *value)
{
	bool in_endpoint = key->section == CONFIG_SECTION_ENDPOINT;
	void *target = in_endpoint ? (void *)&builder->config->endpoints[builder->endpoint]
				   : (void *)builder->config;
	ConfigPlace *place = &places_of(builder)[key - config_keys];
	ConfigFault fault;

	*place = (ConfigPlace){
		.file = position->file,
		.line = value[0] != '\0' ? position->line : 0,
		.column = (uint16_t)position->column,
	};
	int r = config_key_set(key, value, target, &fault);
	if (r < 0) {
		builder->error = r;
	} else if (r == CONFIG_INVALID) {
		note(builder, position, fault.offset, "%s=: %s", key->name, fault.text);
		place->bad = true;
	}
}

static void on_entry(void *context, const IniPosition *key_position, const char *name,
		     const IniPosition *value_position, const char *value)
{
	ConfigBuilder *builder = context;

	if (builder->error < 0 || builder->section == CONFIG_SECTIONS)
		return;

	const ConfigKey *key = config_key_find(builder->section, name);
	if (!key) {
		note_unknown_key(builder, key_position, name);
		return;
	}

	ConfigSeen *seen = builder->section == CONFIG_SECTION_ENDPOINT
				   ? &builder->states[builder->endpoint].seen
				   : &builder->seen[builder->section];
	unsigned *line = &seen->key_lines[key - config_keys];
	if (*line > 0)
		note(builder, key_position, 0, "%s= is already on line %u; remove one of them",
		     name, *line);
	else
		*line = key_position->line;
	set_value(builder, key, value_position, value);
}

static void on_error(void *context, const IniPosition *position, const char *message)
{
	ConfigBuilder *builder = context;

	if (builder->error == 0)
		note(builder, position, 0, "%s", message);
}

/* The path as the config keeps it, or NULL. */
static const char *add_file(Config *config, const char *file)
{
	char **grown = reallocarray(config->files, config->n_files + 1, sizeof(*grown));

	if (!grown)
		return NULL;
	config->files = grown;
	grown[config->n_files] = strdup(file);
	return grown[config->n_files] ? grown[config->n_files++] : NULL;
}

int config_builder_read(ConfigBuilder *builder, const char *file, const char *data, size_t length)
{
	const IniHandler handler = {
		.section = on_section,
		.entry = on_entry,
		.error = on_error,
		.context = builder,
	};

	builder->file = add_file(builder->config, file);
	if (!builder->file)
		return -ENOMEM;
	if (length > INI_FILE_MAX)
		return config_builder_fail(builder, file,
					   "the file is larger than 1 MiB; it is not read");

	builder->section = CONFIG_SECTIONS;
	memset(builder->seen, 0, sizeof(builder->seen));
	for (size_t i = 0; i < builder->config->n_endpoints; i++)
		builder->states[i].seen = (ConfigSeen){0};
	ini_parse(builder->file, data, length, &handler);
	return builder->error;
}

static size_t index_of(const ConfigRule *rule, const char *name)
{
	const ConfigKey *key = config_key_find(rule->section, name);

	assert(key);
	return (size_t)(key - config_keys);
}

/* At most one complaint for each key. */
static void check_rules(ConfigBuilder *builder, ConfigSectionId section, const void *target,
			ConfigPlace *places)
{
	ConfigFault fault;

	for (const ConfigRule *rule = config_rules; rule->key; rule++) {
		if (rule->section != section || rule->check(rule, target, &fault) == 0)
			continue;
		ConfigPlace *place = &places[index_of(rule, rule->key)];
		const ConfigPlace *with = &places[index_of(rule, rule->with)];
		if (place->line == 0 || place->bad || with->bad ||
		    (rule->written && with->line == 0))
			continue;
		IniPosition position = {
			.file = place->file, .line = place->line, .column = place->column};
		note(builder, &position, 0, "%s=: %s", rule->key, fault.text);
		place->bad = true;
	}
}

/* Packets from an address are of its family: another one was a fault. */
static void settle_family(ConfigEndpoint *endpoint)
{
	if (endpoint->source.family != 0)
		endpoint->family = endpoint->source.family == AF_INET ? CONFIG_FAMILY_IPV4
								      : CONFIG_FAMILY_IPV6;
}

static void finish_endpoint(ConfigBuilder *builder, size_t i)
{
	ConfigEndpoint *endpoint = &builder->config->endpoints[i];
	ConfigPlace *places = builder->states[i].places;

	if (endpoint->url[0] == '\0') {
		const ConfigKey *url = config_key_find(CONFIG_SECTION_ENDPOINT, "Url");
		IniPosition position = {
			.file = endpoint->file, .line = endpoint->line, .column = 1};
		if (!places[url - config_keys].bad)
			note(builder, &position, 0,
			     "[Endpoint %s] has no Url=; add one, as Url=https://HOST",
			     endpoint->name);
	}
	check_rules(builder, CONFIG_SECTION_ENDPOINT, endpoint, places);
	settle_family(endpoint);
}

int config_builder_finish(ConfigBuilder *builder, Config **ret_config)
{
	check_rules(builder, CONFIG_SECTION_DAEMON, builder->config, builder->places);
	for (size_t i = 0; i < builder->config->n_endpoints; i++)
		finish_endpoint(builder, i);
	if (builder->error < 0)
		return builder->error;
	if (builder->invalid)
		return CONFIG_INVALID;

	*ret_config = STEAL(builder->config);
	return 0;
}
