/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What each command does; the rows of the table in command.c. All return a CliExit, after having
 * said what went wrong.
 */
#include "cli/settings.h"

int verb_status(const Settings *settings, char *const arguments[], size_t n);
int verb_endpoints(const Settings *settings, char *const arguments[], size_t n);
int verb_paths(const Settings *settings, char *const arguments[], size_t n);
int verb_flows(const Settings *settings, char *const arguments[], size_t n);
int verb_listeners(const Settings *settings, char *const arguments[], size_t n);
int verb_links(const Settings *settings, char *const arguments[], size_t n);
int verb_destinations(const Settings *settings, char *const arguments[], size_t n);
int verb_counters(const Settings *settings, char *const arguments[], size_t n);
int verb_namespaces(const Settings *settings, char *const arguments[], size_t n);
int verb_tunables(const Settings *settings, char *const arguments[], size_t n);
int verb_changes(const Settings *settings, char *const arguments[], size_t n);
int verb_trials(const Settings *settings, char *const arguments[], size_t n);
int verb_routes(const Settings *settings, char *const arguments[], size_t n);
int verb_trial(const Settings *settings, char *const arguments[], size_t n);
int verb_explain(const Settings *settings, char *const arguments[], size_t n);
int verb_revert(const Settings *settings, char *const arguments[], size_t n);
int verb_pause(const Settings *settings, char *const arguments[], size_t n);
int verb_resume(const Settings *settings, char *const arguments[], size_t n);
int verb_reload(const Settings *settings, char *const arguments[], size_t n);
int verb_measure(const Settings *settings, char *const arguments[], size_t n);
int verb_audit(const Settings *settings, char *const arguments[], size_t n);
int verb_help(const Settings *settings, char *const arguments[], size_t n);
int verb_completion(const Settings *settings, char *const arguments[], size_t n);
