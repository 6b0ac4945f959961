/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a kernel without anybody's settings has, on a host of 16 GB: the beginning of every host
 * that is made by hand, or simulated. As text; each can be parsed.
 */
#include "daemon/model/tunable.h"

extern const char *const sysctl_defaults[_TUNABLE_SYSCTLS];
