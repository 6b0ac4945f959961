/* SPDX-License-Identifier: MIT */
/*
 * sd_notify(3), one function per message. Failures are ignored on purpose: a service manager that
 * does not listen must not stop the work, and the watchdog tells it soon enough.
 */
#include "daemon/run/notify.h"

#include <inttypes.h>
#include <stddef.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "common/clock.h"

void notify_ready(const char *status)
{
	(void)sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void notify_status(const char *status)
{
	(void)sd_notifyf(0, "STATUS=%s", status);
}

void notify_reloading(uint64_t now_ns)
{
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now_ns / NSEC_PER_USEC);
}

void notify_stopping(const char *status)
{
	(void)sd_notifyf(0, "STOPPING=1\nSTATUS=%s", status);
}

void notify_watchdog(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}

uint64_t notify_watchdog_interval_ns(void)
{
	uint64_t usec = 0;

	return sd_watchdog_enabled(0, &usec) > 0 ? usec * NSEC_PER_USEC / 2 : 0;
}

int notify_listen_fd(void)
{
	if (sd_listen_fds(1) < 1 ||
	    sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, NULL, 0) <= 0)
		return -1;
	return SD_LISTEN_FDS_START;
}
