/* SPDX-License-Identifier: MIT */
/*
 * Setters of single fields. Each says what it got, what would be right, and where in the value the
 * fault is. The setters of [Tuning], which have alternatives, are in tuning.c.
 */
#include "daemon/config/value.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "common/parse.h"
#include "common/text.h"
#include "daemon/config/suggest.h"
#include "daemon/config/url.h"

#define WORDS_MAX 8

#define DURATION_TEXT_MAX 64

static int fault_word(const ConfigKey *key, const char *text, ConfigFault *ret_fault)
{
	const char *words[WORDS_MAX];
	_cleanup_(text_clear) Text list = {0};
	char quoted[CONFIG_QUOTE_MAX];
	size_t n = 0;

	for (; key->words[n].word; n++) {
		assert(n < WORDS_MAX);
		words[n] = key->words[n].word;
		text_appendf(&list, "%s%s", n == 0 ? "" : ", ", words[n]);
	}

	const char *meant = config_suggest(text, words, n);
	if (meant)
		return config_fault(ret_fault, 0, "%s is not one of %s; did you mean '%s'?",
				    config_quote(text, quoted), text_string(&list), meant);
	return config_fault(ret_fault, 0, "%s is not one of %s", config_quote(text, quoted),
			    text_string(&list));
}

int config_set_word(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault)
{
	/* The enumerations are all of this size; GCC and Clang give them no other. */
	static_assert(sizeof(ConfigMode) == sizeof(int) && sizeof(ConfigOnStop) == sizeof(int) &&
			      sizeof(ConfigObjective) == sizeof(int),
		      "enumerated fields are written as int");

	for (const ConfigWord *word = key->words; word->word; word++) {
		if (!text_equal(word->word, text))
			continue;
		memcpy((char *)target + key->offset, &word->value, sizeof(int));
		return 0;
	}
	return fault_word(key, text, ret_fault);
}

static int fault_range(const ConfigKey *key, const char *text, ConfigFault *ret_fault)
{
	char minimum[DURATION_TEXT_MAX], maximum[DURATION_TEXT_MAX], quoted[CONFIG_QUOTE_MAX];

	parse_format_duration(key->minimum, minimum, sizeof(minimum));
	parse_format_duration(key->maximum, maximum, sizeof(maximum));
	return config_fault(ret_fault, 0, "%s is out of range; it can be from %s to %s",
			    config_quote(text, quoted), minimum, maximum);
}

int config_set_duration(const ConfigKey *key, const char *text, void *target,
			ConfigFault *ret_fault)
{
	char quoted[CONFIG_QUOTE_MAX];
	uint64_t ns = 0;

	if (text[0] != '\0') {
		int r = parse_duration(text, &ns);
		if (r == -EINVAL)
			return config_fault(ret_fault, 0,
					    "%s is not a duration; write a number with a unit: "
					    "250ms, 10s, 1min 30s",
					    config_quote(text, quoted));
		if (r < 0 || ns < key->minimum || ns > key->maximum)
			return fault_range(key, text, ret_fault);
	}
	memcpy((char *)target + key->offset, &ns, sizeof(ns));
	return 0;
}

/* 0, or CONFIG_INVALID if some component is "..": such a path is not what it seems. */
static int check_components(const char *path, ConfigFault *ret_fault)
{
	for (const char *at = strstr(path, "/.."); at; at = strstr(at + 1, "/..")) {
		if (at[3] == '/' || at[3] == '\0')
			return config_fault(ret_fault, (size_t)(at - path) + 1,
					    "the path goes up by '..'; write where it leads");
	}
	return 0;
}

int config_set_path(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault)
{
	char **field = (char **)((char *)target + key->offset);
	char quoted[CONFIG_QUOTE_MAX];
	char *copy = NULL;
	int r;

	if (text[0] != '\0') {
		size_t length = strlen(text);
		if (text[0] != '/')
			return config_fault(ret_fault, 0,
					    "%s is not an absolute path; begin it "
					    "with '/'",
					    config_quote(text, quoted));
		if (length > key->maximum)
			return config_fault(ret_fault, key->maximum,
					    "the path is longer than %llu bytes",
					    (unsigned long long)key->maximum);
		if (text[length - 1] == '/')
			return config_fault(ret_fault, length - 1, "remove the '/' at the end");
		for (size_t i = 0; i < length; i++)
			if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
				return config_fault(ret_fault, i,
						    "there is a control character "
						    "in the path; remove it");
		r = check_components(text, ret_fault);
		if (r != 0)
			return r;
		copy = strdup(text);
		if (!copy)
			return -ENOMEM;
	}
	free(*field);
	*field = copy;
	return 0;
}

int config_set_url(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault)
{
	ConfigEndpoint *endpoint = target;

	(void)key; /* the one setter of three fields: no offset */
	if (text[0] == '\0') {
		endpoint->url[0] = endpoint->host[0] = '\0';
		endpoint->port = 0;
		return 0;
	}
	if (strlen(text) >= sizeof(endpoint->url))
		return config_fault(ret_fault, sizeof(endpoint->url) - 1,
				    "the URL is longer than %zu bytes", sizeof(endpoint->url) - 1);

	int r = config_url_parse(text, endpoint->host, &endpoint->port, ret_fault);
	if (r != 0)
		return r;
	(void)text_copy(endpoint->url, sizeof(endpoint->url), text); /* its length was checked */
	return 0;
}
