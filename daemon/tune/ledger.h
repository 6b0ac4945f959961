/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The inside of the registry: its state, and the few moves of which registry_apply() and
 * registry_restore() are made. Only daemon/tune includes this.
 *
 * Invariants. For a tunable that is not foreign, `current` is what it must hold: anything else is
 * somebody else's doing. A tunable with owner NETOPT has an entry in the journal, in memory and
 * on disk, whose `ours` (or `original`) matches what the kernel holds.
 */
#include "daemon/tune/journal.h"
#include "daemon/tune/registry.h"

struct Registry {
	RegistryParams params;
	TunableState states[_TUNABLE_SYSCTLS];
	bool seen[_TUNABLE_SYSCTLS]; /* it was read at least once: current and original are valid */
	bool touched[_TUNABLE_SYSCTLS]; /* it held a value of ours since it was found or released */
	int read_errors[_TUNABLE_SYSCTLS]; /* of the last read; 0 */
	Journal journal;
	int journal_error; /* a journal we may not trust is in the way: nothing may be written */
	bool unsaved;      /* the file still lists what memory has forgotten */
};

uint64_t ledger_now(const Registry *registry);
/* `old_value` and `new_value` may be NULL: shown as "". */
void ledger_report(const Registry *registry, RegistryEvent event, TunableId id,
		   const TunableValue *old_value, const TunableValue *new_value, int error);

/* What the kernel holds. -EBADMSG if it does not parse, else errno of the read. */
int ledger_read(const Registry *registry, TunableId id, TunableValue *ret_value);
/* Reads into the state. A collateral that we have not touched is followed silently: the kernel
 * changes it by itself, as when a module is loaded. 1 if it turned out to be foreign, now and not
 * before; 0; -errno of the read (a key that is absent is no error). */
int ledger_observe(Registry *registry, TunableId id);
/* It holds `found` (NULL: something that does not parse) and that is not ours: foreign from now
 * on, forgotten by the journal, reported. */
void ledger_disown(Registry *registry, TunableId id, const TunableValue *found);
/* It holds `value`, and that is ours. */
void ledger_own(Registry *registry, TunableId id, const TunableValue *value, uint64_t change_id);

/* Whether this is the collateral of a tunable of that owner, whose value would be missing in the
 * original list. */
bool ledger_is_needed(const Registry *registry, TunableId id, TunableOwner owner);

JournalEntry *ledger_entry(Journal *journal, TunableId id); /* NULL if there is none */
/* The entry is created if there is none, with the original given. */
JournalEntry *ledger_entry_make(Registry *registry, TunableId id, const TunableValue *original);
/* The values it may hold besides the original. */
void ledger_entry_set_ours(JournalEntry *entry, const TunableValue *a, const TunableValue *b);
/* Makes the entry of this tunable what it is in `from`; absent there: absent here. */
void ledger_entry_copy(Registry *registry, TunableId id, Journal *from);
void ledger_forget(Registry *registry, TunableId id);
/* Whether a value may be there by our hand alone (the original included). A write that fails half
 * way leaves the first numbers of one triple before the last of the other. */
bool ledger_may_be_ours(const JournalEntry *entry, const TunableValue *value);
/* The journal to disk: durable when it returns 0. */
int ledger_save(Registry *registry);

enum { LEDGER_OVERTAKEN = 1 };
/*
 * Replaces `from` by `to`: reads, writes once, reads back. Reports nothing and changes no state.
 * *ret_holds is always set to what the kernel holds afterwards, as far as is known.
 * 0: it holds `to`. LEDGER_OVERTAKEN: somebody else wrote before or meanwhile; if before, we did
 * not write. Negative errno: the write failed, and *ret_holds may be `from`, `to` or between.
 */
int ledger_put(Registry *registry, TunableId id, const TunableValue *from, const TunableValue *to,
	       TunableValue *ret_holds);
/* The same to undo our own write, of which `from` is what we know: anything between `from` and `to`
 * is accepted as what it left, `to` needs no write, and a failure gets one more attempt. */
int ledger_put_back(Registry *registry, TunableId id, const TunableValue *from,
		    const TunableValue *to, TunableValue *ret_holds);
