/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A call while it is being answered: what the handlers of the table in methods.c share.
 */
#include "daemon/serve/arguments.h"
#include "daemon/serve/control.h"
#include "daemon/serve/methods.h"

typedef struct Call {
	const ControlOps *ops;
	const ArgumentValue *arguments; /* checked, in the order of the table */
	Json *reply;                    /* the whole message */
	Json *parameters;               /* of the reply */
	bool more;                      /* the client wants more than one reply */
	MonitorWant monitor;            /* set by a handler whose reply is the first of many */
	bool failed;                    /* memory ran out where json_failed() does not see it */
} Call;

/* Turns the reply into an error; `key` NULL: without parameter. Only before anything was set. */
void call_fail(Call *call, const char *error, const char *key, const char *value);
/* The error Failed, "WHAT: text of the errno"; `error` is negative. */
void call_fail_errno(Call *call, const char *what, int error);
/* The error NoSuchChange. */
void call_fail_change(Call *call, int64_t id);
/* What the daemon shows now, without and with parts that cost something (ControlPart). */
ControlView call_view(const Call *call);
ControlView call_view_of(const Call *call, unsigned parts);
