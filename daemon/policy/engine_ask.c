/* SPDX-License-Identifier: MIT */
/*
 * Asking without acting. A controller tells its first proposal only; but it leaves out what the
 * engine says is held. So it is asked again and again, each time with all it has told so far held,
 * until it has no more: nothing needs to be known of how it chooses. Holds proper, trials under way
 * and the like are left out of the question, and are looked at afterwards, since an operator wants
 * to hear of the proposal and of what is in its way.
 */
#include "daemon/policy/engine_ask.h"

#include <errno.h>
#include <string.h>

#include "common/human.h"
#include "common/text.h"
#include "daemon/policy/engine_private.h"

const char *engine_obstacle_name(EngineObstacleKind kind)
{
	static const char *const names[_ENGINE_OBSTACLE_KINDS] = {
		[OBSTACLE_MODE] = "mode",         [OBSTACLE_PAUSED] = "paused",
		[OBSTACLE_COOLDOWN] = "cooldown", [OBSTACLE_PATIENCE] = "patience",
		[OBSTACLE_ON_HOLD] = "onhold",    [OBSTACLE_HELD] = "held",
		[OBSTACLE_LESSON] = "lesson",     [OBSTACLE_TRIAL] = "trial",
		[OBSTACLE_BUDGET] = "budget",     [OBSTACLE_ADMINISTERED] = "administered",
		[OBSTACLE_OPERATOR] = "operator",
	};

	return names[kind];
}

/* --- all that a controller has to say --- */

typedef struct Listing {
	const Engine *engine;
	const Found *found;
	size_t n;
} Listing;

static bool is_about(const Proposal *proposal, const Address *path, const ChangeTunable *tunable)
{
	if (!address_equal(&proposal->plan.path, path))
		return false;
	for (size_t i = 0; i < MAX(proposal->n_tunables, (size_t)1); i++)
		if (hold_same_setting(&proposal->tunables[i], tunable))
			return true;
	return false;
}

static bool is_listed(const void *context, const char *controller, const Address *path,
		      const ChangeTunable *tunable)
{
	const Listing *listing = context;

	(void)controller; /* the only one that is asked */
	for (size_t i = 0; i < listing->n; i++)
		if (is_about(&listing->found[i].proposal, path, tunable))
			return true;
	return false;
}

/* A withdrawal is not asked for by its value. */
static bool is_listed_or_held(const void *context, const char *controller, const Address *path,
			      TunableId id)
{
	const Listing *listing = context;

	for (size_t i = 0; i < listing->n; i++)
		if (listing->found[i].proposal.withdraw &&
		    listing->found[i].proposal.tunables[0].id == id &&
		    address_equal(&listing->found[i].proposal.plan.path, path))
			return true;
	return engine_stays(listing->engine, controller, path, id);
}

static uint64_t listed_since(const void *context, const Address *path)
{
	return engine_path_since(((const Listing *)context)->engine, path);
}

static const Change *listed_in_force(const void *context, const char *controller,
				     const Address *path, TunableId id)
{
	return engine_in_force(((const Listing *)context)->engine, controller, path, id);
}

static bool listed_learned(const void *context, const char *controller, const Address *path,
			   TunableId id, TunableValue *ret)
{
	return engine_learned(((const Listing *)context)->engine, controller, path, id, ret);
}

static ControllerInput listing_input(size_t controller, const Listing *listing)
{
	const Engine *engine = listing->engine;
	ControllerInput input = engine_input(engine, controller, engine->snapshot);

	input.path_since = listed_since;
	input.held = is_listed;
	input.stays = is_listed_or_held;
	input.in_force = listed_in_force;
	input.learned = listed_learned;
	input.context = listing;
	return input;
}

static void find_more(size_t controller, const PolicyConfig *config, bool administered,
		      Listing *listing, Found ret[ENGINE_FOUND_MAX])
{
	ControllerInput input = listing_input(controller, listing);
	char ignored[CONTROLLER_REASON_MAX];

	input.config = config;
	while (listing->n < ENGINE_FOUND_MAX) {
		Found *next = &ret[listing->n];

		*next = (Found){.administered = administered};
		if (!controller_table[controller]->propose(&input, &next->proposal, ignored) ||
		    is_listed(listing, NULL, &next->proposal.plan.path,
			      &next->proposal.tunables[0]))
			return;
		listing->n++;
	}
}

