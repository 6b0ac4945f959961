/* SPDX-License-Identifier: MIT */
#include <event2/event.h>
#include <netlink/netlink.h> /* LINT-BAD */
#include <openssl/ssl.h> /* LINT-BAD */
