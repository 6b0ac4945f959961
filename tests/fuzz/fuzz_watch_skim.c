/* SPDX-License-Identifier: MIT */
/*
 * What was valid stays valid, what is left out is empty, and nothing else changes.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "cli/watch_skim.h"
#include "common/json.h"

static const char *const keys[] = {"targets", "series", NULL};

static void check_member(const char *key, Json *value, void *context)
{
	if (strcmp(key, keys[0]) == 0 || strcmp(key, keys[1]) == 0)
		FUZZ_CHECK(json_length(value) == 0);
	(void)context;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = malloc(size + 1);
	_cleanup_json_ Json *before = NULL, *after = NULL;
	size_t length;

	if (!text)
		return 0;
	memcpy(text, data, size);
	length = watch_skim(text, size, keys);
	FUZZ_CHECK(length <= size);
	FUZZ_CHECK(watch_skim(text, length, keys) == length);
	if (json_parse((const char *)data, size, &before) < 0)
		return 0;
	FUZZ_CHECK(json_parse(text, length, &after) == 0);
	FUZZ_CHECK(json_type(before) == json_type(after));
	FUZZ_CHECK(json_length(before) == json_length(after));
	json_each(after, check_member, NULL);
	return 0;
}
