/* SPDX-License-Identifier: MIT */
/*
 * The initial window, per destination, learned from how far the windows of its connections opened
 * (after Riptide, ICDCS 2016). Short transfers end before slow start has opened the window: 60 KB
 * over 100 ms take 302 ms with a window of 10, 202 with 16, 103 with 44.
 *
 * What there is room for: of connections of at least 100 segments, in state Open, with under 0.5 %
 * sent again and younger than ten minutes, the 25th percentile of the window, each minute; from
 * minute to minute a fifth of the way up, all of it down; divided by how many connections begin
 * within one round trip; half of that, for a window that was grown by acknowledgements has had only
 * half of itself in flight at once (slow start) and never came as one burst. At least 20
 * connections in 3 different minutes. At most 44, which is all that a default Linux peer offers at
 * first; if this peer was seen to offer more, 0.9 of that, at most 128.
 *
 * Where there are no such connections but only short ones, it is they that say it, if all but a
 * tenth lost nothing at all, as half of their window; and as all of it if they end without a queue
 * (srtt within 1.1 of the floor), for then the path took what they sent faster than it came. A
 * destination with nothing but 60 KB transfers, which end with a window of 53, could otherwise
 * never be found to take more than 24.
 *
 * One step is not the next number but the least that saves a round trip: of 16, 24, 32 and 44, for
 * 60 KB the second and the third gain nothing over the first, and a ladder on which each rung must
 * prove a gain would end there. It is at most 2.75-fold (16 to 44), unless there is no queue. What
 * a step risks is its connections until the first block of the trial is over: they lose what the
 * bottleneck cannot hold of the burst. 60 KB, measured (ms, 10 packets / 16 / 44; the evidence):
 *   100 Mbit/s, 100 ms, 1 BDP   304 / 204 / 106   srtt 1.01 of the floor: 44 at once
 *    10 Mbit/s,  40 ms, 25 KB   139 / 114 / 297   1.16: half of 53, so 16, and never 44
 *     5 Mbit/s,  40 ms, 32 KB   161 /  -  / 515   1.43: half of 49, so 16
 *     5 Mbit/s,  40 ms, 16 KB   177 / 176 / 344   each loses a packet with 10: not even tried
 *
 * What a trial was won by before (in an earlier run: model/lessons.h) is what the path had room for
 * then, over the same route and at the same floor. So five connections in one minute that do not
 * contradict are enough to try it again, in one step, and nothing more; that it still gains is for
 * the trial to see.
 *
 * Useful only if a fifth of the connections send more than the default window and less than 1 MB,
 * and the round trip is 5 ms or more. A metric without fresh evidence for ten minutes goes, and so
 * does one whose first flights lose 3 %, or that is a third too large for what is learned now.
 */
#include "daemon/policy/controller.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "common/stats.h"
#include "common/text.h"

#define CONNECTIONS_MIN     20
#define MINUTES_MIN         3
#define CONNECTIONS_LEARNED 5 /* if a trial was won before */
#define RTT_MIN_US          5000
#define USEFUL_PERMILLE     200
#define USEFUL_MAX_BYTES    (16 * 64 * 1024) /* 1 MB gained 27 % by 44, more gains less */
#define EWMA_UP             0.2
#define ROOM_QUANTILE       0.25
#define SHARE               0.5
#define QUEUE_FREE          1100 /* permille */
#define JUMP_MAX            2.75 /* where there is a queue */
#define LOST_PERMILLE       100
#define CONCURRENT_PERMILLE 950
#define SNAPSHOTS_MIN       5 /* of first flights; else of all that began since a sweep */
#define WINDOW_LEAST        ((unsigned)PATH_STARTS_WINDOW)
#define WINDOW_MAX          44
#define WINDOW_ABSOLUTE     128
#define PEER_LARGE_BYTES    (68 * 1024) /* default peers offer 64 to 65 KB */
#define PEER_SHARE          0.9
#define GAIN_MIN            1.1 /* in round trips: less is not worth a route */
#define EARLY_LOSS_MAX      0.03
#define EARLY_MIN_BYTES     (256 * 1024)
#define TOO_LARGE           1.33
#define RECORDS_MAX         (PATH_STARTS_MINUTES * PATH_STARTS_KEPT)

static const unsigned steps[] = {16, 24, 32, 44};

/* What one kind of connection (long, or brief) says of the room. */
typedef struct Room {
	unsigned connections, minutes;
	double cwnd;  /* packets, as learned over the minutes */
	double queue; /* P75 of srtt in floors, permille */
} Room;

