/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Members of a reply that are shown in a sentence. Whatever the daemon left out is "-", or 0 where
 * a number is counted on.
 */
#include "common/json.h"
#include "common/text.h"

static inline const char *reply_word(const Json *object, const char *key)
{
	const char *string = json_string(json_get(object, key));

	return string ? string : "-";
}

/* The same of what may be empty: "" where there is none. */
static inline const char *reply_text(const Json *object, const char *key)
{
	const char *string = json_string(json_get(object, key));

	return string ? string : "";
}

/* Never negative: nothing netopt shows in a sentence is. */
static inline uint64_t reply_number(const Json *object, const char *key)
{
	int64_t value = json_int(json_get(object, key), 0);

	return value > 0 ? (uint64_t)value : 0;
}

static inline bool reply_is(const Json *object, const char *key, const char *word)
{
	const char *string = json_string(json_get(object, key));

	return text_equal(string, word);
}

static inline bool reply_true(const Json *object, const char *key)
{
	return json_bool(json_get(object, key), false);
}
