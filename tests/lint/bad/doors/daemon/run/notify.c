/* SPDX-License-Identifier: MIT */
#include <systemd/sd-daemon.h>
#include <event2/event.h> /* LINT-BAD */
