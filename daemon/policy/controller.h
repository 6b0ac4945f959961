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
	/* Whether a metric in force must stay, though it may have lost its reason. NULL: never. */
	bool (*stays)(const void *context, const char *controller, const Address *path,
		      TunableId id);
	/* The change of this controller that holds this tunable of the path in force, with the
	 * evidence of then; NULL: there is none. The pointer may be NULL, too: nothing is. */
	const Change *(*in_force)(const void *context, const char *controller, const Address *path,
				  TunableId id);
	/* The value of this tunable that a trial on this path was won by before, in an earlier run
	 * perhaps; false: nothing is known. Likewise. */
	bool (*learned)(const void *context, const char *controller, const Address *path,
			TunableId id, TunableValue *ret);
	const void *context;
	/* The one path the question is about; NULL: any. What is known of the others still counts
	 * where they are compared. */
	const Path *only;
} ControllerInput;

#define CONTROLLER_REASON_MAX 192

typedef struct Controller {
	const char *name;
	PolicyKnob knob; /* switches it off */
	/* Not asked before the engine is so old: a comparison of the whole host keeps others out,
	 * and a long one of a destination takes a place, so those of what may gain more come first.
	 * One of destinations may wait as long for each (controller_is_known()). With Mode=advise
	 * nothing is compared, and nobody has to wait. */
	uint64_t patience_ns;
	const char *summary;
	uint64_t subjects; /* CONTROLLER_SETS() of all that it may ever propose */
	/* True: *ret_proposal. False: `reason` (CONTROLLER_REASON_MAX) says why not. */
	bool (*propose)(const ControllerInput *input, Proposal *ret_proposal, char *reason);
	/* After propose() has said no to input->only: the numbers of that path beside what they
	 * would have to be. "" if there is no more to say. NULL: it does not look at paths. */
	void (*why_not)(const ControllerInput *input, const Path *path, char *reason);
} Controller;

#define CONTROLLER_SETS(id) (UINT64_C(1) << (id))
_Static_assert(_TUNABLES <= 64, "a bit for each");

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

/* How many paths a controller looks at, and which: busiest first. Returns how many there are. */
#define CONTROLLER_PATHS 64
size_t controller_paths(const ControllerInput *input, const Path *ret_paths[CONTROLLER_PATHS]);
/* Whether the path has been there for as long as the patience of the controller. */
bool controller_is_known(const ControllerInput *input, const Controller *controller,
			 const Path *path);
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
/* Why controller_sum() has none. */
void controller_why_no_sum(const ControllerInput *input, const Path *path, char *reason);
/* Whether the question is about this path. */
static inline bool controller_asked(const ControllerInput *input, const Path *path)
{
	return !input->only || input->only == path;
}
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
