/* SPDX-License-Identifier: MIT */
/*
 * Two passes: what is there but should not be, then what should be there.
 */
#include "daemon/serve/arguments.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"

/* 0, -ENOENT if absent, other negative errno if wrong. */
static int parse_one(const Argument *argument, const Json *parameters, ArgumentValue *value)
{
	switch (argument->type) {
	case ARGUMENT_INT:
		return json_get_int(parameters, argument->name, argument->minimum,
				    argument->maximum, &value->integer);
	case ARGUMENT_BOOL:
		return json_get_bool(parameters, argument->name, &value->boolean);
	case ARGUMENT_STRING:
		return json_get_string(parameters, argument->name, &value->string);
	}
	return -EINVAL;
}

const char *arguments_parse(const Argument *arguments, size_t n, const Json *parameters,
			    ArgumentValue *ret_values)
{
	const char *names[ARGUMENTS_MAX] = {NULL};
	ArgumentValue values[ARGUMENTS_MAX];
	const char *unknown;

	assert(n <= ARGUMENTS_MAX);
	memset(values, 0, sizeof(values));
	for (size_t i = 0; i < n; i++)
		names[i] = arguments[i].name;
	unknown = json_unknown_key(parameters, names, n);
	if (unknown)
		return unknown;
	for (size_t i = 0; i < n; i++) {
		int r = parse_one(&arguments[i], parameters, &values[i]);

		if (r < 0 && (r != -ENOENT || arguments[i].mandatory))
			return arguments[i].name;
		values[i].given = r == 0;
	}
	memcpy(ret_values, values, n * sizeof(values[0]));
	return NULL;
}
