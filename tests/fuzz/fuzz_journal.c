/* SPDX-License-Identifier: MIT */
/*
 * A journal is accepted only if it is exactly what we would write for what was read from it, and
 * nothing in it may name a value that is not of its tunable's kind.
 *
 * A random change never meets the checksum, so each input is tried a second time with the right one
 * put in place of its last line: that is how the lines behind it are reached.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base.h"
#include "daemon/tune/journal.h"

static void check_value(TunableId id, const TunableValue *value)
{
	char text[TUNABLE_WORD_MAX];
	TunableValue again;

	FUZZ_CHECK(value->kind == tunables[id].kind);
	FUZZ_CHECK(memchr(value->words, '\0', sizeof(value->words)));
	FUZZ_CHECK(tunable_parse(&tunables[id], tunable_format(value, text, sizeof(text)),
				 &again) == 0);
	FUZZ_CHECK(tunable_equal(value, &again));
}

static void check(const char *text, size_t length)
{
	_cleanup_free_ char *again = NULL;
	size_t again_length;
	Journal journal;
	int r = journal_decode(text, length, &journal);

	if (r < 0) {
		FUZZ_CHECK(r == -EBADMSG);
		return;
	}
	FUZZ_CHECK(journal.n_entries <= _TUNABLE_SYSCTLS);
	for (size_t i = 0; i < journal.n_entries; i++) {
		const JournalEntry *entry = &journal.entries[i];

		FUZZ_CHECK((unsigned)entry->id < _TUNABLE_SYSCTLS);
		FUZZ_CHECK(entry->n_ours >= 1 && entry->n_ours <= ARRAY_SIZE(entry->ours));
		check_value(entry->id, &entry->original);
		for (unsigned k = 0; k < entry->n_ours; k++)
			check_value(entry->id, &entry->ours[k]);
	}
	FUZZ_CHECK(journal_encode(&journal, &again, &again_length) == 0);
	FUZZ_CHECK(again_length == length && memcmp(again, text, length) == 0);
}

static void check_sealed(const char *body, size_t length)
{
	_cleanup_free_ char *text = malloc(length + 32);
	uint64_t hash = UINT64_C(14695981039346656037);

	FUZZ_CHECK(text);
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (uint8_t)body[i]) * UINT64_C(1099511628211);
	memcpy(text, body, length);
	check(text,
	      length + (size_t)snprintf(text + length, 32, "checksum %016" PRIx64 "\n", hash));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *last = size > 1 ? memrchr(text, '\n', size - 1) : NULL;

	check(text, size);
	check_sealed(text, last ? (size_t)(last + 1 - text) : size);
	return 0;
}
