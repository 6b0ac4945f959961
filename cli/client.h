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
/* The same, but an error that netoptd answers is left to the caller: its name, and in
 * *ret_parameters what belongs to it; "": there was none. */
int client_ask(Client *client, const char *method, Json *parameters, Json **ret_parameters,
	       char *ret_error, size_t size);
/* Says such an error. */
int client_say_error(const Client *client, const char *method, const char *error,
		     const Json *parameters);
/* Opens, calls once, closes. */
int client_call_once(const Settings *settings, const char *method, Json *parameters,
		     Json **ret_parameters);
