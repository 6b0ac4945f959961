/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The other network namespaces that Netns= names: containers and the like. Each is seen as the host
 * itself is (flows, paths, counters, sysctls), by a slower walk with a budget of its own, and
 * nothing in it is ever changed. What is known of one is kept by its inode, for as long as it
 * exists.
 */
#include "daemon/config/config.h"
#include "daemon/run/loop.h"
#include "daemon/serve/control.h"

typedef struct Namespaces Namespaces;

/* Looks for nothing yet. -ENOMEM */
int namespaces_new(Loop *loop, const Clock *clock, Namespaces **ret_namespaces);
void namespaces_free(Namespaces *namespaces);
/* What is no longer wanted is forgotten; what is new is looked for soon. */
void namespaces_configure(Namespaces *namespaces, const Config *config);
/* For the control socket; valid until the loop runs on. Sorted by inode, then those that are named
 * but do not exist. */
const ControlNetns *namespaces_view(Namespaces *namespaces, size_t *ret_n);
