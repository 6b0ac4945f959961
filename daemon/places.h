/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Where the daemon keeps its state and its socket: the command line, then the configuration, then
 * what systemd gives in STATE_DIRECTORY and RUNTIME_DIRECTORY, then the built-in default.
 */
#include <sys/types.h>
#include "daemon/config/config.h"
#include "daemon/options.h"

/* Both owned by the caller. -ENOMEM */
int places_state_directory(const Options *options, const Config *config, char **ret_path);
int places_socket(const Options *options, const Config *config, char **ret_path);
/* Opens the directory, creating its last component with this mode. Negative errno. */
int places_open_directory(const char *path, mode_t mode, int *ret_fd);
