/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A trial: the measured comparison that decides a change. Two kinds.
 *
 * Switchback, for comparative changes: pairs of blocks, one under the old setting and one under the
 * new, the order of each pair drawn by a fair coin before it begins; verdict.h decides after every
 * pair. A block ends when it knows enough, see below. Guardrails (guard.h) are looked at after
 * every pair, and every 10 s of a block of the new arm: what is hit twice in a row there ends the
 * block, and an old one follows at once, whose order no coin decides; if that one is well, the new
 * setting is to blame. Pairs are never dropped because of what they say: that would be choosing. A
 * path that changes meanwhile (its floor rose, or the old arm's round-trip times have moved) ends
 * the trial undecided.
 *
 * Mechanical, for a change that removes a limit whose grip was proven: the new setting is applied
 * and connections born after it must (1) use a larger window (bytes in flight, or window offered)
 * than the old limit allowed, so that the limit is shown to be gone, and (2) gain at least MINIMUM
 * in goodput, without harm. A plain before/after comparison may only reject; it is (1) that makes a
 * keep more than a coincidence.
 *
 * The trial says which arm it wants; whoever runs it switches, and answers trial_switched().
 */
#include "common/random.h"
#include "common/stats.h"
#include "daemon/model/host_windows.h"
#include "daemon/policy/change.h"
#include "daemon/policy/meter.h"

/* TRIAL_COUNTER: what the kernel counts, before the change; see trial_counter.h. */
#define TRIAL_GUARDS 3
typedef struct TrialCounterPlan {
	HostCounter fault;
	HostCounter load; /* _HOST_COUNTERS: time alone */
	HostCounter guards[TRIAL_GUARDS];
	unsigned n_guards;
	/* Sums of `windows` windows. */
	unsigned windows;
	uint64_t before_faults, before_load, before_guards[TRIAL_GUARDS];
	/* Only sockets opened (or listening anew) after the change feel it: three good windows are
	 * waited for, rather than the next three judged. */
	bool new_only;
	bool preventive;                /* the fault need not fall, but may not rise either */
	uint64_t available_floor_bytes; /* restored below this much available memory; 0: never */
} TrialCounterPlan;

/* What was counted since. */
typedef struct TrialCounterState {
	uint64_t seen_ns; /* start of the newest window that was looked at */
	unsigned windows; /* that had enough load, in a row */
	uint64_t faults, load, guards[TRIAL_GUARDS];
	unsigned idle_windows; /* that had not */
} TrialCounterState;

typedef struct TrialPlan {
	TrialKind kind;
	TrialCounterPlan counter;
	MeterKind meter;
	uint32_t short_low_bytes, short_high_bytes; /* METER_SHORT: the size class */
	double prior;       /* effect learned in an earlier trial, ln units; 0: none */
	double e_keep;      /* 0: VERDICT_E_KEEP; the engine raises it as trials run (e-BH) */
	unsigned pairs_max; /* 0: TRIAL_PAIRS_MAX */
	/* Of a change in force: ends after pairs_max pairs, or twice as many, with KEEP or RESTORE
	 * (VerdictRule.retest), unless it is INCONCLUSIVE. The e-values of trials on disjoint pairs
	 * multiply: what re-tests have shown in all is the sum of their record->log_e_benefit. */
	bool retest;
	Address path;
	uint32_t floor_us;     /* propagation floor of the path */
	double latency_weight; /* of the reward; from the objective */
	double minimum;        /* least effect worth keeping, ln units */
	/* Before the change, for the mechanical comparison and the guardrails: */
	uint64_t before_goodput_bps, before_window_bytes;
	uint32_t before_srtt_p50_us, before_srtt_p90_us;
	double before_retrans;
	unsigned before_flows;
} TrialPlan;

typedef enum TrialArm {
	TRIAL_ARM_OLD,
	TRIAL_ARM_NEW,
} TrialArm;

typedef enum TrialStep {
	TRIAL_STEP_WAIT,
	TRIAL_STEP_SWITCH, /* set trial->arm and begin a new epoch */
	TRIAL_STEP_KEEP,
	TRIAL_STEP_RESTORE,
	TRIAL_STEP_INCONCLUSIVE,
} TrialStep;

typedef struct Trial {
	TrialPlan plan;      /* e_keep may be raised while it runs */
	TrialRecord *record; /* of the change; not owned */
	Meter meter;
	TrialArm arm;       /* wanted or in force */
	bool switching;     /* SWITCH was returned, trial_switched() is awaited */
	bool second;        /* the second block of its pair */
	TrialArm first_arm; /* of this pair */
	uint64_t block_start_ns;
	MeterReading readings[2]; /* of this pair, by arm */
	bool has_reading[2];
	/* The last complete block of the old arm: what looks at the new one are compared with. */
	MeterReading old_reading;
	uint64_t old_age_ns; /* 0: there was none yet */
	unsigned dropped_in_a_row;
	bool blind; /* the running block was not observed completely */
	/* Of the pairs dropped in a row: whether it was always the new arm that starved, and
	 * whether the old one ever got its flows. */
	bool only_new_starved, old_was_fed;
	unsigned harmful_blocks;         /* of the new arm in which a guardrail was hit, in a row */
	uint64_t look_ns;                /* age of the block at the last look */
	unsigned look_births, look_hits; /* then; looks in a row that hit something */
	const char
		*alarm; /* what two looks in a row hit; an old block is to show who is to blame */
	bool stalled;   /* it was that nothing gets through: the block has no reading */
	uint64_t goodput_sum[2];
	unsigned goodput_n[2];
	double goodput_ln; /* ln(new / old), summed over the pairs that have it */
	unsigned goodput_ln_n;
	StatsCusum old_srtt;       /* ln(p50), by old block */
	uint32_t route_epoch;      /* of the path's floor; 0: not seen yet */
	TrialCounterState counted; /* TRIAL_COUNTER */
	char reason[256];          /* of the verdict, or of the guardrail */
} Trial;

/*
 * The length of a block. Proof needs six pairs at least, so the first blocks should be as short as
 * they can be; but each switch costs the rest of the transfers that it finds, so not much shorter
 * than those. What eight pairs do not decide is small, and needs less noise: later blocks are
 * twice, then four times as long. Bulk: until two connections born in it are bulk, and the time
 * with data outstanding is enough for slow start not to be most of it.
 *
 * Measured (tests/unit/test_blocks.c, 300 runs), transfers of 5 s one after the other: share kept,
 * and the mean time to it, by the shortest block (with stakes slightly above those of verdict.h
 * now, which take 142 s for twofold and keep fewer of no effect):
 *
 *              no effect   10 %           20 %           twofold      tenfold
 *     5 s      .020        .83  1009 s    .99   475 s    1.0  130 s   1.0   97 s
 *    10 s      .010        .88  1708 s   1.00   640 s    1.0  149 s   1.0  125 s   in use
 *    15 s      .003        .94  2285 s   1.00   708 s    1.0  209 s   1.0  181 s
 *    10 s, all blocks alike (200 runs)
 *              .000        .67   751 s    .97   421 s    1.0  150 s   1.0  125 s
 *
 * Waiting for the other arm's flows is what keeps theft from looking like a gain: of a setting that
 * takes three times its share from the other, and gives nothing among its own, four transfers at a
 * time, 88 % were kept without it, and none with.
 */
#define TRIAL_BLOCK_MIN_NS (10 * UINT64_C(1000000000))
#define TRIAL_BLOCK_RTTS   50
#define TRIAL_PAIRS_SHORT  8
#define TRIAL_PAIRS_LONGER 16
#define TRIAL_LONGEST      4
#define TRIAL_BUSY_US      UINT64_C(2000000)
#define TRIAL_BUSY_RTTS    20
/* After a switch: connections that were being set up then belong to no arm. */
#define TRIAL_WASHOUT_NS   UINT64_C(1000000000)
#define TRIAL_WASHOUT_RTTS 3
/* Longest wait for a block's flows; then the pair is dropped, not the block. */
#define TRIAL_BLOCK_MAX_NS (120 * UINT64_C(1000000000))
/* The same, if bulk flows of the block before still share the path: until they are gone nothing is
 * counted. Where transfers take longer than that, the arms cannot be told apart. */
#define TRIAL_SETTLE_NS     (240 * UINT64_C(1000000000))
#define TRIAL_DROPPED_MAX   3
#define TRIAL_MECHANICAL_NS (300 * UINT64_C(1000000000)) /* wait for new connections */

void trial_init(Trial *trial, const TrialPlan *plan, TrialRecord *record);
void trial_clear(Trial *trial);
TrialStep trial_step(Trial *trial, uint64_t now_ns, const Random *random);
void trial_switched(Trial *trial, uint32_t epoch, uint64_t now_ns);
/* The interval was not observed completely (lost destroy events): the running pair is dropped. A
 * mechanical trial goes on: what it did see is true, and there is no other block to be unfair to.
 */
void trial_incomplete(Trial *trial);
