/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What each command does; the rows of the table in command.c. All return a CliExit, after having
 * said what went wrong.
 */
#include "cli/list.h"

int verb_status(const Settings *settings, char *const arguments[], size_t n);
int verb_endpoints(const Settings *settings, char *const arguments[], size_t n);
int verb_links(const Settings *settings, char *const arguments[], size_t n);
int verb_counters(const Settings *settings, char *const arguments[], size_t n);
int verb_changes(const Settings *settings, char *const arguments[], size_t n);
int verb_diff(const Settings *settings, char *const arguments[], size_t n);
int verb_check(const Settings *settings, char *const arguments[], size_t n);
int verb_compare(const Settings *settings, char *const arguments[], size_t n);
int verb_export(const Settings *settings, char *const arguments[], size_t n);
int verb_trials(const Settings *settings, char *const arguments[], size_t n);
int verb_trial(const Settings *settings, char *const arguments[], size_t n);
int verb_explain(const Settings *settings, char *const arguments[], size_t n);
int verb_advise(const Settings *settings, char *const arguments[], size_t n);
int verb_apply(const Settings *settings, char *const arguments[], size_t n);
int verb_hold(const Settings *settings, char *const arguments[], size_t n);
int verb_verify(const Settings *settings, char *const arguments[], size_t n);
int verb_log_level(const Settings *settings, char *const arguments[], size_t n);
int verb_release(const Settings *settings, char *const arguments[], size_t n);
int verb_revert(const Settings *settings, char *const arguments[], size_t n);
int verb_report(const Settings *settings, char *const arguments[], size_t n);
int verb_pause(const Settings *settings, char *const arguments[], size_t n);
int verb_resume(const Settings *settings, char *const arguments[], size_t n);
int verb_reload(const Settings *settings, char *const arguments[], size_t n);
int verb_measure(const Settings *settings, char *const arguments[], size_t n);
int verb_watch(const Settings *settings, char *const arguments[], size_t n);
int verb_audit(const Settings *settings, char *const arguments[], size_t n);
int verb_help(const Settings *settings, char *const arguments[], size_t n);
int verb_completion(const Settings *settings, char *const arguments[], size_t n);

/* Those that only show a list. */
extern const List list_of_paths, list_of_flows, list_of_listeners, list_of_destinations,
	list_of_namespaces, list_of_tunables, list_of_routes;