size_t engine_find_all(Engine *engine, size_t controller, Found ret[ENGINE_FOUND_MAX])
{
	PolicyConfig config = engine->params.config;
	Listing listing = {.engine = engine, .found = ret};

	if (config.switches[controller_table[controller]->knob] == POLICY_OFF)
		return 0;
	find_more(controller, &config, false, &listing, ret);
	if (!config.override_sysctl) {
		config.override_sysctl = true;
		find_more(controller, &config, true, &listing, ret);
	}
	return listing.n;
}

/* --- what stands in the way --- */

typedef struct Obstacles {
	EngineObstacle *items;
	size_t n;
} Obstacles;

static void add(Obstacles *obstacles, EngineObstacleKind kind, uint64_t until_ns,
		const char *format, ...) _printf_(4, 5);

static void add(Obstacles *obstacles, EngineObstacleKind kind, uint64_t until_ns,
		const char *format, ...)
{
	_cleanup_(text_clear) Text text = {.data = NULL};
	EngineObstacle *obstacle;
	va_list arguments;

	if (obstacles->n == ENGINE_OBSTACLES_MAX)
		return;
	va_start(arguments, format);
	text_appendv(&text, format, arguments);
	va_end(arguments);
	obstacle = &obstacles->items[obstacles->n++];
	*obstacle = (EngineObstacle){.kind = kind, .until_ns = until_ns};
	(void)text_copy(obstacle->text, sizeof(obstacle->text), text_string(&text));
}

static const char *span_to(const Engine *engine, uint64_t until_ns, char buffer[HUMAN_MAX])
{
	return human_span((until_ns - engine->now_ns) / NSEC_PER_USEC, buffer);
}

static void add_general(const Engine *engine, size_t controller, Obstacles *obstacles)
{
	uint64_t now_ns = engine->now_ns, paused_ns = engine->paused_until_ns;
	uint64_t patient_ns = engine->first_ns + controller_table[controller]->patience_ns;
	char span[HUMAN_MAX];

	if (engine->params.config.mode != POLICY_AUTO)
		add(obstacles, OBSTACLE_MODE, 0, "Mode=%s: nothing is begun unasked",
		    engine->params.config.mode == POLICY_ADVISE ? "advise" : "observe");
	if (paused_ns == UINT64_MAX)
		add(obstacles, OBSTACLE_PAUSED, 0, "paused until resumed");
	else if (paused_ns > now_ns)
		add(obstacles, OBSTACLE_PAUSED, paused_ns, "paused for another %s",
		    span_to(engine, paused_ns, span));
	if (engine->quiet_until_ns > now_ns)
		add(obstacles, OBSTACLE_COOLDOWN, engine->quiet_until_ns,
		    "cooling down after the last verdict, for %s",
		    span_to(engine, engine->quiet_until_ns, span));
	if (patient_ns > now_ns)
		add(obstacles, OBSTACLE_PATIENCE, patient_ns,
		    "lets those go first that may gain more, for %s",
		    span_to(engine, patient_ns, span));
}

static void add_held(const Engine *engine, const Proposal *proposal, Obstacles *obstacles)
{
	char span[HUMAN_MAX];

	for (size_t i = 0; i < proposal->n_tunables; i++) {
		const Change *change =
			engine_held_by(engine, &proposal->plan.path, proposal->tunables[i].id);

		if (!change)
			continue;
		if (change->held_until_ns == UINT64_MAX)
			add(obstacles, OBSTACLE_HELD, 0,
			    "change %llu is held by the operator until told otherwise",
			    (unsigned long long)change->id);
		else
			add(obstacles, OBSTACLE_HELD, change->held_until_ns,
			    "change %llu is held by the operator for another %s",
			    (unsigned long long)change->id,
			    span_to(engine, change->held_until_ns, span));
		return;
	}
}

/* That it was advised keeps it from being advised again, not from being tried. */
static void add_history(const Engine *engine, const char *controller, const Proposal *proposal,
			Obstacles *obstacles)
{
	const Hold *hold = hold_find(&engine->holds, controller, &proposal->plan.path,
				     &proposal->tunables[0], engine->now_ns);
	char span[HUMAN_MAX];

	if (hold && hold->kind != HOLD_ADVISED)
		add(obstacles, OBSTACLE_ON_HOLD, hold->until_ns, "%s: on hold for another %s",
		    hold_kind_reason(hold->kind), span_to(engine, hold->until_ns, span));
	if (engine_was_rejected(engine, controller, &proposal->plan.path, &proposal->tunables[0]))
		add(obstacles, OBSTACLE_LESSON, 0,
		    "a trial of an earlier run was against it, less than a week ago");
	if (proposal->plan.kind == TRIAL_SWITCHBACK && tunable_is_route(proposal->tunables[0].id) &&
	    engine_is_explored(engine, &proposal->plan.path))
		add(obstacles, OBSTACLE_BUDGET, 0,
		    "the exploration budget of this destination is spent for today");
}

