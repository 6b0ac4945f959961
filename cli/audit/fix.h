/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the audit can do by itself, because it is one file and can be taken back: a cache of names.
 * systemd-resolved gets a drop-in that makes it cache, with the name servers that this host has
 * now, and /etc/resolv.conf points to it. What was there before is kept beside, and comes back with
 * the undoing, byte by byte.
 */
#include "cli/settings.h"
#include "common/text.h"

typedef struct FixOps {
	const char *root; /* "" for this host: what every path begins with */
	/* Runs a program to its end; its exit status, or negative errno. */
	int (*run)(void *context, const char *const argv[]);
	void *context;
} FixOps;

/* 0, or negative errno; `said`: what was done, or why not, in sentences for people. Nothing is
 * changed unless all of it can be: -ENOENT: there is no systemd-resolved; -EALREADY. */
int fix_dns_cache(const FixOps *ops, Text *said);
int fix_dns_cache_undo(const FixOps *ops, Text *said); /* -ENOENT: there is nothing to undo */

/* The fix of that name on this host. Returns a CliExit. */
int fix_run(const Settings *settings, const char *name);
