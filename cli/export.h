/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What was proven on this host, as a file of another tool: pure, from replies to text. Proven is
 * what was kept and is in force; of each key the newest. Everything else a reply holds goes into
 * comments, one line each, so that nothing in it can become a command.
 */
#include "common/json.h"
#include "common/text.h"

typedef struct Export {
	const Json *changes, *routes; /* arrays of the interface */
	const char *version;          /* of netoptd */
} Export;

typedef struct ExportFormat {
	const char *name;
	void (*append)(const Export *export, Text *text);
} ExportFormat;

#define EXPORT_FORMATS "sysctl tuned ip"

/* NULL: there is no such format. NULL as the name: the first. */
const ExportFormat *export_find(const char *name);
/* Whether the i-th change, and its k-th setting, are part of it: of the host, or (`of_routes`) of a
 * route. */
bool export_has(const Export *export, size_t i, size_t k, bool of_routes);
