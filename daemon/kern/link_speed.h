/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a link's device says it can do per second.
 */
#include <stdint.h>

/* `fd` is any socket of the link's network namespace; `kind` as in Link. 0: unknown. */
uint64_t link_speed_bps(int fd, const char *name, const char *kind);
