/* SPDX-License-Identifier: MIT */
/*
 * What a link shall be like, in words: "rtt 100ms", "rate 100M", "up-loss 0.5%". The same words are
 * options on the command line (--rtt 100ms) and lines at run time. Up is from the host to the peer,
 * down the way back; a word without up- or down- sets both.
 *
 *   rtt TIME     half of it as the delay of each direction   delay TIME   one way
 *   jitter TIME  on top of the delay, uniform, in order      rate BITS    per second, 0 = unlimited
 *   queue BYTES  drop-tail; "auto" is one BDP (the default), 0 = unlimited
 *   loss RATIO   0.005 or 0.5%           largest LENGTH  longer packets vanish; 0 = none does
 *
 * TIME carries its unit (ns, us, ms, s); BITS and BYTES may carry k, M, G (powers of 1000).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "tests/net/wanpath.h"

enum { WANSPEC_UP, WANSPEC_DOWN, WANSPEC_N };

struct wanspec {
	struct wanpath_params path[WANSPEC_N];
	bool queue_auto[WANSPEC_N];
};

void wanspec_init(struct wanspec *spec);
/* 0, -ENOENT for an unknown word, -EINVAL or -ERANGE for a bad value; then `spec` is unchanged. */
int wanspec_set(struct wanspec *spec, const char *word, const char *value);
/* The parameters to use for one direction, with "auto" replaced by its number. */
struct wanpath_params wanspec_params(const struct wanspec *spec, size_t direction);

/* Unsigned decimal without unit, the whole string. 0, -EINVAL or -ERANGE. */
int wanspec_parse_number(const char *text, uint64_t *ret_number);
/* TIME and BYTES as above. */
int wanspec_parse_time(const char *text, uint64_t *ret_ns);
int wanspec_parse_count(const char *text, uint64_t *ret_count);
