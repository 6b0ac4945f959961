/* SPDX-License-Identifier: MIT */
/*
 * One row per method: name, access, parameters, handler. A handler gets checked arguments and
 * fills the reply's parameters; it cannot forget the permission or an argument's range, because
 * both are looked at before it runs. Permission comes first, so that who may not call a method
 * learns nothing from its parameters. The handlers of the lists are in lists.c and list_sockets.c,
 * those of questions in ask.c.
 */
#include "daemon/serve/methods.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/base.h"
#include "common/interface.h"
#include "common/log.h"
#include "daemon/serve/ask.h"
#include "daemon/serve/history.h"
#include "daemon/serve/lists.h"
#include "daemon/serve/monitor.h"
#include "daemon/serve/status.h"
#include "daemon/serve/views.h"
#include "netopt-build.h"

#define YEAR_USEC (INT64_C(366) * 24 * 3600 * 1000000)

typedef struct Method {
	const char *name;
	MethodAccess access;
	Argument arguments[ARGUMENTS_MAX];
	size_t n_arguments;
	void (*handle)(Call *call);
} Method;

void call_fail(Call *call, const char *error, const char *key, const char *value)
{
	json_set_string(call->reply, "error", error);
	if (key)
		json_set_string(call->parameters, key, value);
}

void call_fail_errno(Call *call, const char *what, int error)
{
	char text[128];

	(void)text_format(text, sizeof(text), "%s: %s", what, strerror(-error));
	call_fail(call, INTERFACE_ERROR_FAILED, "message", text);
}

ControlView call_view_of(const Call *call, unsigned parts)
{
	ControlView view;

	memset(&view, 0, sizeof(view));
	call->ops->view(call->ops->context, parts, &view);
	return view;
}

void call_fail_change(Call *call, int64_t id)
{
	call_fail(call, INTERFACE_ERROR_NO_SUCH_CHANGE, NULL, NULL);
	json_set_int(call->parameters, "id", id);
}

ControlView call_view(const Call *call)
{
	return call_view_of(call, 0);
}

/* org.varlink.service */

static void get_info(Call *call)
{
	Json *interfaces = json_new_array();

	json_set_string(call->parameters, "vendor", "netopt");
	json_set_string(call->parameters, "product", "netoptd");
	json_set_string(call->parameters, "version", NETOPT_VERSION);
	json_set_string(call->parameters, "url", "man:netoptd(8)");
	json_append_string(interfaces, INTERFACE_SERVICE);
	json_append_string(interfaces, INTERFACE_NAME);
	json_set(call->parameters, "interfaces", interfaces);
}

static void get_interface_description(Call *call)
{
	const char *name = call->arguments[0].string;

	if (text_equal(name, INTERFACE_NAME))
		json_set_string(call->parameters, "description", interface_idl);
	else if (text_equal(name, INTERFACE_SERVICE))
		json_set_string(call->parameters, "description", interface_service_idl);
	else
		call_fail(call, INTERFACE_ERROR_INTERFACE_NOT_FOUND, "interface", name);
}

/* org.netopt.Daemon: reading */

static void get_status(Call *call)
{
	ControlView view = call_view(call);

	json_free(call->parameters);
	call->parameters = status_view(&view);
}

static void list_changes(Call *call)
{
	ControlView view = call_view(call);
	Json *changes;

	if (call->arguments[0].given) {
		const Change *change =
			engine_change_find(view.engine, (uint64_t)call->arguments[0].integer);

		if (!change) {
			call_fail_change(call, call->arguments[0].integer);
			return;
		}
		changes = json_new_array();
		json_append(changes, view_change(change, view.now_ns));
	} else {
		changes = json_new_array();
		for (size_t i = 0; i < engine_change_count(view.engine); i++)
			json_append(changes,
				    view_change(engine_change_at(view.engine, i), view.now_ns));
	}
	json_set(call->parameters, "changes", changes);
}

/* org.netopt.Daemon: changing */

/* The reply to a changing verb: its message, or Failed with the message or the errno's text. */
static void conclude(Call *call, int status, const Text *message)
{
	const char *text = text_string(message);

	if (status < 0)
		call_fail(call, INTERFACE_ERROR_FAILED, "message",
			  *text ? text : strerror(-status));
	else
		json_set_string(call->parameters, "message", text);
}