static void add_trial(Engine *engine, const Proposal *proposal, Obstacles *obstacles)
{
	bool host_waits = engine->host_waits;

	if (engine_in_the_way(engine, &proposal->plan.path, proposal->tunables[0].id))
		add(obstacles, OBSTACLE_TRIAL, 0, "waits for the trial under way to end");
	engine->host_waits = host_waits; /* nobody waits because somebody asked */
}

static void add_administered(const Engine *engine, const Proposal *proposal, Obstacles *obstacles)
{
	for (size_t i = 0; i < proposal->n_tunables; i++) {
		TunableId id = proposal->tunables[i].id;
		const char *file =
			tunable_is_route(id) ? NULL : engine->snapshot->tunables[id].administered;

		if (!file)
			continue;
		add(obstacles, OBSTACLE_ADMINISTERED, 0,
		    "%s is set in %s: OverrideSysctl=yes lets netopt change it", tunables[id].key,
		    file);
		return;
	}
	add(obstacles, OBSTACLE_ADMINISTERED, 0, "OverrideSysctl=no keeps it from being changed");
}

size_t engine_obstacles(Engine *engine, size_t controller, const Found *found,
			EngineObstacle ret[ENGINE_OBSTACLES_MAX])
{
	const Proposal *proposal = &found->proposal;
	Obstacles obstacles = {.items = ret};

	if (proposal->advice) {
		add(&obstacles, OBSTACLE_OPERATOR, 0,
		    "advice: for the operator to decide, as no trial could prove it");
		return obstacles.n;
	}
	if (found->administered)
		add_administered(engine, proposal, &obstacles);
	add_general(engine, controller, &obstacles);
	if (proposal->withdraw)
		return obstacles.n;
	add_held(engine, proposal, &obstacles);
	add_history(engine, controller_table[controller]->name, proposal, &obstacles);
	add_trial(engine, proposal, &obstacles);
	return obstacles.n;
}

/* --- ids --- */

static bool is_same(const Change *change, const char *controller, const Proposal *proposal)
{
	return text_equal(change->controller, controller) &&
	       address_equal(&change->path, &proposal->plan.path) &&
	       hold_same_setting(&change->tunables[0], &proposal->tunables[0]);
}

Change *engine_advised_find(const Engine *engine, uint64_t id)
{
	Change *change = ring_find(&engine->ring, id);

	if (change)
		return change->state == CHANGE_ADVISED ? change : NULL;
	for (size_t i = 0; i < engine->n_advised; i++)
		if (engine->advised[i].change.id == id)
			return &engine->advised[i].change;
	return NULL;
}

void engine_advised_forget(Engine *engine, uint64_t id)
{
	for (size_t i = 0; i < engine->n_advised; i++) {
		if (engine->advised[i].change.id != id)
			continue;
		engine->advised[i] = engine->advised[--engine->n_advised];
		return;
	}
}

/* The place of this advice: where it was, a free one, or of what was given longest ago. */
static Advised *place_of(Engine *engine, const char *controller, const Proposal *proposal)
{
	Advised *oldest = &engine->advised[0];

	for (size_t i = 0; i < engine->n_advised; i++) {
		if (is_same(&engine->advised[i].change, controller, proposal))
			return &engine->advised[i];
		if (engine->advised[i].given_ns < oldest->given_ns)
			oldest = &engine->advised[i];
	}
	if (engine->n_advised < ENGINE_ADVICES_MAX)
		oldest = &engine->advised[engine->n_advised++];
	*oldest = (Advised){.change.id = ++engine->ring.last_id};
	return oldest;
}

/* What the engine advised by itself has an id already. */
static uint64_t id_of(const Engine *engine, const char *controller, const Proposal *proposal)
{
	for (size_t i = 0; i < engine->ring.n; i++)
		if (engine->ring.changes[i]->state == CHANGE_ADVISED &&
		    is_same(engine->ring.changes[i], controller, proposal))
			return engine->ring.changes[i]->id;
	return 0;
}

