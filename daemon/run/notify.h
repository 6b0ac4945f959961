/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the service manager is told (sd_notify(3)). Without one (NOTIFY_SOCKET unset) nothing
 * happens.
 */
#include <stdint.h>

void notify_ready(const char *status);
void notify_status(const char *status);
/* With MONOTONIC_USEC, without which a reload of Type=notify-reload never ends (systemd 253+). */
void notify_reloading(uint64_t now_ns);
void notify_stopping(const char *status);
void notify_watchdog(void);
/* How often notify_watchdog() must be called: half of WATCHDOG_USEC; 0 if not wanted. */
uint64_t notify_watchdog_interval_ns(void);
/* A listening Unix socket handed over by socket activation; -1 if there is none. */
int notify_listen_fd(void);
