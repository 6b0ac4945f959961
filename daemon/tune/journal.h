/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The durable record that makes every change reversible, whatever dies when. One small text file
 * `journal` in the state directory, replaced atomically (common/durable): a header with version,
 * boot id and network namespace, one line per tunable that we may have changed with its original
 * and the values of ours it may hold, and a checksum. Before a write the line lists both
 * the value it has and the value it will have, so a crash on either side of the write is
 * understood.
 *
 * A journal of another boot or namespace is not about this kernel and is discarded (the kernel has
 * reset); a damaged one is never acted upon: it is renamed to `journal.damaged` and reported.
 */
#include "daemon/kern/host.h"
#include "daemon/model/tunable.h"

#define JOURNAL_FILE "journal"

typedef struct JournalEntry {
	TunableId id;
	TunableValue original;
	TunableValue ours[2]; /* values of ours it may hold: before and after the last write */
	unsigned n_ours;
	uint64_t change_id;
} JournalEntry;

typedef struct Journal {
	HostIdentity identity;
	JournalEntry entries[_TUNABLE_SYSCTLS];
	size_t n_entries;
} Journal;

enum {
	JOURNAL_ABSENT = 1,
	JOURNAL_STALE = 2,   /* other boot or namespace; already removed */
	JOURNAL_DAMAGED = 3, /* set aside as journal.damaged */
};
/* 0, one of the above, or negative errno (unreadable: -ELOOP, -EPERM: see durable_read). */
int journal_load(int directory_fd, const HostIdentity *identity, Journal *ret_journal);
/* Durable when it returns 0. With no entries the file is removed. */
int journal_store(int directory_fd, const Journal *journal);
/* Pure halves, for tests and fuzzing. */
int journal_decode(const char *text, size_t length, Journal *ret_journal); /* -EBADMSG */
int journal_encode(const Journal *journal, char **ret_text, size_t *ret_length);
