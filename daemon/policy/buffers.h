/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * When what was added to buffers must go back, beside the kernel's own memory pressure.
 */
#include "daemon/model/host_windows.h"

/* Receive queues have been collapsed or pruned in three windows in a row that began after since_ns:
 * a hundred times or more in each, and once in a thousand segments. That costs processor time in
 * bursts of up to seconds, and large buffers are what makes it possible. */
bool buffers_hurt(const HostWindows *windows, uint64_t since_ns);
