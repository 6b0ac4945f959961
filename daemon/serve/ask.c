/* SPDX-License-Identifier: MIT */
#include "daemon/serve/ask.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "common/interface.h"
#include "common/parse.h"
#include "daemon/serve/explain.h"
#include "daemon/serve/explain_why.h"
#include "daemon/serve/views.h"

/* --- Explain --- */

static void explain_one_change(Call *call, const ControlView *view, int64_t id, Text *text)
{
	const Change *change = engine_change_find(view->engine, (uint64_t)id);

	if (!change) {
		call_fail_change(call, id);
		return;
	}
	explain_change(change, view->now_ns, text);
	json_set(call->parameters, "change", view_change(change, view->now_ns));
}

static void explain_one_endpoint(Call *call, const Explained *explained, const char *name)
{
	const ControlView *view = explained->view;

	for (size_t i = 0; i < view->n_endpoints; i++) {
		if (!text_equal(view->endpoints[i]->name, name))
			continue;
		explain_endpoint(explained, view->endpoints[i]);
		json_set_null(call->parameters, "change");
		return;
	}
	call_fail(call, INTERFACE_ERROR_NO_SUCH_ENDPOINT, "name", name);
}

/* "192.0.2.1", or "192.0.2.0/24" for a path that is a prefix of just that length. */
static const Path *find_path(const ControlView *view, const char *name)
{
	char text[ADDRESS_TEXT_MAX];
	const char *slash = strchr(name, '/');
	size_t length = slash ? (size_t)(slash - name) : strlen(name);
	uint64_t prefix_length;
	Address address;
	const Path *path;

	if (length >= sizeof(text))
		return NULL;
	memcpy(text, name, length);
	text[length] = '\0';
	if (address_parse(text, &address) < 0 ||
	    (slash && parse_uint64(slash + 1, 0, 128, &prefix_length) < 0))
		return NULL;
	path = path_table_find(view->paths, &address);
	return path && (!slash || path->prefix_length == prefix_length) ? path : NULL;
}

static void explain_one_path(Call *call, const Explained *explained, const char *name)
{
	const Path *path = find_path(explained->view, name);

	if (!path) {
		call_fail(call, INTERFACE_ERROR_NO_SUCH_PATH, "path", name);
		return;
	}
	explain_path(explained, path);
	json_set_null(call->parameters, "change");
}

static void explain_one_tunable(Call *call, const Explained *explained, const char *key)
{
	TunableId id;

	if (!tunable_find(key, &id)) {
		call_fail(call, INTERFACE_ERROR_NO_SUCH_TUNABLE, "key", key);
		return;
	}
	explain_tunable(explained, id);
	json_set_null(call->parameters, "change");
}

/* Of an endpoint the path is explained, too. */
static unsigned explained_parts(const ArgumentValue *arguments)
{
	return (arguments[1].given ? CONTROL_PART_SYN | CONTROL_PART_ROUTES : 0) |
	       (arguments[2].given ? CONTROL_PART_ROUTES : 0);
}

void ask_explain(Call *call)
{
	const ArgumentValue *arguments = call->arguments;
	static const char *const names[] = {"id", "endpoint", "path", "tunable"};
	_cleanup_(text_clear) Text text = {.data = NULL};
	ControlView view = call_view_of(call, explained_parts(arguments));
	Explained explained = {.view = &view, .ops = call->ops, .text = &text};
	size_t n = 0, last = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (arguments[i].given) {
			last = i;
			n++;
		}
	if (n != 1) {
		call_fail(call, INTERFACE_ERROR_INVALID_PARAMETER, "parameter", names[last]);
		return;
	}
	if (arguments[0].given)
		explain_one_change(call, &view, arguments[0].integer, &text);
	else if (arguments[1].given)
		explain_one_endpoint(call, &explained, arguments[1].string);
	else if (arguments[2].given)
		explain_one_path(call, &explained, arguments[2].string);
	else
		explain_one_tunable(call, &explained, arguments[3].string);
	if (json_has(call->reply, "error"))
		return;
	call->failed = text.failed;
	json_set_string(call->parameters, "text", text_string(&text));
}

/* --- Advise --- */

static Json *view_obstacle(const char *kind, const char *text, uint64_t until_ns, uint64_t now_ns)
{
	Json *json = json_new_object();

	json_set_string(json, "kind", kind);
	json_set_string(json, "text", text);
	view_set_known(json, "endsUsec", until_ns > now_ns, (until_ns - now_ns) / NSEC_PER_USEC);
	return json;
}

static Json *view_obstacles(const EngineAdvice *advice, const ControlView *view)
{
	Json *obstacles = json_new_array();

	if (view->dry_run)
		json_append(obstacles, view_obstacle("permission", "--dry-run: nothing is written",
						     0, view->now_ns));
	else if (!view->tuning_possible)
		json_append(obstacles,
			    view_obstacle("permission", view->tuning_reason, 0, view->now_ns));
	for (size_t i = 0; i < advice->n_obstacles; i++)
		json_append(obstacles,
			    view_obstacle(engine_obstacle_name(advice->obstacles[i].kind),
					  advice->obstacles[i].text, advice->obstacles[i].until_ns,
					  view->now_ns));
	return obstacles;
}

