/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A controller turns evidence into at most one proposal, purely. Each is one file and one row of
 * the table in controller_table.c; the engine asks them in that order. A controller says in one
 * sentence why it does nothing, because an operator asks that as often as why it did something.
 */
#include "daemon/policy/engine.h"
#include "daemon/policy/trial.h"

typedef struct Proposal {
	ChangeTunable tunables[CHANGE_TUNABLES_MAX];
	size_t n_tunables;
	Evidence evidence;
	/* Never written: for the operator to decide. Without a tunable (n_tunables 0) its subject
	 * is tunables[0] with id _TUNABLES and a name in new_value.words, for holds. */
	bool advice;
	/* A metric in force that has lost its reason goes back to unset: without a trial, since
	 * that is what the host had. The change that set it is thereby decided restored, with the
	 * summary as its reason. `harmful`: because it does harm, so that it is held as rejected;
	 * otherwise it may be tried again when its reason is there again. */
	bool withdraw, harmful;
	TrialPlan plan; /* kind TRIAL_NONE: fixed by configuration */
} Proposal;

typedef struct ControllerInput {
	const Snapshot *snapshot;
	const PolicyConfig *config;
	/* Windows that began before this saw other settings, and are no evidence. */
	uint64_t evidence_since_ns;
	/* The same of one path, whose own route may have had another metric. NULL: never. */
	uint64_t (*path_since)(const void *context, const Address *path);
	/* Whether this value was tried on this path and is not to be tried again yet. */
	bool (*held)(const void *context, const char *controller, const Address *path,
		     const ChangeTunable *tunable);
	const void *context;
} ControllerInput;

#define CONTROLLER_REASON_MAX 192

typedef struct Controller {
	const char *name;
	PolicyKnob knob; /* switches it off */
	/* Not asked before the engine is so old: a comparison of the whole host keeps others out,
	 * so those of what may gain more come first. With Mode=advise nothing is compared, and
	 * nobody has to wait. */
	uint64_t patience_ns;
	const char *summary;
	/* True: *ret_proposal. False: `reason` (CONTROLLER_REASON_MAX) says why not. */
	bool (*propose)(const ControllerInput *input, Proposal *ret_proposal, char *reason);
} Controller;

/* In the order in which they are asked. */
extern const Controller *const controller_table[];
extern const size_t controller_count;

extern const Controller controller_buffers;
extern const Controller controller_congestion;
extern const Controller controller_fastopen;
extern const Controller controller_idle;
extern const Controller controller_latency;
extern const Controller controller_mtu;
extern const Controller controller_backlog;
extern const Controller controller_memory;
extern const Controller controller_ports;
extern const Controller controller_udp;
extern const Controller controller_softnet;
extern const Controller controller_neighbours;
extern const Controller controller_deviations;
extern const Controller controller_initcwnd;
extern const Controller controller_quickack;
extern const Controller controller_rto_min;
extern const Controller controller_ecn;

/* How many paths, busiest first, a controller looks at. */
#define CONTROLLER_PATHS 64
/* Windows in a row that must agree. */
#define CONTROLLER_WINDOWS 3

/* The last CONTROLLER_WINDOWS complete windows of a path summed up, if they are all recent, began
 * after evidence_since_ns and carried bulk traffic. */
typedef struct WindowSum {
	uint64_t acked, received; /* bytes of bulk flows */
	uint64_t goodput_bps;     /* 0: none */
	bool receiving;           /* more was received than acked */
	uint64_t max_delivery_bps, max_any_delivery_bps, max_receive_bps;
	uint64_t max_inflight_bytes, max_rcv_wnd_bytes, max_rcvbuf_bytes;
	uint32_t srtt_p50_us, srtt_p90_us; /* largest of the windows; 0: none */
	double loss;                       /* negative: unknown */
	uint32_t samples, samples_app_limited, samples_other_congestion;
	unsigned flows;
} WindowSum;
bool controller_sum(const ControllerInput *input, const Path *path, WindowSum *ret);
/* Whether this sum of a path belongs to a tunable that may be written: present, writable, not
 * foreign. Otherwise the reason. */
bool controller_may_write(const ControllerInput *input, TunableId id, char *reason);
/* Whether the route of this path can carry a metric of ours, and nobody else set it. Otherwise the
 * reason. *ret_route also says what is in force. */
bool controller_route(const ControllerInput *input, const Path *path, PolicyRoute *ret_route,
		      char *reason);
/* The metric of a route: what is in force, or unset. */
const TunableValue *controller_metric(const PolicyRoute *route, TunableId id);
/* Fills in a proposal of this metric for the path: `value` is the number, or `word` the name if it
 * is not NULL; 0 and no word is unset, which makes it a withdrawal. False: it is on hold, which
 * `reason` says. */
bool controller_propose_metric(const ControllerInput *input, const char *controller,
			       const Path *path, const PolicyRoute *route, TunableId id,
			       int64_t value, const char *word, Proposal *ret, char *reason);
double controller_latency_weight(PolicyObjective objective);
/* Fills in the guardrail baseline. */
void controller_plan(TrialPlan *plan, TrialKind kind, const ControllerInput *input,
		     const Path *path, const WindowSum *sum);
