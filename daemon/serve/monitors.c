/* SPDX-License-Identifier: MIT */
/*
 * One timer for all. A turn gathers the view once, looks which changes are news, and serves those
 * whose time has come, the longest waiting first, until its time is over.
 *
 * Times of service lie on multiples of the interval, so that everybody with the same interval has
 * the same: the daemon wakes up as often for a hundred as for one.
 */
#include "daemon/serve/monitors.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "daemon/serve/monitor.h"

/* What one turn may take before others of the loop get theirs: probes are timed in it. */
#define TURN_NS (4 * NSEC_PER_MSEC)
#define REST    4 /* times what the turn took */
/* When there was no memory for a reply. */
#define MEMORY_REST_NS NSEC_PER_SEC
/* Texts that are kept during a turn for others who asked for the same. */
#define TEXTS_MAX 4

typedef struct Follower {
	Connection *connection;
	MonitorWant want;
	uint64_t due_ns;
	uint64_t sequence; /* of the news it has seen */
	uint64_t skipped;  /* intervals since its last reply */
} Follower;

/* A reply as it is sent, and for whom. */
typedef struct Reply {
	Follower follower;
	bool ahead; /* of its time */
	char *bytes;
	size_t length;
} Reply;

struct Monitors {
	MonitorsParams params;
	LoopTimer *timer;
	ChangeMarks marks;
	Follower *followers;
	size_t n, allocated;
	bool poked; /* a turn is due now, whatever the followers' times */
	uint64_t rest_until_ns;
};

typedef struct Turn {
	ControlView view;
	uint64_t now_ns;
	Reply replies[TEXTS_MAX];
	size_t n_replies;
} Turn;

size_t monitors_count(const Monitors *monitors)
{
	return monitors->n;
}

static uint64_t now_of(const Monitors *monitors)
{
	return clock_monotonic_ns(&monitors->params.clock);
}

/* The next multiple of the interval that is at least half of it away. */
static uint64_t next_due(uint64_t interval_ns, uint64_t now_ns)
{
	return ((now_ns + interval_ns / 2) / interval_ns + 1) * interval_ns;
}

static void arm(Monitors *monitors, uint64_t wanted_ns, uint64_t now_ns)
{
	uint64_t at_ns = MAX(wanted_ns, monitors->rest_until_ns);

	/* Without a timer nobody hears of anything until the next change: not worth more. */
	(void)loop_timer_set(monitors->timer, at_ns > now_ns ? at_ns - now_ns : 0);
}

static void arm_next(Monitors *monitors, uint64_t now_ns)
{
	uint64_t next_ns = monitors->poked ? 0 : UINT64_MAX;

	for (size_t i = 0; i < monitors->n; i++)
		next_ns = MIN(next_ns, monitors->followers[i].due_ns);
	if (monitors->n > 0)
		arm(monitors, next_ns, now_ns);
	else
		loop_timer_disarm(monitors->timer);
}

/* A turn. */

/* Intervals that passed during a rest are lost, and so is this one for who cannot take a reply. */
static void skip(Monitors *monitors, uint64_t now_ns)
{
	bool room = monitors->params.room(monitors->params.context);

	for (size_t i = 0; i < monitors->n; i++) {
		Follower *follower = &monitors->followers[i];
		uint64_t interval_ns = follower->want.interval_ns;

		if (follower->due_ns > now_ns)
			continue;
		follower->skipped += (now_ns - follower->due_ns) / interval_ns;
		follower->due_ns = now_ns;
		if (room && connection_unsent(follower->connection) == 0)
			continue;
		follower->skipped++;
		follower->due_ns = next_due(interval_ns, now_ns);
	}
}

static bool has_news(const Monitors *monitors, const Follower *follower)
{
	return follower->sequence < monitors->marks.sequence &&
	       connection_unsent(follower->connection) == 0;
}

/* Whom to serve next; NULL: nobody. */
static Follower *choose(Monitors *monitors, uint64_t now_ns)
{
	Follower *chosen = NULL;

	if (!monitors->params.room(monitors->params.context))
		return NULL;
	for (size_t i = 0; i < monitors->n; i++) {
		Follower *follower = &monitors->followers[i];

		if (follower->due_ns > now_ns && !has_news(monitors, follower))
			continue;
		if (!chosen || follower->due_ns < chosen->due_ns)
			chosen = follower;
	}
	return chosen;
}

static bool wants_the_same(const Reply *reply, const Follower *follower, bool ahead)
{
	const MonitorWant *a = &reply->follower.want, *b = &follower->want;

	return reply->ahead == ahead && reply->follower.sequence == follower->sequence &&
	       reply->follower.skipped == follower->skipped && a->endpoints == b->endpoints &&
	       a->paths == b->paths && a->limit == b->limit;
}

/* 0 or -ENOMEM. */
static int write_reply(const Monitors *monitors, const Turn *turn, const Follower *follower,
		       bool ahead, Reply *ret_reply)
{
	const MonitorOccasion occasion = {.reason = ahead ? "change" : "interval",
					  .marks = &monitors->marks,
					  .sequence = follower->sequence,
					  .skipped = follower->skipped};
	_cleanup_json_ Json *reply = json_new_object();
	Json *parameters = json_new_object();

	(void)json_failed(); /* forgets what somebody else left behind */
	*ret_reply = (Reply){.follower = *follower, .ahead = ahead};
	monitor_fill(parameters, &turn->view, &follower->want, &occasion);
	json_set(reply, "parameters", parameters);
	json_set_bool(reply, "continues", true);
	if (json_failed())
		return -ENOMEM;
	return wire_encode(reply, &ret_reply->bytes, &ret_reply->length);
}