/* The same where a trial may be in the way, or not be allowed. */
static void conclude_trial(Call *call, int status, const Text *message)
{
	if (status == -EBUSY)
		call_fail(call, INTERFACE_ERROR_TRIAL_BUSY, "message", text_string(message));
	else if (status == -EPERM || status == -ESTALE)
		call_fail(call, INTERFACE_ERROR_TRIAL_NOT_ALLOWED, "message", text_string(message));
	else
		conclude(call, status, message);
}

static void revert(Call *call)
{
	const ArgumentValue *id = &call->arguments[0], *all = &call->arguments[1];
	_cleanup_(text_clear) Text message = {.data = NULL};
	int r;

	if (id->given == (all->given && all->boolean)) {
		call_fail(call, INTERFACE_ERROR_INVALID_PARAMETER, "parameter",
			  id->given ? "all" : "id");
		return;
	}
	r = call->ops->revert(call->ops->context, id->given ? (uint64_t)id->integer : 0, &message);
	if (r == -ENOENT && id->given)
		call_fail_change(call, id->integer);
	else
		conclude(call, r, &message);
}

static void release(Call *call)
{
	const char *subject = call->arguments[0].string;
	_cleanup_(text_clear) Text message = {.data = NULL};
	TunableId id = _TUNABLES;
	Address destination = {0};

	if ((!tunable_find(subject, &id) || tunable_is_route(id)) &&
	    address_parse(subject, &destination) < 0) {
		call_fail(call, INTERFACE_ERROR_INVALID_PARAMETER, "parameter", "subject");
		return;
	}
	conclude(call, call->ops->release(call->ops->context, id, &destination, &message),
		 &message);
}

static void pause_tuning(Call *call)
{
	_cleanup_(text_clear) Text message = {.data = NULL};
	uint64_t duration_ns =
		call->arguments[0].given ? (uint64_t)call->arguments[0].integer * NSEC_PER_USEC : 0;

	conclude(call, call->ops->pause(call->ops->context, duration_ns, &message), &message);
}

static void resume_tuning(Call *call)
{
	_cleanup_(text_clear) Text message = {.data = NULL};

	conclude(call, call->ops->resume(call->ops->context, &message), &message);
}

static void reload(Call *call)
{
	_cleanup_(text_clear) Text message = {.data = NULL};

	conclude(call, call->ops->reload(call->ops->context, &message), &message);
}

/* Enough for a first look at the error; more is asked for. */
#define TRIAL_PAIRS_DEFAULT 20

static void start_trial(Call *call)
{
	const ArgumentValue *kind = &call->arguments[0], *path = &call->arguments[1];
	const ArgumentValue *pairs = &call->arguments[2];
	_cleanup_(text_clear) Text message = {.data = NULL};
	Address address;
	int r;

	if (!text_equal(kind->string, "aa") || address_parse(path->string, &address) < 0) {
		call_fail(call, INTERFACE_ERROR_INVALID_PARAMETER, "parameter",
			  text_equal(kind->string, "aa") ? "path" : "kind");
		return;
	}
	r = call->ops->trial_aa(call->ops->context, &address,
				pairs->given ? (unsigned)pairs->integer : TRIAL_PAIRS_DEFAULT,
				&message);
	if (r == -ENOENT)
		call_fail(call, INTERFACE_ERROR_NO_SUCH_PATH, "path", path->string);
	else
		conclude_trial(call, r, &message);
}

/* Advice that does not exist is no change, either. */
static void apply(Call *call)
{
	int64_t id = call->arguments[0].integer;
	_cleanup_(text_clear) Text message = {.data = NULL};
	int r = call->ops->apply(call->ops->context, (uint64_t)id, &message);

	if (r == -ENOENT)
		call_fail_change(call, id);
	else
		conclude_trial(call, r, &message);
}

static void hold(Call *call)
{
	const ArgumentValue *id = &call->arguments[0], *duration = &call->arguments[1];
	uint64_t duration_ns =
		duration->given ? (uint64_t)duration->integer * NSEC_PER_USEC : UINT64_MAX;
	_cleanup_(text_clear) Text message = {.data = NULL};
	int r = call->ops->hold(call->ops->context, (uint64_t)id->integer, duration_ns, &message);

	if (r == -ENOENT)
		call_fail_change(call, id->integer);
	else
		conclude_trial(call, r, &message);
}

static void get_log_level(Call *call)
{
	json_set_string(call->parameters, "level", log_level_name(log_get_level()));
}

