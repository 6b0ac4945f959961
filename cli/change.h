/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A change of a reply in few words, as the list and the status show it.
 */
#include "common/json.h"
#include "common/text.h"

/* Its verdict once it has one, else its state. May be NULL if the daemon said neither. */
const char *change_outcome(const Json *change);
/* Appends "net.ipv4.tcp_rmem: 4096 131072 6291456 -> 4096 131072 12582912", or of a route metric
 * "192.0.2.1 route.congctl: unset -> bbr", and further ones. */
void change_values(const Json *change, Text *text);
/* The same the other way round: what taking it back would do. */
void change_values_back(const Json *change, Text *text);
