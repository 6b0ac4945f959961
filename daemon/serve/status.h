/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The reply of GetStatus: everything one screen should say, counted and judged here so that every
 * client sees the same health.
 */
#include "common/json.h"
#include "daemon/serve/control.h"

/* Owned by the caller; NULL only when memory ran out. */
Json *status_view(const ControlView *view);
/* health and healthReasons alone. */
void status_set_health(Json *json, const ControlView *view);