typedef struct Learned {
	Room room[2]; /* of long connections, of brief ones */
	unsigned n_starts, n_useful, n_lost;
	double sizes[RECORDS_MAX]; /* bytes, of the useful ones */
	uint64_t early_sent, early_retrans;
	unsigned concurrent;
	unsigned peer_bytes; /* what the peer offers at first, P50; 0: not seen */
	bool fresh;          /* there is evidence at all, whenever it began */
	/* The outcome. */
	double cwnd; /* what the target follows from */
	bool brief;  /* it is that of brief connections */
	unsigned target, limit;
	unsigned before; /* what a trial was won by before, and the target is not above it; 0: more
			    is known now */
} Learned;

static unsigned window_of(const Path *path)
{
	unsigned window = path_metrics(path)->initcwnd;

	return window > 0 ? window : PATH_STARTS_WINDOW;
}

/* --- gathering --- */

static bool seen_before(const uint16_t ids[], size_t n, uint16_t id)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

static void learn_room(const Path *path, bool brief, uint64_t since_ns, uint64_t now_ns, Room *ret)
{
	uint16_t ids[RECORDS_MAX];
	double queues[RECORDS_MAX];
	size_t n_queues = 0;

	for (unsigned back = PATH_STARTS_MINUTES; back-- > 0;) {
		const PathStartsMinute *minute = path_starts_minute(path->starts, back, now_ns);
		double windows[PATH_STARTS_KEPT], least;
		size_t n = 0;

		for (unsigned i = 0; minute && i < path_starts_kept(minute->n_rooms); i++) {
			const PathRoom *room = &minute->rooms[i];

			if (room->brief != brief ||
			    !path_starts_after(minute, room->second, since_ns))
				continue;
			windows[n++] = room->cwnd;
			queues[n_queues++] = room->queue_permille;
			if (!seen_before(ids, ret->connections, room->connection))
				ids[ret->connections++] = room->connection;
		}
		if (n == 0)
			continue;
		least = stats_quantile(windows, n, ROOM_QUANTILE);
		ret->cwnd = ret->minutes == 0 || least < ret->cwnd
				    ? least
				    : ret->cwnd + EWMA_UP * (least - ret->cwnd);
		ret->minutes++;
	}
	ret->queue = n_queues ? stats_quantile(queues, n_queues, 0.75) : 0;
}

static void learn_starts(const Path *path, uint64_t since_ns, uint64_t now_ns, Learned *ret)
{
	for (unsigned back = 0; back < PATH_STARTS_MINUTES; back++) {
		const PathStartsMinute *minute = path_starts_minute(path->starts, back, now_ns);

		if (!minute)
			continue;
		ret->fresh = ret->fresh || minute->n_rooms > 0;
		if (path_starts_after(minute, 0, since_ns)) {
			ret->early_sent += minute->early_sent;
			ret->early_retrans += minute->early_retrans;
		}
		for (unsigned i = 0; i < path_starts_kept(minute->n_starts); i++) {
			const PathStart *start = &minute->starts[i];

			if (!path_starts_after(minute, start->second, since_ns))
				continue;
			ret->n_starts++;
			if (start->bytes <= PATH_STARTS_WINDOW * path->mss ||
			    start->bytes >= USEFUL_MAX_BYTES)
				continue;
			ret->sizes[ret->n_useful++] = start->bytes;
			ret->n_lost += start->lost;
		}
	}
}

static unsigned quantile_of_counts(const unsigned counts[PATH_STARTS_TOGETHER + 1], unsigned total)
{
	unsigned sum = 0;

	for (unsigned k = 0; k <= PATH_STARTS_TOGETHER; k++) {
		sum += counts[k];
		if (sum * 1000 >= total * CONCURRENT_PERMILLE)
			return MAX(k, 1U);
	}
	return 1;
}

static unsigned learn_concurrency(const Path *path, uint64_t now_ns)
{
	unsigned first[PATH_STARTS_TOGETHER + 1] = {0}, young[PATH_STARTS_TOGETHER + 1] = {0};
	unsigned n_first = 0, n_young = 0;

	for (unsigned back = 0; back < PATH_STARTS_MINUTES; back++) {
		const PathStartsMinute *minute = path_starts_minute(path->starts, back, now_ns);

		for (unsigned k = 0; minute && k <= PATH_STARTS_TOGETHER; k++) {
			first[k] += minute->first[k];
			young[k] += minute->young[k];
			n_first += minute->first[k];
			n_young += minute->young[k];
		}
	}
	return n_first >= SNAPSHOTS_MIN ? quantile_of_counts(first, n_first)
					: quantile_of_counts(young, n_young);
}

