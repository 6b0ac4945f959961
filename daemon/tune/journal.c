/* SPDX-License-Identifier: MIT */
/*
 * The journal on disk. An example, with <T> for a tabulator:
 *
 *   netopt-journal 1
 *   boot 0c5f1f66-7b7a-4b0e-9a39-2f6e3a9f2f11
 *   netns 4026531840
 *   tunable<T>net.ipv4.tcp_rmem<T>7<T>4096 131072 6291456<T>4096 131072 12582912
 *   checksum 93a1d0e2c4b5f687
 *
 * A tunable line holds the key, the id of the last change, the original, and one or two values of
 * ours that the kernel may hold. The checksum is text_checksum() over every byte before its own
 * line.
 *
 * There is exactly one way to write each content down: what was decoded is encoded again and must
 * give the same bytes. So a torn, edited or bit-rotten file is never taken for another one, and a
 * file of another version of netopt, or one that names a tunable this version does not know, is
 * refused whole: half an undo is no undo.
 *
 * A file that may not be trusted (symlink, second link, foreign owner) is refused by
 * durable_read(), and left where it is for the operator to look at.
 */
#include "daemon/tune/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base.h"
#include "common/durable.h"
#include "common/parse.h"
#include "common/text.h"

#define JOURNAL_DAMAGED_FILE "journal.damaged"
#define JOURNAL_OTHER_FILE   "journal.other-netns"

/* Of a tunable line: three values, the key and the id of the change. */
#define JOURNAL_LINE_MAX (3 * TUNABLE_WORD_MAX + 96)
/* Anything near this size is not ours. */
#define JOURNAL_SIZE_MAX (16 * 1024)
_Static_assert(_TUNABLE_SYSCTLS *JOURNAL_LINE_MAX + 256 <= JOURNAL_SIZE_MAX,
	       "a journal of everything can be read again");
#define LINE_VERSION "netopt-journal 1"
#define FIELDS_MAX   6
#define FIELDS_MIN   5

