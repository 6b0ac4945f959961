/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A change of a reply in few words, as the list and the status show it.
 */
#include "cli/settings.h"
#include "common/json.h"
#include "common/text.h"

/* Its verdict once it has one, else its state. May be NULL if the daemon said neither. */
const char *change_outcome(const Json *change);
/* Appends "net.ipv4.tcp_rmem: 4096 131072 6291456 -> 4096 131072 12582912", or of a route metric
 * "192.0.2.1 route.congctl: unset -> bbr", and further ones. */
void change_values(const Json *change, Text *text);
/* The id of a change, or of advice, from a command line: CLI_OK, or what was said about it. */
int change_read_id(const Settings *settings, const char *text, int64_t *ret_id);
/* The parameters of a method that takes one. */
Json *change_with_id(int64_t id);
/* The same the other way round: what taking it back would do. */
void change_values_back(const Json *change, Text *text);
/* "+88.0 % (+80.0 % to +95.0 %)" of a trial, the interval where it is known; the parts of it.
 * Nothing without an effect. */
void change_append_effect(const Json *trial, Text *text);
void change_append_interval(const Json *trial, Text *text);
