/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A change: a proposal with its evidence, what was written, how it was tried and what came of it.
 * This record is what `explain` prints, so it holds the numbers as they were used, not as they
 * would be recomputed.
 */
#include "common/address.h"
#include "common/base.h"
#include "daemon/model/tunable.h"

/* Named numbers; the unit is in the name, as in the interface: "minRttUsec". */
#define EVIDENCE_ITEMS_MAX 24
typedef struct EvidenceItem {
	const char *name; /* static */
	int64_t value;
} EvidenceItem;

typedef struct Evidence {
	EvidenceItem items[EVIDENCE_ITEMS_MAX];
	size_t n_items;
	char summary[256]; /* one sentence: why */
	char formula[384]; /* with its numbers filled in */
} Evidence;

void evidence_add(Evidence *evidence, const char *name, int64_t value);
/* False: it has no such number. */
bool evidence_get(const Evidence *evidence, const char *name, int64_t *ret);

typedef enum ChangeState {
	CHANGE_ADVISED, /* Mode=advise or dry run: proposed, not written */
	CHANGE_TRIAL,   /* written, being tried */
	CHANGE_DECIDED, /* has a verdict */
} ChangeState;

typedef enum ChangeVerdict {
	VERDICT_NONE,
	VERDICT_KEPT,
	VERDICT_RESTORED,
	VERDICT_INCONCLUSIVE, /* could not be decided; the old values are back */
} ChangeVerdict;

typedef enum TrialKind {
	TRIAL_NONE,       /* fixed by configuration, or advice */
	TRIAL_MECHANICAL, /* a proven limit was removed: verified on connections born afterwards */
	TRIAL_SWITCHBACK, /* randomised paired switchback, e-process */
	TRIAL_COUNTER,    /* a fault that the kernel counts, per unit of load, before and after */
} TrialKind;

#define TRIAL_PAIRS_MAX 60

typedef struct TrialRecord {
	TrialKind kind;
	unsigned n_pairs;                    /* complete pairs (mechanical: 0) */
	unsigned n_dropped;                  /* pairs without data in one block */
	double differences[TRIAL_PAIRS_MAX]; /* R(new) - R(old), in ln units; > 0: the new is better
					      */
	double log_e_benefit, log_e_harm;
	double e_keep; /* what the e-value of benefit must reach; grows with what is tried (e-BH) */
	double prior;  /* the effect that was learned before, ln units; 0: none */
	double effect, effect_low,
		effect_high; /* Hodges-Lehmann and 95 % interval; valid from 1 pair */
	uint64_t before_goodput_bps, after_goodput_bps; /* 0: unknown */
	uint32_t before_srtt_p90_us, after_srtt_p90_us; /* 0: unknown */
	double before_retrans, after_retrans;           /* ratio; negative: unknown */
	unsigned flows_before, flows_after;
	char phase[96]; /* what is happening: "pair 3 of at most 60, block B (bbr), 12 s" */
} TrialRecord;

#define CHANGE_TUNABLES_MAX 3

typedef struct ChangeTunable {
	TunableId id;
	TunableValue old_value, new_value;
} ChangeTunable;

typedef struct Change {
	uint64_t id;                      /* from 1, unique for the life of the daemon */
	const char *controller;           /* "buffers" */
	uint64_t proposed_ns, decided_ns; /* monotonic; 0 not yet */
	uint64_t proposed_realtime_ns, decided_realtime_ns;
	Address path; /* of the evidence, and of route metrics; family 0: the host */
	ChangeTunable tunables[CHANGE_TUNABLES_MAX];
	size_t n_tunables;
	Evidence evidence;
	TrialRecord trial;
	ChangeState state;
	ChangeVerdict verdict;
	bool in_force; /* the new values are in the kernel because of this change */
	/* A comparison that was won is provisional until a re-test in another part of the day has
	 * confirmed it; then it is tested again each week. */
	bool provisional;
	unsigned retests;   /* that confirmed it */
	uint64_t retest_ns; /* when the next one is due; 0: never */
	uint64_t retest_of; /* this change is a re-test of that one; 0: it is not */
	uint32_t hours;     /* bit per hour of the day (UTC) that its pairs have covered */
	bool by_operator;   /* begun because somebody asked for it, whatever the mode */
	/* Until then (monotonic; UINT64_MAX: until told otherwise) an operator wants its values to
	 * stay as they are: no re-test, no restoration by itself, no proposal about them. */
	uint64_t held_until_ns;
	char reason[256]; /* of the verdict, or of a failure */
} Change;

static inline bool change_is_held(const Change *change, uint64_t now_ns)
{
	return change->held_until_ns > now_ns;
}

const char *change_state_name(ChangeState state); /* "advised" "trial" "decided" */
const char *change_verdict_name(
	ChangeVerdict verdict);              /* "none" "kept" "restored" "inconclusive" */
const char *trial_kind_name(TrialKind kind); /* "none" "mechanical" "switchback" "counter" */
