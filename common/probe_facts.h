/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What probes learned besides times, as the JSON of common/org.netopt.Daemon.varlink. Much of the
 * text was written by the peer, who may send what he likes: that it is UTF-8 is seen to by json.h.
 */
#include "common/json.h"
#include "common/probe_result.h"

/* Sets tls, http, dns and icmp of a target; NULL: nothing was learned. */
void probe_facts_set(Json *target, const ProbeFacts *facts);