static bool boot_id_is_valid(const char *boot_id)
{
	size_t length = strnlen(boot_id, HOST_BOOT_ID_MAX);

	return length > 0 && length < HOST_BOOT_ID_MAX &&
	       strspn(boot_id, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static bool entry_is_valid(const Journal *journal, size_t i)
{
	const JournalEntry *entry = &journal->entries[i];

	if ((unsigned)entry->id >= _TUNABLE_SYSCTLS || entry->n_ours < 1 || entry->n_ours > 2 ||
	    entry->original.kind != tunables[entry->id].kind)
		return false;
	for (unsigned k = 0; k < entry->n_ours; k++) {
		if (entry->ours[k].kind != entry->original.kind)
			return false;
	}
	for (size_t k = 0; k < i; k++) {
		if (journal->entries[k].id == entry->id)
			return false;
	}
	return true;
}

int journal_encode(const Journal *journal, char **ret_text, size_t *ret_length)
{
	_cleanup_(text_clear) Text text = {};
	char value[TUNABLE_WORD_MAX];

	if (!boot_id_is_valid(journal->identity.boot_id) || journal->n_entries > _TUNABLE_SYSCTLS)
		return -EINVAL;
	text_appendf(&text, LINE_VERSION "\nboot %s\nnetns %" PRIu64 "\n",
		     journal->identity.boot_id, journal->identity.netns);
	for (size_t i = 0; i < journal->n_entries; i++) {
		const JournalEntry *entry = &journal->entries[i];

		if (!entry_is_valid(journal, i))
			return -EINVAL;
		text_appendf(&text, "tunable\t%s\t%" PRIu64 "\t%s", tunables[entry->id].key,
			     entry->change_id,
			     tunable_format(&entry->original, value, sizeof(value)));
		for (unsigned k = 0; k < entry->n_ours; k++)
			text_appendf(&text, "\t%s",
				     tunable_format(&entry->ours[k], value, sizeof(value)));
		text_append(&text, "\n");
	}
	text_appendf(&text, "checksum %016" PRIx64 "\n",
		     text_checksum(text_string(&text), text.length));
	if (text.failed)
		return -ENOMEM;
	*ret_length = text.length;
	*ret_text = STEAL(text.data);
	return 0;
}

static int decode_entry(char *line, JournalEntry *ret_entry)
{
	JournalEntry entry = {};
	const Tunable *tunable;
	char *fields[FIELDS_MAX];
	size_t n = 0;

	while (line) {
		if (n == FIELDS_MAX)
			return -EBADMSG;
		fields[n++] = strsep(&line, "\t");
	}
	if (n < FIELDS_MIN || !text_equal(fields[0], "tunable"))
		return -EBADMSG;
	tunable = tunable_find(fields[1], &entry.id);
	if (!tunable || parse_uint64(fields[2], 0, UINT64_MAX, &entry.change_id) < 0 ||
	    tunable_parse(tunable, fields[3], &entry.original) < 0)
		return -EBADMSG;
	for (size_t i = FIELDS_MIN - 1; i < n; i++) {
		if (tunable_parse(tunable, fields[i], &entry.ours[entry.n_ours++]) < 0)
			return -EBADMSG;
	}
	*ret_entry = entry;
	return 0;
}

static int decode_header(char **cursor, HostIdentity *ret_identity)
{
	char *version = strsep(cursor, "\n");
	char *boot = strsep(cursor, "\n");
	char *netns = strsep(cursor, "\n");

	if (!netns || !text_equal(version, LINE_VERSION) || !text_starts_with(boot, "boot ") ||
	    !text_copy(ret_identity->boot_id, sizeof(ret_identity->boot_id), boot + 5) ||
	    !text_starts_with(netns, "netns ") ||
	    parse_uint64(netns + 6, 0, UINT64_MAX, &ret_identity->netns) < 0)
		return -EBADMSG;
	return 0;
}

static int decode_lines(char *text, Journal *ret_journal)
{
	char *cursor = text;
	int r = decode_header(&cursor, &ret_journal->identity);

	while (r == 0) {
		char *line = strsep(&cursor, "\n");

		if (!line || text_starts_with(line, "checksum "))
			return 0;
		if (ret_journal->n_entries == _TUNABLE_SYSCTLS)
			return -EBADMSG;
		r = decode_entry(line, &ret_journal->entries[ret_journal->n_entries++]);
	}
	return r;
}

int journal_decode(const char *text, size_t length, Journal *ret_journal)
{
	_cleanup_free_ char *copy = NULL, *again = NULL;
	Journal journal = {};
	size_t again_length;
	int r;

	if (length == 0 || length > JOURNAL_SIZE_MAX || memchr(text, '\0', length))
		return -EBADMSG;
	copy = strndup(text, length);
	if (!copy)
		return -ENOMEM;
	r = decode_lines(copy, &journal);
	if (r < 0)
		return r;
	r = journal_encode(&journal, &again, &again_length);
	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	if (again_length != length || memcmp(again, text, length) != 0)
		return -EBADMSG;
	*ret_journal = journal;
	return 0;
}

/* Out of the way but not lost: a later look may still tell what the originals were. */
static int set_aside(int directory_fd, const char *name)
{
	if (renameat(directory_fd, JOURNAL_FILE, directory_fd, name) < 0)
		return -errno;
	/* If the power goes before this is on disk, the next start sets it aside again. */
	(void)fsync(directory_fd);
	return 0;
}

int journal_load(int directory_fd, const HostIdentity *identity, Journal *ret_journal)
{
	_cleanup_free_ char *text = NULL;
	Journal journal;
	size_t length;
	int r;

	r = durable_read(directory_fd, JOURNAL_FILE, JOURNAL_SIZE_MAX, &text, &length);
	if (r == -ENOENT)
		return JOURNAL_ABSENT;
	if (r == 0)
		r = journal_decode(text, length, &journal);
	if (r == -EBADMSG || r == -EFBIG) {
		r = set_aside(directory_fd, JOURNAL_DAMAGED_FILE);
		return r < 0 ? r : JOURNAL_DAMAGED;
	}
	if (r < 0)
		return r;
	if (!text_equal(journal.identity.boot_id, identity->boot_id)) {
		r = durable_remove(directory_fd, JOURNAL_FILE);
		return r < 0 ? r : JOURNAL_STALE;
	}
	if (journal.identity.netns != identity->netns) {
		/* That namespace may still live, and hold values of ours. */
		r = set_aside(directory_fd, JOURNAL_OTHER_FILE);
		return r < 0 ? r : JOURNAL_STALE;
	}
	*ret_journal = journal;
	return 0;
}

int journal_store(int directory_fd, const Journal *journal)
{
	_cleanup_free_ char *text = NULL;
	size_t length;
	int r;

	if (journal->n_entries == 0)
		return durable_remove(directory_fd, JOURNAL_FILE);
	r = journal_encode(journal, &text, &length);
	if (r < 0)
		return r;
	return durable_replace(directory_fd, JOURNAL_FILE, text, length, 0600);
}
