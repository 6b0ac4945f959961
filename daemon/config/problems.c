/* SPDX-License-Identifier: MIT */
/*
 * The list of everything that is wrong. It is bounded: a binary file given by mistake has thousands
 * of bad lines, and the two hundredth helps nobody.
 */
#include "daemon/config/problems.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

#define PROBLEMS_INITIAL 8

int config_fault(ConfigFault *ret_fault, size_t offset, const char *format, ...)
{
	va_list arguments;

	ret_fault->offset = offset;
	va_start(arguments, format);
	/* Cut if too long: every caller bounds what it quotes, so this only guards the buffer. */
	(void)vsnprintf(ret_fault->text, sizeof(ret_fault->text), format, arguments);
	va_end(arguments);
	return CONFIG_INVALID;
}

void config_problems_clear(ConfigProblems *problems)
{
	if (!problems)
		return;
	for (size_t i = 0; i < problems->n; i++) {
		free(problems->problems[i].file);
		free(problems->problems[i].message);
	}
	free(problems->problems);
	*problems = (ConfigProblems){0};
}

static int reserve(ConfigProblems *problems)
{
	if (problems->n < problems->allocated)
		return 0;

	size_t allocated = MAX(problems->allocated * 2, (size_t)PROBLEMS_INITIAL);
	ConfigProblem *grown = reallocarray(problems->problems, allocated, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	problems->problems = grown;
	problems->allocated = allocated;
	return 0;
}

int config_problems_add(ConfigProblems *problems, const char *file, unsigned line, unsigned column,
			const char *format, ...)
{
	_cleanup_free_ char *file_copy = NULL;
	_cleanup_(text_clear) Text message = {0};
	va_list arguments;

	if (problems->n >= CONFIG_PROBLEMS_MAX) {
		problems->dropped++;
		return 0;
	}

	va_start(arguments, format);
	text_appendv(&message, format, arguments);
	va_end(arguments);
	file_copy = strdup(file);
	if (message.failed || !file_copy || reserve(problems) < 0)
		return -ENOMEM;

	problems->problems[problems->n++] = (ConfigProblem){
		.file = STEAL(file_copy),
		.line = line,
		.column = column,
		.message = STEAL(message.data),
	};
	return 0;
}

char *config_problem_format(const ConfigProblem *problem)
{
	_cleanup_(text_clear) Text text = {0};

	text_append(&text, problem->file);
	if (problem->line > 0)
		text_appendf(&text, ":%u", problem->line);
	if (problem->line > 0 && problem->column > 0)
		text_appendf(&text, ":%u", problem->column);
	text_appendf(&text, ": %s", problem->message);
	return text.failed ? NULL : STEAL(text.data);
}
