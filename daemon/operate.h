/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the running daemon does when asked, by a signal or through the control socket: reload,
 * revert, pause, resume, dump, stop.
 */
#include "daemon/root.h"

/* The engine's view of the configuration, limited by what is possible here. */
void operate_policy(const Root *root, PolicyConfig *ret_config);
void operate_ops(Root *root, ControlOps *ret_ops);
void operate_ready(Root *root);
/* The one-line status for the service manager. */
void operate_status(Root *root);
/* Reads the configuration again; an invalid one changes nothing. `message` is for the asker. */
int operate_reload(Root *root, Text *message);
void operate_dump(Root *root);
/* OnStop=: restores or keeps. Negative errno if something could not be put back. */
int operate_stop(Root *root);