static unsigned learn_peer(const Path *path)
{
	unsigned n = path_starts_kept(path->starts->n_windows);
	double windows[PATH_STARTS_KEPT];

	for (unsigned i = 0; i < n; i++)
		windows[i] = path->starts->first_windows[i];
	return n ? (unsigned)stats_median(windows, n) * 1024 : 0;
}

/* The largest window that the peer lets us use at first. */
static unsigned peer_limit(unsigned peer_bytes, unsigned mss)
{
	unsigned packets;

	if (peer_bytes == 0)
		return WINDOW_MAX;
	packets = peer_bytes / mss;
	if (peer_bytes <= PEER_LARGE_BYTES)
		return MIN(packets, (unsigned)WINDOW_MAX);
	return MIN((unsigned)(PEER_SHARE * packets), (unsigned)WINDOW_ABSOLUTE);
}

static bool enough(const Room *room, unsigned before)
{
	return before ? room->connections >= CONNECTIONS_LEARNED
		      : room->connections >= CONNECTIONS_MIN && room->minutes >= MINUTES_MIN;
}

/* False: not enough to say. */
static bool learn_target(const Path *path, Learned *learned)
{
	const Room *brief = &learned->room[1];
	unsigned now = window_of(path);
	double share = SHARE;

	learned->brief = !enough(&learned->room[0], learned->before);
	if (learned->brief && (!enough(brief, learned->before) ||
			       learned->n_lost * 1000 > learned->n_useful * LOST_PERMILLE))
		return false;
	if (learned->brief && brief->queue <= QUEUE_FREE)
		share = 1;
	learned->cwnd = learned->room[learned->brief].cwnd / learned->concurrent;
	learned->limit = peer_limit(learned->peer_bytes, path->mss);
	learned->target = (unsigned)(share * learned->cwnd);
	learned->target = MIN(learned->target, learned->limit);
	if (learned->room[learned->brief].queue > QUEUE_FREE)
		learned->target =
			MIN(learned->target, MAX((unsigned)(JUMP_MAX * now), learned->before));
	if (learned->before)
		learned->target = MIN(learned->target, learned->before);
	learned->target = MAX(learned->target, WINDOW_LEAST);
	return true;
}

static bool learn(const ControllerInput *input, const Path *path, Learned *ret)
{
	uint64_t now_ns = input->snapshot->now_ns, since_ns = input->evidence_since_ns;

	*ret = (Learned){0};
	if (!path->starts || path->mss == 0)
		return false;
	learn_room(path, false, since_ns, now_ns, &ret->room[0]);
	learn_room(path, true, since_ns, now_ns, &ret->room[1]);
	learn_starts(path, since_ns, now_ns, ret);
	ret->concurrent = learn_concurrency(path, now_ns);
	ret->peer_bytes = learn_peer(path);
	return learn_target(path, ret);
}

/* Less than enough is known, but what a trial has shown before is not contradicted. */
static bool learn_again(const ControllerInput *input, const Path *path, Learned *learned)
{
	TunableValue before;

	if (!path->starts || path->mss == 0 || !input->learned ||
	    (!enough(&learned->room[0], 1) && !enough(&learned->room[1], 1)) ||
	    !input->learned(input->context, controller_initcwnd.name, &path->address,
			    TUNABLE_ROUTE_INITCWND, &before))
		return false;
	learned->before = (unsigned)before.numbers[0];
	return learn_target(path, learned);
}

/* --- deciding --- */

/* Round trips of slow start until this many bytes are sent: window, twice the window, ... */
static unsigned rounds(double bytes, unsigned mss, unsigned window)
{
	double sent = 0, flight = (double)window * mss;
	unsigned n = 0;

	for (; sent < bytes; flight *= 2, n++)
		sent += flight;
	return n;
}

static double mean_rounds(const Learned *learned, unsigned mss, unsigned window)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < learned->n_useful; i++)
		sum += rounds(learned->sizes[i], mss, window);
	return (double)sum / learned->n_useful;
}

/* The least step within the target from which no larger one saves 2 % more; 0: none is worth it. */
static unsigned best_step(const Learned *learned, unsigned mss, unsigned now)
{
	double have = mean_rounds(learned, mss, now), least = have;
	unsigned best = 0;

	for (size_t i = 0; i <= ARRAY_SIZE(steps); i++) {
		unsigned step = i < ARRAY_SIZE(steps) ? steps[i] : learned->target;
		double mean;

		if (step <= now || step > learned->target)
			continue;
		mean = mean_rounds(learned, mss, step);
		if (mean * 1.02 < least) {
			least = mean;
			best = step;
		}
	}
	return have >= least * GAIN_MIN ? best : 0;
}

