/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The parameters of a call, checked against what the method declares. Strict as systemd: an unknown
 * name, a missing mandatory one, a wrong type or an integer out of range is an error that names the
 * parameter. null is the same as absent.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/json.h"

typedef enum ArgumentType {
	ARGUMENT_INT,
	ARGUMENT_BOOL,
	ARGUMENT_STRING,
} ArgumentType;

typedef struct Argument {
	const char *name;
	ArgumentType type;
	bool mandatory;
	int64_t minimum, maximum; /* ARGUMENT_INT */
} Argument;

typedef struct ArgumentValue {
	bool given;
	int64_t integer;
	bool boolean;
	const char *string; /* points into the parameters */
} ArgumentValue;

#define ARGUMENTS_MAX 4

/* Into `ret_values`, one per argument, in order. NULL: all is well; otherwise the name of the first
 * parameter that is wrong (a constant, or inside `parameters`). `parameters` may be NULL. */
const char *arguments_parse(const Argument *arguments, size_t n, const Json *parameters,
			    ArgumentValue *ret_values);
