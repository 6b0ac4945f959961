/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the commands that show a list have in common: one call, one table, and under it how many of
 * how many these are.
 */
#include "cli/table.h"

typedef struct List {
	const char *method;
	const char *key; /* of the array in the reply */
	const TableColumn *columns;
	size_t n_columns;
	size_t of_process; /* so many of them, the last, only with --process */
	void (*fill)(Table *table, const Json *element); /* any number of whole rows */
} List;

/* Calls with what --limit and --process say; shows JSON, or the table. Returns a CliExit. */
int list_show(const Settings *settings, const List *list);

/* The parts of it, for lists with something else around them. */
int list_call(const Settings *settings, const char *method, Json **ret_reply);
/* The table, and how much of the whole it is. */
void list_append(const Settings *settings, const List *list, const Json *reply, Text *text);
