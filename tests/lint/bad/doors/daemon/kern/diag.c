/* SPDX-License-Identifier: MIT */
#include <netlink/netlink.h>
