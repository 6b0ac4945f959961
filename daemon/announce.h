/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the daemon tells the log of its acts: each value written, put back or found changed, each
 * trial begun and each verdict, as one line with structured fields and a message id
 * (systemd/netopt.catalog explains each; a test holds the two together).
 */
#include "daemon/policy/change.h"
#include "daemon/tune/registry.h"
#include "daemon/tune/routes.h"

#define ANNOUNCE_WRITTEN_ID       "df8f7a63b4b44755a3d96752089c7030"
#define ANNOUNCE_RESTORED_ID      "ff93bb618995409bab60879c6b8f9f72"
#define ANNOUNCE_FOREIGN_ID       "2ac151ba21624ebd9c30fc7720cb64f6"
#define ANNOUNCE_FAILED_ID        "158a165db7274be088560a5663ab90bc"
#define ANNOUNCE_TRIAL_ID         "972513e852824ae68a9fbe784c53d037"
#define ANNOUNCE_VERDICT_ID       "12c4245ba14341609bcb35243b05205b"
#define ANNOUNCE_ADVICE_ID        "8602c5b2a55044f5bd03a8c33ed2153f"
#define ANNOUNCE_ROUTE_SET_ID     "6cb2673c04594235930c87df42962296"
#define ANNOUNCE_ROUTE_REMOVED_ID "7ce5aa0c148e4fbb8866f5b567f8b9fd"
#define ANNOUNCE_ROUTE_FOREIGN_ID "333f21aa6a9e4353b8c2e14accf5ff07"
#define ANNOUNCE_ROUTE_DROPPED_ID "854f34f503bc4052b9d27e851a440e1a"
#define ANNOUNCE_ROUTE_FAILED_ID  "ee49b4bbd63e4af69a642d399b390e6c"

/* quiet: the write is one of the many switches of a trial, and only worth a debug line. */
void announce_registry(const RegistryReport *report, bool quiet);
/* The same of a route of ours. */
void announce_route(const RouteReport *report, bool quiet);
/* event as the engine reports it: "advised", "trial-started", or the name of a verdict. */
void announce_change(const Change *change, const char *event);
