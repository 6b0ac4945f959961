/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The composition root: owns every module, builds them in order and tears them down in reverse. It
 * is the only place that sees them all.
 */
#include "daemon/options.h"

/* Runs until told to stop. Returns the exit status of the process. */
int daemon_run(const Options *options);
/* --recover: puts back what an earlier instance left changed. */
int daemon_recover(const Options *options);
/* --check-config */
int daemon_check_config(const Options *options);
