/* SPDX-License-Identifier: MIT */
/*
 * The busiest paths, for screens and for controllers.
 */
#include "common/base.h"
#include "daemon/model/path_table.h"

/* Insertion into a short sorted list: n is what a screen shows, not the size of the table. */
size_t path_table_top(const PathTable *table, const Path *ret_paths[], size_t n)
{
	size_t found = 0;

	if (n == 0)
		return 0;
	for (size_t i = 0; i < path_table_count(table); i++) {
		const Path *path = path_table_at(table, i);
		size_t at = found;

		if (found == n && path_bytes(path) <= path_bytes(ret_paths[n - 1]))
			continue;
		at = MIN(found, n - 1);
		while (at > 0 && path_bytes(ret_paths[at - 1]) < path_bytes(path)) {
			ret_paths[at] = ret_paths[at - 1];
			at--;
		}
		ret_paths[at] = path;
		found = MIN(found + 1, n);
	}
	return found;
}
