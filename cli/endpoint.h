/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * An endpoint of a reply: what the list and the status say of it in a word, and all about it at
 * length.
 */
#include "cli/client.h"
#include "cli/output.h"
#include "cli/table.h"

/* The window that lists and the status show, of an endpoint or of a target; NULL: not told. */
const Json *endpoint_window(const Json *object);
/* The i-th greatest part of a decomposition that is more than nothing; NULL: there are not so many.
 */
const Json *endpoint_part(const Json *decomposition, size_t i);
/* "propagation 92.0 %"; nothing without a part. */
void endpoint_append_share(const Json *decomposition, const Json *part, Text *text);
/* The cells P50, P95, P99, MAX, LOSS and N of a window. */
void endpoint_cells(Table *table, const Json *window);
/* All about one: phases, parts, facts, failures, within the width of the terminal. */
void endpoint_append(const Settings *settings, const Json *endpoint, Text *text);
/* All of them, page by page, as one array. Returns a CliExit, having said what went wrong. */
int endpoint_fetch_all(Client *client, Json **ret_endpoints);
