/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Endpoints of the daemon, which gives a page at a time. Return a CliExit, having said what went
 * wrong; the reply has the members of ListEndpoints.
 */
#include "cli/client.h"

/* All, as if they had come in one. */
int endpoint_fetch_all(Client *client, Json **ret_reply);
/* One by its name. */
int endpoint_fetch_one(Client *client, const char *name, Json **ret_reply);
/* Those that --endpoint names, else all. */
int endpoint_fetch_chosen(Client *client, Json **ret_reply);
