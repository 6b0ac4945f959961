/* SPDX-License-Identifier: MIT */
#include <event2/event.h>
