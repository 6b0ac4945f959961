/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One connection to the daemon, calls in turn. Every failure is said here, in words that help: what
 * the system reported, which socket, and what to do about it.
 */
#include "cli/settings.h"
#include "common/json.h"
#include "common/text.h"

typedef struct Client {
	const Settings *settings;
	int fd;
	Text input; /* bytes of the reply being received */
} Client;

#define CLIENT_NULL                                                                                \
	{                                                                                          \
		.fd = -1                                                                           \
	}

void client_close(Client *client);
#define _cleanup_client_ _cleanup_(client_close)

/* Returns a CliExit, having said what went wrong. */
int client_open(const Settings *settings, Client *ret_client);
/* Takes `parameters` (NULL: none). The parameters of the reply are the caller's. */
int client_call(Client *client, const char *method, Json *parameters, Json **ret_parameters);
/* Opens, calls once, closes. */
int client_call_once(const Settings *settings, const char *method, Json *parameters,
		     Json **ret_parameters);
