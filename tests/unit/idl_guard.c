/* SPDX-License-Identifier: MIT */
/*
 * Whatever a test is about: each reply that is given to a call, and each that goes to one who
 * follows, is compared with the interface definition. Linked in the place of methods_call() and
 * wire_encode() (--wrap). It may run in the process of a server that a test forked, so it ends the
 * process with the reason on stderr, which every test takes for a failure.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/interface.h"
#include "common/wire.h"
#include "daemon/serve/methods.h"
#include "tests/unit/idl.h"

Json *__real_methods_call(const ControlOps *ops, const MethodCaller *caller, const WireCall *call,
			  MonitorWant *ret_want);
Json *__wrap_methods_call(const ControlOps *ops, const MethodCaller *caller, const WireCall *call,
			  MonitorWant *ret_want);
int __real_wire_encode(const Json *message, char **ret_bytes, size_t *ret_length);
int __wrap_wire_encode(const Json *message, char **ret_bytes, size_t *ret_length);

static void fail(const char *method, const char *problem)
{
	(void)fprintf(stderr, "the reply to %s is not as defined: %s\n", method, problem);
	abort();
}

static const char *idl_of(const char *name)
{
	return text_starts_with(name, INTERFACE_SERVICE ".") ? interface_service_idl
							     : interface_idl;
}

static const char *member_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

/* The keys of the message itself, and its parameters. */
static void check(const char *method, const Json *reply)
{
	static const char *const keys[] = {"parameters", "error", "continues"};
	const char *error = json_string(json_get(reply, "error"));
	const char *unknown = json_unknown_key(reply, keys, ARRAY_SIZE(keys));
	const Json *parameters = json_get(reply, "parameters");
	_cleanup_(text_clear) Text problem = {.data = NULL};

	if (unknown)
		fail(method, unknown);
	if (json_type(parameters) != JSON_OBJECT)
		fail(method, "no parameters");
	if (json_has(reply, "continues") && error)
		fail(method, "an error continues");
	if (error)
		idl_check_error(idl_of(error), member_of(error), parameters, &problem);
	else
		idl_check_reply(idl_of(method), member_of(method), parameters, &problem);
	if (problem.length > 0)
		fail(error ? error : method, text_string(&problem));
}

Json *__wrap_methods_call(const ControlOps *ops, const MethodCaller *caller, const WireCall *call,
			  MonitorWant *ret_want)
{
	Json *reply = __real_methods_call(ops, caller, call, ret_want);

	if (reply)
		check(call->method, reply);
	return reply;
}

/* Calls go this way, too; only what continues is the reply to a method that is known here. */
int __wrap_wire_encode(const Json *message, char **ret_bytes, size_t *ret_length)
{
	if (json_has(message, "continues"))
		check(INTERFACE_MONITOR, message);
	return __real_wire_encode(message, ret_bytes, ret_length);
}
