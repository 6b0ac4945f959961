/* SPDX-License-Identifier: MIT */
/*
 * The table of paths of a daemon made by hand.
 */
#include "tests/unit/fake_daemon.h"

size_t path_table_count(const PathTable *table)
{
	return table->n_paths;
}

size_t path_table_flow_count(const PathTable *table)
{
	(void)table;
	return 7;
}

uint64_t path_table_paths_evicted(const PathTable *table)
{
	(void)table;
	return 3;
}

uint64_t path_table_flows_evicted(const PathTable *table)
{
	(void)table;
	return 0;
}

size_t path_table_top(const PathTable *table, const Path *ret_paths[], size_t n)
{
	size_t i;

	for (i = 0; i < table->n_paths && i < n; i++)
		ret_paths[i] = table->paths[i];
	return i;
}

Path *path_table_find(const PathTable *table, const Address *address)
{
	for (size_t i = 0; i < table->n_paths; i++)
		if (path_covers(table->paths[i], address))
			return table->paths[i];
	return NULL;
}