static void size_class(const Path *path, const Learned *learned, TrialPlan *plan)
{
	double median = stats_median(learned->sizes, learned->n_useful);

	plan->meter = METER_SHORT;
	plan->short_low_bytes = (uint32_t)fmax(median / 2, PATH_STARTS_WINDOW * path->mss);
	plan->short_high_bytes = (uint32_t)fmin(median * 2, USEFUL_MAX_BYTES);
}

static void explain(const Path *path, const Learned *learned, unsigned now, unsigned step,
		    const TrialPlan *plan, Evidence *evidence)
{
	const Room *room = &learned->room[learned->brief];
	char address[ADDRESS_TEXT_MAX];
	double half = learned->brief && room->queue <= QUEUE_FREE ? 1 : SHARE;

	evidence_add(evidence, "minRttUsec", path->min_rtt_us);
	evidence_add(evidence, "mssBytes", path->mss);
	evidence_add(evidence, "connections", room->connections);
	evidence_add(evidence, "minutes", room->minutes);
	evidence_add(evidence, "cwndPackets", (int64_t)room->cwnd);
	evidence_add(evidence, "concurrentStarts", learned->concurrent);
	evidence_add(evidence, "endQueuePermille", (int64_t)room->queue);
	evidence_add(evidence, "peerFirstWindowBytes", learned->peer_bytes);
	evidence_add(evidence, "targetPackets", learned->target);
	if (learned->before)
		evidence_add(evidence, "provenBeforePackets", learned->before);
	evidence_add(evidence, "starts", learned->n_starts);
	evidence_add(evidence, "startsUseful", learned->n_useful);
	evidence_add(evidence, "startsLost", learned->n_lost);
	evidence_add(evidence, "sizeClassLowBytes", plan->short_low_bytes);
	evidence_add(evidence, "sizeClassHighBytes", plan->short_high_bytes);
	(void)text_format(
		evidence->summary, sizeof(evidence->summary),
		"connections to %s open their windows to %.0f packets without loss, but %u "
		"of %u end within the round trips it takes to get there",
		address_format(&path->address, address), learned->cwnd, learned->n_useful,
		learned->n_starts);
	(void)text_format(
		evidence->formula, sizeof(evidence->formula),
		"target = %.1f * %.0f packets (P25 of %u %s connections in %u minutes) / %u at a "
		"time, 10 to %u%s: %u; mean round trips of %.0f KB and the like %.2f at %u, %.2f "
		"at %u",
		half, room->cwnd, room->connections, learned->brief ? "short" : "long",
		room->minutes, learned->concurrent,
		learned->before ? MIN(learned->limit, learned->before) : learned->limit,
		learned->before ? " (proven in an earlier trial)" : "", learned->target,
		stats_median(learned->sizes, learned->n_useful) / 1e3,
		mean_rounds(learned, path->mss, now), now, mean_rounds(learned, path->mss, step),
		step);
}

static bool is_useful(const Path *path, const Learned *learned)
{
	return path->min_rtt_us != UINT32_MAX && path->min_rtt_us >= RTT_MIN_US &&
	       learned->n_useful > 0 &&
	       learned->n_useful * 1000 >= learned->n_starts * USEFUL_PERMILLE;
}

static bool propose_more(const ControllerInput *input, const Path *path, const Learned *learned,
			 Proposal *ret, char *reason)
{
	unsigned now = window_of(path), step = best_step(learned, path->mss, now);
	PolicyRoute route;

	if (step == 0) {
		(void)text_copy(
			reason, CONTROLLER_REASON_MAX,
			"no window that a path was seen to have room for saves round trips");
		return false;
	}
	if (!controller_route(input, path, &route, reason) ||
	    !controller_propose_metric(input, controller_initcwnd.name, path, &route,
				       TUNABLE_ROUTE_INITCWND, step, NULL, ret, reason))
		return false;
	controller_plan(&ret->plan, TRIAL_SWITCHBACK, input, path, &(WindowSum){.loss = -1});
	size_class(path, learned, &ret->plan);
	explain(path, learned, now, step, &ret->plan, &ret->evidence);
	return true;
}

