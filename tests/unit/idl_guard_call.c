/* SPDX-License-Identifier: MIT */
#include "daemon/serve/methods.h"
#include "tests/unit/idl_guard.h"

Json *__real_methods_call(const ControlOps *ops, const MethodCaller *caller, const WireCall *call,
			  MonitorWant *ret_want);
Json *__wrap_methods_call(const ControlOps *ops, const MethodCaller *caller, const WireCall *call,
			  MonitorWant *ret_want);

Json *__wrap_methods_call(const ControlOps *ops, const MethodCaller *caller, const WireCall *call,
			  MonitorWant *ret_want)
{
	Json *reply = __real_methods_call(ops, caller, call, ret_want);

	if (reply)
		idl_guard_check(call->method, reply);
	return reply;
}
