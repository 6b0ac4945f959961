/* SPDX-License-Identifier: MIT */
/*
 * Whatever is accepted must print, and what was printed must read back and print as itself.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

#include "common/json.h"

static void check_round_trip(const Json *json, bool pretty)
{
	_cleanup_free_ char *text = json_format(json, pretty), *again = NULL;
	_cleanup_json_ Json *read = NULL;

	FUZZ_CHECK(text);
	FUZZ_CHECK(json_parse(text, strlen(text), &read) == 0);
	again = json_format(read, pretty);
	FUZZ_CHECK(again && strcmp(text, again) == 0);
}

static void count_member(const char *key, Json *value, void *context)
{
	size_t *count = context;

	FUZZ_CHECK(key);
	(void)json_type(value);
	(*count)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_json_ Json *json = NULL;
	const char *const *no_names = NULL;
	size_t members = 0;
	int r = json_parse((const char *)data, size, &json);

	FUZZ_CHECK(r == 0 || r == -EBADMSG);
	if (r < 0) {
		FUZZ_CHECK(!json);
		return 0;
	}
	check_round_trip(json, false);
	check_round_trip(json, true);
	json_each(json, count_member, &members);
	FUZZ_CHECK((members > 0) == (json_unknown_key(json, no_names, 0) != NULL));
	FUZZ_CHECK(!json_failed());
	return 0;
}