/* The text for the follower, made now or before; NULL: no memory. */
static const Reply *find_reply(const Monitors *monitors, Turn *turn, const Follower *follower,
			       bool ahead)
{
	Reply *reply;

	for (size_t i = 0; i < turn->n_replies; i++)
		if (wants_the_same(&turn->replies[i], follower, ahead))
			return &turn->replies[i];
	if (turn->n_replies == TEXTS_MAX)
		free(turn->replies[--turn->n_replies].bytes);
	reply = &turn->replies[turn->n_replies];
	if (write_reply(monitors, turn, follower, ahead, reply) < 0)
		return NULL;
	turn->n_replies++;
	return reply;
}

/* False: there is no memory for it; let it be for this turn. */
static bool serve(Monitors *monitors, Turn *turn, Follower *follower)
{
	bool ahead = follower->due_ns > turn->now_ns;
	const Reply *reply = find_reply(monitors, turn, follower, ahead);

	if (!ahead)
		follower->due_ns = next_due(follower->want.interval_ns, turn->now_ns);
	if (!reply || connection_send(follower->connection, reply->bytes, reply->length) < 0) {
		follower->skipped += !ahead;
		return false;
	}
	follower->skipped = 0;
	follower->sequence = monitors->marks.sequence;
	return true;
}

static void on_turn(void *context)
{
	Monitors *monitors = context;
	const ControlOps *ops = &monitors->params.ops;
	Turn turn = {.now_ns = now_of(monitors)};
	uint64_t end_ns = turn.now_ns;
	Follower *follower;
	bool served = true;

	if (monitors->n == 0)
		return;
	skip(monitors, turn.now_ns);
	ops->view(ops->context, CONTROL_PART_SYN, &turn.view);
	change_marks_update(&monitors->marks, turn.view.engine);
	while (served && (follower = choose(monitors, turn.now_ns)) &&
	       end_ns - turn.now_ns < TURN_NS) {
		served = serve(monitors, &turn, follower);
		end_ns = now_of(monitors);
	}
	for (size_t i = 0; i < turn.n_replies; i++)
		free(turn.replies[i].bytes);
	monitors->poked = follower != NULL; /* somebody still waits */
	monitors->rest_until_ns =
		end_ns + (served ? REST * (end_ns - turn.now_ns) : MEMORY_REST_NS);
	arm_next(monitors, end_ns);
}

void monitors_changed(Monitors *monitors)
{
	if (monitors->n == 0)
		return;
	monitors->poked = true;
	arm_next(monitors, now_of(monitors));
}

/* Coming and going. */

int monitors_add(Monitors *monitors, Connection *connection, const MonitorWant *want)
{
	const ControlOps *ops = &monitors->params.ops;
	uint64_t now_ns = now_of(monitors), sequence = monitors->marks.sequence;
	ControlView view;

	if (monitors->n == monitors->allocated) {
		size_t allocated = MAX(2 * monitors->allocated, (size_t)4);
		Follower *grown =
			reallocarray(monitors->followers, allocated, sizeof(*monitors->followers));

		if (!grown)
			return -ENOMEM;
		monitors->followers = grown;
		monitors->allocated = allocated;
	}
	ops->view(ops->context, 0, &view);
	change_marks_update(&monitors->marks, view.engine);
	if (monitors->n > 0 && monitors->marks.sequence > sequence)
		monitors->poked = true; /* it is news to the others */
	monitors->followers[monitors->n++] = (Follower){
		.connection = connection,
		.want = *want,
		.due_ns = next_due(want->interval_ns, now_ns),
		.sequence = monitors->marks.sequence,
	};
	arm_next(monitors, now_ns);
	return 0;
}

void monitors_remove(Monitors *monitors, const Connection *connection)
{
	for (size_t i = 0; i < monitors->n; i++)
		if (monitors->followers[i].connection == connection) {
			monitors->followers[i] = monitors->followers[--monitors->n];
			break;
		}
	if (monitors->n > 0)
		return;
	change_marks_clear(&monitors->marks); /* nobody follows: nothing is kept */
	monitors->poked = false;
	loop_timer_disarm(monitors->timer);
}

int monitors_new(const MonitorsParams *params, Monitors **ret_monitors)
{
	Monitors *monitors = calloc(1, sizeof(*monitors));
	int r;

	if (!monitors)
		return -ENOMEM;
	monitors->params = *params;
	r = loop_timer_new(params->loop, on_turn, monitors, &monitors->timer);
	if (r < 0) {
		monitors_free(monitors);
		return r;
	}
	*ret_monitors = monitors;
	return 0;
}

void monitors_free(Monitors *monitors)
{
	if (!monitors)
		return;
	loop_timer_free(monitors->timer);
	change_marks_clear(&monitors->marks);
	free(monitors->followers);
	free(monitors);
}
