/* SPDX-License-Identifier: MIT */
/*
 * Setters of single fields. Each says what it got, what would be right, and where in the value the
 * fault is. The setters of [Tuning], which have alternatives, are in tuning.c;
 * those of what is measured in sensors.c.
 */
#include "daemon/config/value.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/base.h"
#include "common/parse.h"
#include "common/text.h"
#include "daemon/config/suggest.h"

#define WORDS_MAX 8

#define DURATION_TEXT_MAX 64
#define SIZE_TEXT_MAX     32

int config_fault_word(const ConfigKey *key, const char *text, ConfigFault *ret_fault)
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
			      sizeof(ConfigObjective) == sizeof(int) &&
			      sizeof(ConfigFamily) == sizeof(int),
		      "enumerated fields are written as int");

	for (const ConfigWord *word = key->words; word->word; word++) {
		if (!text_equal(word->word, text))
			continue;
		memcpy((char *)target + key->offset, &word->value, sizeof(int));
		return 0;
	}
	return config_fault_word(key, text, ret_fault);
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

static int check_path(const ConfigKey *key, const char *text, ConfigFault *ret_fault)
{
	size_t length = strlen(text);
	char quoted[CONFIG_QUOTE_MAX];

	if (text[0] != '/')
		return config_fault(ret_fault, 0, "%s is not an absolute path; begin it with '/'",
				    config_quote(text, quoted));
	if (length > key->maximum)
		return config_fault(ret_fault, key->maximum, "the path is longer than %llu bytes",
				    (unsigned long long)key->maximum);
	if (text[length - 1] == '/')
		return config_fault(ret_fault, length - 1, "remove the '/' at the end");
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return config_fault(ret_fault, i,
					    "there is a control character in the path; remove it");
	return check_components(text, ret_fault);
}

int config_set_path(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault)
{
	char **field = (char **)((char *)target + key->offset);
	char *copy = NULL;

	if (text[0] != '\0') {
		int r = check_path(key, text, ret_fault);
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

int config_set_path_field(const ConfigKey *key, const char *text, void *target,
			  ConfigFault *ret_fault)
{
	if (text[0] != '\0') {
		int r = check_path(key, text, ret_fault);
		if (r != 0)
			return r;
	}
	(void)text_copy((char *)target + key->offset, key->maximum + 1, text); /* was checked */
	return 0;
}

int config_fault_size(const ConfigKey *key, const char *text, ConfigFault *ret_fault)
{
	char minimum[SIZE_TEXT_MAX], maximum[SIZE_TEXT_MAX], quoted[CONFIG_QUOTE_MAX];

	parse_format_size(key->minimum, minimum, sizeof(minimum));
	parse_format_size(key->maximum, maximum, sizeof(maximum));
	return config_fault(ret_fault, 0, "%s is out of range; it can be from %s to %s",
			    config_quote(text, quoted), minimum, maximum);
}

int config_set_size(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault)
{
	char quoted[CONFIG_QUOTE_MAX];
	uint64_t bytes;

	int r = parse_size(text, &bytes);
	if (r == -EINVAL)
		return config_fault(ret_fault, 0, "%s is not a size; write a number as 64K or 1M",
				    config_quote(text, quoted));
	if (r < 0 || bytes < key->minimum || bytes > key->maximum)
		return config_fault_size(key, text, ret_fault);
	memcpy((char *)target + key->offset, &bytes, sizeof(bytes));
	return 0;
}

int config_set_number(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault)
{
	char quoted[CONFIG_QUOTE_MAX];
	uint64_t number;

	if (parse_uint64(text, key->minimum, key->maximum, &number) < 0)
		return config_fault(ret_fault, 0, "%s is not a number of %llu to %llu",
				    config_quote(text, quoted), (unsigned long long)key->minimum,
				    (unsigned long long)key->maximum);
	memcpy((char *)target + key->offset, &number, sizeof(number));
	return 0;
}

int config_set_bool(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault)
{
	static const char *const words[] = {"yes", "no"};
	char quoted[CONFIG_QUOTE_MAX];
	bool value;

	if (parse_bool(text, &value) < 0) {
		const char *meant = config_suggest(text, words, ARRAY_SIZE(words));
		return config_fault(ret_fault, 0, "%s is neither yes nor no%s%s%s",
				    config_quote(text, quoted), meant ? "; did you mean '" : "",
				    meant ? meant : "", meant ? "'?" : "");
	}
	memcpy((char *)target + key->offset, &value, sizeof(value));
	return 0;
}
