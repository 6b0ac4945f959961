/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What was learned, between runs: loads the lessons at the start and stores them when they grew. A
 * disk that fails is reported once and costs nothing but the memory; tuning goes on without.
 */
#include "daemon/kern/host.h"
#include "daemon/model/lessons.h"

typedef struct Remember Remember;

/* `state_directory_fd` is borrowed; -1: there is none, and what is learned lives as long as this
 * process. -ENOMEM. */
int remember_new(int state_directory_fd, const HostIdentity *identity, uint64_t realtime_ns,
		 Remember **ret_remember);
void remember_free(Remember *remember); /* does not store */
/* The table, for the engine. */
Lessons *remember_lessons(Remember *remember);
/* Stores what changed since the last time, if anything did. Called after a step and at the stop:
 * never between a decision and its execution. What failed is tried again when there is more to
 * store, and at the stop (`last`). */
void remember_store(Remember *remember, uint64_t realtime_ns, bool last);