/* Why a metric in force should go; NULL: it should not. */
static const char *lost_reason(const Learned *learned, bool can_say, unsigned window,
			       bool *ret_harmful)
{
	*ret_harmful = false;
	if (!learned->fresh)
		return "nothing was learned for ten minutes";
	if (learned->early_sent >= EARLY_MIN_BYTES &&
	    (double)learned->early_retrans > (double)learned->early_sent * EARLY_LOSS_MAX) {
		*ret_harmful = true;
		return "over 3 % of the first flights is sent again";
	}
	if (can_say && window > TOO_LARGE * learned->target)
		return "the path has room for less now";
	return NULL;
}

static bool withdraw(const ControllerInput *input, const Path *path, Proposal *ret)
{
	unsigned window = window_of(path);
	char reason[CONTROLLER_REASON_MAX], address[ADDRESS_TEXT_MAX];
	Learned learned;
	bool can_say = learn(input, path, &learned), harmful;
	const char *why = lost_reason(&learned, can_say, window, &harmful);
	PolicyRoute route;

	if (!why || !controller_route(input, path, &route, reason) ||
	    tunable_is_unset(controller_metric(&route, TUNABLE_ROUTE_INITCWND)) ||
	    !controller_propose_metric(input, controller_initcwnd.name, path, &route,
				       TUNABLE_ROUTE_INITCWND, 0, NULL, ret, reason))
		return false;
	ret->harmful = harmful;
	evidence_add(&ret->evidence, "earlySentBytes", (int64_t)learned.early_sent);
	evidence_add(&ret->evidence, "earlyRetransBytes", (int64_t)learned.early_retrans);
	evidence_add(&ret->evidence, "targetPackets", learned.target);
	(void)text_format(ret->evidence.summary, sizeof(ret->evidence.summary),
			  "an initial window of %u to %s has lost its reason: %s", window,
			  address_format(&path->address, address), why);
	(void)text_format(
		ret->evidence.formula, sizeof(ret->evidence.formula),
		"%" PRIu64 " of %" PRIu64
		" bytes of young connections sent again (at most 3 %%), target %u packets",
		learned.early_retrans, learned.early_sent, learned.target);
	return true;
}

static bool withdraw_any(const ControllerInput *input, Proposal *ret)
{
	const PathTable *table = input->snapshot->paths;

	for (size_t i = 0; i < path_table_count(table); i++) {
		const Path *path = path_table_at(table, i);

		if (controller_asked(input, path) && path_metrics(path)->initcwnd > 0 &&
		    withdraw(input, path, ret))
			return true;
	}
	return false;
}

static bool propose(const ControllerInput *input, Proposal *ret, char *reason)
{
	const Path *paths[CONTROLLER_PATHS];
	size_t n = controller_paths(input, paths);
	Learned learned;

	if (withdraw_any(input, ret))
		return true;
	(void)text_copy(reason, CONTROLLER_REASON_MAX,
			"no path has short transfers and is known to have room for larger first "
			"flights");
	for (size_t i = 0; i < n; i++)
		if (controller_asked(input, paths[i]) &&
		    (learn(input, paths[i], &learned) || learn_again(input, paths[i], &learned)) &&
		    is_useful(paths[i], &learned) &&
		    propose_more(input, paths[i], &learned, ret, reason))
			return true;
	return false;
}

static void why_not(const ControllerInput *input, const Path *path, char *reason)
{
	const Room *room;
	Learned learned;

	if (!path->starts || path->mss == 0) {
		(void)text_copy(reason, CONTROLLER_REASON_MAX,
				"no connection has sent more than an initial window of 10 packets");
		return;
	}
	if (!learn(input, path, &learned) && !learn_again(input, path, &learned)) {
		room = &learned.room[!enough(&learned.room[0], 0) && enough(&learned.room[1], 0)];
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "%u connections in %u minutes show what it has room for (20 in "
				  "3), %u of %u short transfers lost something (at most a tenth)",
				  room->connections, room->minutes, learned.n_lost,
				  learned.n_useful);
	} else if (!is_useful(path, &learned)) {
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "%u of %u connections send more than 10 packets and less than 1 "
				  "MB (at least a fifth), over %.1f ms (at least 5 ms)",
				  learned.n_useful, learned.n_starts,
				  path->min_rtt_us == UINT32_MAX ? 0.0 : path->min_rtt_us / 1e3);
	} else {
		(void)text_format(reason + strlen(reason), CONTROLLER_REASON_MAX - strlen(reason),
				  " (target %u packets, now %u)", learned.target, window_of(path));
	}
}

const Controller controller_initcwnd = {
	.name = "initcwnd",
	.knob = POLICY_INITCWND,
	.summary = "learns for each destination how much a new connection can send at once",
	.subjects = CONTROLLER_SETS(TUNABLE_ROUTE_INITCWND),
	.propose = propose,
	.why_not = why_not,
};
