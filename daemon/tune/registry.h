/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The registry of tunables: what each was when we came, what it is, what we wrote, and whose it is.
 * All writing goes through here, in this order: range check, original durable in the journal, one
 * write, read back, compare, report. A value somebody else changed is foreign from then on: never
 * written, never restored, until released by the operator.
 *
 * It owns the Journal. It does not log: each write and each finding goes to `report`.
 */
#include "common/clock.h"
#include "daemon/kern/host.h"
#include "daemon/kern/sysctl.h"
#include "daemon/model/tunable.h"

typedef enum TunableOwner {
	OWNER_HOST,    /* as found, never touched by us (or put back) */
	OWNER_NETOPT,  /* holds our value */
	OWNER_FOREIGN, /* somebody changed it while we were here */
} TunableOwner;

typedef struct TunableState {
	bool present; /* the kernel has it and it parsed */
	bool writable;
	TunableOwner owner;
	TunableValue original; /* what to put back: the value before our first write */
	TunableValue current;  /* at the last refresh or write */
	TunableValue ours;     /* what we last wrote; valid if owner is NETOPT */
	uint64_t change_id;    /* of our last write; 0 none */
	uint64_t changed_ns;   /* monotonic: when owner or current last changed */
} TunableState;

typedef enum RegistryEvent {
	REGISTRY_WRITTEN,  /* old → new, by us */
	REGISTRY_RESTORED, /* back to the original, by us */
	REGISTRY_FOREIGN,  /* found: somebody else changed old → new */
	/* A write failed or read back differently; `error`. With id _TUNABLES: a journal was found
	 * that is damaged or of another version (-EBADMSG; set aside as journal.damaged), or may
	 * not be trusted (-ELOOP, -EPERM, …: every write is refused until it is out of the way). */
	REGISTRY_FAILED,
	REGISTRY_LEFT_ALONE, /* not restored: it no longer holds our value */
	REGISTRY_KEPT,       /* OnStop=keep: our value stays */
	REGISTRY_STALE,      /* a journal of another boot or network namespace: not acted upon */
} RegistryEvent;

typedef struct RegistryReport {
	RegistryEvent event;
	TunableId id;
	const char *old_value, *new_value; /* text, never NULL */
	uint64_t change_id;
	int error; /* negative errno, or 0 */
} RegistryReport;

typedef struct Registry Registry;

typedef struct RegistryParams {
	SysctlOps sysctl;
	HostIdentity identity;
	Clock clock;
	int state_directory_fd; /* borrowed; -1: none, and every write is refused with -EROFS */
	bool dry_run;           /* every apply is refused with -EPERM before anything is touched */
	void (*report)(const RegistryReport *report, void *context);
	void *context;
} RegistryParams;

/*
 * Reads the state of all tunables. A journal of this boot and namespace is the trace of a process
 * that died: what still holds its values is restored and reported (REGISTRY_RESTORED), what does
 * not is foreign (REGISTRY_LEFT_ALONE), what cannot be put back remains ours (REGISTRY_FAILED) for
 * a later restore. A dry run leaves it alone. So `--recover` is registry_new() and a look
 * whether anything has owner NETOPT. Fails only for lack of memory.
 */
int registry_new(const RegistryParams *params, Registry **ret_registry);
void registry_free(Registry *registry); /* does not restore */

const TunableState *registry_get(const Registry *registry, TunableId id);

typedef struct TunableChange {
	TunableId id;
	TunableValue value;
} TunableChange;

enum { REGISTRY_REFUSED = 1 /* foreign, absent or read-only: nothing was touched */ };
/*
 * One transaction: all of `changes` or none. On failure what was already written is put back to
 * what it was before the call. `reason` (may be NULL) says which key and why. The journal holds
 * every original (and the value about to be written) durably before the first write.
 * A value that is there already is not written: such a tunable keeps its owner. Writing the
 * original (a trial that switches back) leaves it ours, so that a change by somebody else is
 * noticed then, too; registry_restore() ends that.
 * Negative errno: -EINVAL (a tunable named twice), -ERANGE, -EROFS/-ENOSPC/-EIO (journal: nothing
 * was touched), -EBUSY (somebody else wrote at the same moment), or of the write.
 */
int registry_apply(Registry *registry, const TunableChange *changes, size_t n, uint64_t change_id,
		   char *reason, size_t reason_size);

/* Puts back the originals of these tunables, each only if it still has our value. Returns 0 when
 * all of ours are back; REGISTRY_REFUSED if one was foreign; negative errno if a write failed. */
int registry_restore(Registry *registry, const TunableId *ids, size_t n);
int registry_restore_all(Registry *registry);
/* For OnStop=keep: forgets the journal, reports REGISTRY_KEPT for what stays. */
int registry_keep_all(Registry *registry);

/* Reads all current values; finds foreign changes. Returns how many new ones, or negative errno. */
int registry_refresh(Registry *registry);
/* Something of ours that is not as we believe. */
typedef struct RegistryMismatch {
	TunableId id; /* _TUNABLES: the journal on disk */
	const char *believed, *live;
	int error; /* negative errno: it could not be read; 0 */
} RegistryMismatch;
/* Reads what is ours, and the journal on disk, and compares; changes nothing, not even what is
 * believed. Says how many values and entries of the journal there are. -ENOMEM. */
int registry_compare(const Registry *registry,
		     void (*each)(const RegistryMismatch *mismatch, void *context), void *context,
		     unsigned *ret_values, unsigned *ret_entries);
/* The operator gives a foreign tunable, and its collateral, back to us: the current value becomes
 * the original. 0 also if it was not foreign; negative errno if it cannot be read. */
int registry_release(Registry *registry, TunableId id);
