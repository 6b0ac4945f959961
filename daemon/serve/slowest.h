/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The endpoints that keep their users waiting most, with where that time goes.
 */
#include "daemon/serve/control.h"
#include "common/json.h"

#define SLOWEST_MAX   5
#define ATTENTION_MAX 100

/* An array of at most SLOWEST_MAX, the worst first: those that miss their target, then by the
 * median of the last 10 minutes. Those of which too little is known are left out. Owned by the
 * caller; NULL only when memory ran out. */
Json *slowest_view(const ControlView *view);
/* The indices of at most n (at most ATTENTION_MAX) endpoints, in their order: of more than n those
 * that are down or do not resolve, that miss their target, or have the greatest median. Returns how
 * many. */
size_t slowest_attention(const ControlView *view, size_t n, size_t *ret_indices);