static void set_log_level(Call *call)
{
	_cleanup_(text_clear) Text message = {.data = NULL};
	int level;

	if (log_parse_level(call->arguments[0].string, &level) < 0)
		call_fail(call, INTERFACE_ERROR_INVALID_PARAMETER, "parameter", "level");
	else
		conclude(call, call->ops->set_log_level(call->ops->context, level, &message),
			 &message);
}

#define ID_ARGUMENT(is_mandatory)                                                                  \
	{                                                                                          \
		.name = "id", .type = ARGUMENT_INT, .mandatory = is_mandatory, .minimum = 1,       \
		.maximum = INT64_MAX                                                               \
	}

#define LIMIT_ARGUMENT(most)                                                                       \
	{                                                                                          \
		.name = "limit", .type = ARGUMENT_INT, .minimum = 1, .maximum = most               \
	}

static const Method methods[] = {
	{INTERFACE_SERVICE ".GetInfo", METHOD_READ, {{0}}, 0, get_info},
	{INTERFACE_SERVICE ".GetInterfaceDescription",
	 METHOD_READ,
	 {{.name = "interface", .type = ARGUMENT_STRING, .mandatory = true}},
	 1,
	 get_interface_description},
	{INTERFACE_GET_STATUS, METHOD_READ, {{0}}, 0, get_status},
	{INTERFACE_LIST_ENDPOINTS,
	 METHOD_READ,
	 {{.name = "name", .type = ARGUMENT_STRING},
	  {.name = "offset", .type = ARGUMENT_INT, .minimum = 0, .maximum = INT32_MAX},
	  LIMIT_ARGUMENT(LIST_ENDPOINTS_MAX)},
	 3,
	 list_endpoints},
	{INTERFACE_LIST_PATHS, METHOD_READ, {LIMIT_ARGUMENT(LIST_MAX)}, 1, list_paths},
	{INTERFACE_LIST_FLOWS,
	 METHOD_READ,
	 {LIMIT_ARGUMENT(LIST_MAX), {.name = "process", .type = ARGUMENT_BOOL}},
	 2,
	 list_flows},
	{INTERFACE_LIST_LISTENERS,
	 METHOD_READ,
	 {LIMIT_ARGUMENT(LIST_MAX), {.name = "process", .type = ARGUMENT_BOOL}},
	 2,
	 list_listeners},
	{INTERFACE_LIST_METRICS, METHOD_READ, {LIMIT_ARGUMENT(LIST_MAX)}, 1, list_metrics},
	{INTERFACE_LIST_LINKS, METHOD_READ, {LIMIT_ARGUMENT(LIST_MAX)}, 1, list_links},
	{INTERFACE_LIST_COUNTERS, METHOD_READ, {{0}}, 0, list_counters},
	{INTERFACE_LIST_NAMESPACES, METHOD_READ, {LIMIT_ARGUMENT(LIST_MAX)}, 1, list_namespaces},
	{INTERFACE_LIST_TUNABLES, METHOD_READ, {{0}}, 0, list_tunables},
	{INTERFACE_LIST_CHANGES, METHOD_READ, {ID_ARGUMENT(false)}, 1, list_changes},
	{INTERFACE_LIST_ROUTES, METHOD_READ, {LIMIT_ARGUMENT(LIST_MAX)}, 1, list_routes},
	{INTERFACE_MONITOR,
	 METHOD_READ,
	 {{.name = "intervalUsec",
	   .type = ARGUMENT_INT,
	   .minimum = MONITOR_INTERVAL_MIN_NS / NSEC_PER_USEC,
	   .maximum = MONITOR_INTERVAL_MAX_NS / NSEC_PER_USEC},
	  {.name = "endpoints", .type = ARGUMENT_BOOL},
	  {.name = "paths", .type = ARGUMENT_BOOL},
	  LIMIT_ARGUMENT(MONITOR_LIMIT_MAX)},
	 4,
	 monitor},
	{INTERFACE_GET_HISTORY,
	 METHOD_READ,
	 {{.name = "name", .type = ARGUMENT_STRING},
	  {.name = "path", .type = ARGUMENT_STRING},
	  {.name = "spanUsec", .type = ARGUMENT_INT, .minimum = 1, .maximum = YEAR_USEC},
	  {.name = "offset", .type = ARGUMENT_INT, .minimum = 0, .maximum = INT32_MAX},
	  LIMIT_ARGUMENT(LIST_ENDPOINTS_MAX)},
	 5,
	 get_history},
	{INTERFACE_EXPLAIN,
	 METHOD_READ,
	 {ID_ARGUMENT(false),
	  {.name = "endpoint", .type = ARGUMENT_STRING},
	  {.name = "path", .type = ARGUMENT_STRING},
	  {.name = "tunable", .type = ARGUMENT_STRING}},
	 4,
	 ask_explain},
	{INTERFACE_ADVISE, METHOD_READ, {{0}}, 0, ask_advise},
	{INTERFACE_VERIFY, METHOD_READ, {{0}}, 0, ask_verify},
	{INTERFACE_GET_LOG_LEVEL, METHOD_READ, {{0}}, 0, get_log_level},
	{INTERFACE_START_TRIAL,
	 METHOD_CHANGE,
	 {{.name = "kind", .type = ARGUMENT_STRING, .mandatory = true},
	  {.name = "path", .type = ARGUMENT_STRING, .mandatory = true},
	  {.name = "pairs", .type = ARGUMENT_INT, .minimum = 1, .maximum = TRIAL_PAIRS_MAX}},
	 3,
	 start_trial},
	{INTERFACE_REVERT,
	 METHOD_CHANGE,
	 {ID_ARGUMENT(false), {.name = "all", .type = ARGUMENT_BOOL}},
	 2,
	 revert},
	{INTERFACE_RELEASE,
	 METHOD_CHANGE,
	 {{.name = "subject", .type = ARGUMENT_STRING, .mandatory = true}},
	 1,
	 release},
	{INTERFACE_PAUSE,
	 METHOD_CHANGE,
	 {{.name = "durationUsec", .type = ARGUMENT_INT, .minimum = 1, .maximum = YEAR_USEC}},
	 1,
	 pause_tuning},
	{INTERFACE_RESUME, METHOD_CHANGE, {{0}}, 0, resume_tuning},
	{INTERFACE_RELOAD, METHOD_CHANGE, {{0}}, 0, reload},
	{INTERFACE_APPLY, METHOD_CHANGE, {ID_ARGUMENT(true)}, 1, apply},
	{INTERFACE_HOLD,
	 METHOD_CHANGE,
	 {ID_ARGUMENT(true),
	  {.name = "durationUsec", .type = ARGUMENT_INT, .minimum = 0, .maximum = YEAR_USEC}},
	 2,
	 hold},
	{INTERFACE_SET_LOG_LEVEL,
	 METHOD_CHANGE,
	 {{.name = "level", .type = ARGUMENT_STRING, .mandatory = true}},
	 1,
	 set_log_level},
};