static void give(Engine *engine, size_t controller, const Found *found, EngineAdvice *ret)
{
	const char *name = controller_table[controller]->name;
	uint64_t id = id_of(engine, name, &found->proposal);
	Advised *place = id ? NULL : place_of(engine, name, &found->proposal);

	*ret = (EngineAdvice){.change.id = place ? place->change.id : id,
			      .withdraw = found->proposal.withdraw};
	engine_describe(engine, name, &found->proposal, &ret->change);
	ret->change.state = CHANGE_ADVISED;
	ret->change.trial.kind = found->proposal.plan.kind;
	ret->change.trial.before_retrans = ret->change.trial.after_retrans = -1;
	ret->n_obstacles = engine_obstacles(engine, controller, found, ret->obstacles);
	(void)text_copy(ret->change.reason, sizeof(ret->change.reason),
			ret->n_obstacles ? ret->obstacles[0].text : "it would begin now");
	if (place)
		*place = (Advised){.change = ret->change, .given_ns = engine->now_ns};
}

int engine_advise(Engine *engine, const Snapshot *snapshot, EngineAdvice **ret, size_t *ret_n)
{
	EngineAdvice *advices = calloc(ENGINE_ADVICES_MAX, sizeof(*advices));
	Found *found = calloc(ENGINE_FOUND_MAX, sizeof(*found));
	size_t n = 0;

	if (!engine->advised)
		engine->advised = calloc(ENGINE_ADVICES_MAX, sizeof(*engine->advised));
	if (!advices || !found || !engine->advised) {
		free(advices);
		free(found);
		return -ENOMEM;
	}
	engine_stand_at(engine, snapshot);
	for (size_t i = 0; i < controller_count; i++) {
		size_t n_found = engine_find_all(engine, i, found);

		for (size_t k = 0; k < n_found && n < ENGINE_ADVICES_MAX; k++)
			give(engine, i, &found[k], &advices[n++]);
	}
	engine_look_away(engine);
	free(found);
	*ret = advices;
	*ret_n = n;
	return 0;
}

/* --- why nothing --- */

static void say_proposal(Engine *engine, size_t controller, const Found *found, EngineReason *ret)
{
	EngineObstacle obstacles[ENGINE_OBSTACLES_MAX];
	size_t n = engine_obstacles(engine, controller, found, obstacles);
	_cleanup_(text_clear) Text text = {.data = NULL};

	ret->proposes = true;
	text_appendf(&text, "it would act: %s", found->proposal.evidence.summary);
	for (size_t i = 0; i < n; i++)
		text_appendf(&text, "%s%s", i ? "; " : "; in the way: ", obstacles[i].text);
	(void)text_copy(ret->text, sizeof(ret->text), text_string(&text));
}

/* Whether it is only that the settings changed too lately. */
static bool waits_for_evidence(size_t controller, ControllerInput input)
{
	char ignored[CONTROLLER_REASON_MAX];
	Proposal proposal = {0};

	input.evidence_since_ns = 0;
	input.path_since = NULL;
	return controller_table[controller]->propose(&input, &proposal, ignored);
}

static void say(Engine *engine, size_t controller, const Path *path, EngineReason *ret)
{
	const Controller *asked = controller_table[controller];
	Listing listing = {.engine = engine};
	ControllerInput input = listing_input(controller, &listing);
	char reason[CONTROLLER_REASON_MAX] = "";
	Found found = {.administered = false};

	*ret = (EngineReason){.controller = asked->name};
	input.only = path;
	if (engine->params.config.switches[asked->knob] == POLICY_OFF) {
		(void)text_copy(ret->text, sizeof(ret->text), "switched off in the configuration");
		return;
	}
	if (asked->propose(&input, &found.proposal, reason)) {
		say_proposal(engine, controller, &found, ret);
		return;
	}
	if (path && asked->why_not)
		asked->why_not(&input, path, reason);
	if (!text_starts_with(reason, "waits for evidence") &&
	    waits_for_evidence(controller, input))
		(void)text_copy(reason, sizeof(reason),
				"waits for evidence from after the settings last changed: three "
				"windows of 30 s");
	(void)text_copy(ret->text, sizeof(ret->text), reason);
}

size_t engine_reasons(Engine *engine, const Snapshot *snapshot, const Path *path, TunableId id,
		      EngineReason ret[ENGINE_REASONS_MAX])
{
	size_t n = 0;

	_Static_assert(ENGINE_REASONS_MAX == CONTROLLERS_MAX, "one for each");
	engine_stand_at(engine, snapshot);
	for (size_t i = 0; i < controller_count; i++)
		if ((!path || controller_table[i]->why_not) &&
		    (id == _TUNABLES || controller_table[i]->subjects & CONTROLLER_SETS(id)))
			say(engine, i, path, &ret[n++]);
	engine_look_away(engine);
	return n;
}

const HoldTable *engine_holds(const Engine *engine)
{
	return &engine->holds;
}

const Lessons *engine_lessons(const Engine *engine)
{
	return engine->params.lessons;
}
