/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * How the modules of this folder report what is wrong with a configuration: a fault is relative to
 * one value, a problem to a file. See config.h for what the user sees.
 */
#include <stddef.h>

#include "common/base.h"
#include "daemon/config/config.h"

#define CONFIG_FAULT_MAX 320 /* two quoted values and a sentence */

/* What is wrong with one value. */
typedef struct ConfigFault {
	size_t offset; /* of the offending byte, from the start of the value */
	char text[CONFIG_FAULT_MAX];
} ConfigFault;

/* Fills the fault; always CONFIG_INVALID, so that a parser ends with `return config_fault(…)`. */
int config_fault(ConfigFault *ret_fault, size_t offset, const char *format, ...) _printf_(3, 4);

/* Appends; beyond CONFIG_PROBLEMS_MAX it only counts. 0 or -ENOMEM */
int config_problems_add(ConfigProblems *problems, const char *file, unsigned line, unsigned column,
			const char *format, ...) _printf_(5, 6);