static Json *view_advice(const EngineAdvice *advice, const ControlView *view)
{
	const Change *change = &advice->change;
	Json *json = json_new_object();

	json_set_uint(json, "id", change->id);
	json_set_string(json, "controller", change->controller);
	view_set_address(json, "path", &change->path);
	json_set(json, "tunables", view_settings(change));
	json_set_string(json, "summary", change->evidence.summary);
	view_set_text(json, "formula", change->evidence.formula);
	json_set(json, "evidence", view_evidence(&change->evidence));
	json_set_string(json, "trial", trial_kind_name(change->trial.kind));
	json_set_bool(json, "withdraw", advice->withdraw);
	json_set(json, "obstacles", view_obstacles(advice, view));
	return json;
}

static bool has_advice(const EngineAdvice *advices, size_t n, const char *controller)
{
	for (size_t i = 0; i < n; i++)
		if (text_equal(advices[i].change.controller, controller))
			return true;
	return false;
}

static const char *summary_of(const char *controller)
{
	for (size_t i = 0; i < engine_controller_count(); i++)
		if (text_equal(engine_controller_name(i), controller))
			return engine_controller_summary(i);
	return "";
}

/* What each says that has nothing to propose. */
static Json *view_silent(Call *call, const EngineAdvice *advices, size_t n)
{
	EngineReason reasons[ENGINE_REASONS_MAX];
	size_t n_reasons = call->ops->reasons(call->ops->context, NULL, _TUNABLES, reasons);
	Json *controllers = json_new_array();

	for (size_t i = 0; i < n_reasons; i++) {
		bool proposes = has_advice(advices, n, reasons[i].controller);
		Json *json = json_new_object();

		json_set_string(json, "name", reasons[i].controller);
		json_set_string(json, "summary", summary_of(reasons[i].controller));
		view_set_text(json, "idleReason", proposes ? NULL : reasons[i].text);
		json_append(controllers, json);
	}
	return controllers;
}

void ask_advise(Call *call)
{
	ControlView view = call_view(call);
	EngineAdvice *advices = NULL;
	Json *array;
	size_t n = 0;
	int r = call->ops->advise(call->ops->context, &advices, &n);

	if (r < 0) {
		call_fail_errno(call, "asking the controllers", r);
		return;
	}
	array = json_new_array();
	for (size_t i = 0; i < n; i++)
		json_append(array, view_advice(&advices[i], &view));
	json_set(call->parameters, "advices", array);
	json_set(call->parameters, "controllers", view_silent(call, advices, n));
	free(advices);
}

/* --- Verify --- */

static Json *view_difference(const Difference *difference)
{
	static const char *const kinds[_VERIFY_KINDS] = {
		[VERIFY_SYSCTL] = "sysctl",
		[VERIFY_ROUTE] = "route",
		[VERIFY_JOURNAL] = "journal",
		[VERIFY_CONNECTIONS] = "connections",
	};
	Json *json = json_new_object();

	json_set_string(json, "kind", kinds[difference->kind]);
	json_set_string(json, "subject", difference->subject);
	json_set_string(json, "believed", difference->believed);
	json_set_string(json, "live", difference->live);
	json_set_string(json, "remedy", difference->remedy);
	return json;
}

static Json *view_use(const LiveUse *use)
{
	Json *json = json_new_object();

	view_set_address(json, "destination", &use->destination);
	json_set_string(json, "congestion", use->congestion);
	json_set_uint(json, "connections", use->connections);
	json_set_uint(json, "using", use->following);
	json_set_uint(json, "older", use->older);
	json_set_uint(json, "other", use->other);
	return json;
}

static Json *view_queue(const LiveQueue *queue)
{
	Json *json = json_new_object();

	json_set_string(json, "link", queue->link);
	view_set_text(json, "qdisc", queue->qdisc);
	return json;
}

static void set_verification(Json *json, const Verification *verification)
{
	Json *differences = json_new_array(), *uses = json_new_array(), *queues = json_new_array();

	for (size_t i = 0; i < verification->n_differences; i++)
		json_append(differences, view_difference(&verification->differences[i]));
	for (size_t i = 0; i < verification->n_uses; i++)
		json_append(uses, view_use(&verification->uses[i]));
	for (size_t i = 0; i < verification->n_queues; i++)
		json_append(queues, view_queue(&verification->queues[i]));
	json_set_bool(json, "equal",
		      verification->n_differences + verification->more_differences == 0);
	json_set_uint(json, "sysctls", verification->sysctls);
	json_set_uint(json, "routes", verification->routes);
	json_set_uint(json, "journalEntries", verification->journal_entries);
	json_set(json, "differences", differences);
	json_set_uint(json, "differencesTotal",
		      verification->n_differences + verification->more_differences);
	json_set(json, "destinations", uses);
	view_set_text(json, "defaultQdisc", verification->default_qdisc);
	json_set(json, "queues", queues);
}

void ask_verify(Call *call)
{
	Verification *verification = calloc(1, sizeof(*verification));
	int r = verification ? call->ops->verify(call->ops->context, verification) : -ENOMEM;

	if (r < 0)
		call_fail_errno(call, "comparing with the kernel", r);
	else
		set_verification(call->parameters, verification);
	free(verification);
}
