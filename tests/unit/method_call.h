/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Calls of methods without a socket, against a daemon made by hand; and comparisons of their
 * replies with the interface definition. For tests only: each that includes it has its own daemon.
 */
#include <string.h>

#include "common/interface.h"
#include "daemon/serve/methods.h"
#include "tests/unit/fake_daemon.h"
#include "tests/unit/harness.h"
#include "tests/unit/idl.h"

static const MethodCaller root = {.uid = 0, .pid = 1, .may_change = true};

static FakeDaemon fake;

static inline void setup(void)
{
	fake_daemon_init(&fake);
}

static inline void teardown(void)
{
	fake_daemon_clear(&fake);
}

/* parameters NULL: none. The reply is the caller's. */
static inline Json *call_as(const MethodCaller *caller, const char *method, const char *parameters)
{
	ControlOps ops = fake_daemon_ops(&fake);
	_cleanup_json_ Json *json = NULL;
	WireCall call = {.method = method, .more = text_equal(method, INTERFACE_MONITOR)};
	MonitorWant want;
	Json *reply;

	if (parameters)
		ck_assert_int_eq(json_parse(parameters, strlen(parameters), &json), 0);
	call.parameters = json;
	reply = methods_call(&ops, caller, &call, &want);
	ck_assert_ptr_nonnull(reply);
	ck_assert(json_has(reply, "continues") == (want.interval_ns > 0));
	return reply;
}

static inline Json *call_root(const char *method, const char *parameters)
{
	return call_as(&root, method, parameters);
}

static inline const char *error_of(const Json *reply)
{
	const char *error = json_string(json_get(reply, "error"));

	return error ? error : "";
}

static inline const char *string_at(const Json *object, const char *key)
{
	const char *value = json_string(json_get(object, key));

	return value ? value : "";
}

static inline int64_t int_at(const Json *object, const char *key)
{
	return json_int(json_get(object, key), -1);
}

static inline const char *parameter_of(const Json *reply, const char *key)
{
	return string_at(json_get(reply, "parameters"), key);
}

/* The i-th element of an array of the reply. */
static inline const Json *element(const Json *reply, const char *key, size_t i)
{
	return json_at(json_get(json_get(reply, "parameters"), key), i);
}

static inline size_t length_of(const Json *reply, const char *key)
{
	return json_length(json_get(json_get(reply, "parameters"), key));
}

static inline const char *short_name(const char *method)
{
	return strrchr(method, '.') + 1;
}

static inline void check_shape(const char *idl, const char *method, const Json *reply)
{
	_cleanup_(text_clear) Text problem = {.data = NULL};

	ck_assert_str_eq(error_of(reply), "");
	idl_check_reply(idl, short_name(method), json_get(reply, "parameters"), &problem);
	ck_assert_str_eq(text_string(&problem), "");
}

/* Errors are short names of either interface. */
static inline void check_error_shape(const Json *reply)
{
	_cleanup_(text_clear) Text problem = {.data = NULL};
	const char *error = error_of(reply);
	const char *idl =
		text_starts_with(error, INTERFACE_NAME ".") ? interface_idl : interface_service_idl;

	ck_assert_str_ne(error, "");
	idl_check_error(idl, short_name(error), json_get(reply, "parameters"), &problem);
	ck_assert_str_eq(text_string(&problem), "");
}

/* Each of these is there, and null. */
static inline void check_null(const Json *object, const char *const keys[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ck_assert_msg(json_has(object, keys[i]), "%s", keys[i]);
		ck_assert_msg(!json_get(object, keys[i]), "%s", keys[i]);
	}
}
