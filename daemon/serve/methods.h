/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The methods of org.netopt.Daemon and org.varlink.service: one table; a call in, a reply out. Pure
 * but for the ControlOps it calls: no socket here, so every method is tested without one.
 */
#include "common/wire.h"
#include "daemon/serve/control.h"

typedef enum MethodAccess {
	METHOD_READ,
	METHOD_CHANGE,
} MethodAccess;

/* Who asks. */
typedef struct MethodCaller {
	uint32_t uid, pid;
	bool may_change;
} MethodCaller;

/* What a client of Monitor wants to follow. */
typedef struct MonitorWant {
	uint64_t interval_ns; /* 0: it does not follow */
	bool endpoints, paths;
	size_t limit; /* of each */
} MonitorWant;

/* Always gives a reply (an error reply for unknown methods, bad parameters, missing permission);
 * NULL only without memory. With an interval in *ret_want it is the first of many, and says so. */
Json *methods_call(const ControlOps *ops, const MethodCaller *caller, const WireCall *call,
		   MonitorWant *ret_want);

/* Whether a method changes something. -ENOENT: there is no such method. */
int methods_access(const char *name, MethodAccess *ret_access);
