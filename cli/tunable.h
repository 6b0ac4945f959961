/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A tunable of a reply in a word.
 */
#include "common/json.h"

/* Who has set it: "netopt", "foreign", the file of sysctl.d(5) that sets it, "kernel" if it is
 * the default, else "host": as found. "absent": the kernel has no such thing. */
const char *tunable_setter(const Json *tunable);
