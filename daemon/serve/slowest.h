/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The endpoints that keep their users waiting most, with where that time goes.
 */
#include "daemon/serve/control.h"
#include "common/json.h"

#define SLOWEST_MAX 5

/* An array of at most SLOWEST_MAX, the worst first: those that miss their target, then by the
 * median of the last 10 minutes. Those of which too little is known are left out. Owned by the
 * caller; NULL only when memory ran out. */
Json *slowest_view(const ControlView *view);