static const Method *find_method(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (text_equal(methods[i].name, name))
			return &methods[i];
	return NULL;
}

int methods_access(const char *name, MethodAccess *ret_access)
{
	const Method *method = find_method(name);

	if (!method)
		return -ENOENT;
	*ret_access = method->access;
	return 0;
}

static void dispatch(Call *call, const MethodCaller *caller, const WireCall *wire)
{
	const Method *method = find_method(wire->method);
	ArgumentValue values[ARGUMENTS_MAX];
	const char *wrong;

	if (!method) {
		call_fail(call, INTERFACE_ERROR_METHOD_NOT_FOUND, "method", wire->method);
		return;
	}
	if (method->access == METHOD_CHANGE && !caller->may_change) {
		call_fail(call, INTERFACE_ERROR_PERMISSION_DENIED, NULL, NULL);
		return;
	}
	wrong = arguments_parse(method->arguments, method->n_arguments, wire->parameters, values);
	if (wrong) {
		call_fail(call, INTERFACE_ERROR_INVALID_PARAMETER, "parameter", wrong);
		return;
	}
	call->arguments = values;
	call->more = wire->more;
	method->handle(call);
	call->arguments = NULL;
}

Json *methods_call(const ControlOps *ops, const MethodCaller *caller, const WireCall *wire,
		   MonitorWant *ret_want)
{
	Call call = {.ops = ops, .reply = json_new_object(), .parameters = json_new_object()};

	(void)json_failed(); /* forgets what somebody else left behind */
	dispatch(&call, caller, wire);
	json_set(call.reply, "parameters", call.parameters);
	if (call.monitor.interval_ns > 0)
		json_set_bool(call.reply, "continues", true);
	if (json_failed() || call.failed) {
		json_free(call.reply);
		return NULL;
	}
	*ret_want = call.monitor;
	return call.reply;
}
