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
	const char *method; /* of the stream that was begun */
	Text input;         /* bytes of the reply being received */
	size_t searched;    /* of these, without a NUL */
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
/*
 * A stream of replies. Begin, then take them one after the other; `fd` is readable when there may
 * be one. Takes `parameters` (NULL: none). Returns a CliExit, having said what went wrong.
 */
int client_begin(Client *client, const char *method, Json *parameters);
/* Waits until `deadline_ns` (monotonic; 0: not at all) for the next reply: its parameters are the
 * caller's. *ret_parameters NULL with CLI_OK: none came until then, or a signal did. *ret_last: no
 * other follows this one. */
int client_next(Client *client, uint64_t deadline_ns, Json **ret_parameters, bool *ret_last);
/* Calls `each` with the parameters of every reply, and with NULL when a signal came, until it
 * returns other than CLIENT_GO_ON, which is returned, or the last one. Between two replies the
 * daemon may be silent for `silence_ns` (and what it may take to answer). */
#define CLIENT_GO_ON (-1)
typedef int (*ClientEach)(const Json *parameters, void *context);
int client_stream(const Settings *settings, const char *method, Json *parameters,
		  uint64_t silence_ns, ClientEach each, void *context);
/* Opens, calls once, closes. */
int client_call_once(const Settings *settings, const char *method, Json *parameters,
		     Json **ret_parameters);
